/** How DHCPv6 messages are put in packets and taken out of them, and who their ends are. */
import { type Address, address, isLinkLocal } from '../../wire/address.ts';
import { type Dhcpv6Message, dhcpv6Message } from '../../wire/dhcpv6/dhcpv6-message.ts';
import {
  DHCPV6_MESSAGE,
  DHCPV6_PORT,
  type Dhcpv6MessageName,
} from '../../wire/dhcpv6/dhcpv6-numbers.ts';
import type { Dhcpv6Option, Dhcpv6OptionInput } from '../../wire/dhcpv6/dhcpv6-options.ts';
import { label, nameIn } from '../../wire/numbers.ts';
import { checksumOk } from '../../wire/walk.ts';
import type { ForwardingEntry } from '../forwarding/entry.ts';
import { linkAddressOctets } from '../neighbor-discovery/link-layer.ts';
import { type Received, tell } from '../part.ts';
import type { LinkAddress, Output } from '../role.ts';
import { signal } from '../signalling/signalling.ts';

/** All_DHCP_Relay_Agents_and_Servers. Source: RFC 8415 section 7.1. */
export const ALL_DHCP_SERVERS = address('ff02::1:2');

const PROTOCOL_UDP = 17;
/** DUID type 3, hardware type 1: Ethernet. Source: RFC 8415 section 11.4. */
const DUID_LL_ETHERNET = [0, 3, 0, 1];

/** Who is at a link address. Source: RFC 8415 section 11.4. */
export function duidOf(linkAddress: LinkAddress): Uint8Array {
  return Uint8Array.of(...DUID_LL_ETHERNET, ...linkAddressOctets(linkAddress));
}

/** The client's number of an interface: the last four octets of its link address. */
export function iaidOf(linkAddress: LinkAddress): number {
  const octets = linkAddressOctets(linkAddress);
  return new DataView(octets.buffer).getUint32(2);
}

/** The entry that hands what comes for one end to the control side. */
export function dhcpv6Entry(
  end: 'client' | 'server',
  link: string,
  destination: Address,
): ForwardingEntry {
  return {
    id: `dhcpv6/${end}/${link}`,
    owner: 'dhcpv6',
    at: 'arriving',
    match: { dst: { address: destination }, protocol: PROTOCOL_UDP, dport: DHCPV6_PORT[end] },
    do: [{ divert: 'control', reason: 'dhcpv6' }],
  };
}

export interface Dhcpv6Signal {
  readonly from: 'client' | 'server';
  readonly link: string;
  readonly source: Address;
  readonly destination: Address;
  readonly to?: LinkAddress | undefined;
  readonly message: Dhcpv6MessageName;
  readonly transactionId: number;
  readonly options: readonly Dhcpv6OptionInput[];
  readonly detail?: string;
}

export function sendDhcpv6(message: Dhcpv6Signal): Output[] {
  const { from, link, source, destination, to, transactionId, options, detail } = message;
  const messageType = DHCPV6_MESSAGE[message.message];
  const payload = dhcpv6Message.serialise({ layer: 'dhcpv6', messageType, transactionId, options });
  const [here, there] =
    from === 'client' ? (['client', 'server'] as const) : (['server', 'client'] as const);
  return signal({
    source,
    destination,
    layers: [
      {
        layer: 'udp',
        sourcePort: DHCPV6_PORT[here],
        destinationPort: DHCPV6_PORT[there],
        payload,
      },
    ],
    name: messageName(messageType),
    link,
    ...(to === undefined ? {} : { to }),
    ...(detail === undefined ? {} : { detail }),
  });
}

/**
 * The message in a packet that an entry of `dhcpv6Entry` took; undefined where it cannot be read or
 * cannot have begun on this link: hosts and servers of one link talk by link-local addresses.
 */
export function readDhcpv6(received: Received): Dhcpv6Message | undefined {
  const { message, tunnel, source, octets } = received;
  if (message.layer !== 'udp' || message.checksum === 0 || !checksumOk(octets)) return undefined;
  if (tunnel !== undefined || !isLinkLocal(source)) return undefined;
  const parsed = dhcpv6Message.parse(message.payload);
  return parsed.ok ? parsed.value : undefined;
}

/** The event that tells of a message taken. */
export function tellDhcpv6(received: Received, { messageType }: Dhcpv6Message): Output {
  return tell({
    kind: 'signal.received',
    message: messageName(messageType),
    from: received.source,
    to: received.destination,
    octets: received.octets.length,
    detail: '',
  });
}

function messageName(messageType: number): string {
  const name = nameIn(DHCPV6_MESSAGE, messageType);
  return `DHCPv6 ${name === undefined ? `message ${messageType}` : label(name)}`;
}

/** An option of a message, if it is there; of two of a kind the first counts. */
export function optionOf<Name extends Dhcpv6Option['option']>(
  { options }: { readonly options: readonly Dhcpv6Option[] },
  name: Name,
): Extract<Dhcpv6Option, { option: Name }> | undefined {
  return options.find((one): one is Extract<Dhcpv6Option, { option: Name }> => one.option === name);
}

export function sameOctets(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  return a.every((octet, i) => octet === b[i]);
}
