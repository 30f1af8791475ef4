/** What a delegation says, checked against node:crypto over octets put together here. */
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import { authority, BEGIN, delegated, ed25519, PREFIX, pairOf } from '../../../test/delegations.ts';
import { address, addressOctets } from '../../wire/address.ts';
import {
  DELEGATION_SIZE,
  formatPrefix,
  isSignedBy,
  readDelegation,
  signDelegation,
} from './delegation.ts';

test('it stands in 130 octets, signed over a tag and what is before the signature', () => {
  const { delegation } = delegated();
  const times = Buffer.alloc(16);
  times.writeBigUInt64BE(BigInt(BEGIN), 0);
  times.writeBigUInt64BE(BigInt(BEGIN + 100), 8);
  const says = Buffer.concat([
    Uint8Array.of(1, 64),
    addressOctets(PREFIX.address),
    times,
    pairOf(7).publicKey,
  ]);
  assert.deepEqual(Buffer.from(delegation.subarray(0, 66)), says);
  assert.equal(delegation.length, 130);
  const pkcs8 = Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    new Uint8Array(32).fill(1),
  ]);
  const key = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }));
  const signed = Buffer.concat([Buffer.from('careof delegation, version 1\0'), says]);
  assert.ok(verify(null, signed, key, delegation.subarray(66)));
});

test('what it says is read back, and bits behind the prefix count for nothing', () => {
  const prefix = { address: address('2001:db8:1:2:3::4'), length: 48 };
  const { delegation } = delegated({ prefix });
  assert.deepEqual(readDelegation(delegation), {
    prefix: { address: address('2001:db8:1::'), length: 48 },
    ...{ notBefore: BEGIN, notAfter: BEGIN + 100, serverKey: pairOf(7).publicKey },
  });
  assert.equal(formatPrefix(readDelegation(delegation)!.prefix), '2001:db8:1::/48');
});

test('each octet counts: what was changed is signed by nobody, what was cut is none', () => {
  const { delegation } = delegated();
  assert.ok(isSignedBy(ed25519, authority.key, delegation));
  for (let at = 0; at < DELEGATION_SIZE; at++) {
    const changed = delegation.slice();
    changed[at]! ^= 1;
    assert.ok(!isSignedBy(ed25519, authority.key, changed), `octet ${at}`);
    const cut = delegation.slice(0, at);
    assert.equal(readDelegation(cut), undefined);
    assert.ok(!isSignedBy(ed25519, authority.key, cut));
  }
  assert.equal(readDelegation(Uint8Array.of(2, ...delegation.subarray(1))), undefined, 'algorithm');
  assert.equal(readDelegation(Uint8Array.of(1, 129, ...delegation.subarray(2))), undefined, 'bits');
  assert.throws(() => delegated({ prefix: { ...PREFIX, length: 129 } }), RangeError);
  const says = readDelegation(delegation)!;
  const short = { ...says, serverKey: new Uint8Array(31) };
  assert.throws(() => signDelegation(ed25519, pairOf(1).privateKey, short), RangeError);
});
