import type { Address } from '../../wire/address.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';
import type { DelegatedKey } from '../config.ts';
import type { NodeState } from '../node-state.ts';
import { count, type Received, tell } from '../part.ts';
import type { Output } from '../role.ts';
import {
  bindingManagementKey,
  verifyBindingAuthorization,
} from '../security/return-routability.ts';
import { updateAuthorization } from '../signalling/binding-authorization.ts';
import { delegatedProof } from '../signalling/delegated-update.ts';
import { NO_PROOF, type Proof, signal } from '../signalling/signalling.ts';
import type { Duration, Instant } from '../time.ts';
import { metAt } from './met-at.ts';
import { isExpiredNonce, type PeerProof, type Proving } from './peer-proof.ts';
import {
  RoutabilityTest,
  type TestKind,
  type TestOutput,
  type TimedToken,
  type Token,
} from './routability-test.ts';

/** The token that a status says to be of no use; the third such status means both. */
const EXPIRED: { readonly [Status in number]?: TestKind } = {
  [BINDING_STATUS.expiredHomeNonceIndex]: 'home',
  [BINDING_STATUS.expiredCareOfNonceIndex]: 'care-of',
};

/**
 * How this node proves itself to one peer: return routability. It sends the tests, signs updates
 * with what came back, and checks the signatures of the answers.
 *
 * Supported standards: RFC 6275 sections 5.2.5 to 5.2.7, 11.6, 6.2.6, 6.2.7.
 */
export class ReturnRoutabilityProof implements PeerProof {
  readonly means = 'return-routability';
  readonly #peer: Address;
  readonly #home: Address;
  readonly #state: NodeState;
  readonly #tests: RoutabilityTest;
  readonly #delegation: DelegatedKey | undefined;
  /** The mechanism `return-routability` is taken away: everything counts as proved. */
  readonly #off: boolean;
  #careOf: Address | undefined;
  /** What the newest update was signed with: its answer is too, even when the tokens run out. */
  #signed: { readonly careOf: Address; readonly key: Uint8Array } | undefined;

  /** @param delegation shown with each update, for peers that ask who may bind the address. */
  constructor(peer: Address, home: Address, state: NodeState, delegation?: DelegatedKey) {
    this.#delegation = delegation;
    this.#peer = peer;
    this.#home = home;
    this.#state = state;
    this.#tests = new RoutabilityTest(state.constants, state.env);
    this.#off = state.env.without.has('return-routability');
  }

  get waiting(): boolean {
    return this.#tests.waiting;
  }

  deadline(): Instant | undefined {
    return this.#tests.deadline();
  }

  /** Proves that `careOf` is ours; `careOf` equal to home: that home is (RFC 6275 section 5.2.6). */
  begin(careOf: Address, now: Instant): Proving {
    this.#careOf = careOf;
    if (this.#off) return { outputs: [], result: 'proved' };
    return this.#go(this.#tests.begin(this.#home, this.#underTest(careOf), now), now);
  }

  /** Proves `careOf` alone, where something else proves the home address. */
  beginCareOf(careOf: Address, now: Instant): Proving {
    this.#careOf = careOf;
    if (this.#off) return { outputs: [], result: 'proved' };
    return this.#go(this.#tests.beginCareOf(careOf, now), now);
  }

  /** The token for this care-of address, if it is fresh. */
  careOfToken(careOf: Address, now: Instant): Token | undefined {
    return this.#tests.careOfToken(careOf, now);
  }

  learn(kind: TestKind, address: Address, token: TimedToken): void {
    this.#tests.learn(kind, address, token);
  }

  needsHomeTest(now: Instant): boolean {
    return !this.#off && !this.#tests.hasHomeToken(this.#home, now);
  }

  received(kind: TestKind, at: Address, cookie: Uint8Array, token: Token, now: Instant): Proving {
    return this.#go(this.#tests.received(kind, at, cookie, token, now), now);
  }

  tick(now: Instant, impatient?: boolean): Proving {
    return this.#go(this.#tests.tick(now, impatient), now);
  }

  /** Does an Init with this cookie wait for its answer? */
  awaits(cookie: Uint8Array): boolean {
    return this.#tests.isPending(cookie);
  }

  stop(): void {
    this.#tests.stop();
  }

  /** The peer does not know the nonces of our tokens any more. */
  forgetTokens(): void {
    this.#tests.forgetTokens();
  }

  /** A peer that restarted may know the nonces' numbers and not the nonces: it answers nothing. */
  gaveUp(): void {
    this.forgetTokens();
  }

  /** Tokens prove addresses, bound or not. */
  released(): void {}

  longest(): { readonly lifetime: Duration; readonly alone: boolean } {
    return { lifetime: this.#state.constants.MAX_RR_BINDING_LIFETIME, alone: false };
  }

  /** What signs an update for this care-of address; undefined when the tokens have run out. */
  proof(careOf: Address, now: Instant): Proof | undefined {
    if (this.#off) return NO_PROOF;
    const tokens = this.#tests.proof(this.#underTest(careOf), now);
    const key = this.#key(careOf, now);
    if (tokens === undefined || key === undefined) return undefined;
    this.#signed = { careOf, key };
    const { crypto } = this.#state.env;
    const proof = updateAuthorization(crypto, key, careOf, [
      {
        option: 'nonce-indices',
        homeNonceIndex: tokens.home.nonceIndex,
        careOfNonceIndex: tokens.careOf?.nonceIndex ?? 0,
      },
    ]);
    if (this.#delegation === undefined) return proof;
    const binding = { home: this.#home, careOf, secret: key };
    return delegatedProof(crypto, this.#delegation, binding, proof);
  }

  /** Is this acknowledgement from the peer that proved our update for this care-of address? */
  verifies(received: Received, careOf: Address): boolean {
    if (this.#off) return true;
    if (this.#signed?.careOf !== careOf) return false;
    const { key } = this.#signed;
    const ends = { careOf, correspondent: received.source };
    return verifyBindingAuthorization(this.#state.env.crypto, received.octets, key, ends);
  }

  accepted(): boolean {
    return false;
  }

  refused(status: number): boolean {
    if (!isExpiredNonce(status)) return false;
    this.#tests.forgetTokens(EXPIRED[status]);
    return true;
  }

  #key(careOf: Address, now: Instant): Uint8Array | undefined {
    const tokens = this.#tests.proof(this.#underTest(careOf), now);
    if (tokens === undefined) return undefined;
    const { crypto } = this.#state.env;
    return bindingManagementKey(crypto, tokens.home.keygenToken, tokens.careOf?.keygenToken);
  }

  /** At home the home address is proof enough (RFC 6275 section 5.2.6). */
  #underTest(careOf: Address): Address | undefined {
    return careOf === this.#home ? undefined : careOf;
  }

  #go(results: readonly TestOutput[], now: Instant): Proving {
    const outputs: Output[] = [];
    let result: Proving['result'];
    for (const one of results) {
      if (one.kind === 'send') outputs.push(...this.#sendInit(one.test, one.cookie));
      else if (one.kind === 'unexpected') outputs.push(count('mobility.test_unexpected'));
      else if (one.kind === 'silent') result = one.test === undefined ? 'silent' : 'path-silent';
      else {
        result = 'proved';
        const phase = { phase: 'return_routability', began: one.began, ended: now } as const;
        outputs.push(tell({ kind: 'handover.phase', ...phase, peer: this.#peer }));
      }
    }
    return { outputs, ...(result === undefined ? {} : { result }) };
  }

  #sendInit(test: TestKind, cookie: Uint8Array): Output[] {
    const isHome = test === 'home';
    return [
      count(isHome ? 'mobility.hoti_sent' : 'mobility.coti_sent'),
      ...signal({
        source: isHome ? this.#home : this.#careOf!,
        destination: metAt(this.#peer, this.#state),
        layers: [
          isHome
            ? { layer: 'home-test-init', homeInitCookie: cookie }
            : { layer: 'care-of-test-init', careOfInitCookie: cookie },
        ],
        tunnelled: isHome && this.#state.paths.own(this.#home) !== undefined,
      }),
    ];
  }
}
