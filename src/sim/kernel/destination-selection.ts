import type { Address } from '../../wire/address.ts';
import { INTERNAL, type InterfaceAddress } from './interface.ts';
import type { Kernel } from './kernel.ts';
import { commonPrefixLength } from './routes.ts';

/** A destination with the source that packets to it would have. */
interface Candidate {
  readonly destination: Address;
  /** Undefined: nothing of this node gets there. */
  readonly source: InterfaceAddress | undefined;
}

/**
 * Destinations in the order in which a program is to try them.
 *
 * Rules 1 (usable), 3 (deprecated source), 4 (home address) and 9 (longest prefix), else as they were
 * given (10): all destinations here are global and reached natively.
 *
 * Source: RFC 6724 section 6.
 */
export function orderDestinations(
  kernel: Kernel,
  destinations: readonly Address[],
): readonly Address[] {
  const candidates = destinations.map((destination): Candidate => {
    const source = kernel.output.sourceFor(destination);
    return { destination, source: source && entryOf(kernel, source) };
  });
  return candidates.sort(compare).map(({ destination }) => destination);
}

/** Below 0: the first is tried first. */
function compare(a: Candidate, b: Candidate): number {
  if (a.source === undefined || b.source === undefined) {
    return Number(a.source === undefined) - Number(b.source === undefined);
  }
  return (
    Number(isAvoided(a.source)) - Number(isAvoided(b.source)) ||
    Number(b.source.preferred) - Number(a.source.preferred) ||
    commonLength(b.source, b.destination) - commonLength(a.source, a.destination)
  );
}

const isAvoided = ({ optimistic, deprecated }: InterfaceAddress): boolean =>
  optimistic || deprecated === true;

const commonLength = ({ address, prefixLength }: InterfaceAddress, other: Address): number =>
  Math.min(commonPrefixLength(address, other), prefixLength);

/** What is known of an own address; one on a link before the same as an identity. */
function entryOf({ interfaces }: Kernel, address: Address): InterfaceAddress | undefined {
  let found: InterfaceAddress | undefined;
  for (const one of interfaces.values()) {
    const entry = one.addresses.get(address);
    if (entry !== undefined && (found === undefined || one.name !== INTERNAL)) found = entry;
  }
  return found;
}
