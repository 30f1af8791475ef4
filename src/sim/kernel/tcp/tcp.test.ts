import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Instant, milliseconds, seconds } from '../../../core/time.ts';
import { type Address, address } from '../../../wire/address.ts';
import type { SimNode } from '../../node.ts';
import { having, layerIn, pair, SERVER, transfer, watch } from '../../small-network.ts';
import type { TcpConnection } from './connection.ts';
import { serialiseMoved } from './moved-connections.ts';

const at = (milli: number) => milliseconds(milli) as number as Instant;

test('both ends send at once, and an end that goes on after the other has closed', () => {
  const net = pair();
  const { simulation, a, b } = net;
  const said: string[] = [];
  let server: TcpConnection | undefined;
  b.kernel.tcp.listen(80, (connection) => {
    server = connection;
    connection.handlers = {
      onConnect: (one) => one.write(Uint8Array.of(1, 2, 3)),
      onEnd: () => said.push('client has ended'),
      onClose: (reason) => said.push(`server ${reason}`),
    };
  });
  const got: number[] = [];
  a.kernel.tcp.connect(SERVER, 80, {
    onConnect: (one) => one.close(),
    onData: (octets) => got.push(...octets),
    onClose: (reason) => said.push(`client ${reason}`),
  });
  simulation.run(at(500));
  assert.deepEqual(said, ['client has ended']);
  server!.write(Uint8Array.of(4, 5));
  simulation.run(at(1000));
  assert.deepEqual(got, [1, 2, 3, 4, 5]);
  server!.close();
  assert.throws(() => server!.write(Uint8Array.of(1)), RangeError);
  simulation.run(at(2000));
  assert.deepEqual(said, ['client has ended', 'client closed', 'server closed']);
});

test('a port that nobody listens on refuses', () => {
  const net = pair();
  const seen = watch(net.link);
  const { sink } = transfer({ ...net, b: net.a }, 10);
  net.simulation.run(at(1000));
  assert.deepEqual(sink.closed, ['client refused']);
  assert.equal(layerIn(having(seen, 'tcp')[1], 'tcp')!.rst, true);
  assert.equal(net.b.counters()['kernel.tcp_no_port'], 1);
});

test('an aborted connection is reset at the other end', () => {
  const net = pair();
  const { sink, connection } = transfer(net, 10_000_000);
  net.simulation.run(at(100));
  connection.abort();
  net.simulation.run(at(200));
  assert.deepEqual(sink.closed, ['client aborted', 'server reset']);
});

test('a reset that does not stand at the next octet is only doubted', () => {
  const net = pair({ bandwidth: 20e6 });
  const { sink, connection } = transfer(net, 10_000_000);
  net.simulation.run(at(100));
  const far = connection.local;
  net.b.kernel.tcp.receive({
    ...forged(net.b, far.address, far.port, 100_000),
  });
  net.simulation.run(at(200));
  assert.deepEqual(sink.closed, []);
});

/** A delivery of a RST with a sequence number far from what is expected. */
function forged(node: SimNode, from: Address, port: number, sequence: number) {
  const octets = new Uint8Array(60);
  const view = new DataView(octets.buffer);
  view.setUint16(40, port);
  view.setUint16(42, 80);
  view.setUint32(44, sequence);
  octets[52] = 0x50;
  octets[53] = 0x04;
  const on = node.kernel.interfaces.get('eth0')!;
  const arrival = { interface: on, from: undefined, tunnel: undefined };
  return { octets, source: from, destination: SERVER, at: 40, end: 60, arrival };
}

test('a node that crashed and came back resets connections that it no longer knows', () => {
  const net = pair();
  const { sink } = transfer(net, 100_000_000);
  net.simulation.run(at(100));
  net.b.crash();
  net.simulation.run(at(150));
  net.b.restart({ journal: false });
  net.simulation.run(seconds(5) as number as Instant);
  assert.deepEqual(sink.closed, ['client reset']);
});

test('an unreachable destination ends an attempt at once, and no standing connection', () => {
  const net = pair({ bandwidth: 20e6 });
  const { simulation, a } = net;
  const ends: string[] = [];
  const note = (name: string) => ({
    onClose: (reason: string) => ends.push(`${name} ${reason} ${simulation.now / 1000}`),
  });
  a.kernel.tcp.connect(address('2001:db8:7::1'), 80, note('no route'));
  a.kernel.tcp.connect(address('2001:db8:1::77'), 80, note('nobody'));
  simulation.run(at(100));
  assert.deepEqual(ends, ['no route unreachable 0']);
  simulation.run(seconds(5) as number as Instant);
  assert.deepEqual(ends.slice(1), ['nobody unreachable 3000']);

  const { sink, connection } = transfer(net, 100_000_000);
  simulation.run(seconds(6) as number as Instant);
  connection.failed({ kind: 'unreachable', code: 1 }, undefined);
  simulation.run(seconds(7) as number as Instant);
  assert.deepEqual(sink.closed, []);
  assert.deepEqual(connection.statistics.lastError, { kind: 'unreachable', code: 1 });
});

test('without answers the wait doubles, and the connection is given up', () => {
  const net = pair();
  const { sink } = transfer(net, 10_000_000, 5);
  net.simulation.run(at(100));
  const seen = watch(net.link);
  net.link.cut('a', 'b');
  net.simulation.run(seconds(60) as number as Instant);
  assert.deepEqual(sink.closed, ['client time-out']);
  const repeats = having(seen, 'tcp')
    .filter(({ sender }) => sender === 'a')
    .slice(-5);
  const waits = repeats.slice(1).map((one, i) => one.at - repeats[i]!.at);
  for (let i = 1; i < waits.length; i++) {
    assert.ok(Math.abs(waits[i]! / waits[i - 1]! - 2) < 0.01, waits.join(' '));
  }
});

test('connections of other addresses than those that are named do not come in', () => {
  const { b } = pair();
  b.kernel.tcp.listen(80, () => {});
  const connection = {
    ...{ localPort: 80, remotePort: 50_000, initial: 1, peerInitial: 7 },
    ...{ peerScale: 7, peerSegment: 1440, scaled: true, selective: false },
    ...{ acknowledged: 1, received: 1, window: 1 << 20, unacknowledged: new Uint8Array() },
  };
  const remote = address('2001:db8:f::1');
  const octets = serialiseMoved({ local: SERVER, remote, connections: [connection] });
  assert.equal(b.kernel.tcp.attach(SERVER, address('2001:db8:f::2'), octets), false);
  assert.equal(b.kernel.tcp.attach(address('2001:db8:f::3'), remote, octets), false);
  assert.equal(b.counters()['kernel.tcp_refused'], 2);
  assert.equal(b.kernel.tcp.attach(SERVER, remote, octets), true);
  assert.equal(b.counters()['kernel.tcp_refused'], 2);
  assert.equal(b.kernel.tcp.detach(SERVER, remote, 1000)?.length, octets.length);
});
