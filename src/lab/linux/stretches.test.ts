import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { pattern } from '../../sim/index.ts';
import { Stretches } from './stretches.ts';

const SIZE = 100_000;
const stream = new Uint8Array(SIZE);
pattern(stream, 0);
const digestOf = (octets: Uint8Array) => createHash('sha256').update(octets).digest('hex');
const stretch = (from: number, to: number) => ({
  ...{ from, size: to - from, last: to === SIZE },
  digest: digestOf(stream.subarray(from, to)),
});

test('stretches in any order are the stream when all are there', () => {
  const all = new Stretches();
  for (const [from, to] of [
    [70_000, SIZE],
    [0, 10],
    [10, 10],
  ] as const) {
    all.add(stretch(from, to));
    assert.equal(all.digest(), undefined);
  }
  all.add(stretch(10, 70_000));
  assert.equal(all.digest(), digestOf(stream));
});

test('octets that came twice, or are others, are told', () => {
  const twice = new Stretches();
  for (const [from, to] of [
    [0, 60],
    [50, SIZE],
  ] as const)
    twice.add(stretch(from, to));
  assert.equal(twice.digest(), 'octets came twice');
  const other = new Stretches();
  other.add({ ...stretch(0, SIZE), digest: digestOf(stream.subarray(1)) });
  assert.equal(other.digest(), 'other octets than were sent');
});
