import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from '../../../test/by-hand.ts';
import type { Instant } from '../time.ts';
import { PathWatch } from './path-watch.ts';

/**
 * Looks at a path proved at 0 whenever it is due, and gives the times at which it is to be proved
 * anew. `carried` says what was sent and what came by then.
 */
function probes(
  until: number,
  carried: (time: number) => readonly [sent: number, came: number],
  answered = true,
): { readonly probes: number[]; readonly looks: number[] } {
  const watch = new PathWatch();
  watch.proved(at(0));
  const log = { probes: [] as number[], looks: [] as number[] };
  for (let now = watch.deadline(); now !== undefined && now <= at(until); now = watch.deadline()) {
    assert.ok(watch.isDue(now));
    const time = now / 1e6;
    log.looks.push(time);
    if (!watch.looked(...carried(time), now as Instant)) continue;
    log.probes.push(time);
    if (answered) watch.proved(now);
  }
  return log;
}

test('a call both ways is proved twice a minute', () => {
  assert.deepEqual(probes(95, (time) => [9 * time, 9 * time]).probes, [30, 60, 90]);
});

test('what came and comes no more is a reason at once, but not within 9 s of the last proof', () => {
  assert.deepEqual(probes(60, (time) => [0, 9 * Math.min(time, 12)]).probes, [15]);
  assert.deepEqual(probes(60, (time) => [0, 9 * Math.min(time, 2)]).probes, [9]);
});

test('a doubt ends when something comes again', () => {
  const pause = (time: number) => (time < 4 ? time : time < 7 ? 4 : time);
  assert.deepEqual(probes(29, (time) => [0, 9 * pause(time)]).probes, []);
});

test('a path that carries nothing is looked at less and less, and not proved', () => {
  const { looks, probes: none } = probes(100, () => [0, 0]);
  assert.deepEqual(looks, [3, 6, 12, 24, 48, 72, 96]);
  assert.deepEqual(none, []);
});

test('an echo now and then is no flow', () => {
  assert.deepEqual(probes(200, (time) => [time / 9, time / 9]).probes, []);
});

test('what only sends is proved twice a minute too', () => {
  assert.deepEqual(probes(65, (time) => [9 * time, 0]).probes, [30, 60]);
});

test('stopped, it is looked at no more', () => {
  const watch = new PathWatch();
  watch.proved(at(0));
  watch.stop();
  assert.equal(watch.deadline(), undefined);
});
