import {
  constants,
  createPrivateKey,
  createPublicKey,
  hash,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  sign,
  verify,
} from 'node:crypto';
import type { Cryptography, Rsa } from '../core/role.ts';
import { messageIn, paddedBlock } from '../core/security/encryption-block.ts';
import { aesCbc, aesGcm } from './ciphers.ts';

/** Keys outside of these bounds cost too much, or nothing to break; RFC 3972 section 3: 384 at least. */
const LEAST_BITS = 384;
const MOST_BITS = 4096;

/** A key that a peer sent; undefined where it is none that may be used. */
function peerKey(spki: Uint8Array): { readonly key: KeyObject; readonly bits: number } | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    const { modulusLength: bits = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
    const usable = key.asymmetricKeyType === 'rsa' && bits >= LEAST_BITS && bits <= MOST_BITS;
    // A long exponent makes each verification as dear as the peer likes.
    return usable && publicExponent <= 0xffff_ffffn ? { key, bits } : undefined;
  } catch {
    return undefined;
  }
}

const ownKey = (pkcs8: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });

const padding = constants.RSA_NO_PADDING;

const rsa: Rsa = {
  sign: (privateKey, data) => new Uint8Array(sign('sha1', data, ownKey(privateKey))),
  verify: (publicKey, data, signature) => {
    const known = peerKey(publicKey);
    return known !== undefined && verify('sha1', data, known.key, signature);
  },
  encrypt: (publicKey, data, secrets) => {
    const known = peerKey(publicKey);
    if (known === undefined) return undefined;
    const block = paddedBlock(data, Math.ceil(known.bits / 8), secrets);
    return block && new Uint8Array(publicEncrypt({ key: known.key, padding }, block));
  },
  decrypt: (privateKey, data) => {
    try {
      const block = privateDecrypt({ key: ownKey(privateKey), padding }, data);
      return messageIn(new Uint8Array(block));
    } catch {
      return undefined;
    }
  },
};

/** A key pair in DER from the octets of a PEM file or of PKCS #8; undefined where it is no RSA key. */
export function rsaKeyPair(
  octets: Uint8Array,
): { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array } | undefined {
  const der = { key: Buffer.from(octets), format: 'der', type: 'pkcs8' } as const;
  try {
    const key = createPrivateKey(octets[0] === 0x30 ? der : Buffer.from(octets));
    const privateKey = key.export({ format: 'der', type: 'pkcs8' });
    const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' });
    if (peerKey(publicKey) === undefined) return undefined;
    return { privateKey: new Uint8Array(privateKey), publicKey: new Uint8Array(publicKey) };
  } catch {
    return undefined;
  }
}

type Algorithm = 'sha1' | 'sha256';

/** As text of one character an octet: a Buffer made by OpenSSL costs more than the hash itself. */
function digest(algorithm: Algorithm, data: Uint8Array): Uint8Array {
  const text = hash(algorithm, data, 'binary');
  const octets = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) octets[i] = text.charCodeAt(i);
  return octets;
}

/** Octets of a block of both hash functions. */
const BLOCK = 64;
/** Room for a block and what is authenticated; never read after the call that wrote it. */
let room = new Uint8Array(BLOCK + 2048);

/**
 * HMAC of two plain hashes: `createHmac` makes a native object for each call, which takes three times
 * as long. Source: RFC 2104 section 2.
 */
function hmac(algorithm: Algorithm, key: Uint8Array, data: Uint8Array): Uint8Array {
  const short = key.length > BLOCK ? digest(algorithm, key) : key;
  const inner = digest(algorithm, behindPad(0x36, short, data));
  return digest(algorithm, behindPad(0x5c, short, inner));
}

/** The key XOR the padding of a block, and the data behind it. */
function behindPad(padding: number, key: Uint8Array, data: Uint8Array): Uint8Array {
  const size = BLOCK + data.length;
  if (room.length < size) room = new Uint8Array(2 * size);
  room.fill(padding, 0, BLOCK);
  for (let i = 0; i < key.length; i++) room[i]! ^= key[i]!;
  room.set(data, BLOCK);
  return room.subarray(0, size);
}

/** Hash functions, RSA and ciphers of node:crypto, for tests, the lab and the daemon. */
export const nodeCryptography: Cryptography = {
  sha1: (data) => digest('sha1', data),
  hmacSha1: (key, data) => hmac('sha1', key, data),
  rsa,
  hmacSha256: (key, data) => hmac('sha256', key, data),
  aesCbc,
  aesGcm,
};
