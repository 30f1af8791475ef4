import type { Binding } from '../../core/bindings/binding-cache.ts';
import type { BindingUpdate, JudgedUpdate } from '../../core/bindings/judged-update.ts';
import type { Counter } from '../../core/counters.ts';
import type { NodeState } from '../../core/node-state.ts';
import type { Received } from '../../core/part.ts';
import type { Rsa } from '../../core/role.ts';
import { verifyCga } from '../../core/security/cga.ts';
import { shownCga, verifySignature } from '../../core/security/mobility-signature.ts';
import {
  bindingManagementKey,
  KEYGEN_TOKEN_SIZE,
  NO_CARE_OF_TOKEN,
} from '../../core/security/return-routability.ts';
import { after, type Duration, type Instant } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';
import type { LayerOf, MobilityOptionInput } from '../../wire/packet.ts';
import type { KeygenTokens } from './keygen-tokens.ts';
import type { Proved, Refused, Shown } from './shown-proof.ts';

type NonceIndices = Extract<
  LayerOf<'binding-update'>['options'][number],
  { option: 'nonce-indices' }
>;

interface PermanentToken {
  readonly token: Uint8Array;
  /** An update was proved with it: the mobile node has it. */
  used: boolean;
  /** So long the last binding was granted whose care-of address was proved, too. */
  until: Instant;
}

/** Tokens that outlive their bindings; the one that did so first goes. */
const MAX_KEPT = 256;

/** A token whose binding is gone, for as long as that would have held. */
interface KeptToken {
  readonly permanent: PermanentToken;
  /** Of the last update: what the token signed before must not bring a binding back. */
  readonly sequence: number;
}

/**
 * Enhanced Route Optimization from the correspondent's side: a home address that shows its key is
 * granted a permanent token, and from then on nothing else can speak for it.
 *
 * Tokens live as long as the binding does, so there are no more of them than bindings. Where errors end
 * a binding, or a further care-of address that was never proved, the token stays for its time: without its
 * home address the owner could get no other.
 *
 * Supported standards: RFC 4866 section 4.
 */
export class EnhancedProof {
  readonly #state: NodeState;
  readonly #rsa: Rsa;
  readonly #tokens: KeygenTokens;
  readonly #permanent = new Map<Address, PermanentToken>();
  /** Oldest first. */
  readonly #kept = new Map<Address, KeptToken>();

  constructor(rsa: Rsa, tokens: KeygenTokens, state: NodeState) {
    this.#rsa = rsa;
    this.#tokens = tokens;
    this.#state = state;
  }

  /** Home addresses that hold a permanent token. */
  get permanent(): number {
    return this.#permanent.size + this.#kept.size;
  }

  /** The binding is gone, and the token with it. */
  forget(home: Address): void {
    this.#permanent.delete(home);
  }

  /** The binding is gone, but its owner did not say so. */
  keep({ home, sequence }: Binding, now: Instant): void {
    const permanent = this.#permanent.get(home);
    this.#permanent.delete(home);
    if (permanent === undefined || now >= permanent.until) return;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < MAX_KEPT) break;
      this.#kept.delete(oldest);
    }
    this.#kept.set(home, { permanent, sequence });
  }

  /** The number of the last update of a binding whose token was kept. */
  lastNumber(home: Address, now: Instant): number | undefined {
    return this.#keptFor(home, now)?.sequence;
  }

  #keptFor(home: Address, now: Instant): KeptToken | undefined {
    const kept = this.#kept.get(home);
    if (kept === undefined || now < kept.permanent.until) return kept;
    this.#kept.delete(home);
    return undefined;
  }

  #tokenOf(home: Address, now: Instant): PermanentToken | undefined {
    return this.#permanent.get(home) ?? this.#keptFor(home, now)?.permanent;
  }

  /** Does the home address of a binding hold a permanent token? */
  has(home: Address): boolean {
    return this.#permanent.has(home);
  }

  /** What an update shows that names no home nonce: its home token is the permanent one. */
  later(
    update: BindingUpdate,
    { careOfNonceIndex }: NonceIndices,
    asked: JudgedUpdate,
    now: Instant,
  ): Shown {
    if (shownCga(update.options) !== undefined) {
      return unsigned(
        BINDING_STATUS.nonNullHomeNonceIndexExpected,
        'mobility.bu_home_nonce_missing',
      );
    }
    const permanent = this.#tokenOf(asked.home, now);
    if (permanent === undefined) {
      return unsigned(
        BINDING_STATUS.permanentHomeKeygenTokenUnavailable,
        'mobility.bu_permanent_token_unknown',
      );
    }
    const { crypto } = this.#state.env;
    const release = asked.lifetime === 0;
    if (release)
      return this.#proved(asked, permanent, bindingManagementKey(crypto, permanent.token), now);
    if (careOfNonceIndex === 0) {
      const early = this.early(update, asked, permanent.token, now);
      const brings = () => [...this.#use(permanent, asked), ...(early.brings?.() ?? [])];
      return { ...early, brings };
    }
    const careOf = this.#tokens.given('care-of', asked.careOf, careOfNonceIndex, now);
    if (careOf === undefined)
      return unsigned(BINDING_STATUS.expiredCareOfNonceIndex, 'mobility.bu_expired_nonce');
    const key = bindingManagementKey(crypto, permanent.token, careOf);
    return this.#proved(asked, permanent, key, now);
  }

  #proved(asked: JudgedUpdate, permanent: PermanentToken, key: Uint8Array, now: Instant): Proved {
    const longest = this.#state.constants.MAX_CGA_BINDING_LIFETIME;
    const brings = () => {
      permanent.until = endOf(asked, longest, now);
      return this.#use(permanent, asked);
    };
    return { kind: 'proved', key, longest, signedOver: asked.careOf, brings };
  }

  /** The update is accepted: what was kept is a binding's again, or is taken back. */
  #use(permanent: PermanentToken, { home, lifetime }: JudgedUpdate): readonly [] {
    permanent.used = true;
    if (this.#kept.delete(home) && lifetime > 0) this.#permanent.set(home, permanent);
    return [];
  }

  /**
   * The home address is proved, the care-of address is not. The answer that brings the care-of token
   * must go there: what went elsewhere would let one node prove the address of another.
   * @param homeToken the permanent one, or that of a home test.
   */
  early(
    update: BindingUpdate,
    { careOf, answerTo }: JudgedUpdate,
    homeToken: Uint8Array,
    now: Instant,
  ): Proved {
    const wanted = update.options.some((one) => one.option === 'care-of-test-init');
    return {
      kind: 'proved',
      key: bindingManagementKey(this.#state.env.crypto, homeToken, NO_CARE_OF_TOKEN),
      longest: this.#state.constants.UNVERIFIED_BINDING_LIFETIME,
      unverified: true,
      signedOver: careOf,
      brings: () => (wanted && answerTo === careOf ? this.#careOfTest(careOf, now) : []),
    };
  }

  #careOfTest(careOf: Address, now: Instant): MobilityOptionInput[] {
    const { nonceIndex, keygenToken } = this.#tokens.give('care-of', careOf, now);
    return [
      { option: 'nonce-indices', homeNonceIndex: 0, careOfNonceIndex: nonceIndex },
      { option: 'care-of-test', careOfKeygenToken: keygenToken },
    ];
  }

  /** What an update shows besides return routability, which has been found in order. */
  first(
    received: Received,
    update: BindingUpdate,
    asked: JudgedUpdate,
    tested: Proved,
    now: Instant,
  ): Shown {
    const parameters = shownCga(update.options);
    if (parameters === undefined) {
      if (this.#tokenOf(asked.home, now) === undefined) return tested;
      // Whoever receives at the home address now need not be the one who had it first.
      return refused(BINDING_STATUS.permanentHomeKeygenTokenExists, tested);
    }
    const { crypto } = this.#state.env;
    const publicKey = verifyCga(crypto, asked.home, parameters);
    const ends = { careOf: tested.signedOver, correspondent: received.destination };
    if (publicKey === undefined || !verifySignature(this.#rsa, received.octets, publicKey, ends)) {
      return refused(BINDING_STATUS.cgaAndSignatureVerificationFailed, tested);
    }
    const { MAX_CGA_BINDING_LIFETIME } = this.#state.constants;
    const longest = tested.unverified ? tested.longest : MAX_CGA_BINDING_LIFETIME;
    if (asked.lifetime === 0) return { ...tested, longest };
    const brings = () => [
      ...this.#grant(asked.home, publicKey, endOf(asked, longest, now), now),
      ...(tested.brings?.() ?? []), // the care-of token comes behind (RFC 4866 section 4.3)
    ];
    return { ...tested, longest, brings };
  }

  /**
   * A new token, but for one that no update has been proved with yet: the answer that brought it may
   * have been lost, and of two answers to one request only the first is read.
   * Source: RFC 4866 sections 4.3 and 4.9.
   */
  #grant(
    home: Address,
    publicKey: Uint8Array,
    until: Instant,
    now: Instant,
  ): MobilityOptionInput[] {
    const { secrets } = this.#state.env;
    const known = this.#tokenOf(home, now);
    const permanent = known?.used === false ? known.token : secrets(KEYGEN_TOKEN_SIZE);
    const token = this.#rsa.encrypt(publicKey, permanent, secrets);
    if (token === undefined) return [];
    this.#kept.delete(home);
    this.#permanent.set(home, { token: permanent, used: false, until });
    return [{ option: 'permanent-home-keygen-token', token }];
  }
}

/** When the binding that is asked for ends. */
const endOf = ({ lifetime }: JudgedUpdate, longest: Duration, now: Instant): Instant =>
  after(now, Math.min(lifetime, longest) as Duration);

const unsigned = (status: number, counter: Counter): Refused => ({
  kind: 'refused',
  status,
  counter,
});

function refused(status: number, tested: Proved): Refused {
  const wrong = status === BINDING_STATUS.cgaAndSignatureVerificationFailed;
  const counter = wrong ? 'mobility.bu_cga_failed' : 'mobility.bu_permanent_token_exists';
  return { kind: 'refused', status, counter, tested };
}
