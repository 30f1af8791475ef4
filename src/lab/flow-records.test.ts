/** The terms, each with numbers that were worked out by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Duration, Instant } from '../core/time.ts';
import { TcpRecord, UdpRecord } from './flow-records.ts';

const MS = 1000;
const at = (milliseconds: number) => (milliseconds * MS) as Instant;
const second = (count: number) => (count * 1_000_000) as Duration;

const UDP = {
  protocol: 'udp',
  from: 'cn',
  to: 'mn',
  rate: 100,
  payload: 64,
  start: second(1),
  stop: second(3),
} as const;

/** 100 datagrams, 10 ms apart, 5 ms under way; those of `gone` are lost. */
function ticks(gone: (number: number) => boolean): UdpRecord {
  const record = new UdpRecord('ticks', UDP);
  for (let number = 0; number < 100; number++) {
    const sent = 1000 + 10 * number;
    record.sent(at(sent));
    if (!gone(number)) record.received(number, at(sent + 5));
  }
  return record;
}

test('interruption of udp: the largest gap after the event, less the spacing', () => {
  const result = ticks((number) => number >= 40 && number < 47).result([1400 * MS]);
  // Number 39 comes at 1395, number 47 at 1475: 80 ms, less 10.
  assert.equal(result.interruption, 70 * MS);
  assert.equal(result.lost, 7);
  assert.equal(result.received, 93);
  assert.equal(result.bytes, 93 * 64);
  assert.equal(result.survived, true);
});

test('a gap that was over before the event does not count, and without events there is none', () => {
  const record = ticks((number) => number >= 40 && number < 47);
  assert.equal(record.result([1600 * MS]).interruption, 0);
  assert.equal(record.result([]).interruption, null);
});

test('what happened before a flow began did not interrupt it', () => {
  const record = ticks((number) => number >= 40 && number < 47);
  assert.equal(record.result([900 * MS]).interruption, null);
});

test('a flow that never comes back is interrupted to its last datagram, and did not survive', () => {
  const result = ticks((number) => number >= 40).result([1400 * MS]);
  assert.equal(result.interruption, (1990 - 1395 - 10) * MS);
  assert.equal(result.survived, false);
  assert.equal(result.failure, 'unreachable');
});

test('survived: what counts is a datagram sent after the last event, not one that arrived then', () => {
  const record = new UdpRecord('ticks', UDP);
  record.sent(at(1000));
  record.sent(at(1010));
  record.received(0, at(1008));
  assert.equal(record.result([1005 * MS]).survived, false);
  record.received(1, at(1015));
  assert.equal(record.result([1005 * MS]).survived, true);
});

test('duplicated and reordered', () => {
  const record = new UdpRecord('ticks', UDP);
  for (const sent of [1000, 1010, 1020, 1030]) record.sent(at(sent));
  record.received(0, at(1001));
  record.received(2, at(1021));
  record.received(1, at(1022));
  record.received(2, at(1023));
  record.received(3, at(1031));
  const { duplicated, reordered, lost } = record.result([]);
  assert.deepEqual({ duplicated, reordered, lost }, { duplicated: 1, reordered: 1, lost: 0 });
});

test('losses are charged to the event after which they would have arrived', () => {
  // Number 40 was sent at 1400 and would have come at 1405.
  const record = ticks((number) => number === 40 || number === 80);
  assert.equal(record.disturbance(1403 * MS, 1700 * MS, []).lost, 1);
  assert.equal(record.disturbance(1406 * MS, 1700 * MS, []).lost, 0);
  assert.equal(record.disturbance(1700 * MS, 9999 * MS, []).lost, 1);
});

const TCP = { protocol: 'tcp', from: 'cn', to: 'mn', size: 1000, start: second(1) } as const;

/** 100 reads of 10 octets, 2 ms apart, with a hole of 250 ms after the fiftieth. */
function download(): TcpRecord {
  const record = new TcpRecord('download', TCP);
  for (let number = 0; number < 100; number++) {
    record.sent(10);
    record.received(10, at(1000 + 2 * number + (number >= 50 ? 250 : 0)));
  }
  return record;
}

test('interruption of tcp: less the median gap of the second before', () => {
  const record = download();
  record.sentAll('d');
  record.receivedAll('d');
  record.close(at(5000));
  const result = record.result([1099 * MS]);
  assert.equal(result.interruption, 250 * MS);
  assert.equal(result.survived, true);
  assert.equal(result.digestOk, true);
});

test('a digest that differs, a reset, and a flow without an end have not survived', () => {
  const wrong = download();
  wrong.sentAll('d');
  wrong.receivedAll('e');
  wrong.close(at(5000));
  assert.deepEqual([wrong.result([]).survived, wrong.result([]).digestOk], [false, false]);

  const reset = download();
  reset.failed('reset');
  reset.close(at(5000));
  assert.deepEqual([reset.result([]).survived, reset.result([]).failure], [false, 'reset']);

  const endless = download();
  endless.sentAll('d');
  endless.close(at(5000));
  assert.equal(endless.result([]).failure, 'unfinished');
  assert.equal(endless.result([1099 * MS]).interruption, (5000 - 1448 - 2) * MS);
});
