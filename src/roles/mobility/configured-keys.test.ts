/** What a correspondent believes of a home address that it shares a key with: by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { A, answer, correspondent, update } from '../../../test/proved-updates.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import { configuredManagementKey } from '../../core/security/configured-key.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { address } from '../../wire/address.ts';

const HOME = address('2001:db8:1::100');
const SHARED = {
  key: new Uint8Array(20).fill(7),
  homeNonce: Uint8Array.of(1),
  careOfNonce: Uint8Array.of(2),
};
const keyed = (sequence: number, source = A, key = SHARED) =>
  update({
    home: HOME,
    sequence,
    source,
    lifetime: 1000,
    key: configuredManagementKey(crypto, key, HOME, source),
  });
const keys = new Map([[HOME, SHARED]]);

test('a configured key binds without any test, for as long as is asked', () => {
  const one = correspondent({ keys });
  const key = configuredManagementKey(crypto, SHARED, HOME, A);
  const { status, lifetime, signed } = answer(one, keyed(1), 1, key);
  assert.deepEqual([status, lifetime, signed], [0, 1000, true]);
  assert.ok(one.entries.has('path/to/2001:db8:1::100'));
});

test('a configured key is all that such a home address is believed', () => {
  const one = correspondent({ keys });
  const tested = update({ home: HOME, sequence: 1, key: new Uint8Array(20), homeNonceIndex: 1 });
  assert.deepEqual(one.packet(tested, 1).names(), []);
  const wrong = { ...SHARED, key: new Uint8Array(20).fill(8) };
  assert.deepEqual(one.packet(keyed(1, A, wrong), 1).names(), []);
  assert.equal(one.counters['mobility.bu_unauthenticated'], 2);
});

test('an update with a configured key is good once, over restarts too', () => {
  const before = correspondent({ keys });
  const key = configuredManagementKey(crypto, SHARED, HOME, A);
  assert.equal(answer(before, keyed(3), 1, key).status, 0);
  const one = correspondent({ keys });
  for (const [name, value] of before.store) {
    // Without the binding itself, which would be there again as well.
    if (name.startsWith('peer-binding/')) continue;
    one.feed({ kind: 'restored', key: name, value }, 0);
  }
  const played = answer(one, keyed(3), 1, key);
  assert.deepEqual([played.status, played.sequence], [135, 3]);
  assert.equal(one.counters['mobility.bu_out_of_window'], 1);
  assert.ok(!one.entries.has('path/to/2001:db8:1::100'));
  assert.equal(answer(one, keyed(4), 1, key).status, 0);
  assert.equal(answer(one, keyed(0x8000), 1, key).status, 135, 'the key is used up');
});

test('a binding outlives the process, with its number and for what was left of its time', () => {
  const before = correspondent({ keys });
  const key = configuredManagementKey(crypto, SHARED, HOME, A);
  answer(before, keyed(3), 1, key);
  const after = (time: number, without: Mechanism[] = []) => {
    const one = correspondent({ keys }, without);
    for (const [name, value] of before.store) {
      one.store.set(name, value);
      one.feed({ kind: 'restored', key: name, value }, time);
    }
    return one;
  };
  const one = after(11);
  const [held] = one.role.inspect!().bindings;
  const [was] = before.role.inspect!().bindings;
  assert.deepEqual(held, was);
  const id = 'path/to/2001:db8:1::100';
  assert.deepEqual(one.entries.get(id), before.entries.get(id));
  assert.equal(one.entries.size, before.entries.size);
  one.run(5000);
  assert.deepEqual(
    [one.entries.has(id), one.store.has('peer-binding/2001:db8:1::100')],
    [false, false],
  );
  const late = after(5000);
  assert.deepEqual([...late.role.inspect!().bindings], []);
  assert.ok(!late.store.has('peer-binding/2001:db8:1::100'));
  assert.deepEqual([...after(11, ['journal']).role.inspect!().bindings], []);
});
