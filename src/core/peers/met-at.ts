import type { Address } from '../../wire/address.ts';
import type { NodeState } from '../node-state.ts';

/**
 * Where a peer is met now: a node that has told of its other addresses may have lost the one that we know
 * it by, and be bound to one of those with us. Tests go there then; what they bring does not depend on the
 * address that was asked (RFC 6275 section 5.2.5), and the cookie says whose answer it is.
 */
export function metAt(peer: Address, { bindings, sets }: NodeState): Address {
  const careOf = bindings.get(peer)?.careOf;
  return careOf !== undefined && sets.of(peer) !== undefined ? careOf : peer;
}

/** All addresses where a peer may be met, the most likely first. */
export function waysTo(peer: Address, state: NodeState): Address[] {
  return [...new Set([metAt(peer, state), peer, ...(state.sets.of(peer)?.addresses ?? [])])];
}
