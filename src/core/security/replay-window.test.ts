import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReplayWindow } from './replay-window.ts';

const take = (window: ReplayWindow, sequence: number): boolean => {
  const fresh = window.fresh(sequence);
  if (fresh) window.note(sequence);
  return fresh;
};

test('each number is taken once, in any order, as long as it is not 64 behind the newest', () => {
  const window = new ReplayWindow();
  const taken = [1, 2, 1, 70, 7, 6, 7, 69, 70, 134, 71, 70, 0].map((one) => take(window, one));
  assert.deepEqual(taken, [
    ...[true, true, false, true, true, false, false, true, false],
    ...[true, true, false, false],
  ]);
});

test('what was not proved is not noted', () => {
  const window = new ReplayWindow();
  assert.ok(window.fresh(9));
  assert.ok(window.fresh(9));
  assert.equal(window.highest, 0);
});

test('after a restart everything up to the stored number is old', () => {
  const window = new ReplayWindow(100);
  for (const old of [0, 1, 36, 37, 99, 100]) assert.equal(take(window, old), false, `${old}`);
  assert.ok(take(window, 101));
  assert.ok(take(window, 2 ** 32 - 1));
  assert.equal(take(window, 101), false);
});

test('it finds what a list of all numbers finds', () => {
  const numbers = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 });
  fc.assert(
    fc.property(numbers, (sequence) => {
      const window = new ReplayWindow();
      const seen = new Set<number>();
      for (const one of sequence) {
        const highest = Math.max(0, ...seen);
        const fresh = one > 0 && one > highest - 64 && !seen.has(one);
        assert.equal(take(window, one), fresh, `${one} after ${[...seen].join(' ')}`);
        if (fresh) seen.add(one);
      }
    }),
  );
});
