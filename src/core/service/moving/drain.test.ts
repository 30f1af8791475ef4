import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from '../../../../test/by-hand.ts';
import { type Address, address, formatAddress } from '../../../wire/address.ts';
import type { ServerConfig } from '../../config.ts';
import { seconds } from '../../time.ts';
import { Drain, type Draining } from './drain.ts';

const SERVICE = address('2001:db8:a::80');
const OTHER = address('2001:db8:d::2');
const [STAYS, GOES] = [address('2001:db8:f::1'), address('2001:db8:f::2')];

/** A server with two clients, of which one cannot go for as long as it is in `stuck`. */
function server() {
  const clients = new Set<Address>([STAYS, GOES]);
  const stuck = new Set<Address>([STAYS]);
  const tries: string[] = [];
  let time = 0;
  const serving = {
    moving: 0,
    handOver(client: Address) {
      tries.push(`${time} ${formatAddress(client)}`);
      if (!stuck.has(client)) clients.delete(client);
      return [];
    },
    takeBack: () => [],
  };
  const heartbeats = { watch: () => [], unwatch: () => {}, hasAnswered: () => true };
  const of = { clients: { of: () => clients.values() }, serving, heartbeats, others: [OTHER] };
  const drain = new Drain({ service: SERVICE } as ServerConfig, () => of as unknown as Draining);
  /** Gives ticks as they fall due; says whether it is over then. */
  const until = (end: number): boolean => {
    for (;;) {
      const due = drain.deadline();
      if (due === undefined || due > at(end)) return drain.view()?.over === true;
      time = due / 1e6;
      drain.tick(due);
    }
  };
  return { drain, stuck, tries, until };
}

test('a client whose connections cannot go is tried again, and goes when they have ended', () => {
  const { drain, stuck, tries, until } = server();
  drain.begin(seconds(60), at(0));
  assert.equal(until(6), false);
  const stays = tries.filter((one) => one.endsWith('::1')).map((one) => Number.parseFloat(one));
  assert.deepEqual(stays, [0.25, 0.5, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(drain.view(), { until: at(60), over: false, moving: 0, left: [STAYS] });
  stuck.clear();
  assert.equal(until(8), false, 'the other servers tell first whom they have');
  assert.equal(until(9), true);
  assert.deepEqual(drain.view()!.left, []);
});

test('what is left at the limit is told, until the server is asked to stay', () => {
  const { drain, until } = server();
  drain.begin(seconds(5), at(0));
  assert.equal(until(4.9), false);
  assert.equal(until(5), true);
  assert.deepEqual(drain.view(), { until: at(5), over: true, moving: 0, left: [STAYS] });
  drain.end();
  assert.deepEqual([drain.begun, drain.view(), drain.deadline()], [false, undefined, undefined]);
});
