import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Instant, milliseconds, seconds } from '../../../core/time.ts';
import { address } from '../../../wire/address.ts';
import { Link, type LinkOptions } from '../../link.ts';
import { Simulation } from '../../simulation.ts';
import {
  having,
  layerIn,
  nodeOn,
  pair,
  SERVER,
  Sink,
  transfer,
  watch,
} from '../../small-network.ts';
import { pattern } from './send-stream.ts';

const at = (milli: number) => milliseconds(milli) as number as Instant;

function assertWhole(sink: Sink, size: number) {
  assert.equal(sink.octets, size);
  assert.equal(sink.wrong, 0);
  assert.deepEqual(sink.closed.sort(), ['client closed', 'server closed']);
}

test('handshake, data and both FINs of a clean connection', () => {
  const net = pair();
  const seen = watch(net.link);
  const { sink } = transfer(net, 3000);
  net.simulation.run(at(1000));
  assertWhole(sink, 3000);
  const flags = having(seen, 'tcp').map(({ sender, layers }) => {
    const tcp = layerIn({ layers }, 'tcp')!;
    const names = (['syn', 'ack', 'fin', 'rst'] as const).filter((one) => tcp[one]);
    return `${sender} ${names.join('+')} ${tcp.payload.length}`;
  });
  assert.deepEqual(flags, [
    'a syn 0',
    'b syn+ack 0',
    'a ack 0',
    'a ack 1440',
    'a ack 1440',
    'a ack 120',
    'a ack+fin 0',
    'b ack 0',
    'b ack 0',
    'b ack+fin 0',
    'a ack 0',
  ]);
  const syn = layerIn(having(seen, 'tcp')[0], 'tcp')!;
  assert.deepEqual([...syn.options], [2, 4, 1440 >> 8, 1440 & 0xff, 1, 3, 3, 7, 1, 1, 4, 2]);
});

test('all octets arrive in order over links of all kinds', () => {
  const kinds: [string, Partial<LinkOptions>, number, number][] = [
    ['clean', {}, 2_000_000, 10],
    ['losing 5 %', { loss: 0.05 }, 500_000, 120],
    ['losing 20 %', { loss: 0.2 }, 50_000, 300],
    [
      'reordering',
      { reorder: { probability: 0.2, delay: milliseconds(7) }, bandwidth: 20e6 },
      500_000,
      60,
    ],
    ['duplicating', { duplicate: 0.3 }, 500_000, 20],
    ['slow', { bandwidth: 1e6, queue: 30_000 }, 1_000_000, 40],
    ['long', { delay: milliseconds(100), bandwidth: 20e6 }, 2_000_000, 40],
    ['jittery', { jitter: milliseconds(20) }, 500_000, 40],
  ];
  for (const [name, options, size, most] of kinds) {
    for (const seed of [1, 2]) {
      const net = pair(options, seed);
      const { sink, connection } = transfer(net, size);
      net.simulation.run(seconds(1000) as number as Instant);
      const context = `${name}, seed ${seed}: ${JSON.stringify(connection.statistics)}`;
      assert.equal(sink.octets, size, context);
      assert.equal(sink.wrong, 0, context);
      assert.equal(sink.closed.length, 2, context);
      assert.ok(sink.lastAt < most * 1e6, `${context} took ${sink.lastAt / 1e6} s`);
    }
  }
});

test('20 Mbit/s with a round trip of 100 ms are filled', () => {
  const net = pair({ delay: milliseconds(50), bandwidth: 20e6, queue: 300_000 });
  const { sink } = transfer(net, 10_000_000);
  net.simulation.run(seconds(60) as number as Instant);
  assertWhole(sink, 10_000_000);
  const rate = (10_000_000 * 8) / sink.lastAt;
  assert.ok(rate > 15, `only ${rate.toFixed(1)} Mbit/s`);
});

test('1 Mbit/s with a full queue stays busy', () => {
  const net = pair({ bandwidth: 1e6, queue: 30_000 });
  const { sink } = transfer(net, 1_000_000);
  net.simulation.run(seconds(60) as number as Instant);
  const rate = (1_000_000 * 8) / sink.lastAt;
  assert.ok(rate > 0.8, `only ${rate.toFixed(2)} Mbit/s`);
});

test('an interruption of 2 s is survived', () => {
  const net = pair({ bandwidth: 20e6 });
  const { sink } = transfer(net, 10_000_000);
  net.simulation.run(seconds(1) as number as Instant);
  net.link.cut();
  net.simulation.run(seconds(3) as number as Instant);
  net.link.heal();
  net.simulation.run(seconds(30) as number as Instant);
  assertWhole(sink, 10_000_000);
});

test('a narrower path makes segments smaller, and nothing is lost', () => {
  const simulation = new Simulation(1);
  const [left, right] = ['left', 'right'].map(
    (name) => new Link(simulation, name, { delay: milliseconds(1), bandwidth: 20e6 }),
  ) as [Link, Link];
  const a = nodeOn(simulation, 'a', {
    eth0: { link: left, addresses: ['2001:db8:1::a'], routes: { '::/0': '2001:db8:1::1' } },
  });
  nodeOn(
    simulation,
    'r',
    {
      eth0: { link: left, addresses: ['2001:db8:1::1'] },
      eth1: { link: right, addresses: ['2001:db8:2::1'] },
    },
    { forwarding: true },
  );
  const b = nodeOn(simulation, 'b', {
    eth0: { link: right, addresses: ['2001:db8:2::b'], routes: { '::/0': '2001:db8:2::1' } },
  });
  const sink = new Sink();
  b.kernel.tcp.listen(80, (connection) => sink.take(simulation, connection));
  const connection = a.kernel.tcp.connect(address('2001:db8:2::b'), 80, {
    onConnect: (one) => one.generate(5_000_000, pattern),
  });
  simulation.run(seconds(1) as number as Instant);
  assert.equal(connection.statistics.segmentSize, 1440);
  right.mtu = 1300;
  const before = sink.octets;
  simulation.run(at(1250));
  assert.equal(connection.statistics.segmentSize, 1240);
  assert.ok(sink.octets > before + 200_000, 'it goes on without waiting for a time-out');
  simulation.run(seconds(10) as number as Instant);
  assert.deepEqual([sink.octets, sink.wrong], [5_000_000, 0]);

  right.mtu = 1280;
  connection.generate(1240, pattern);
  simulation.run(at(10_020));
  assert.equal(sink.octets, 5_001_240, 'the last segment of all is sent anew at once, too');
});

test('an entry that adds headers makes segments smaller from the first packet on', () => {
  const net = pair();
  const dst = { address: SERVER };
  const careOf = address('2001:db8:1::c');
  const entry = { id: 'e', owner: 'test', match: { dst } } as const;
  net.a.perform([
    { kind: 'forward', entry: { ...entry, at: 'leaving', do: [{ insert: 'routing-2', careOf }] } },
  ]);
  net.b.perform([
    {
      kind: 'address',
      action: 'add',
      link: 'eth0',
      address: careOf,
      prefixLength: 64,
      optimistic: true,
    },
    {
      kind: 'forward',
      entry: {
        ...entry,
        at: 'arriving',
        match: { routing2: SERVER },
        do: [{ apply: 'routing-2' }],
      },
    },
  ]);
  const seen = watch(net.link);
  const { sink, connection } = transfer(net, 100_000);
  net.simulation.run(at(1000));
  assertWhole(sink, 100_000);
  assert.equal(connection.statistics.segmentSize, 1416);
  assert.equal(net.a.counters()['kernel.too_big'], undefined, 'it was known beforehand');
  assert.equal(Math.max(...seen.map(({ octets }) => octets.length)), 1500);
  assert.ok(having(seen, 'routing-type-2').length > 70);
});
