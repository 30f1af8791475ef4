import {
  constants,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  sign,
  verify,
} from 'node:crypto';
import type { Cryptography, Ed25519, Rsa } from '../core/role.ts';
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

/** What stands before the 32 octets of a key in DER. Source: RFC 8410 sections 4 and 7. */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const ED25519_KEY_SIZE = 32;

const ed25519Key = (privateKey: Uint8Array): KeyObject =>
  ownKey(Buffer.concat([ED25519_PKCS8, privateKey]));

const ed25519: Ed25519 = {
  sign: (privateKey, data) => new Uint8Array(sign(null, data, ed25519Key(privateKey))),
  verify: (publicKey, data, signature) => {
    if (publicKey.length !== ED25519_KEY_SIZE) return false;
    try {
      const spki = Buffer.concat([ED25519_SPKI, publicKey]);
      const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
      return verify(null, data, key, signature);
    } catch {
      return false;
    }
  },
};

/** A key pair from the 32 octets of a private key, or from PEM; undefined where it is no Ed25519 key. */
export function ed25519KeyPair(
  octets: Uint8Array,
): { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array } | undefined {
  const raw = octets.length === ED25519_KEY_SIZE;
  try {
    const key = raw ? ed25519Key(octets) : createPrivateKey(Buffer.from(octets));
    if (key.asymmetricKeyType !== 'ed25519') return undefined;
    const last = (der: Buffer) => new Uint8Array(der.subarray(-ED25519_KEY_SIZE));
    return {
      privateKey: last(key.export({ format: 'der', type: 'pkcs8' })),
      publicKey: last(createPublicKey(key).export({ format: 'der', type: 'spki' })),
    };
  } catch {
    return undefined;
  }
}

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

/** Hash functions, RSA, Ed25519 and ciphers of node:crypto, for tests, the lab and the daemon. */
export const nodeCryptography: Cryptography = {
  sha1: (data) => new Uint8Array(createHash('sha1').update(data).digest()),
  hmacSha1: (key, data) => new Uint8Array(createHmac('sha1', key).update(data).digest()),
  rsa,
  ed25519,
  hmacSha256: (key, data) => new Uint8Array(createHmac('sha256', key).update(data).digest()),
  aesCbc,
  aesGcm,
};
