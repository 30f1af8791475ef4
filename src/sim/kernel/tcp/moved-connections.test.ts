import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../../wire/address.ts';
import { type MovedConnections, parseMoved, serialiseMoved } from './moved-connections.ts';

const one = {
  ...{ localPort: 80, remotePort: 50_000, initial: 0xffff_fff0, peerInitial: 7 },
  ...{ peerScale: 7, peerSegment: 1440, scaled: true, selective: false },
  ...{ acknowledged: 5_000_000_000, received: 12, window: 1 << 20 },
  unacknowledged: Uint8Array.of(1, 2, 3),
};
const moved: MovedConnections = {
  local: address('2001:db8:1::80'),
  remote: address('2001:db8:f::1'),
  connections: [one, { ...one, localPort: 81, unacknowledged: new Uint8Array() }],
};

test('connections are read back as they were written', () => {
  assert.deepEqual(parseMoved(serialiseMoved(moved)), moved);
  const none = { ...moved, connections: [] };
  assert.deepEqual(parseMoved(serialiseMoved(none)), none);
});

test('what was cut off is no connection, and counts that cannot be are none', () => {
  const octets = serialiseMoved(moved);
  const whole = new Set([32, 32 + 40 + 3, octets.length]);
  for (let length = 0; length <= octets.length; length++) {
    assert.equal(parseMoved(octets.subarray(0, length)) !== undefined, whole.has(length));
  }
  const wrong = serialiseMoved({ ...moved, connections: [{ ...one, received: -1 }] });
  assert.equal(parseMoved(wrong), undefined);
});
