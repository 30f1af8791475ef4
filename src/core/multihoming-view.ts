/** What a host with several providers says of them and of its sessions, to an operator who asks. */
import type { Address } from '../wire/address.ts';
import type { ProofMeans } from './peers/peer-proof.ts';
import type { Duration, Instant } from './time.ts';

/** An address that one provider gives. */
export interface ProviderView {
  readonly link: string;
  readonly address: Address;
  readonly router: Address | undefined;
  readonly validUntil: Instant;
}

/**
 * Why a session goes by the address that it goes by:
 *
 *     began     it began with it, and nobody has said that another is wanted
 *     wanted    the policy or the operator's word puts it first of those that work
 *     gone      its own address has no provider any more
 *     silent    nothing gets from its own address to the peer and back
 *     holding   its own address carries again, and is held for a while
 *     stays     it went there, and nothing calls it back
 */
export type WhyThere = 'began' | 'wanted' | 'gone' | 'silent' | 'holding' | 'stays';

/** One of our addresses towards the peer of a session. */
export interface PathView {
  readonly own: Address;
  readonly health: 'up' | 'dead' | 'returning';
  /** When the peer last answered a test of it; undefined: never. */
  readonly answeredAt: Instant | undefined;
  readonly roundTrip: Duration | undefined;
  /** Of one that is returning: when it will have answered for long enough. */
  readonly holdsUntil: Instant | undefined;
}

export interface SessionView {
  readonly identity: Address;
  readonly peer: Address;
  /** Our address that carries it. */
  readonly by: Address;
  readonly why: WhyThere;
  /** What proves it to the peer. */
  readonly proof: ProofMeans;
  /** Until when the peer holds its binding; undefined: it holds none. */
  readonly heldUntil: Instant | undefined;
  /** It ends then at the latest unless its own address carries again; undefined: it has no such end. */
  readonly endsAt: Instant | undefined;
  /** When it would end if its own address failed now; undefined: it would not, or has left it. */
  readonly wouldEndAt: Instant | undefined;
  readonly paths: readonly PathView[];
}

export interface MultihomingView {
  readonly providers: readonly ProviderView[];
  /** The interface that the operator's word prefers. */
  readonly preferred: string | undefined;
  readonly sessions: readonly SessionView[];
}
