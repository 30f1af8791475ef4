import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openClock } from './node-clock.ts';

/** A machine that has been up for so many seconds, at a date. */
function machine(bootId: string, upSeconds: number, date: number) {
  const clocks = { up: upSeconds, date };
  return {
    clocks,
    bootId,
    bootTime: () => BigInt(clocks.up) * 1_000_000_000n,
    wallTime: () => clocks.date * 1e6,
  };
}

function inFolder(work: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'careof-clock-'));
  try {
    work(join(folder, 'state', 'clock'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('instants go on over restarts, through suspend, whatever the wall clock does', () => {
  inFolder((path) => {
    const first = machine('a', 100, 1_700_000_000);
    const clock = openClock(path, first);
    assert.equal(clock.now(), 0);
    first.clocks.up += 7;
    first.clocks.date += 7;
    assert.equal(clock.now(), 7e6);
    assert.equal(clock.wallClockStep(), 0);
    // The date was wrong and is set right.
    first.clocks.date += 3600;
    assert.equal(clock.wallClockStep(), 3600e6);
    const again = openClock(path, first);
    assert.equal(again.now(), 7e6);
    assert.equal(again.bootTimeOfStart, clock.bootTimeOfStart);
    // A moment of the wall clock, stored now, is the same moment for the next life.
    assert.equal(again.epoch + again.now(), first.clocks.date * 1e6);
  });
});

test('after a reboot the count begins anew, and the wall clock is the bridge', () => {
  inFolder((path) => {
    const before = openClock(path, machine('a', 100, 1_700_000_000));
    const stored = before.epoch + before.now() + 60e6;
    const after = openClock(path, machine('b', 20, 1_700_000_030));
    assert.equal(after.now(), 0);
    assert.equal(stored - after.epoch, 30e6);
  });
});

test('a file that is damaged, or from the future, counts for nothing', () => {
  inFolder((path) => {
    openClock(path, machine('a', 100, 1_700_000_000));
    for (const text of ['', '{', '{"boot":"a"}', '{"boot":"a","origin_ns":"999999999999999"}']) {
      writeFileSync(path, text);
      assert.equal(openClock(path, machine('a', 150, 1_700_000_050)).now(), 0, text);
    }
  });
});
