import { type Address, isLinkLocal, isMulticast } from '../../wire/address.ts';
import { INTERNAL, type Interface, type InterfaceAddress } from './interface.ts';
import { commonPrefixLength } from './routes.ts';

/** Is an address good on one link only, as source or destination? (RFC 4291 section 2.7) */
const isLinkScope = (address: Address): boolean =>
  isLinkLocal(address) || (isMulticast(address) && (address.charCodeAt(1) & 0x0f) <= 2);

/** How packets to a destination leave. */
export interface Ways {
  readonly out: Interface;
  /** The best route is for packets from this address alone. */
  readonly source: Address | undefined;
  /** Is there any route for packets from an address? */
  hasWay(source: Address): boolean;
}

/**
 * The source for packets to a destination that leave by an interface; undefined where the node has
 * no address for it.
 *
 * Rules 1 (same address), 2 (scope), 3 (deprecated), 4 (home address), 5 (outgoing interface), 5.5 (address
 * of the next hop's prefix) and 8 (longest prefix), in this order. An address from which no packet gets
 * to the destination is no candidate; identities have their ways by the forwarding table.
 *
 * Source: RFC 6724 section 5.
 */
export function selectSource(
  interfaces: ReadonlyMap<string, Interface>,
  destination: Address,
  ways: Ways,
): Address | undefined {
  if (isLinkScope(destination)) return ways.out.linkLocal;
  let best: Candidate | undefined;
  for (const one of interfaces.values()) {
    if (!one.usable && one.name !== INTERNAL) continue;
    for (const entry of one.addresses.values()) {
      if (entry.anycast || entry.address.length !== destination.length) continue;
      if (entry.address === destination) return entry.address;
      if (isLinkLocal(entry.address)) continue;
      if (one.name !== INTERNAL && !ways.hasWay(entry.address)) continue;
      const routed = entry.address === ways.source;
      const candidate = { entry, local: one === ways.out, routed };
      if (best === undefined || isBetter(candidate, best, destination)) best = candidate;
    }
  }
  return best?.entry.address;
}

interface Candidate {
  readonly entry: InterfaceAddress;
  readonly local: boolean;
  /** The best route is for it. */
  readonly routed: boolean;
}

function isBetter(a: Candidate, b: Candidate, destination: Address): boolean {
  if (isAvoided(a) !== isAvoided(b)) return isAvoided(b);
  if (a.entry.preferred !== b.entry.preferred) return a.entry.preferred;
  if (a.local !== b.local) return a.local;
  if (a.routed !== b.routed) return a.routed;
  return commonLength(a, destination) > commonLength(b, destination);
}

/** RFC 6724 rule 3; an optimistic address counts as deprecated (RFC 4429 section 2.1). */
const isAvoided = ({ entry }: Candidate): boolean => entry.optimistic || entry.deprecated === true;

/** RFC 6724 section 2.2: no further than the source's own prefix. */
const commonLength = ({ entry }: Candidate, destination: Address): number =>
  Math.min(commonPrefixLength(entry.address, destination), entry.prefixLength);
