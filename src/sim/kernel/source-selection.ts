import { type Address, isLinkLocal, isMulticast } from '../../wire/address.ts';
import { INTERNAL, type Interface, type InterfaceAddress } from './interface.ts';
import { commonPrefixLength } from './routes.ts';

/** Is an address good on one link only, as source or destination? (RFC 4291 section 2.7) */
const isLinkScope = (address: Address): boolean =>
  isLinkLocal(address) || (isMulticast(address) && (address.charCodeAt(1) & 0x0f) <= 2);

/**
 * The source for packets to a destination that leave by an interface; undefined where the node has
 * no address for it.
 *
 * Rules 1 (same address), 2 (scope), 3 (deprecated), 4 (home address), 5 (outgoing interface) and 8 (longest prefix), in this order.
 *
 * Source: RFC 6724 section 5.
 */
export function selectSource(
  interfaces: ReadonlyMap<string, Interface>,
  destination: Address,
  out: Interface,
): Address | undefined {
  if (isLinkScope(destination)) return out.linkLocal;
  let best: { entry: InterfaceAddress; local: boolean } | undefined;
  for (const one of interfaces.values()) {
    if (!one.usable && one.name !== INTERNAL) continue;
    for (const entry of one.addresses.values()) {
      if (entry.anycast) continue;
      if (entry.address === destination) return entry.address;
      if (isLinkLocal(entry.address)) continue;
      const candidate = { entry, local: one === out };
      if (best === undefined || isBetter(candidate, best, destination)) best = candidate;
    }
  }
  return best?.entry.address;
}

type Candidate = { readonly entry: InterfaceAddress; readonly local: boolean };

function isBetter(a: Candidate, b: Candidate, destination: Address): boolean {
  if (isAvoided(a) !== isAvoided(b)) return isAvoided(b);
  if (a.entry.preferred !== b.entry.preferred) return a.entry.preferred;
  if (a.local !== b.local) return a.local;
  return commonLength(a, destination) > commonLength(b, destination);
}

/** RFC 6724 rule 3; an optimistic address counts as deprecated (RFC 4429 section 2.1). */
const isAvoided = ({ entry }: Candidate): boolean => entry.optimistic || entry.deprecated === true;

/** RFC 6724 section 2.2: no further than the source's own prefix. */
const commonLength = ({ entry }: Candidate, destination: Address): number =>
  Math.min(commonPrefixLength(entry.address, destination), entry.prefixLength);
