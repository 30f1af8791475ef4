import type { Address } from '../../wire/address.ts';
import { fromHex, toHex } from '../../wire/hex.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';
import type { LayerOf, MobilityOptionInput } from '../../wire/packet.ts';
import type { CgaIdentity } from '../config.ts';
import type { NodeState } from '../node-state.ts';
import type { Received } from '../part.ts';
import type { Rsa } from '../role.ts';
import { cgaOptions, signMessage } from '../security/mobility-signature.ts';
import {
  bindingManagementKey,
  KEYGEN_TOKEN_SIZE,
  NO_CARE_OF_TOKEN,
  verifyBindingAuthorization,
} from '../security/return-routability.ts';
import { destinationOf, updateAuthorization } from '../signalling/binding-authorization.ts';
import type { Proof } from '../signalling/signalling.ts';
import { after, type Duration, type Instant } from '../time.ts';
import { isExpiredNonce, type PeerProof, type ProofMeans, type Proving } from './peer-proof.ts';
import type { ReturnRoutabilityProof } from './return-routability-proof.ts';
import type { TestKind, TimedToken, Token } from './routability-test.ts';

/**
 * Updates that one permanent token signs. Fewer than half of all sequence numbers, so that none comes
 * twice, and an old update never looks new. Source: RFC 4866 section 4.9.
 */
export const MAX_TOKEN_UPDATES = 0x7fff;
/** Updates that an earlier life may have sent since it last counted them for the journal. */
const UNCOUNTED_UPDATES = 64;

/**
 * How this node proves itself to a peer by the key that its home address was made from.
 *
 *     first   both tests, then an update with CGA parameters and signature --> permanent home token
 *     later   update signed with the permanent token alone, asks for a care-of token  --> "early"
 *             update signed with both                                             --> "complete"
 *
 * A peer whose answer brings no care-of token that we can name the nonce of is asked for one by a
 * care-of test of its own.
 *
 * After the first contact neither the home agent nor a test is needed before the peer sends to a new
 * care-of address. A peer that grants no permanent token knows nothing of this: it has skipped the
 * options and bound us by return routability, and so it goes on.
 *
 * Supported standards: RFC 4866 sections 3, 4 and 5.
 */
export class CgaProof implements PeerProof {
  readonly #home: Address;
  readonly #state: NodeState;
  readonly #rsa: Rsa;
  readonly #identity: CgaIdentity;
  readonly #tests: ReturnRoutabilityProof;
  readonly #signatureSize: number;
  /** The peer's answer has shown that it knows nothing of this. */
  #unaware = false;
  #permanent: Uint8Array | undefined;
  /** Updates that the permanent token has signed. */
  #updates = 0;
  /** The care-of address that the peer knows, and knows to be ours. */
  #complete: Address | undefined;
  /** A care-of address that the peer took, without a token that would prove it. */
  #untested: Address | undefined;
  #gaveUp = false;
  #careOf:
    | { readonly address: Address; readonly token: Token; readonly until: Instant }
    | undefined;
  /** What the newest update was signed with, where that was the permanent token. */
  #signed:
    | { readonly careOf: Address; readonly key: Uint8Array; readonly early: boolean }
    | undefined;

  /** @param tests return routability with this peer, for the first contact and for want of more. */
  constructor(
    home: Address,
    identity: CgaIdentity,
    rsa: Rsa,
    tests: ReturnRoutabilityProof,
    state: NodeState,
  ) {
    this.#home = home;
    this.#identity = identity;
    this.#rsa = rsa;
    this.#tests = tests;
    this.#state = state;
    this.#signatureSize = rsa.sign(identity.privateKey, new Uint8Array()).length;
  }

  get means(): ProofMeans {
    if (this.#permanent !== undefined) return 'permanent-token';
    return this.#unaware ? this.#tests.means : 'cga';
  }

  get waiting(): boolean {
    return this.#tests.waiting;
  }

  deadline(): Instant | undefined {
    return this.#tests.deadline();
  }

  begin(careOf: Address, now: Instant): Proving {
    if (this.#updates >= MAX_TOKEN_UPDATES) this.#permanent = undefined;
    if (this.#permanent === undefined) return this.#tests.begin(careOf, now);
    // Where the peer sends to this address already, an early update would have it doubt the address.
    const known = careOf === this.#complete || careOf === this.#untested;
    if (known && this.#freshToken(careOf, now) === undefined) {
      return this.#tests.beginCareOf(careOf, now);
    }
    return { outputs: [], result: 'proved' };
  }

  learn(kind: TestKind, address: Address, token: TimedToken): void {
    this.#tests.learn(kind, address, token);
  }

  needsHomeTest(now: Instant): boolean {
    return this.#permanent === undefined && this.#tests.needsHomeTest(now);
  }

  received(kind: TestKind, at: Address, cookie: Uint8Array, token: Token, now: Instant): Proving {
    return this.#tests.received(kind, at, cookie, token, now);
  }

  tick(now: Instant): Proving {
    return this.#tests.tick(now);
  }

  awaits(cookie: Uint8Array): boolean {
    return this.#tests.awaits(cookie);
  }

  stop(): void {
    this.#tests.stop();
  }

  /**
   * The permanent token stays: what says that the peer has forgotten it may be forged, and a peer
   * that has forgotten says so to the next update.
   */
  forgetTokens(): void {
    this.#tests.forgetTokens();
    this.#careOf = undefined;
    this.#complete = undefined;
    this.#untested = undefined;
  }

  /** A second time in a row the fault may be the token's: everything begins anew. */
  gaveUp(): void {
    this.forgetTokens();
    if (this.#gaveUp) this.#permanent = undefined;
    this.#gaveUp = true;
  }

  /** A permanent token is part of a binding (RFC 4866 section 4.3). */
  released(): void {
    this.#permanent = undefined;
    this.#complete = undefined;
    this.#untested = undefined;
  }

  longest(): { readonly lifetime: Duration; readonly alone: boolean } {
    if (this.#unaware) return this.#tests.longest();
    const lifetime = this.#state.constants.MAX_CGA_BINDING_LIFETIME;
    return { lifetime, alone: this.#permanent !== undefined };
  }

  proof(careOf: Address, now: Instant): Proof | undefined {
    if (this.#permanent === undefined) return this.#firstProof(careOf, now);
    const { crypto } = this.#state.env;
    const token = careOf === this.#home ? undefined : this.#freshToken(careOf, now);
    const early = token === undefined && careOf !== this.#home;
    const careOfToken = early ? NO_CARE_OF_TOKEN : token?.keygenToken;
    const key = bindingManagementKey(crypto, this.#permanent, careOfToken);
    const options: MobilityOptionInput[] = [
      ...(early ? [{ option: 'care-of-test-init' } as const] : []),
      { option: 'nonce-indices', homeNonceIndex: 0, careOfNonceIndex: token?.nonceIndex ?? 0 },
    ];
    if (early) this.#complete = undefined;
    this.#untested = undefined;
    this.#updates += 1;
    this.#signed = { careOf, key, early };
    return updateAuthorization(crypto, key, careOf, options);
  }

  /**
   * Return routability, and with it the proof that the home address is ours. The nonce indices come
   * behind it (RFC 4866 section 4.1).
   */
  #firstProof(careOf: Address, now: Instant): Proof | undefined {
    const proof = this.#tests.proof(careOf, now);
    this.#signed = undefined;
    if (proof === undefined || this.#unaware) return proof;
    const { privateKey, parameters } = this.#identity;
    return {
      options: [...cgaOptions(parameters, this.#signatureSize), ...proof.options],
      sign: (packet) => {
        signMessage(this.#rsa, packet, privateKey, {
          careOf,
          correspondent: destinationOf(packet),
        });
        proof.sign(packet);
      },
    };
  }

  verifies(received: Received, careOf: Address): boolean {
    const signed = this.#signed;
    if (signed === undefined) return this.#tests.verifies(received, careOf);
    const ends = { careOf, correspondent: received.source };
    const { crypto } = this.#state.env;
    return (
      signed.careOf === careOf &&
      verifyBindingAuthorization(crypto, received.octets, signed.key, ends)
    );
  }

  accepted(message: LayerOf<'binding-acknowledgement'>, careOf: Address, now: Instant): boolean {
    this.#gaveUp = false;
    if (this.#signed?.early === true) return this.#takeCareOfToken(message, careOf, now);
    this.#complete = careOf;
    if (this.#permanent === undefined && !this.#unaware) this.#takePermanentToken(message);
    return false;
  }

  #takePermanentToken(message: LayerOf<'binding-acknowledgement'>): void {
    const granted = message.options.find((one) => one.option === 'permanent-home-keygen-token');
    const token = granted && this.#rsa.decrypt(this.#identity.privateKey, granted.token);
    if (token?.length === KEYGEN_TOKEN_SIZE) {
      this.#permanent = token;
      this.#updates = 0;
    } else this.#unaware = true;
  }

  /** Always followed by a complete update. Source: RFC 4866 section 4.4. */
  #takeCareOfToken(
    { options }: LayerOf<'binding-acknowledgement'>,
    careOf: Address,
    now: Instant,
  ): boolean {
    const granted = options.find((one) => one.option === 'care-of-test');
    const indices = options.find((one) => one.option === 'nonce-indices');
    if (granted === undefined || indices === undefined) {
      this.#untested = careOf;
      return true;
    }
    const { careOfKeygenToken: keygenToken } = granted;
    const until = after(now, this.#state.constants.MAX_TOKEN_LIFETIME);
    const token = { keygenToken, nonceIndex: indices.careOfNonceIndex };
    this.#careOf = { address: careOf, token, until };
    return true;
  }

  kept(): string | undefined {
    return this.#permanent && `${toHex(this.#permanent)}/${this.#updates}`;
  }

  takeUp(kept: string, careOf: Address | undefined): void {
    const [, token = '', updates] = /^([0-9a-f]{16})\/(\d{1,5})$/.exec(kept) ?? [];
    const permanent = fromHex(token);
    if (permanent?.length !== KEYGEN_TOKEN_SIZE) return;
    this.#permanent = permanent;
    this.#updates = Number(updates) + UNCOUNTED_UPDATES;
    this.#complete = careOf;
  }

  refused(status: number): boolean {
    if (isExpiredNonce(status)) this.forgetTokens();
    switch (status) {
      case BINDING_STATUS.expiredCareOfNonceIndex:
        return true;
      case BINDING_STATUS.expiredHomeNonceIndex:
      case BINDING_STATUS.expiredNonces:
      case BINDING_STATUS.permanentHomeKeygenTokenUnavailable:
      case BINDING_STATUS.nonNullHomeNonceIndexExpected:
      case BINDING_STATUS.permanentHomeKeygenTokenExists:
        this.#permanent = undefined;
        this.#unaware = false;
        return true;
      case BINDING_STATUS.cgaAndSignatureVerificationFailed:
        this.#unaware = true;
        return true;
      default:
        return false;
    }
  }

  #freshToken(careOf: Address, now: Instant): Token | undefined {
    const known = this.#careOf;
    if (known?.address === careOf && now < known.until) return known.token;
    return this.#tests.careOfToken(careOf, now);
  }
}
