import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entry, PARTY } from '../../core/forwarding/case-packets.ts';
import type { Action, ForwardingEntry, Hook, Match } from '../../core/forwarding/entry.ts';
import type { Instant } from '../../core/time.ts';
import { toHex } from '../../wire/hex.ts';
import { type CompiledEntry, compile, isWide, keyInMap } from './compile.ts';
import { OPERATION, ruleLayout, shapeLayout, VERDICT } from './layout.ts';

const { home, homeAgent, careOf, peer, peerCareOf } = PARTY;
const OPTIONS = { bootTimeOfStart: 1000n, mobilityExemption: true };
const HOME = '20010db8000100000000000000000100';
const PEER = '20010db8000400000000000000000007';

const push: Action = { push: 'ipv6', src: careOf, dst: homeAgent };
const compiled = (
  match: Match,
  actions: readonly Action[] = [],
  at: Hook = 'leaving',
  more: Partial<ForwardingEntry> = {},
) => compile(entry('x', at, match, actions, more), OPTIONS);
const member = ({ rule }: CompiledEntry, name: string, size: number) => {
  const at = ruleLayout.offsetOf(name);
  return toHex(rule.subarray(at, at + size));
};
const verdictOf = (one: CompiledEntry) => one.rule[ruleLayout.offsetOf('verdict')];
const operationsOf = (one: CompiledEntry) => one.rule[ruleLayout.offsetOf('operations')];
const shapeId = ({ shape }: CompiledEntry) =>
  new DataView(shape.buffer).getUint32(shapeLayout.offsetOf('id'), true);

test('source and destination, in a key of 48 octets', () => {
  const one = compiled({ src: { address: home }, dst: { address: peer } }, [push]);
  assert.equal(isWide(one.shape), false);
  const key = keyInMap(one.key, false);
  assert.equal(key.length, 48);
  assert.equal(toHex(key.subarray(16)), PEER + HOME);
  const masks = shapeLayout.offsetOf('masks');
  assert.equal(toHex(one.shape.subarray(masks, masks + 48)), 'f'.repeat(64) + '0'.repeat(32));
  const picks = shapeLayout.offsetOf('picks');
  assert.equal(toHex(one.shape.subarray(picks, picks + 8)), '0001060606060606');
});

test('numbers stand in one word; what is not asked for is zero', () => {
  const all = compiled({ protocol: 17, sport: 5000, dport: 53, flowLabel: 0x54321 });
  const word = (17n << 52n) | (5000n << 36n) | (53n << 20n) | 0x54321n;
  assert.equal(new DataView(all.key.buffer).getBigUint64(8, true), word);
  const some = compiled({ dport: 53 });
  assert.equal(new DataView(some.key.buffer).getBigUint64(8, true), 53n << 20n);
  assert.notEqual(shapeId(all), shapeId(some));
});

test('a prefix is cut to its length, in the key too', () => {
  const one = compiled({ dst: { address: peer, length: 46 } });
  assert.equal(toHex(one.key.subarray(16, 32)), '20010db80004'.padEnd(32, '0'));
  const other = compiled({ dst: { address: PARTY.peerCareOf, length: 46 } });
  assert.deepEqual(one.key, other.key, '4 and 5 differ in bit 48 alone');
});

test('the hooks have shapes of their own', () => {
  assert.notEqual(shapeId(compiled({})), shapeId(compiled({}, [], 'arriving')));
});

test('three addresses make the key wide', () => {
  const match = { src: { address: careOf }, dst: { address: homeAgent }, innerSrc: home };
  const one = compiled({ ...match, protocol: 41 }, [{ pop: 'ipv6' }], 'arriving');
  assert.equal(isWide(one.shape), true);
  assert.equal(keyInMap(one.key, true).length, 112);
  assert.equal(toHex(one.key.subarray(48, 64)), HOME);
});

test('what the kernel does, with its addresses and the octets that it adds', () => {
  const one = compiled({}, [
    { notify: 'tunnelled-to-peer' },
    { insert: 'routing-2', careOf: peerCareOf },
    push,
  ]);
  assert.equal(verdictOf(one), VERDICT.carry);
  assert.equal(operationsOf(one), OPERATION.notify | OPERATION.insertRouting2 | OPERATION.push);
  assert.equal(one.rule[ruleLayout.offsetOf('growth')], 64);
  assert.equal(member(one, 'routing_care_of', 16), '20010db8000500000000000000000007');
  assert.equal(member(one, 'tunnel_src', 16), '20010db8000200000000000000000100');
  assert.equal(member(one, 'tunnel_dst', 16), '20010db8000100000000000000000001');
});

test('an expiry is in nanoseconds of the boot clock, and never zero', () => {
  const at = ruleLayout.offsetOf('expires');
  const of = (expiresAt: number, bootTimeOfStart = 1000n) =>
    new DataView(
      compile(entry('x', 'leaving', {}, [], { expiresAt: expiresAt as Instant }), {
        ...OPTIONS,
        bootTimeOfStart,
      }).rule.buffer,
    ).getBigUint64(at, true);
  assert.equal(of(7), 8000n);
  assert.equal(of(1, -1000n), 1n, 'over since the machine started');
  assert.equal(new DataView(compiled({}).rule.buffer).getBigUint64(at, true), 0n);
});

const DECLINED: readonly (readonly [string, Hook, readonly Action[], Partial<ForwardingEntry>])[] =
  [
    ['a credit', 'leaving', [push], { credit: 1000 }],
    ['a link and next hop of its own', 'leaving', [push], { out: { link: 'eth0' } }],
    ['a tunnel in UDP', 'leaving', [{ ...push, push: 'udp' } as Action], {}],
    ['out of a tunnel in UDP', 'arriving', [{ pop: 'udp' }], {}],
    ['two tunnels', 'leaving', [push, push], {}],
    ['from one tunnel into another', 'arriving', [{ pop: 'ipv6' }, push], {}],
    ['the control side', 'arriving', [{ divert: 'control', reason: 'mobility' }], {}],
    ['a notice of what is changed already', 'leaving', [push, { notify: 'tunnelled-to-peer' }], {}],
    ['a tunnel around arriving packets', 'arriving', [push], {}],
    ['a tunnel under a header', 'leaving', [push, { insert: 'home-address', careOf }], {}],
  ];
for (const [what, at, actions, more] of DECLINED) {
  test(`left to the slow path: ${what}`, () => {
    const one = compiled({}, actions, at, more);
    assert.equal(verdictOf(one), VERDICT.slow);
    assert.equal(operationsOf(one), 0);
  });
}

test('a drop, whatever stands behind it', () => {
  const one = compiled({}, [{ drop: 'policy' }, { pop: 'ipv6' }]);
  assert.equal(verdictOf(one), VERDICT.drop);
});
