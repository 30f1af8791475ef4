/**
 * The calibration scenarios hold no constant for one row's sake: with any interval of advertisements,
 * the wait for the next one is what the interval gives.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readScenario, reportOf, runOnSimulator, SCENARIOS } from '../../src/lab/index.ts';
import { meanOf } from '../../src/lab/mean-handover.ts';

const FILE = join(SCENARIOS, 'calibration/advertisements-every-second.yaml');

/** Mean wait for the next of events that come after times drawn evenly from [least, most]. */
function meanWait(least: number, most: number): number {
  const mean = (least + most) / 2;
  const meanOfSquares = mean * mean + (most - least) ** 2 / 12;
  return meanOfSquares / (2 * mean);
}

/** The scenario with another interval (seconds), and without the traffic that it does not need. */
function scenarioWith(least: number, most: number, random: number) {
  const text = readFileSync(FILE, 'utf8')
    .replaceAll('ra-interval: [50ms, 1.5s]', `ra-interval: [${least}s, ${most}s]`)
    .replace(/^random: \d+$/m, `random: ${random}`)
    .replace(/^traffic:\n.*\n/m, '')
    .replace(/^expect:[\s\S]*?(?=^constants:)/m, '');
  assert.ok(text.includes(`[${least}s, ${most}s]`), 'the interval is set');
  const read = readScenario('calibration.yaml', new TextEncoder().encode(text), () => {
    throw new Error('no key files here');
  });
  assert.ok(read.ok, read.ok ? '' : read.error.map(({ message }) => message).join('; '));
  return read.value;
}

for (const [least, most, random] of [
  [0.1, 0.3, 1],
  [0.2, 2, 2],
  [1, 2, 3],
] as const) {
  test(`advertisements every ${least} to ${most} s are waited for as long as that gives`, () => {
    const { handovers } = reportOf(runOnSimulator(scenarioWith(least, most, random)));
    const mean = meanOf(handovers.filter(({ toLink }) => toLink === 'visited'));
    const expected = meanWait(least, most);
    const seen = mean['movement-detection']! / 1e6;
    assert.equal(mean.count, 1000);
    console.log(
      `  [${least} s, ${most} s]: waited ${seen.toFixed(3)} s, E[X^2]/2E[X] = ${expected.toFixed(3)} s`,
    );
    assert.ok(Math.abs(seen / expected - 1) < 0.05, `${seen} s, expected ${expected} s`);
  });
}
