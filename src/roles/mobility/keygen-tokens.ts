import type { NodeState } from '../../core/node-state.ts';
import { count, type Received } from '../../core/part.ts';
import type { Token } from '../../core/peers/routability-test.ts';
import type { Output } from '../../core/role.ts';
import { keygenToken, NonceTable } from '../../core/security/return-routability.ts';
import { signal } from '../../core/signalling/signalling.ts';
import { type Duration, type Instant, NO_TIME } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';

/** Octets of the node key Kcn (RFC 6275 section 5.2.1). */
const NODE_KEY_SIZE = 20;

/**
 * The tokens that a correspondent gives to whoever receives at an address. It keeps none of them: it
 * makes each anew from its own key, the nonce and the address.
 *
 * Supported standards: RFC 6275 sections 5.2, 9.4.
 */
export class KeygenTokens {
  readonly #state: NodeState;
  readonly #nodeKey: Uint8Array;
  #nonces: NonceTable;

  constructor(state: NodeState) {
    this.#state = state;
    this.#nodeKey = state.env.secrets(NODE_KEY_SIZE);
    this.#nonces = nonceTable(state);
  }

  /** Nonces that tokens are made with now. */
  get nonces(): number {
    return this.#nonces.size;
  }

  /** All tokens given out so far are void. */
  renewNonces(): void {
    this.#nonces = nonceTable(this.#state);
  }

  /** A new token for an address. */
  give(kind: 'home' | 'care-of', address: Address, now: Instant): Token {
    const { index: nonceIndex, nonce } = this.#nonces.current(now);
    return { nonceIndex, keygenToken: this.#token(kind, address, nonce) };
  }

  /** The token that was given for an address with this nonce; undefined: the nonce is gone. */
  given(
    kind: 'home' | 'care-of',
    address: Address,
    nonceIndex: number,
    now: Instant,
  ): Uint8Array | undefined {
    const nonce = this.#nonces.lookup(nonceIndex, now);
    return nonce && this.#token(kind, address, nonce);
  }

  /** Source: RFC 6275 section 9.4.3. */
  answerHomeTest(received: Received, homeInitCookie: Uint8Array, now: Instant): Output[] {
    const { nonceIndex, keygenToken: homeKeygenToken } = this.give('home', received.source, now);
    return [
      count('mobility.hoti_answered'),
      ...signal({
        source: received.destination,
        destination: received.source,
        layers: [{ layer: 'home-test', nonceIndex, homeInitCookie, homeKeygenToken }],
      }),
    ];
  }

  /** Source: RFC 6275 section 9.4.4. */
  answerCareOfTest(received: Received, careOfInitCookie: Uint8Array, now: Instant): Output[] {
    const { nonceIndex, keygenToken: careOfKeygenToken } = this.give(
      'care-of',
      received.source,
      now,
    );
    return [
      count('mobility.coti_answered'),
      ...signal({
        source: received.destination,
        destination: received.source,
        layers: [{ layer: 'care-of-test', nonceIndex, careOfInitCookie, careOfKeygenToken }],
      }),
    ];
  }

  #token(kind: 'home' | 'care-of', address: Address, nonce: Uint8Array): Uint8Array {
    return keygenToken(this.#state.env.crypto, this.#nodeKey, address, nonce, kind);
  }
}

function nonceTable({ env, constants }: NodeState): NonceTable {
  const { NONCE_INTERVAL, MAX_NONCE_LIFETIME } = constants;
  const shared = !env.without.has('shared-nonces');
  const mortal = !env.without.has('nonce-lifetime');
  return new NonceTable(env.secrets, {
    NONCE_INTERVAL: shared ? NONCE_INTERVAL : NO_TIME,
    MAX_NONCE_LIFETIME: mortal ? MAX_NONCE_LIFETIME : (Number.POSITIVE_INFINITY as Duration),
  });
}
