import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from '../../../../test/by-hand.ts';
import { type Address, address } from '../../../wire/address.ts';
import type { ServiceConfig } from '../../config.ts';
import { constantsWith } from '../../constants.ts';
import type { NodeState } from '../../node-state.ts';
import type { PartInput } from '../../part.ts';
import type { Output } from '../../role.ts';
import type { Member } from '../member.ts';
import { TunnelSilence } from './tunnel-silence.ts';

const SERVICE = address('2001:db8:a::80');
const CLIENT = address('2001:db8:f::1');
const ONE: Member = { registrant: '257', address: address('2001:db8:e::1') };
const OTHER: Member = { registrant: '258', address: address('2001:db8:e::2') };

/** An agent's watch whose entries have carried what `carried` says. */
function watching(carried: Record<string, number>, without: readonly string[] = []) {
  const config = { service: SERVICE } as ServiceConfig;
  const state = { env: { without: new Set(without) }, constants: constantsWith({}) };
  const doubted: [string, number][] = [];
  const silence = new TunnelSilence(
    config,
    state as unknown as NodeState,
    ({ registrant }, now) => {
      doubted.push([registrant, now / 1e6]);
      return [];
    },
  );
  const counted: string[] = [];
  const take = (outputs: readonly Output[], time: number): void => {
    for (const one of outputs) {
      if (one.kind === 'count') counted.push(one.counter);
      if (one.kind !== 'ask') continue;
      const use = one.entries.map((entry) => ({ packets: carried[entry] ?? 0, octets: 0 }));
      take(
        silence.handle({ kind: 'answer', id: one.id, use }, () => undefined, at(time)),
        time,
      );
    }
  };
  const feed = (input: PartInput, member: Member | undefined, time: number) =>
    take(
      silence.handle(
        input,
        (client: Address) => (client === CLIENT ? member : undefined),
        at(time),
      ),
      time,
    );
  return {
    ...{ doubted, counted },
    /** The first packet of the client, which the agent has just given to this server. */
    opens: (member: Member | undefined, time: number) =>
      feed(
        { kind: 'received', reason: 'service-client', source: CLIENT } as PartInput,
        member,
        time,
      ),
    /** A connection of a client that the server has already. */
    connects: (does: 'begin' | 'close', time: number, dst = SERVICE) =>
      feed(
        {
          ...{ kind: 'notice', entry: '', reason: 'connection', src: CLIENT, dst },
          connection: { does, sport: 1, dport: 80 },
        },
        ONE,
        time,
      ),
    run: (end: number) => {
      for (let now = silence.deadline(); now !== undefined && now <= at(end); ) {
        feed({ kind: 'tick' }, undefined, now / 1e6);
        now = silence.deadline();
      }
    },
  };
}

const entryOf = ({ address: careOf }: Member) =>
  `home/from/2001:db8:a::80/at/${careOf === ONE.address ? '2001:db8:e::1' : '2001:db8:e::2'}`;

test('a server is doubted when nothing came back by two seconds after a request', () => {
  const carried = { [entryOf(ONE)]: 5, [entryOf(OTHER)]: 5 };
  const watch = watching(carried);
  watch.opens(ONE, 10);
  watch.opens(OTHER, 10.5);
  watch.opens(ONE, 11.9);
  carried[entryOf(OTHER)] = 6;
  watch.run(20);
  assert.deepEqual(watch.doubted, [['257', 12]]);
  assert.deepEqual(watch.counted, ['service.tunnel_silent']);
});

test('a server that answers its clients straight is not doubted, nor one that is registered anew', () => {
  const carried = { [entryOf(OTHER)]: 5 };
  const watch = watching(carried);
  watch.opens(ONE, 10);
  watch.opens(OTHER, 10);
  carried[entryOf(OTHER)] = 0;
  watch.run(20);
  assert.deepEqual(watch.doubted, []);
});

test('a server that nobody hears is not doubted for each request of each client', () => {
  const watch = watching({ [entryOf(ONE)]: 5 });
  for (let time = 10; time < 40; time += 0.5) {
    watch.opens(ONE, time);
    watch.run(time + 0.4);
  }
  assert.deepEqual(
    watch.doubted.map(([, time]) => time),
    [12, 24.5, 37],
  );
});

test('a new connection of a client that has its server already is a request too', () => {
  const watch = watching({ [entryOf(ONE)]: 5 });
  watch.connects('close', 10);
  watch.connects('begin', 10, CLIENT);
  watch.opens(undefined, 10);
  watch.run(13);
  assert.deepEqual(watch.doubted, []);
  watch.connects('begin', 20);
  watch.run(23);
  assert.deepEqual(watch.doubted, [['257', 22]]);
  const off = watching({ [entryOf(ONE)]: 5 }, ['tunnel-silence']);
  off.connects('begin', 20);
  off.run(23);
  assert.deepEqual(off.doubted, []);
});
