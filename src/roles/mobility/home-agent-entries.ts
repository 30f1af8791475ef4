/** The forwarding entries that one home binding asks for at the home agent. */
import type { Binding } from '../../core/binding-cache.ts';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import { homeAddressEntry } from '../../core/home-address-entries.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import type { Instant } from '../../core/time.ts';
import { type Address, formatAddress } from '../../wire/address.ts';

export const toHomeId = (home: Address) => `home/to/${formatAddress(home)}`;
export const agentToHomeId = (home: Address) => `home/agent-to/${formatAddress(home)}`;
export const fromTunnelId = (home: Address, careOf: Address) =>
  `home/from/${formatAddress(home)}/at/${formatAddress(careOf)}`;

/**
 * What comes for the home address is tunnelled to the care-of address, Mobility Header messages
 * too: that is how a Home Test reaches the mobile node. Source: RFC 6275 section 10.4.2.
 */
export function toHomeEntry(
  agent: Address,
  home: Address,
  careOf: Address,
  expiresAt: Instant,
): ForwardingEntry {
  return {
    id: toHomeId(home),
    owner: 'home-agent',
    at: 'leaving',
    match: { dst: { address: home }, mobility: true },
    do: [{ push: 'ipv6', src: agent, dst: careOf }],
    expiresAt,
  };
}

/**
 * What comes back through the tunnel is taken only from the registered care-of address, and only
 * with the home address inside. Source: RFC 6275 section 10.4.5.
 */
export function fromTunnelEntry(
  agent: Address,
  home: Address,
  careOf: Address,
  expiresAt: Instant,
  without: ReadonlySet<Mechanism>,
): ForwardingEntry {
  const inside = { dst: { address: agent }, protocol: 41, innerSrc: home };
  return {
    id: fromTunnelId(home, careOf),
    owner: 'home-agent',
    at: 'arriving',
    match: without.has('tunnel-source-check') ? inside : { src: { address: careOf }, ...inside },
    do: [{ pop: 'ipv6' }],
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

/** What the node and its agent send to each other themselves. */
export const betweenThem = (
  agent: Address,
  { home, careOf, expiresAt }: Binding,
): ForwardingEntry[] => [
  homeAddressEntry(home, careOf, expiresAt),
  agentToHomeEntry(agent, home, careOf, expiresAt),
];
