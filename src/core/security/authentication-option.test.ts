import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Instant, START, seconds } from '../time.ts';
import { instantOfNtp, ntpTimestamp } from './authentication-option.ts';

const microsecondsOf = (date: string) => Date.parse(date) * 1000;

test('time stamps count from 1900 in 2^-32 seconds', () => {
  assert.equal(ntpTimestamp(0, START), 2_208_988_800n << 32n);
  assert.equal(ntpTimestamp(0, 500_000 as Instant), (2_208_988_800n << 32n) + (1n << 31n));
  // RFC 5905 section 6, Figure 4: 1999-12-31 is second 3 155 587 200 of era 0.
  assert.equal(ntpTimestamp(microsecondsOf('1999-12-31T00:00:00Z'), START) >> 32n, 3_155_587_200n);
  // The same: the first second of era 1.
  assert.equal(ntpTimestamp(microsecondsOf('2036-02-07T06:28:16Z'), START), 0n);
});

test('and back, over the end of the era in 2036, and a little before instant 0', () => {
  const instants = fc.integer({ min: -seconds(1e6), max: seconds(1e9) });
  const epochs = fc.constantFrom(
    microsecondsOf('2026-11-21T12:00:00Z') + 1,
    microsecondsOf('2036-02-07T06:28:15Z'),
  );
  fc.assert(
    fc.property(epochs, instants, (epoch, instant) => {
      const now = instant as Instant;
      assert.equal(instantOfNtp(epoch, ntpTimestamp(epoch, now)), now);
    }),
  );
});

test('a later microsecond has a greater time stamp', () => {
  const epoch = microsecondsOf('2026-11-21T12:00:00Z');
  for (let i = 0; i < 1000; i++) {
    assert.ok(ntpTimestamp(epoch, (i + 1) as Instant) > ntpTimestamp(epoch, i as Instant));
  }
});
