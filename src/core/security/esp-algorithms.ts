/**
 * What can protect an ESP packet, by the names that files of configuration use.
 *
 * Supported standards: RFC 8221 sections 5 and 6: AES-CBC (RFC 3602), AES-GCM with an integrity check
 * value of 16 octets (RFC 4106), NULL encryption (RFC 2410), HMAC-SHA-256-128 (RFC 4868),
 * HMAC-SHA-1-96 (RFC 2404).
 */
import type { Cryptography } from '../role.ts';
import { equalOctets } from './constant-time.ts';

/** Sizes in octets of one way to protect packets. */
interface EspSizes {
  readonly cipher: 'null' | 'aes-cbc' | 'aes-gcm';
  readonly encryptionKey: number;
  /** Behind the encryption key: of the hash, or the salt of AES-GCM (RFC 4106 section 4). */
  readonly rest: number;
  readonly iv: number;
  /** What is encrypted is padded to a multiple of this. */
  readonly block: number;
  readonly icv: number;
  readonly hash?: 'hmacSha1' | 'hmacSha256';
}

const CBC = { cipher: 'aes-cbc', iv: 16, block: 16 } as const;
const GCM = { cipher: 'aes-gcm', rest: 4, iv: 8, block: 4, icv: 16 } as const;
const NULL = { cipher: 'null', encryptionKey: 0, iv: 0, block: 4 } as const;
const SHA_256 = { hash: 'hmacSha256', rest: 32, icv: 16 } as const;
const SHA_1 = { hash: 'hmacSha1', rest: 20, icv: 12 } as const;

export const ESP_ALGORITHMS = {
  'aes-cbc-128-hmac-sha-256': { ...CBC, ...SHA_256, encryptionKey: 16 },
  'aes-cbc-256-hmac-sha-256': { ...CBC, ...SHA_256, encryptionKey: 32 },
  'aes-gcm-128': { ...GCM, encryptionKey: 16 },
  'aes-gcm-256': { ...GCM, encryptionKey: 32 },
  'null-hmac-sha-256': { ...NULL, ...SHA_256 },
  'null-hmac-sha-1': { ...NULL, ...SHA_1 },
} as const satisfies Record<string, EspSizes>;

export type EspAlgorithm = keyof typeof ESP_ALGORITHMS;

/** Octets of the key of an association: encryption key first, then key of the hash, or salt. */
export function espKeySize(algorithm: EspAlgorithm): number {
  const { encryptionKey, rest } = ESP_ALGORITHMS[algorithm];
  return encryptionKey + rest;
}

/** One way to protect packets, with its key in it. */
export interface EspTransform {
  readonly iv: number;
  readonly block: number;
  readonly icv: number;
  /** Encrypted octets and integrity check value; `header` is proved with them, not encrypted. */
  seal(header: Uint8Array, iv: Uint8Array, clear: Uint8Array): Uint8Array;
  /** The octets that were encrypted; undefined where the integrity check value is wrong. */
  open(header: Uint8Array, iv: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}

/**
 * Throws RangeError where the key has a wrong length, or where the caller's cryptography lacks what
 * the algorithm needs.
 */
export function espTransform(
  crypto: Cryptography,
  algorithm: EspAlgorithm,
  key: Uint8Array,
): EspTransform {
  const sizes: EspSizes = ESP_ALGORITHMS[algorithm];
  if (key.length !== espKeySize(algorithm)) {
    throw new RangeError(`${algorithm} has a key of ${espKeySize(algorithm)} octets`);
  }
  const encryptionKey = key.slice(0, sizes.encryptionKey);
  const rest = key.slice(sizes.encryptionKey);
  const { iv, block, icv } = sizes;
  const made =
    sizes.hash === undefined
      ? combined(crypto, encryptionKey, rest, icv)
      : separate(crypto, sizes, encryptionKey, rest);
  return { iv, block, icv, ...made };
}

/** Encryption that proves integrity too. The nonce is salt and IV. Source: RFC 4106 sections 3 to 5. */
function combined(
  { aesGcm }: Cryptography,
  key: Uint8Array,
  salt: Uint8Array,
  icv: number,
): Pick<EspTransform, 'seal' | 'open'> {
  if (aesGcm === undefined) throw new RangeError('AES-GCM is not there');
  return {
    seal: (header, iv, clear) => aesGcm.seal(key, joined(salt, iv), header, clear),
    open: (header, iv, sealed) =>
      sealed.length < icv ? undefined : aesGcm.open(key, joined(salt, iv), header, sealed),
  };
}

/** Encryption first, then the hash over header, IV and what is encrypted. Source: RFC 4303 3.3.2.1. */
function separate(
  crypto: Cryptography,
  { cipher, hash, icv: size }: EspSizes,
  key: Uint8Array,
  hashKey: Uint8Array,
): Pick<EspTransform, 'seal' | 'open'> {
  const { aesCbc } = crypto;
  const hmac = hash === undefined ? undefined : crypto[hash];
  if (hmac === undefined) throw new RangeError(`${hash} is not there`);
  if (cipher === 'aes-cbc' && aesCbc === undefined) throw new RangeError('AES-CBC is not there');
  const prove = (...parts: readonly Uint8Array[]) =>
    hmac(hashKey, joined(...parts)).subarray(0, size);
  return {
    seal: (header, iv, clear) => {
      const sealed = cipher === 'null' ? clear : aesCbc!.encrypt(key, iv, clear);
      return joined(sealed, prove(header, iv, sealed));
    },
    open: (header, iv, octets) => {
      if (octets.length < size) return undefined;
      const sealed = octets.subarray(0, octets.length - size);
      const shown = octets.subarray(octets.length - size);
      if (!equalOctets(shown, prove(header, iv, sealed))) return undefined;
      return cipher === 'null' ? sealed : aesCbc!.decrypt(key, iv, sealed);
    },
  };
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const octets = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    octets.set(part, at);
    at += part.length;
  }
  return octets;
}
