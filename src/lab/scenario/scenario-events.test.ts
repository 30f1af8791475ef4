import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_TIME, seconds } from '../../core/time.ts';
import { singleEvents } from './scenario-events.ts';

const count = (name: string) => (name === 'mn' ? 5 : undefined);
const move = {
  kind: 'move',
  at: seconds(3),
  interface: 'wlan0',
  to: 'visited',
  gap: NO_TIME,
} as const;

test('an event of the nodes of a count is one event each, evenly spread', () => {
  const events = singleEvents({ ...move, node: 'mn', over: seconds(2) }, count);
  assert.deepEqual(
    events.map((event) => [event.at, 'node' in event ? event.node : '']),
    [
      [3_000_000, 'mn-0'],
      [3_500_000, 'mn-1'],
      [4_000_000, 'mn-2'],
      [4_500_000, 'mn-3'],
      [5_000_000, 'mn-4'],
    ],
  );
});

test('without a time to spread over, all happen at once; one node has one event', () => {
  const together = singleEvents({ ...move, node: 'mn' }, count);
  assert.deepEqual([together.length, new Set(together.map(({ at }) => at)).size], [5, 1]);
  assert.equal(singleEvents({ ...move, node: 'other' }, count).length, 1);
});

test('an event that comes again does so after the same time, at each node', () => {
  const again = { every: seconds(10), times: 3 };
  const times = (node: string) => singleEvents({ ...move, node, again }, count).map(({ at }) => at);
  assert.deepEqual(times('other'), [3_000_000, 13_000_000, 23_000_000]);
  assert.equal(times('mn').length, 15);
});
