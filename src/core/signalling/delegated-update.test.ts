/** What the signature of an update with a delegation covers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packet } from '../../../test/by-hand.ts';
import { delegated, ed25519, pairOf } from '../../../test/delegations.ts';
import { address } from '../../wire/address.ts';
import { delegatedProof, isSignedWith } from './delegated-update.ts';
import { NO_PROOF } from './signalling.ts';

const [home, careOf] = [address('2001:db8:1::100'), address('2001:db8:a::1')];
const [peer, other] = [address('2001:db8:f::c'), address('2001:db8:f::d')];
const binding = { home, careOf, secret: Uint8Array.of(1, 2, 3) };
const { publicKey } = pairOf(7);

function signed(): Uint8Array {
  const proof = delegatedProof({ ed25519 }, delegated(), binding, NO_PROOF);
  const octets = packet(careOf, peer, [
    { layer: 'binding-update', sequence: 7, lifetime: 10, options: [...proof.options] },
  ]);
  proof.sign(octets);
  return octets;
}

test('it is for one home address, care-of address, peer and secret', () => {
  const octets = signed();
  assert.ok(isSignedWith(ed25519, publicKey, octets, binding));
  assert.ok(!isSignedWith(ed25519, pairOf(8).publicKey, octets, binding));
  for (const change of [{ home: other }, { careOf: other }, { secret: Uint8Array.of(1, 2) }]) {
    const name = Object.keys(change)[0]!;
    assert.ok(!isSignedWith(ed25519, publicKey, octets, { ...binding, ...change }), name);
  }
  const elsewhere = octets.slice();
  elsewhere[39] = 0xd;
  assert.ok(!isSignedWith(ed25519, publicKey, elsewhere, binding), 'another peer');
});

test('each octet of the message counts but for its checksum', () => {
  const octets = signed();
  for (let at = 40; at < octets.length; at++) {
    const changed = octets.slice();
    changed[at]! ^= 1;
    const counts = at !== 44 && at !== 45;
    assert.equal(isSignedWith(ed25519, publicKey, changed, binding), !counts, `octet ${at}`);
  }
  for (let size = 0; size < octets.length; size++) {
    assert.ok(!isSignedWith(ed25519, publicKey, octets.slice(0, size), binding), `${size} octets`);
  }
});

test('who has no Ed25519 cannot show a delegation, and finds out at once', () => {
  assert.throws(() => delegatedProof({}, delegated(), binding, NO_PROOF), RangeError);
});
