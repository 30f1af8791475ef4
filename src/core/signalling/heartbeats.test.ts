import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByHand, packet } from '../../../test/by-hand.ts';
import { type Address, address } from '../../wire/address.ts';

const SELF = address('2001:db8:1::1');
const PEER = address('2001:db8:9::1');

function node(time = 0): ByHand {
  const one = new ByHand({
    name: 'ha',
    homeAgent: {
      link: 'eth0',
      address: SELF,
      prefix: address('2001:db8:1::'),
      prefixLength: 64,
      mobileNodes: [],
      allowUnauthenticated: false,
      maxBindings: 1,
    },
  });
  return one.feed({ kind: 'start' }, time);
}

const request = (sequence: number, source: Address = PEER) =>
  packet(source, SELF, [{ layer: 'heartbeat', sequence }]);

const response = (sequence: number, restartCounter: number, source: Address = PEER) =>
  packet(source, SELF, [
    {
      layer: 'heartbeat',
      response: true,
      sequence,
      options: [{ option: 'restart-counter', restartCounter }],
    },
  ]);

/** The restart counter that a request is answered with. */
function restarts(one: ByHand, time: number): number | undefined {
  const { message } = one.packet(request(1), time).one('heartbeat');
  const option = message.options.find((each) => each.option === 'restart-counter');
  return option?.option === 'restart-counter' ? option.restartCounter : undefined;
}

test('a request is answered with its number, and no more than ten a second are', () => {
  const one = node().packet(request(0xfedcba98), 1);
  const { message, source, destination } = one.one('heartbeat');
  assert.deepEqual([source, destination], [SELF, PEER]);
  assert.deepEqual(
    [message.response, message.unsolicited, message.sequence],
    [true, false, 0xfedcba98],
  );
  for (let i = 0; i < 50; i++) one.packet(request(i), 1);
  assert.deepEqual(
    [one.counters['heartbeat.answered'], one.counters['heartbeat.ignored']],
    [10, 41],
  );
  assert.equal(one.packet(request(7), 2).names().length, 1);
});

test('the restart counter grows with each life that has lost the bindings of the last one', () => {
  const first = node(0);
  const before = restarts(first, 1)!;
  const value = first.store.get('restart-counter')!;
  const restored = node(60).feed({ kind: 'restored', key: 'restart-counter', value }, 60);
  assert.equal(restarts(restored, 61), before, 'the journal has brought the bindings too');
  assert.equal(restored.store.get('restart-counter'), value, 'for the next life');
  assert.equal(restarts(node(120), 121), before + 120);
});

test('a peer that knows nothing of it is asked no more', () => {
  const one = node().feed({ kind: 'command', command: { do: 'watch', peer: PEER } }, 1);
  const error = (status: number, source: Address) =>
    packet(source, SELF, [{ layer: 'binding-error', status, homeAddress: SELF }]);
  one.packet(error(1, PEER), 1.1).packet(error(2, address('2001:db8:9::2')), 1.1);
  assert.equal(one.run(70).length, 1);
  one.packet(error(2, PEER), 70);
  assert.equal(one.counters['heartbeat.unsupported'], 1);
  assert.deepEqual(one.run(1000), []);
});

test('a watched peer is asked every minute; what it did not answer is no answer', () => {
  const one = node().feed({ kind: 'command', command: { do: 'watch', peer: PEER } }, 1);
  const first = one.one('heartbeat').message;
  assert.equal(first.response, false);
  one.packet(response(first.sequence + 1, 0), 1.1);
  one.packet(response(first.sequence, 0, address('2001:db8:9::2')), 1.1);
  assert.equal(one.counters['heartbeat.ignored'], 2);
  one.packet(response(first.sequence, 4), 1.2);
  one.packet(response(first.sequence, 9), 1.3);
  assert.equal(one.counters['heartbeat.ignored'], 3, 'it has been answered already');
  const [again] = one.run(70);
  assert.equal(again?.time, 61.2);
  const second = again.packet.layers.at(-1)!;
  assert.ok(second.layer === 'heartbeat' && second.sequence === first.sequence + 1);
  one.packet(response(second.sequence, 5), 62);
  assert.equal(one.counters['heartbeat.restart_seen'], 1);
  assert.equal(one.counters['heartbeat.heard'], 2);
  assert.equal(one.counters['mobility.not_taken'], undefined, 'what is waited for is taken');
});

test('a peer that leaves more than three requests unanswered counts as silent, once', () => {
  const one = node().feed({ kind: 'command', command: { do: 'watch', peer: PEER } }, 0);
  one.run(239);
  assert.equal(one.counters['heartbeat.peer_silent'], undefined);
  one.run(1000);
  assert.equal(one.counters['heartbeat.peer_silent'], 1);
});
