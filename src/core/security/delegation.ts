/**
 * A delegation: whoever an anycast prefix belongs to says by a signature that the owner of a key may bind
 * addresses of it, from one time to another.
 *
 *     +---------------+---------------+-------------------------------+
 *     | Algorithm = 1 | Prefix Length |  Prefix, 16 octets
 *     +---------------+---------------+- - - - - - - - - - - - - - - -
 *     |  Not Before, 8 octets; Not After, 8 octets (seconds since 1970);
 *     |  Server's Key, 32 octets; Signature of the authority, 64 octets
 *
 * Algorithm 1 is Ed25519. The signature is made over a tag and all octets before it.
 *
 * Source: docs/registry.md; seed anycast, "authorized to use the anycast address"; RFC 8032 section 5.1.
 */
import {
  type Address,
  addressOctets,
  formatAddress,
  IPV6_SIZE,
  readAddress,
} from '../../wire/address.ts';
import { maskAddress } from '../neighbor-discovery/router-advertisement.ts';
import type { Ed25519 } from '../role.ts';

const ALGORITHM_ED25519 = 1;
/** Tells these signatures from all others that the authority's key makes. */
const TAG = Uint8Array.from('careof delegation, version 1\0', (one) => one.charCodeAt(0));

export const ED25519_KEY_SIZE = 32;
export const ED25519_SIGNATURE_SIZE = 64;
const NOT_BEFORE = 2 + IPV6_SIZE;
const NOT_AFTER = NOT_BEFORE + 8;
const KEY = NOT_AFTER + 8;
const SIGNATURE = KEY + ED25519_KEY_SIZE;
/** Octets of a delegation. */
export const DELEGATION_SIZE = SIGNATURE + ED25519_SIGNATURE_SIZE;

/** What a delegation says. */
export interface Delegation {
  readonly prefix: { readonly address: Address; readonly length: number };
  /** Seconds since 1970, whole ones, the last one included. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Whoever has its other half is meant. */
  readonly serverKey: Uint8Array;
}

/** The octets of a delegation, signed. Throws RangeError where it says what no delegation can. */
export function signDelegation(
  ed25519: Ed25519,
  authorityKey: Uint8Array,
  { prefix, notBefore, notAfter, serverKey }: Delegation,
): Uint8Array {
  if (prefix.length < 0 || prefix.length > 128 || serverKey.length !== ED25519_KEY_SIZE) {
    throw new RangeError('a delegation is of 0 to 128 bits and for a key of 32 octets');
  }
  const octets = new Uint8Array(DELEGATION_SIZE);
  const view = new DataView(octets.buffer);
  octets[0] = ALGORITHM_ED25519;
  octets[1] = prefix.length;
  octets.set(addressOctets(maskAddress(prefix.address, prefix.length)), 2);
  view.setBigUint64(NOT_BEFORE, BigInt(notBefore));
  view.setBigUint64(NOT_AFTER, BigInt(notAfter));
  octets.set(serverKey, KEY);
  octets.set(ed25519.sign(authorityKey, signedData(octets)), SIGNATURE);
  return octets;
}

/** What the octets say, whoever signed them; undefined where they are no delegation. */
export function readDelegation(octets: Uint8Array): Delegation | undefined {
  if (octets.length !== DELEGATION_SIZE || octets[0] !== ALGORITHM_ED25519) return undefined;
  const length = octets[1]!;
  if (length > 128) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset);
  return {
    prefix: { address: maskAddress(readAddress(octets, 2), length), length },
    notBefore: Number(view.getBigUint64(NOT_BEFORE)),
    notAfter: Number(view.getBigUint64(NOT_AFTER)),
    serverKey: octets.slice(KEY, SIGNATURE),
  };
}

/** Did the owner of this key sign the delegation? */
export function isSignedBy(
  ed25519: Ed25519,
  authorityKey: Uint8Array,
  octets: Uint8Array,
): boolean {
  if (octets.length !== DELEGATION_SIZE) return false;
  return ed25519.verify(authorityKey, signedData(octets), octets.subarray(SIGNATURE));
}

/** `2001:db8:a::/64`. */
export const formatPrefix = ({ address, length }: Delegation['prefix']): string =>
  `${formatAddress(address)}/${length}`;

function signedData(octets: Uint8Array): Uint8Array {
  const data = new Uint8Array(TAG.length + SIGNATURE);
  data.set(TAG);
  data.set(octets.subarray(0, SIGNATURE), TAG.length);
  return data;
}
