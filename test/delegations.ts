/** Authorities, servers' keys and what was signed for them, for tests. */
import type { Authority, DelegatedKey } from '../src/core/config.ts';
import { type Delegation, signDelegation } from '../src/core/security/delegation.ts';
import { ed25519KeyPair, nodeCryptography } from '../src/lab/crypto.ts';
import { address } from '../src/wire/address.ts';
import { EPOCH } from './by-hand.ts';

export const ed25519 = nodeCryptography.ed25519!;
/** A key pair that is the same each time. */
export const pairOf = (fill: number) => ed25519KeyPair(new Uint8Array(32).fill(fill))!;

/** Seconds since 1970 at instant 0. */
export const BEGIN = EPOCH / 1e6;
/** Of the home address that tests bind. */
export const PREFIX = { address: address('2001:db8:1::'), length: 64 };
const AUTHORITY = 1;
export const authority: Authority = { prefix: PREFIX, key: pairOf(AUTHORITY).publicKey };

/** What a server shows. @param authorityFill whose key signed it. */
export function delegated(
  change: Partial<Delegation> = {},
  { fill = 7, authorityFill = AUTHORITY } = {},
): DelegatedKey {
  const { privateKey, publicKey: serverKey } = pairOf(fill);
  const times = { notBefore: BEGIN, notAfter: BEGIN + 100 };
  const says = { prefix: PREFIX, ...times, serverKey, ...change };
  const delegation = signDelegation(ed25519, pairOf(authorityFill).privateKey, says);
  return { privateKey, delegation };
}
