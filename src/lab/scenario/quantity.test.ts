import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type QuantityKind,
  readBound,
  readKey,
  readPrefix,
  readQuantity,
  readSpan,
  within,
} from './quantity.ts';

test('quantities in their base units: microseconds, octets, bit/s, per second, 0 to 1', () => {
  const cases: readonly (readonly [QuantityKind, string, number])[] = [
    ['time', '4s', 4_000_000],
    ['time', '250ms', 250_000],
    ['time', '1.5s', 1_500_000],
    ['time', '30us', 30],
    ['time', '2min', 120_000_000],
    ['time', '1h', 3_600_000_000],
    ['time', '0s', 0],
    ['size', '20MB', 20_000_000],
    ['size', '64B', 64],
    ['size', '64KiB', 65_536],
    ['bandwidth', '20Mbit/s', 20_000_000],
    ['bandwidth', '64kbit/s', 64_000],
    ['rate', '1000/s', 1000],
    ['rate', '30/min', 0.5],
    ['share', '5%', 0.05],
    ['share', '100%', 1],
  ];
  for (const [kind, text, value] of cases) {
    assert.deepEqual(readQuantity(kind, text), { ok: true, value }, text);
  }
});

test('a number without a unit, of another unit, or no number at all is refused with the mend', () => {
  const said = (kind: QuantityKind, text: string) => {
    const read = readQuantity(kind, text);
    return read.ok ? '' : read.error;
  };
  assert.match(said('time', '4'), /"4" has no unit: write a time with its unit, such as 4s/);
  assert.match(said('time', '4S'), /has the unit "S": write 4s/);
  assert.match(said('size', '20Mb'), /write 20MB/);
  assert.match(said('bandwidth', '20MB'), /such as 20Mbit\/s/);
  assert.match(said('time', '-4s'), /is not a time/);
  assert.match(said('time', '1e3s'), /is not a time/);
  assert.match(said('time', '4constructor'), /has the unit/);
  assert.match(said('share', '101%'), /more than 100%/);
});

test('stretches of time', () => {
  assert.deepEqual(readSpan('6s..'), { ok: true, value: { from: 6_000_000 } });
  assert.deepEqual(readSpan('2s..5s'), { ok: true, value: { from: 2_000_000, to: 5_000_000 } });
  assert.deepEqual(readSpan('..500ms'), { ok: true, value: { from: 0, to: 500_000 } });
  for (const wrong of ['6s', '..', '5s..2s', '1..2', '1s..2s..3s']) {
    assert.equal(readSpan(wrong).ok, false, wrong);
  }
});

test('bounds, and what keeps them', () => {
  const bound = (text: string, kind?: QuantityKind) => {
    const read = readBound(text, kind);
    assert.ok(read.ok, text);
    return read.value;
  };
  assert.deepEqual(bound('< 300ms', 'time'), { operator: '<', value: 300_000 });
  assert.deepEqual(bound('0', 'time'), { operator: '=', value: 0 });
  assert.deepEqual(bound('>= 20MB', 'size'), { operator: '>=', value: 20_000_000 });
  assert.deepEqual(bound('2'), { operator: '=', value: 2 });
  assert.equal(readBound('some').ok, false);
  assert.equal(readBound('< 300', 'time').ok, false);
  for (const [text, right, wrong] of [
    ['< 2', 1, 2],
    ['<= 2', 2, 3],
    ['= 2', 2, 1],
    ['>= 2', 2, 1],
    ['> 2', 3, 2],
  ] as const) {
    assert.equal(within(right, bound(text)), true, text);
    assert.equal(within(wrong, bound(text)), false, text);
  }
});

test('a value may be off by a share of it, or by so much', () => {
  for (const [text, right, wrong] of [
    ['2s +- 10%', 2_200_000, 2_200_001],
    ['5ms +- 5ms', 0, 10_001],
  ] as const) {
    const read = readBound(text, 'time');
    assert.ok(read.ok, text);
    assert.deepEqual([within(right, read.value), within(wrong, read.value)], [true, false], text);
  }
  for (const wrong of ['2s +- 10', '2 +- 10%', '2s +-']) {
    assert.equal(readBound(wrong, 'time').ok, false, wrong);
  }
});

test('prefixes and keys', () => {
  assert.equal(readPrefix('2001:db8:1::/64').ok, true);
  for (const wrong of ['2001:db8:1::', '2001:db8::/32', '2001:db8:1::1/64', '10.0.0.0/8', 'x/64']) {
    assert.equal(readPrefix(wrong).ok, false, wrong);
  }
  const key = readKey('hex:00ff');
  assert.deepEqual(key.ok && key.value, { kind: 'hex', octets: Uint8Array.of(0, 255) });
  assert.deepEqual(readKey('file:k.bin'), { ok: true, value: { kind: 'file', path: 'k.bin' } });
  for (const wrong of ['00ff', 'hex:', 'hex:0', 'hex:zz', 'file:']) {
    assert.equal(readKey(wrong).ok, false, wrong);
  }
});
