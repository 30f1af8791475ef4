import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimit } from './rate-limit.ts';
import { type Instant, milliseconds } from './time.ts';

const ms = (count: number) => milliseconds(count) as unknown as Instant;
const taken = (limit: RateLimit, now: Instant, tries: number) =>
  Array.from({ length: tries }, () => limit.take(now)).filter(Boolean).length;

test('a burst goes at once, then one each interval, to the microsecond', () => {
  const limit = new RateLimit(milliseconds(100), 3);
  assert.equal(taken(limit, ms(0), 10), 3);
  assert.equal(taken(limit, (ms(100) - 1) as Instant, 10), 0);
  assert.equal(taken(limit, ms(100), 10), 1);
  assert.equal(taken(limit, ms(199), 10), 0);
  assert.equal(taken(limit, ms(399), 10), 2);
});

test('what was not used is kept up to the burst and no further', () => {
  const limit = new RateLimit(milliseconds(100), 3);
  assert.equal(taken(limit, ms(1_000_000), 10), 3);
  assert.equal(taken(limit, ms(1_000_050), 10), 0);
});

test('asking often does not slow the refill down', () => {
  const limit = new RateLimit(milliseconds(100), 1);
  let count = 0;
  for (let t = 0; t < 10_000; t += 30) if (limit.take(ms(t))) count += 1;
  assert.equal(count, 100);
});
