/**
 * Servers whose network has no IPv6, and their agents: all between the two goes inside UDP over IPv4. The server
 * registers its own IPv6 address as ever, which need not be reachable, and says in an option where it is met.
 *
 * Source: RFC 5555 sections 3.1.2 and 4.1.
 */
import { type Address, formatAddress } from '../../wire/address.ts';
import { PROTOCOL, UDP_PORT } from '../../wire/numbers.ts';
import type { MobilityOption, MobilityOptionInput } from '../../wire/packet.ts';
import { into, type TunnelEnd } from '../bindings/home-agent-entries.ts';
import type { ServerConfig, ServiceConfig } from '../config.ts';
import type { Action, ForwardingEntry } from '../forwarding/entry.ts';
import type { Tunnel } from '../forwarding/execute.ts';
import { toAgentEnds } from '../signalling/udp-signalling.ts';
import type { Member } from './member.ts';
import { addressesOf } from './service-addresses.ts';

/** This node's end of the tunnel to a server. */
export const holderEnd = ({ address, address4 }: ServiceConfig, { udp }: Pick<Member, 'udp'>) =>
  udp === undefined ? address : (address4 ?? address);

/** Into the tunnel to a server. */
export const intoServer = (config: ServiceConfig, member: Pick<Member, 'address' | 'udp'>) =>
  into(holderEnd(config, member), endOf(member));

export const endOf = ({ address: careOf, udp }: Pick<Member, 'address' | 'udp'>): TunnelEnd =>
  udp === undefined ? { careOf } : { careOf, udp };

/**
 * Does an update inside UDP come from where it says that its sender is, and from the port that it takes packets
 * at? What proves the update covers the option and not the headers around it, which anybody could have written.
 */
export function comesFromWhereItSays(
  options: readonly MobilityOption[],
  tunnel: Tunnel | undefined,
): boolean {
  const said = options.find((one) => one.option === 'ipv4-care-of-address')?.careOfAddress;
  if (tunnel?.udp === undefined) return said === undefined;
  return said === tunnel.src && tunnel.udp.sport === UDP_PORT.mobility;
}

/** What a server says of where it is met. */
export const overIpv4Options = ({ overIpv4, address4 }: ServerConfig): MobilityOptionInput[] =>
  overIpv4 === undefined || address4 === undefined
    ? []
    : [{ option: 'ipv4-care-of-address', careOfAddress: address4 }];

/** The server's end of the way to one agent: into the tunnel, and out of it. */
export function wayToAgent(config: ServerConfig, agent: Address, here: Address): ForwardingEntry[] {
  const ends = endsTo(config, agent);
  if (ends === undefined) return [];
  const id = `service/over-ipv4/${formatAddress(agent)}`;
  const { mobility: port } = UDP_PORT;
  const from = {
    ...{ src: { address: ends.dst }, dst: { address: ends.src } },
    ...{ protocol: PROTOCOL.udp, sport: port, dport: port },
  };
  return [
    {
      ...{ id: `${id}/to`, owner: 'service', at: 'leaving' },
      match: { src: { address: here }, dst: { address: agent }, mobility: true },
      do: [{ push: 'udp', ...ends }],
    },
    {
      ...{ id: `${id}/from`, owner: 'service', at: 'arriving' },
      match: { ...from, innerDst: here },
      do: [{ pop: 'udp' }],
    },
    ...addressesOf(config).map(
      (service): ForwardingEntry => ({
        ...{ id: `${id}/from/${formatAddress(service)}`, owner: 'service', at: 'arriving' },
        match: { ...from, innerDst: service },
        do: [{ pop: 'udp' }, { notify: 'tunnelled-from-peer' }],
      }),
    ),
  ];
}

/** Into the tunnel back to an agent. */
export const intoAgent = (config: ServerConfig, agent: Address, careOf: Address): Action => {
  const ends = endsTo(config, agent);
  return ends === undefined ? { push: 'ipv6', src: careOf, dst: agent } : { push: 'udp', ...ends };
};

function endsTo({ overIpv4, address4 }: ServerConfig, agent: Address) {
  const agent4 = overIpv4?.get(agent);
  return agent4 === undefined || address4 === undefined ? undefined : toAgentEnds(address4, agent4);
}
