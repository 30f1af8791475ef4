/**
 * Return routability: a peer proves that it receives at its home address and at its care-of address
 * by showing two tokens, one sent to each. Who hands them out keeps nothing for each peer: it can
 * make every token anew from its own key, the nonce and the address.
 *
 *     home keygen token    = First (64, HMAC_SHA1 (Kcn, (home address | nonce | 0)))
 *     care-of keygen token = First (64, HMAC_SHA1 (Kcn, (care-of address | nonce | 1)))
 *     Kbm                  = SHA1 (home keygen token | care-of keygen token)
 *     authenticator        = First (96, HMAC_SHA1 (Kbm, (care-of | correspondent | MH data)))
 *
 * Supported standards: RFC 6275 sections 5.2.3 to 5.2.6 and 6.2.7.
 */
import { type Address, IPV6_SIZE, writeAddress } from '../../wire/address.ts';
import { MOBILITY_OPTION } from '../../wire/numbers.ts';
import { fixUpperChecksum } from '../../wire/walk.ts';
import type { Constants } from '../constants.ts';
import type { Cryptography, Secrets } from '../role.ts';
import { after, type Duration, type Instant } from '../time.ts';
import { equalOctets } from './constant-time.ts';
import { AUTHENTICATOR_SIZE, mobilityData, signedPart } from './mobility-data.ts';

export { AUTHENTICATOR_SIZE } from './mobility-data.ts';

/** Octets of a keygen token (RFC 6275 section 5.2.4). */
export const KEYGEN_TOKEN_SIZE = 8;

/** The care-of token of an update that proves no care-of address yet. Source: RFC 4866 section 4.1. */
export const NO_CARE_OF_TOKEN: Uint8Array = new Uint8Array(KEYGEN_TOKEN_SIZE);

/** What tells a home token from a care-of token. Source: RFC 6275 section 5.2.5. */
const TOKEN_KIND = { home: 0, 'care-of': 1 } as const;

/**
 * The token that proves an address.
 * @param nodeKey Kcn, which never leaves the node.
 * Source: RFC 6275 section 5.2.5.
 */
export function keygenToken(
  crypto: Cryptography,
  nodeKey: Uint8Array,
  address: Address,
  nonce: Uint8Array,
  kind: 'home' | 'care-of',
): Uint8Array {
  const data = new Uint8Array(IPV6_SIZE + nonce.length + 1);
  writeAddress(data, 0, address);
  data.set(nonce, IPV6_SIZE);
  data[data.length - 1] = TOKEN_KIND[kind];
  return crypto.hmacSha1(nodeKey, data).slice(0, KEYGEN_TOKEN_SIZE);
}

/**
 * Kbm, the binding management key: of both tokens, or of the home token alone where a binding is
 * taken back. Source: RFC 6275 section 5.2.6.
 */
export function bindingManagementKey(
  crypto: Cryptography,
  homeToken: Uint8Array,
  careOfToken?: Uint8Array,
): Uint8Array {
  if (careOfToken === undefined) return crypto.sha1(homeToken);
  const tokens = new Uint8Array(homeToken.length + careOfToken.length);
  tokens.set(homeToken);
  tokens.set(careOfToken, homeToken.length);
  return crypto.sha1(tokens);
}

/**
 * The two addresses that go into the authenticator, whichever of the two sends. `careOf` is the
 * home address where a binding is taken back. Source: RFC 6275 section 6.2.7.
 */
export interface BindingEnds {
  readonly careOf: Address;
  readonly correspondent: Address;
}

/**
 * Fills the authenticator of the Binding Authorization Data option of a finished Binding Update or
 * Acknowledgement in place, and mends the checksum. Throws RangeError where there is none to fill.
 * Source: RFC 6275 section 6.2.7.
 */
export function signBindingAuthorization(
  crypto: Cryptography,
  packet: Uint8Array,
  key: Uint8Array,
  ends: BindingEnds,
): void {
  const option = authenticatorAt(packet);
  if (option === undefined) throw new RangeError('no Binding Authorization Data option to fill');
  packet.set(authenticator(crypto, packet, key, ends, option), option.at);
  fixUpperChecksum(packet);
}

/**
 * Does the packet carry a Binding Authorization Data option, as the last one, with the right
 * authenticator? Source: RFC 6275 section 6.2.7.
 */
export function verifyBindingAuthorization(
  crypto: Cryptography,
  packet: Uint8Array,
  key: Uint8Array,
  ends: BindingEnds,
): boolean {
  const option = authenticatorAt(packet);
  if (option === undefined) return false;
  const shown = packet.subarray(option.at, option.at + AUTHENTICATOR_SIZE);
  return equalOctets(shown, authenticator(crypto, packet, key, ends, option));
}

interface Authenticator {
  readonly mobilityAt: number;
  readonly at: number;
}

/** The authenticator ends the message: not even padding may follow it (RFC 6275 section 6.2.7). */
function authenticatorAt(packet: Uint8Array): Authenticator | undefined {
  const part = signedPart(packet, MOBILITY_OPTION.bindingAuthorizationData);
  if (part === undefined || part.optionEnd !== part.mobilityEnd) return undefined;
  if (part.optionEnd - part.optionAt !== 2 + AUTHENTICATOR_SIZE) return undefined;
  return { mobilityAt: part.mobilityAt, at: part.optionAt + 2 };
}

function authenticator(
  crypto: Cryptography,
  packet: Uint8Array,
  key: Uint8Array,
  { careOf, correspondent }: BindingEnds,
  { mobilityAt, at }: Authenticator,
): Uint8Array {
  // The authenticator's own octets are left out, not zeroed; being last, they simply end the data.
  const data = mobilityData(careOf, correspondent, packet, mobilityAt, at);
  return crypto.hmacSha1(key, data).slice(0, AUTHENTICATOR_SIZE);
}

/** Octets of a nonce (RFC 6275 section 5.2.3 recommends 64 bits). */
const NONCE_SIZE = 8;

export interface Nonce {
  /** 16 bits, as it stands in Home Test, Care-of Test and Nonce Indices option. */
  readonly index: number;
  readonly nonce: Uint8Array;
}

/**
 * The nonces that keygen tokens are made with.
 *
 * A nonce is made when it is first asked for, so its first use is its birth. After NONCE_INTERVAL
 * the next one takes its place for new tokens, and after MAX_NONCE_LIFETIME its tokens are void.
 * Nothing happens while nobody asks; the table holds few nonces however much it is asked.
 *
 * Source: RFC 6275 section 5.2.3.
 */
export class NonceTable {
  readonly #secrets: Secrets;
  readonly #interval: Duration;
  readonly #lifetime: Duration;
  /** Oldest first. */
  #nonces: (Nonce & { readonly bornAt: Instant })[] = [];
  #nextIndex: number;

  constructor(
    secrets: Secrets,
    constants: Pick<Constants, 'NONCE_INTERVAL' | 'MAX_NONCE_LIFETIME'>,
  ) {
    this.#secrets = secrets;
    this.#interval = constants.NONCE_INTERVAL;
    this.#lifetime = constants.MAX_NONCE_LIFETIME;
    // Not from zero: after a restart, old indices should be unknown (status 136 to 138), so that
    // the peer begins anew, rather than belong to other nonces, which would be met by silence.
    const first = secrets(2);
    this.#nextIndex = (first[0]! << 8) | first[1]! || 1;
  }

  get size(): number {
    return this.#nonces.length;
  }

  /** The nonce for a new token. */
  current(now: Instant): Nonce {
    this.#forget(now);
    const newest = this.#nonces.at(-1);
    if (newest !== undefined && now < after(newest.bornAt, this.#interval)) return newest;
    const made = { index: this.#nextIndex, nonce: this.#secrets(NONCE_SIZE), bornAt: now };
    // 0 stands for "none" in an update that a permanent token proves (RFC 4866).
    this.#nextIndex = (this.#nextIndex + 1) & 0xffff || 1;
    this.#nonces.push(made);
    return made;
  }

  /** The nonce with an index; undefined where it is expired or was never given out. */
  lookup(index: number, now: Instant): Uint8Array | undefined {
    this.#forget(now);
    return this.#nonces.find((one) => one.index === index)?.nonce;
  }

  #forget(now: Instant): void {
    const oldest = this.#nonces[0];
    if (oldest === undefined || now < after(oldest.bornAt, this.#lifetime)) return;
    this.#nonces = this.#nonces.filter(({ bornAt }) => now < after(bornAt, this.#lifetime));
  }
}
