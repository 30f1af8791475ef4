/**
 * Cryptographically generated addresses: an interface identifier that is the hash of a public key,
 * so that whoever signs with the key shows that the address is theirs, without any third party.
 *
 *     CGA Parameters   modifier (16) | subnet prefix (8) | collision count (1) | public key | more
 *     Hash1            First (64,  SHA1 (CGA Parameters))            -> the interface identifier
 *     Hash2            First (112, SHA1 (modifier | 9 zeros | public key | more))
 *
 * The first 16 * Sec bits of Hash2 are zero; Sec stands in the first three bits of the identifier.
 *
 * Supported standards: RFC 3972 sections 2 to 6.
 */
import { type Address, addressOctets, addressOf } from '../../wire/address.ts';
import type { Cryptography } from '../role.ts';
import { equalOctets } from './constant-time.ts';

const MODIFIER_SIZE = 16;
const PREFIX_SIZE = 8;
/** Modifier, prefix and collision count: what stands before the public key. */
const FIXED_SIZE = MODIFIER_SIZE + PREFIX_SIZE + 1;
/** Bits of the first octet of an identifier that the hash decides: not Sec, not u and g. */
const HASHED_BITS = 0b0001_1100;
/** Source: RFC 3972 section 5, step 1. */
const MAX_COLLISION_COUNT = 2;

/** Source: RFC 3972 section 3. */
export interface CgaParameters {
  readonly modifier: Uint8Array;
  readonly prefix: Uint8Array;
  readonly collisionCount: number;
  /** A SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  readonly extensions: Uint8Array;
}

/** The parameters in octets as they stand in messages; undefined where they cannot be. */
export function parseCgaParameters(octets: Uint8Array): CgaParameters | undefined {
  const keySize = derSize(octets.subarray(FIXED_SIZE));
  if (keySize === undefined) return undefined;
  return {
    modifier: octets.slice(0, MODIFIER_SIZE),
    prefix: octets.slice(MODIFIER_SIZE, MODIFIER_SIZE + PREFIX_SIZE),
    collisionCount: octets[FIXED_SIZE - 1]!,
    publicKey: octets.slice(FIXED_SIZE, FIXED_SIZE + keySize),
    extensions: octets.slice(FIXED_SIZE + keySize),
  };
}

export function cgaParametersOctets(parameters: CgaParameters): Uint8Array {
  const { modifier, prefix, collisionCount, publicKey, extensions } = parameters;
  const octets = new Uint8Array(FIXED_SIZE + publicKey.length + extensions.length);
  octets.set(modifier);
  octets.set(prefix, MODIFIER_SIZE);
  octets[FIXED_SIZE - 1] = collisionCount;
  octets.set(publicKey, FIXED_SIZE);
  octets.set(extensions, FIXED_SIZE + publicKey.length);
  return octets;
}

/** The eight octets that an interface identifier is made of. Source: RFC 3972 section 4, step 5. */
export function hash1(crypto: Cryptography, parameters: CgaParameters): Uint8Array {
  return crypto.sha1(cgaParametersOctets(parameters)).slice(0, 8);
}

/** The fourteen octets that must begin with zeros. Source: RFC 3972 section 4, step 2. */
export function hash2(crypto: Cryptography, parameters: CgaParameters): Uint8Array {
  return crypto.sha1(hash2Input(parameters)).slice(0, 14);
}

function hash2Input(parameters: CgaParameters): Uint8Array {
  const prefix = new Uint8Array(PREFIX_SIZE);
  return cgaParametersOctets({ ...parameters, prefix, collisionCount: 0 });
}

/**
 * The parameters with the first modifier, counted up from the one given, that fits `sec`; after
 * `tries` modifiers undefined, and `next` is where to go on. Sec 0 needs one try, Sec 1 some 65 536,
 * each step after that 65 536 times as many. Source: RFC 3972 section 4, steps 1 to 3.
 */
export function searchModifier(
  crypto: Cryptography,
  parameters: CgaParameters,
  sec: number,
  tries: number,
): { readonly found?: CgaParameters; readonly next: Uint8Array } {
  const input = hash2Input(parameters);
  const modifier = input.subarray(0, MODIFIER_SIZE);
  for (let count = 0; count < tries; count++) {
    if (startsWithZeros(crypto.sha1(input), sec)) {
      const next = modifier.slice();
      return { found: { ...parameters, modifier: next }, next };
    }
    increment(modifier);
  }
  return { next: modifier.slice() };
}

/** The address that parameters stand for. Source: RFC 3972 section 4, steps 6 and 7. */
export function cgaAddress(crypto: Cryptography, parameters: CgaParameters, sec: number): Address {
  const identifier = hash1(crypto, parameters);
  identifier[0] = (identifier[0]! & HASHED_BITS) | (sec << 5);
  return addressOf(Uint8Array.from([...parameters.prefix, ...identifier]));
}

/**
 * Do the parameters belong to the address? Gives the public key where they do.
 * Source: RFC 3972 section 5.
 */
export function verifyCga(
  crypto: Cryptography,
  address: Address,
  octets: Uint8Array,
): Uint8Array | undefined {
  const parameters = parseCgaParameters(octets);
  if (parameters === undefined || parameters.collisionCount > MAX_COLLISION_COUNT) return undefined;
  const prefix = addressOctets(address).subarray(0, PREFIX_SIZE);
  const identifier = addressOctets(address).slice(PREFIX_SIZE);
  const sec = identifier[0]! >> 5;
  const hash = hash1(crypto, parameters);
  identifier[0]! &= HASHED_BITS;
  hash[0]! &= HASHED_BITS;
  if (!equalOctets(prefix, parameters.prefix) || !equalOctets(identifier, hash)) return undefined;
  return startsWithZeros(hash2(crypto, parameters), sec) ? parameters.publicKey : undefined;
}

/** Does a hash begin with 16 * `sec` zero bits? */
function startsWithZeros(hash: Uint8Array, sec: number): boolean {
  return hash.subarray(0, 2 * sec).every((octet) => octet === 0);
}

function increment(modifier: Uint8Array): void {
  for (let at = modifier.length - 1; at >= 0; at--) {
    modifier[at] = (modifier[at]! + 1) & 0xff;
    if (modifier[at] !== 0) return;
  }
}

/** Octets of the DER SEQUENCE that `octets` begins with; undefined where there is none whole. */
function derSize(octets: Uint8Array): number | undefined {
  if (octets.length < 2 || octets[0] !== 0x30) return undefined;
  const first = octets[1]!;
  let size = 2;
  let content = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    // A key longer than 65 535 octets is none; a length of indefinite form is not DER.
    if (count < 1 || count > 2 || octets.length < 2 + count) return undefined;
    content = 0;
    for (const octet of octets.subarray(2, 2 + count)) content = content * 256 + octet;
    size += count;
  }
  return size + content <= octets.length ? size + content : undefined;
}
