import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkError } from '../../core/icmp-messages.ts';
import { type Instant, milliseconds, seconds } from '../../core/time.ts';
import { address, formatAddress } from '../../wire/address.ts';
import { type LayerInput, serialisePacket } from '../../wire/packet.ts';
import { Link } from '../link.ts';
import { Simulation } from '../simulation.ts';
import { having, layerIn, nodeOn, watch } from '../small-network.ts';
import type { Datagram } from './udp.ts';

const at = (milli: number) => milliseconds(milli) as number as Instant;
const A = address('2001:db8:1::a');
const B = address('2001:db8:3::b');

/**
 *     a --left-- r1 --middle-- r2 --right-- b          each link has a delay of 1 ms
 *        2001:db8:1      :2          :3
 */
function chain() {
  const simulation = new Simulation(1);
  const link = (name: string) => new Link(simulation, name, { delay: milliseconds(1) });
  const [left, middle, right] = [link('left'), link('middle'), link('right')] as const;
  const router = { forwarding: true };
  const a = nodeOn(simulation, 'a', {
    eth0: { link: left, addresses: ['2001:db8:1::a'], routes: { '::/0': '2001:db8:1::1' } },
  });
  const r1 = nodeOn(
    simulation,
    'r1',
    {
      eth0: { link: left, addresses: ['2001:db8:1::1'] },
      eth1: {
        link: middle,
        addresses: ['2001:db8:2::1'],
        routes: { '2001:db8:3::/64': '2001:db8:2::2', '2001:db8:4::/64': '2001:db8:2::99' },
      },
    },
    router,
  );
  const r2 = nodeOn(
    simulation,
    'r2',
    {
      eth0: {
        link: middle,
        addresses: ['2001:db8:2::2'],
        routes: { '2001:db8:1::/64': '2001:db8:2::1' },
      },
      eth1: { link: right, addresses: ['2001:db8:3::1'] },
    },
    router,
  );
  const b = nodeOn(simulation, 'b', {
    eth0: { link: right, addresses: ['2001:db8:3::b'], routes: { '::/0': '2001:db8:3::1' } },
  });
  const errors: NetworkError[] = [];
  const socket = a.kernel.udp.open({ onError: (error) => errors.push(error) });
  const got: Datagram[] = [];
  b.kernel.udp.open({ port: 9, onDatagram: (one) => got.push(one) });
  return { simulation, left, middle, right, a, r1, r2, b, socket, errors, got };
}

test('a datagram crosses two routers, and each takes one off the hop limit', () => {
  const { simulation, left, right, socket, got, r1, a } = chain();
  const first = watch(left);
  const last = watch(right);
  simulation.run(at(1));
  assert.equal(socket.send(B, 9, Uint8Array.of(1, 2, 3)), 'sent');
  simulation.run(at(1000));
  assert.deepEqual([...got[0]!.octets], [1, 2, 3]);
  assert.equal(formatAddress(got[0]!.from), '2001:db8:1::a');
  const hopLimit = (seen: ReturnType<typeof watch>) =>
    layerIn(having(seen, 'udp')[0], 'ipv6')?.hopLimit;
  assert.deepEqual([hopLimit(first), hopLimit(last)], [64, 62]);
  assert.equal(r1.counters()['kernel.forwarded'], 1);
  assert.equal(a.counters()['kernel.sent'], 2, 'solicitation, datagram');
});

test('a warm path takes the sum of its delays', () => {
  const { simulation, socket, b, a } = chain();
  const times: number[] = [];
  b.kernel.udp.open({ port: 10, onDatagram: () => times.push(simulation.now) });
  socket.send(B, 10, Uint8Array.of(1));
  simulation.run(at(100));
  socket.send(B, 10, Uint8Array.of(2));
  simulation.run(at(200));
  assert.equal(times[1], 103_000);
  assert.equal(a.counters()['kernel.no_route'], undefined);
});

/** A packet that a sends as it stands. */
function udpPacket(change: Partial<Extract<LayerInput, { layer: 'ipv6' }>>, size = 10) {
  return serialisePacket([
    { layer: 'ipv6', source: A, destination: B, ...change },
    { layer: 'udp', sourcePort: 5, destinationPort: 9, payload: new Uint8Array(size) },
  ]);
}

test('a hop limit that runs out is answered by the router where it does', () => {
  const { simulation, left, a, r2, got } = chain();
  const seen = watch(left);
  const packet = udpPacket({ hopLimit: 2 });
  a.kernel.output.transmit(packet.slice());
  simulation.run(at(1000));
  assert.deepEqual(got, []);
  const [error] = having(seen, 'time-exceeded');
  assert.equal(formatAddress(layerIn(error, 'ipv6')!.source), '2001:db8:2::2');
  const quoted = layerIn(error, 'time-exceeded')!.invoking;
  assert.equal(quoted[7], 1, 'as it came to the router');
  assert.deepEqual(quoted.slice(8), packet.slice(8));
  assert.equal(r2.counters()['kernel.hop_limit'], 1);
});

test('a packet larger than the next link is answered with its MTU, and the sender learns', () => {
  const { simulation, middle, a, errors, socket, got } = chain();
  middle.mtu = 1400;
  assert.equal(socket.send(B, 9, new Uint8Array(1430)), 'sent');
  simulation.run(at(1000));
  assert.deepEqual(errors, [{ kind: 'too-big', mtu: 1400 }]);
  assert.deepEqual(got, []);
  assert.deepEqual(socket.send(B, 9, new Uint8Array(1430)), { mtu: 1400 });
  assert.equal(socket.send(B, 9, new Uint8Array(1352)), 'sent');
  simulation.run(at(2000));
  assert.equal(got.length, 1);
  assert.equal(a.counters()['kernel.error_received'], 1);
  // RFC 8201 section 4: after ten minutes larger packets may be tried again.
  simulation.run(seconds(700) as number as Instant);
  assert.equal(socket.send(B, 9, new Uint8Array(1430)), 'sent');
});

test('no route, and nobody at the end of one, are two kinds of unreachable', () => {
  const { simulation, socket, errors } = chain();
  socket.send(address('2001:db8:7::1'), 9, new Uint8Array(4));
  simulation.run(at(1000));
  assert.deepEqual(errors, [{ kind: 'unreachable', code: 0 }]);
  socket.send(address('2001:db8:4::1'), 9, new Uint8Array(4));
  socket.send(address('2001:db8:3::77'), 9, new Uint8Array(4));
  simulation.run(at(3900));
  assert.equal(errors.length, 1, 'three solicitations, a second each');
  simulation.run(at(4100));
  assert.deepEqual(errors.slice(1), [
    { kind: 'unreachable', code: 3 },
    { kind: 'unreachable', code: 3 },
  ]);
});

test('a closed port is answered by the host, from the address that was asked', () => {
  const { simulation, left, b, socket, errors } = chain();
  const entry = { prefixLength: 64, optimistic: false, preferred: true };
  b.kernel.addAddress('eth0', { address: address('2001:db8:3::b2'), ...entry });
  const seen = watch(left);
  socket.send(B, 999, new Uint8Array(4));
  simulation.run(at(1000));
  assert.deepEqual(errors, [{ kind: 'unreachable', code: 4 }]);
  const [error] = having(seen, 'destination-unreachable');
  assert.equal(layerIn(error, 'ipv6')!.source, B);
});

test('a link-local source is not forwarded, and is told so', () => {
  const { simulation, left, a, got, r1 } = chain();
  const seen = watch(left);
  const own = a.kernel.interfaces.get('eth0')!.linkLocal!;
  a.kernel.output.transmit(udpPacket({ source: own }));
  simulation.run(at(1000));
  assert.deepEqual(got, []);
  assert.equal(r1.counters()['kernel.scope'], 1);
  assert.equal(
    layerIn(having(seen, 'destination-unreachable')[0], 'destination-unreachable')?.code,
    2,
  );
});

test('a host does not forward', () => {
  const { simulation, b, right } = chain();
  const stranger = udpPacket({ destination: address('2001:db8:9::1') });
  const to = b.kernel.interfaces.get('eth0')!.linkAddress;
  right.send(
    { linkAddress: '\x02\0\0\0\0\x09' as typeof to, node: 'x', receive: () => {} },
    { from: to, to, octets: stranger },
  );
  simulation.run(at(100));
  assert.equal(b.counters()['kernel.not_ours'], 1);
});

test('errors about errors, to groups and from nowhere are never sent', () => {
  const { simulation, left, a, r1 } = chain();
  const seen = watch(left);
  const dead = { source: A, destination: address('2001:db8:7::1') };
  const error = serialisePacket([
    { layer: 'ipv6', ...dead },
    { layer: 'destination-unreachable', invoking: udpPacket({}) },
  ]);
  a.kernel.output.transmit(error);
  a.kernel.output.transmit(udpPacket({ ...dead, source: address('ff0e::1') }));
  a.kernel.output.transmit(udpPacket({ ...dead, source: address('::') }));
  const router = { destination: address('2001:db8:1::1') };
  a.kernel.output.transmit(udpPacket({ ...router, source: address('::') }));
  simulation.run(at(1000));
  assert.equal(having(seen, 'destination-unreachable').length, 1, 'the one that a sent itself');
  assert.equal(r1.counters()['kernel.error_sent'], undefined);
});

test('an error quotes at most what fits 1280 octets', () => {
  const { simulation, left, a } = chain();
  const seen = watch(left);
  a.kernel.output.transmit(udpPacket({ destination: address('2001:db8:7::1') }, 1400));
  simulation.run(at(1000));
  const [error] = having(seen, 'destination-unreachable');
  assert.equal(error?.octets.length, 1280);
});

test('a flood of what cannot be delivered gets a bounded number of errors', () => {
  const { simulation, r1, socket, left } = chain();
  const seen = watch(left);
  socket.send(B, 9, new Uint8Array(1));
  simulation.run(at(500));
  for (let i = 0; i < 500; i++) socket.send(address('2001:db8:7::1'), 9, new Uint8Array(1));
  simulation.run(at(1000));
  assert.equal(having(seen, 'destination-unreachable').length, 50);
  assert.equal(r1.counters()['kernel.error_suppressed'], 450);
});

test('echo requests are answered', () => {
  const { simulation, left, a } = chain();
  const seen = watch(left);
  const data = Uint8Array.of(1, 2, 3, 4, 5);
  a.kernel.output.transmit(
    serialisePacket([
      { layer: 'ipv6', source: A, destination: B },
      { layer: 'echo-request', identifier: 7, sequence: 9, data },
    ]),
  );
  simulation.run(at(1000));
  const reply = layerIn(having(seen, 'echo-reply')[0], 'echo-reply')!;
  assert.deepEqual([reply.identifier, reply.sequence], [7, 9]);
  assert.deepEqual(reply.data, data);
});

test('a packet to an own address stays in the node', () => {
  const { simulation, b } = chain();
  const got: Datagram[] = [];
  b.kernel.udp.open({ port: 20, onDatagram: (one) => got.push(one) });
  b.kernel.udp.open().send(B, 20, Uint8Array.of(9));
  simulation.run(at(1));
  assert.equal(got[0]?.octets[0], 9);
});
