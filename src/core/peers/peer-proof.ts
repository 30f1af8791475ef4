/** How a mobile node proves itself to one peer, whatever the means. */
import type { Address } from '../../wire/address.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';
import type { LayerOf } from '../../wire/packet.ts';
import type { Received } from '../part.ts';
import type { Output } from '../role.ts';
import type { Proof } from '../signalling/signalling.ts';
import type { Duration, Instant } from '../time.ts';
import type { TestKind, TimedToken, Token } from './routability-test.ts';

/** What a peer registration needs to know of the node that registers. */
export interface Identity {
  readonly home: Address;
  /** What it asks its home agent for. */
  readonly lifetime: Duration;
  /**
   * The first update to a peer leaves from the home address, with the care-of address in its option
   * alone, as the content servers' do (multihoming seed, Fig 5 step 506).
   */
  readonly firstFromHome?: boolean;
  /** How long a binding for this care-of address may live; zero: it may not be told to peers yet. */
  allowed(careOf: Address, now: Instant): Duration;
  /** Is it known that no Home Test of this peer would come? Absent: never. */
  isCutOff?(peer: Address): boolean;
}

/**
 * What proves us to a peer, or would: the tests of return routability, the key that the address is made
 * of, the token that the peer gave for that key, a key that both were given.
 */
export type ProofMeans = 'return-routability' | 'cga' | 'permanent-token' | 'configured-key';

/** How asking a peer for proof goes on. */
export interface Proving {
  readonly outputs: Output[];
  /** `path-silent`: the peer answers by the home agent, and not from here. */
  readonly result?: 'proved' | 'silent' | 'path-silent';
}

/**
 * The three ways are return routability (RFC 6275), an address made of a key (RFC 4866), and a key
 * that both were given (RFC 4449). All sign updates with a binding management key; they differ in
 * where it comes from.
 */
export interface PeerProof {
  /** What it is just now, for an operator who asks. */
  readonly means: ProofMeans;
  /** Does a test wait for its answer? */
  readonly waiting: boolean;
  deadline(): Instant | undefined;
  /** Proves that `careOf` is ours; `careOf` equal to home: that home is. */
  begin(careOf: Address, now: Instant): Proving;
  /** A token that another part of this node was given for one of its addresses. */
  learn(kind: TestKind, address: Address, token: TimedToken): void;
  /** Would proving a care-of address take a Home Test that is not there yet? */
  needsHomeTest(now: Instant): boolean;
  /** A Home Test or Care-of Test came. */
  received(kind: TestKind, at: Address, cookie: Uint8Array, token: Token, now: Instant): Proving;
  /** @param impatient what the path alone leaves unanswered is given up sooner. */
  tick(now: Instant, impatient?: boolean): Proving;
  /** Does an Init with this cookie wait for its answer? */
  awaits(cookie: Uint8Array): boolean;
  stop(): void;
  /** The peer is said to know nothing of us any more, which may be a lie. */
  forgetTokens(): void;
  /** The peer has not answered what was proved. */
  gaveUp(): void;
  /** The peer has taken the binding back, and all that went with it. */
  released(): void;
  /**
   * How long a binding may be asked for. `alone`: whatever the home agent says of the care-of
   * address, since the peer holds more of a proof than that packets pass there.
   */
  longest(): { readonly lifetime: Duration; readonly alone: boolean };
  /** What signs an update for this care-of address; undefined when there is no proof any more. */
  proof(careOf: Address, now: Instant): Proof | undefined;
  /** Is this acknowledgement from the peer that proved our update for this care-of address? */
  verifies(received: Received, careOf: Address): boolean;
  /**
   * Takes what an acknowledgement that accepts an update brings with it. True: with that, the peer
   * is to be told once more, at once.
   */
  accepted(message: LayerOf<'binding-acknowledgement'>, careOf: Address, now: Instant): boolean;
  /** The peer refuses the proof. True: there is another to be tried. */
  refused(status: number): boolean;
  /** What is to be kept over a restart since it may not be had again; absent: nothing. */
  kept?(): string | undefined;
  /** Takes up what was kept. @param careOf where the peer knows us for certain. */
  takeUp?(kept: string, careOf: Address | undefined): void;
}

/** The lifetime of a binding for a care-of address away from home; zero: it is not to be told yet. */
export function lifetimeToAsk(
  proof: PeerProof,
  identity: Identity,
  careOf: Address,
  now: Instant,
): Duration {
  const { lifetime, alone } = proof.longest();
  const most = alone ? identity.lifetime : identity.allowed(careOf, now);
  return Math.min(lifetime, most) as Duration;
}

/**
 * Answers that no key can sign, since the peer has none: they make us prove again and nothing else.
 * Source: RFC 6275 section 9.5.4, RFC 4866.
 */
export function isUnsigned(status: number): boolean {
  return isExpiredNonce(status) || UNSIGNED.has(status);
}

const UNSIGNED: ReadonlySet<number> = new Set([
  BINDING_STATUS.permanentHomeKeygenTokenUnavailable,
  BINDING_STATUS.nonNullHomeNonceIndexExpected,
]);

/** Statuses 136 to 138: the peer does not know the nonces of our tokens any more. */
export function isExpiredNonce(status: number): boolean {
  return status >= BINDING_STATUS.expiredHomeNonceIndex && status <= BINDING_STATUS.expiredNonces;
}
