import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Duration, type Instant, milliseconds } from '../../../core/time.ts';
import { Simulation } from '../../simulation.ts';
import { RetransmissionTimeout } from './retransmission-timeout.ts';
import { Scoreboard } from './scoreboard.ts';
import { pattern, SendStream } from './send-stream.ts';
import { Sender } from './sender.ts';
import { SlowStart } from './slow-start.ts';

const at = (milli: number) => milliseconds(milli) as number as Instant;
const SEGMENT = 1000;

/** A sender with ten segments to send, all of which it may send at once. */
function setUp(segments = 10) {
  const simulation = new Simulation(1);
  const stream = new SendStream();
  const timeout = new RetransmissionTimeout();
  timeout.measured(milliseconds(100));
  const sent: string[] = [];
  const ends: string[] = [];
  const port = {
    transmit: (offset: number, length: number, fin: boolean, again: boolean) => {
      sent.push(`${again ? 'again ' : ''}${offset}+${length}${fin ? ' fin' : ''}`);
      return true;
    },
    finished: () => ends.push('finished'),
    gaveUp: () => ends.push('gave up'),
    stopped: () => ends.push('stopped'),
  };
  const start = { segment: SEGMENT, window: 2 ** 20, retries: 3, timeout };
  const sender = new Sender(simulation, stream, port, start);
  stream.generate(segments * SEGMENT, pattern);
  sender.pump();
  const first = sent.splice(0);
  const acknowledge = (offset: number, ...spans: [number, number][]) => {
    sender.acknowledged({
      offset,
      window: 2 ** 20,
      bare: true,
      spans: spans.map(([start, end]) => ({ start, end })),
    });
    return sent.splice(0);
  };
  return { simulation, sender, stream, first, sent, ends, acknowledge };
}

test('the initial window goes out, then what each acknowledgement makes room for', () => {
  const { first, acknowledge, sender } = setUp(30);
  assert.equal(first.length, 10);
  assert.deepEqual(acknowledge(2000), ['10000+1000', '11000+1000', '12000+1000', '13000+1000']);
  assert.equal(sender.highest, 14_000);
});

test('what the other end has more than three segments behind is sent again once', () => {
  const { acknowledge } = setUp();
  assert.deepEqual(acknowledge(2000, [3000, 4000]), []);
  assert.deepEqual(acknowledge(2000, [3000, 5000]), []);
  assert.deepEqual(acknowledge(2000, [3000, 6000]), ['again 2000+1000']);
  assert.deepEqual(acknowledge(2000, [3000, 7000]), []);
});

test('duplicates without selective acknowledgements do too', () => {
  const { acknowledge } = setUp();
  acknowledge(2000);
  assert.deepEqual(acknowledge(2000), []);
  assert.deepEqual(acknowledge(2000), []);
  assert.deepEqual(acknowledge(2000), ['again 2000+1000']);
});

test('a second gap near the end is filled at the partial acknowledgement, without a time-out', () => {
  const { acknowledge, sender } = setUp();
  acknowledge(2000, [3000, 8000]);
  acknowledge(2000, [3000, 8000], [9000, 10_000]);
  assert.deepEqual(acknowledge(8000, [9000, 10_000]), ['again 8000+1000']);
  assert.deepEqual(acknowledge(10_000), []);
  assert.equal(sender.oldest, 10_000);
});

test('after a time-out everything goes again but what the other end has', () => {
  const { simulation, sent, acknowledge } = setUp(4);
  acknowledge(1000, [2000, 3000]);
  simulation.run(at(340));
  assert.deepEqual(sent.splice(0), ['again 1000+1000']);
  assert.deepEqual(acknowledge(3000), ['again 3000+1000']);
});

test('time-outs double, and after the last one the sender gives up', () => {
  const { simulation, sent, ends } = setUp(1);
  const times: number[] = [];
  let seen = 0;
  for (let milli = 0; milli < 10_000; milli += 10) {
    simulation.run(at(milli));
    if (sent.length > seen) times.push(milli);
    seen = sent.length;
  }
  // The first round trip of 100 ms gives 100 + 4 * 50 ms (RFC 6298 section 2.2).
  assert.deepEqual(times, [300, 900, 2100]);
  assert.deepEqual(ends, ['stopped', 'gave up']);
});

test('a smaller segment size sends what is under way anew, in smaller pieces', () => {
  const { sender, sent } = setUp(2);
  sender.resize(800);
  sender.sendAnew();
  assert.deepEqual(sent, ['again 0+800', 'again 800+800', 'again 1600+400']);
});

test('the end of the stream is one more octet, and its acknowledgement ends all', () => {
  const { sender, sent, ends, acknowledge } = setUp(1);
  sender.close();
  assert.deepEqual(sent.splice(0), ['1000+0 fin']);
  acknowledge(1001);
  assert.deepEqual(ends, ['finished']);
});

test('an end of the stream that the other end has already is not sent again', () => {
  const { simulation, sender, sent, acknowledge } = setUp(2);
  sender.close();
  assert.deepEqual(acknowledge(0, [1000, 2001]).slice(1), []);
  sent.length = 0;
  simulation.run(at(400));
  assert.deepEqual(sent.slice(0, 1), ['again 0+1000']);
  assert.ok(!sent.some((one) => one.includes('fin')));
});

test('a window that is shut is probed until it opens', () => {
  const { simulation, sender, sent, acknowledge } = setUp(12);
  sender.acknowledged({ offset: 10_000, window: 0, bare: true, spans: [] });
  assert.deepEqual(sent.splice(0), []);
  simulation.run(at(1000));
  assert.equal(sent.splice(0)[0], '10000+1');
  assert.deepEqual(acknowledge(10_001), ['10001+1000', '11001+999']);
});

test('a scoreboard joins spans, counts them and finds gaps', () => {
  const board = new Scoreboard();
  assert.ok(board.add(10, 20));
  assert.ok(board.add(40, 50));
  assert.ok(!board.add(12, 18), 'nothing new');
  assert.ok(board.add(20, 30));
  assert.equal(board.count(0, 100), 30);
  assert.equal(board.count(25, 45), 10);
  assert.deepEqual(board.gap(0, 100), { start: 0, end: 10 });
  assert.deepEqual(board.gap(15, 100), { start: 30, end: 40 });
  assert.deepEqual(board.gap(45, 100), { start: 50, end: 100 });
  assert.equal(board.gap(12, 28), undefined);
  assert.equal(board.lostBefore(9), 40);
  assert.equal(board.lostBefore(10), 10);
  assert.equal(board.lostBefore(30), 0);
  board.release(25);
  assert.equal(board.count(0, 100), 15);
});

test('slow start is over five rounds after round trips began to grow', () => {
  const slow = new SlowStart();
  const round = (milli: number) => {
    for (let i = 0; i < 8; i++) slow.measured(milliseconds(milli) as Duration);
    return slow.roundEnded();
  };
  assert.deepEqual([round(40), round(40), round(44)], [false, false, false]);
  assert.equal(slow.divisor, 1, 'an eighth more is not enough yet');
  assert.equal(round(50), false);
  assert.equal(slow.divisor, 4);
  assert.deepEqual([51, 52, 53].map(round), [false, false, false]);
  assert.equal(round(54), true);
});

test('slow start goes on when round trips shrink again', () => {
  const slow = new SlowStart();
  const round = (milli: number) => {
    for (let i = 0; i < 8; i++) slow.measured(milliseconds(milli) as Duration);
    return slow.roundEnded();
  };
  round(40);
  round(60);
  assert.equal(slow.divisor, 4);
  round(41);
  assert.equal(slow.divisor, 1);
});
