/** The forwarding entries for what arrives with a Home Address option or a Type 2 Routing header. */
import { type Address, formatAddress } from '../../wire/address.ts';
import type { ForwardingEntry } from '../forwarding/entry.ts';
import type { Instant } from '../time.ts';

export const homeAddressEntryId = (home: Address, careOf: Address): string =>
  `peer/from/${formatAddress(home)}/at/${formatAddress(careOf)}`;

/** Of what comes to our own care-of address for a home address, behind a Type 2 Routing header. */
export const arrivingEntryId = (home: Address, careOf: Address): string =>
  `self/routing-2/${formatAddress(home)}/at/${formatAddress(careOf)}`;

/** Of what comes there out of a tunnel: of the two kinds. */
export const tunnelEntryIds = (home: Address, careOf: Address): [string, string] => {
  const ends = `${formatAddress(home)}/at/${formatAddress(careOf)}`;
  return [`self/tunnel/${ends}`, `self/udp/${ends}`];
};

/**
 * A Home Address option is believed only from the care-of address that is bound to it, and only
 * where it is for this node. Source: RFC 6275 section 9.3.1.
 */
export function homeAddressEntry(
  home: Address,
  careOf: Address,
  expiresAt: Instant,
): ForwardingEntry {
  return {
    id: homeAddressEntryId(home, careOf),
    owner: 'bindings',
    at: 'arriving',
    match: { src: { address: careOf }, home, local: true },
    do: [{ apply: 'home-address' }],
    expiresAt,
  };
}
