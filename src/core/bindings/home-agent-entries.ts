/** The forwarding entries that one home binding asks for at the home agent. */

import { type Address, formatAddress, isIpv4 } from '../../wire/address.ts';
import { PROTOCOL, UDP_PORT } from '../../wire/numbers.ts';
import type { Action, ForwardingEntry } from '../forwarding/entry.ts';
import type { Mechanism } from '../mechanisms.ts';
import { forward, unforward } from '../part.ts';
import type { Output } from '../role.ts';
import { sameEnd, senderOf, toNodeEnds, type UdpEnd } from '../signalling/udp-signalling.ts';
import type { Instant } from '../time.ts';
import type { Binding } from './binding-cache.ts';
import { homeAddressEntry, homeAddressEntryId } from './home-address-entries.ts';
import type { JudgedUpdate } from './judged-update.ts';

type Push = Extract<Action, { push: 'ipv6' | 'udp' }>;

export const toHomeId = (home: Address) => `home/to/${formatAddress(home)}`;
const agentToHomeId = (home: Address) => `home/agent-to/${formatAddress(home)}`;
const signalsId = (home: Address) => `home/signals-to/${formatAddress(home)}`;
export function fromTunnelId(home: Address, { careOf, udp }: TunnelEnd): string {
  const id = `home/from/${formatAddress(home)}/at/${formatAddress(careOf)}`;
  return udp === undefined ? id : `${id}/udp/${formatAddress(udp.address)}/${udp.port}`;
}

/** The mobile node's end of the tunnel: its care-of address, or inside UDP where it is met. */
export type TunnelEnd = Pick<Binding, 'careOf' | 'udp'>;

export const sameTunnel = (one: TunnelEnd, other: TunnelEnd): boolean =>
  one.careOf === other.careOf && sameEnd(one.udp, other.udp);

/**
 * What comes for the home address is tunnelled to the care-of address, Mobility Header messages
 * too: that is how a Home Test reaches the mobile node. Source: RFC 6275 section 10.4.2.
 */
export function toHomeEntry(
  agent: Address,
  home: Address,
  end: TunnelEnd,
  expiresAt: Instant,
): ForwardingEntry {
  return {
    id: toHomeId(home),
    owner: 'home-agent',
    at: 'leaving',
    match: { dst: { address: home }, mobility: true },
    do: [into(agent, end)],
    expiresAt,
  };
}

/** Into the tunnel to it; inside UDP the agent's address is of the other end's family. */
export const into = (agent: Address, { careOf, udp }: TunnelEnd): Push =>
  udp === undefined
    ? { push: 'ipv6', src: agent, dst: careOf }
    : { push: 'udp', ...toNodeEnds(agent, udp) };

/**
 * What comes back through the tunnel is taken only from the registered care-of address, and only
 * with the home address inside. Source: RFC 6275 section 10.4.5.
 */
export function fromTunnelEntry(
  agent: Address,
  home: Address,
  end: TunnelEnd,
  expiresAt: Instant,
  without: ReadonlySet<Mechanism>,
): ForwardingEntry {
  const { careOf, udp } = end;
  const dst = { address: agent };
  const open = without.has('tunnel-source-check');
  const inside = udp
    ? { dst, protocol: PROTOCOL.udp, dport: UDP_PORT.mobility, innerSrc: home }
    : { dst, protocol: isIpv4(home) ? PROTOCOL.ipv4 : PROTOCOL.ipv6, innerSrc: home };
  const sender = udp
    ? { src: { address: udp.address }, sport: udp.port }
    : { src: { address: careOf } };
  return {
    id: fromTunnelId(home, end),
    owner: 'home-agent',
    at: 'arriving',
    match: open ? inside : { ...sender, ...inside },
    do: [{ pop: udp === undefined ? 'ipv6' : 'udp' }],
    expiresAt,
  };
}

/**
 * What the home agent itself sends to the home address needs no tunnel: it knows the binding, as a
 * correspondent does. Source: RFC 6275 section 9.3.2.
 */
export function agentToHomeEntry(
  agent: Address,
  home: Address,
  careOf: Address,
  expiresAt: Instant,
): ForwardingEntry {
  return {
    id: agentToHomeId(home),
    owner: 'home-agent',
    at: 'leaving',
    match: { src: { address: agent }, dst: { address: home } },
    do: [{ insert: 'routing-2', careOf }],
    expiresAt,
  };
}

/**
 * The home agent's messages to the care-of address (their Type 2 Routing header says whose it is) go
 * where the node is met; an acknowledgement goes where its update came from, whatever is bound.
 */
function signalsEntry(
  agent: Address,
  { home, careOf, expiresAt }: Binding,
  udp: UdpEnd,
): ForwardingEntry {
  return {
    id: signalsId(home),
    owner: 'home-agent',
    at: 'leaving',
    match: { src: { address: agent }, dst: { address: careOf }, routing2: home, mobility: true },
    do: [{ push: 'udp', ...toNodeEnds(agent, udp) }],
    expiresAt,
  };
}

/** What the node and its agent send to each other themselves; inside UDP all goes by the tunnel. */
export function betweenThem(agent: Address, binding: Binding): Output[] {
  const { home, careOf, expiresAt, udp } = binding;
  const fromHome = forward(homeAddressEntry(home, careOf, expiresAt));
  return udp === undefined
    ? [
        ...fromHome,
        ...forward(agentToHomeEntry(agent, home, careOf, expiresAt)),
        ...unforward(signalsId(home)),
      ]
    : [
        ...fromHome,
        ...forward(signalsEntry(agent, binding, udp)),
        ...unforward(agentToHomeId(home)),
      ];
}

/** The binding is gone, and with it what is between them. */
export const nothingBetweenThem = ({ home, careOf }: Binding): Output[] =>
  unforward(agentToHomeId(home), signalsId(home), homeAddressEntryId(home, careOf));

/** What an update asks for: where it came from inside UDP, or its care-of address; or a binding's end. */
export function endOf(one: JudgedUpdate | Binding): TunnelEnd {
  const udp = 'scope' in one ? one.udp : senderOf(one.tunnel);
  return udp === undefined ? { careOf: one.careOf } : { careOf: one.careOf, udp };
}
