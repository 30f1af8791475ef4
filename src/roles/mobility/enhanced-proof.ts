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
import type { Instant } from '../../core/time.ts';
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
}

/**
 * Enhanced Route Optimization from the correspondent's side: a home address that shows its key is
 * granted a permanent token, and from then on nothing else can speak for it.
 *
 * Tokens live as long as the binding does, so there are no more of them than bindings.
 *
 * Supported standards: RFC 4866 section 4.
 */
export class EnhancedProof {
  readonly #state: NodeState;
  readonly #rsa: Rsa;
  readonly #tokens: KeygenTokens;
  readonly #permanent = new Map<Address, PermanentToken>();

  constructor(rsa: Rsa, tokens: KeygenTokens, state: NodeState) {
    this.#rsa = rsa;
    this.#tokens = tokens;
    this.#state = state;
  }

  /** Home addresses that hold a permanent token. */
  get permanent(): number {
    return this.#permanent.size;
  }

  /** The binding is gone, and the token with it. */
  forget(home: Address): void {
    this.#permanent.delete(home);
  }

  /** Has the home address been granted a permanent token? */
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
    const permanent = this.#permanent.get(asked.home);
    if (permanent === undefined) {
      return unsigned(
        BINDING_STATUS.permanentHomeKeygenTokenUnavailable,
        'mobility.bu_permanent_token_unknown',
      );
    }
    const { crypto } = this.#state.env;
    const release = asked.lifetime === 0;
    if (release)
      return this.#proved(asked, permanent, bindingManagementKey(crypto, permanent.token));
    if (careOfNonceIndex === 0) {
      const early = this.early(update, asked, permanent.token, now);
      return { ...early, brings: () => this.#use(permanent, early) };
    }
    const careOf = this.#tokens.given('care-of', asked.careOf, careOfNonceIndex, now);
    if (careOf === undefined)
      return unsigned(BINDING_STATUS.expiredCareOfNonceIndex, 'mobility.bu_expired_nonce');
    const key = bindingManagementKey(crypto, permanent.token, careOf);
    return this.#proved(asked, permanent, key);
  }

  #proved({ careOf }: JudgedUpdate, permanent: PermanentToken, key: Uint8Array): Proved {
    const longest = this.#state.constants.MAX_CGA_BINDING_LIFETIME;
    const brings = () => this.#use(permanent);
    return { kind: 'proved', key, longest, signedOver: careOf, brings };
  }

  #use(permanent: PermanentToken, proved?: Proved): readonly MobilityOptionInput[] {
    permanent.used = true;
    return proved?.brings?.() ?? [];
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
  first(received: Received, update: BindingUpdate, asked: JudgedUpdate, tested: Proved): Shown {
    const parameters = shownCga(update.options);
    if (parameters === undefined) {
      if (!this.#permanent.has(asked.home)) return tested;
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
      ...this.#grant(asked.home, publicKey),
      ...(tested.brings?.() ?? []), // the care-of token comes behind (RFC 4866 section 4.3)
    ];
    return { ...tested, longest, brings };
  }

  /**
   * A new token, but for one that no update has been proved with yet: the answer that brought it may
   * have been lost, and of two answers to one request only the first is read.
   * Source: RFC 4866 sections 4.3 and 4.9.
   */
  #grant(home: Address, publicKey: Uint8Array): MobilityOptionInput[] {
    const { secrets } = this.#state.env;
    const known = this.#permanent.get(home);
    const permanent = known?.used === false ? known.token : secrets(KEYGEN_TOKEN_SIZE);
    const token = this.#rsa.encrypt(publicKey, permanent, secrets);
    if (token === undefined) return [];
    this.#permanent.set(home, { token: permanent, used: false });
    return [{ option: 'permanent-home-keygen-token', token }];
  }
}

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
