import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkError } from '../../core/icmp-messages.ts';
import { type Instant, milliseconds } from '../../core/time.ts';
import { address, formatAddress } from '../../wire/address.ts';
import { type Layer, type LayerInput, serialisePacket } from '../../wire/packet.ts';
import { fixHeaderChecksum } from '../../wire/walk-ipv4.ts';
import { Link } from '../link.ts';
import { Simulation } from '../simulation.ts';
import { having, layerIn, nodeOn, type Seen, Sink, watch } from '../small-network.ts';
import { pattern } from './tcp/send-stream.ts';
import type { Datagram } from './udp.ts';

const at = (milli: number) => milliseconds(milli) as number as Instant;
const A = address('192.0.2.10');
const B = address('198.51.100.7');

/**
 *     a --left-- r1 --middle-- r2 --right-- b          each link has a delay of 1 ms
 *     192.0.2.10    203.0.113.1  (none)   198.51.100.7
 *
 * Next hops are IPv6 addresses; r2 has no IPv4 address.
 */
function chain() {
  const simulation = new Simulation(1);
  const link = (name: string) => new Link(simulation, name, { delay: milliseconds(1) });
  const [left, middle, right] = [link('left'), link('middle'), link('right')] as const;
  const router = { forwarding: true };
  const a = nodeOn(simulation, 'a', {
    eth0: {
      link: left,
      addresses: ['2001:db8:1::a', '192.0.2.10'],
      routes: { '::/0': '2001:db8:1::1', '0.0.0.0/0': '2001:db8:1::1' },
    },
  });
  const toA = { '192.0.2.10/32': '2001:db8:1::a' };
  const r1 = nodeOn(
    simulation,
    'r1',
    {
      eth0: { link: left, addresses: ['2001:db8:1::1', '203.0.113.1'], routes: toA },
      eth1: {
        link: middle,
        addresses: ['2001:db8:2::1'],
        routes: {
          '198.51.100.7/32': '2001:db8:2::2',
          '198.51.100.8/32': '2001:db8:2::99',
          '2001:db8:3::/64': '2001:db8:2::2',
        },
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
        routes: { '192.0.2.10/32': '2001:db8:2::1', '2001:db8:1::/64': '2001:db8:2::1' },
      },
      eth1: {
        link: right,
        addresses: ['2001:db8:3::1'],
        routes: { '198.51.100.7/32': '2001:db8:3::b' },
      },
    },
    router,
  );
  const b = nodeOn(simulation, 'b', {
    eth0: {
      link: right,
      addresses: ['2001:db8:3::b', '198.51.100.7'],
      routes: { '::/0': '2001:db8:3::1', '0.0.0.0/0': '2001:db8:3::1' },
    },
  });
  const errors: NetworkError[] = [];
  const socket = a.kernel.udp.open({ onError: (error) => errors.push(error) });
  const got: Datagram[] = [];
  b.kernel.udp.open({ port: 9, onDatagram: (one) => got.push(one) });
  return { simulation, left, middle, right, a, r1, r2, b, socket, errors, got };
}

type Header = Partial<Extract<LayerInput, { layer: 'ipv4' }>>;

/** A packet that a sends as it stands. */
function udpPacket(change: Header = {}, size = 10, checksum?: number) {
  return serialisePacket([
    { layer: 'ipv4', dontFragment: true, source: A, destination: B, ...change },
    {
      ...{ layer: 'udp', sourcePort: 5, destinationPort: 9, payload: new Uint8Array(size) },
      ...(checksum !== undefined && { checksum }),
    },
  ]);
}

const layersOf = <Name extends Layer['layer']>(seen: readonly Seen[], name: Name) =>
  having(seen, name).map((one) => layerIn(one, name));

test('a datagram crosses two routers by IPv6 next hops, and nobody is asked for an IPv4 address', () => {
  const { simulation, left, right, socket, got, r1 } = chain();
  const first = watch(left);
  const last = watch(right);
  assert.equal(socket.send(B, 9, Uint8Array.of(1, 2, 3)), 'sent');
  simulation.run(at(1000));
  assert.deepEqual([...got[0]!.octets], [1, 2, 3]);
  assert.equal(formatAddress(got[0]!.from), '192.0.2.10');
  const [sent, came] = [first, last].map((seen) => layerIn(having(seen, 'udp')[0], 'ipv4')!);
  assert.deepEqual([sent!.timeToLive, came!.timeToLive], [64, 62]);
  assert.ok(sent!.dontFragment, 'as Linux sends it');
  assert.equal(r1.counters()['kernel.forwarded'], 1);
  const asked = layersOf([...first, ...last], 'neighbor-solicitation');
  assert.ok(asked.length > 0);
  const from = having(first, 'neighbor-solicitation').map((one) => layerIn(one, 'ipv6')!.source);
  assert.ok(from.every((source) => source.length === 16));
});

test('a Time to Live that runs out is answered by the router where it does, with or without an address', () => {
  const { simulation, left, a, r2, got } = chain();
  const seen = watch(left);
  for (const timeToLive of [1, 2]) a.kernel.output.transmit(udpPacket({ timeToLive }));
  simulation.run(at(1000));
  assert.deepEqual(got, []);
  const errors = having(seen, 'icmpv4-time-exceeded');
  const sources = errors.map((one) => formatAddress(layerIn(one, 'ipv4')!.source));
  assert.deepEqual(sources, ['203.0.113.1', '192.0.0.8']);
  assert.equal(layerIn(errors[1], 'icmpv4-time-exceeded')!.invoking[8], 1, 'as it came');
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
  assert.equal(socket.send(B, 9, new Uint8Array(1372)), 'sent');
  simulation.run(at(2000));
  assert.equal(got.length, 1);
  assert.equal(a.counters()['kernel.error_received'], 1);
});

/** An error about a packet of a's, by whoever. */
const forged = (invoking: Uint8Array, nextHopMtu: number) =>
  serialisePacket([
    { layer: 'ipv4', source: address('203.0.113.66'), destination: A },
    { layer: 'icmpv4-destination-unreachable', code: 4, nextHopMtu, invoking },
  ]);

test('an MTU is believed only of what a socket sends, and never below what IPv4 carries', () => {
  const { simulation, a, b, r1, socket } = chain();
  b.kernel.tcp.listen(80, () => {});
  const connection = a.kernel.tcp.connect(B, 80);
  simulation.run(at(500));
  const { port } = connection.local;
  const segment = (sequence: number) =>
    serialisePacket([
      { layer: 'ipv4', source: A, destination: B },
      { layer: 'tcp', sourcePort: port, destinationPort: 80, sequence, ack: true },
    ]);
  const told = (packet: Uint8Array, mtu = 600) => {
    r1.kernel.output.transmit(forged(packet, mtu));
    simulation.run((simulation.now + 10_000) as Instant);
    return a.kernel.pathMtus.to(B, 1500, simulation.now);
  };
  assert.equal(told(udpPacket()), 1500, 'no socket has port 5');
  assert.equal(told(segment(123)), 1500, 'a guess');
  assert.equal(a.counters()['kernel.error_ignored'], 2);
  assert.equal(connection.statistics.segmentSize, 1460);
  const own = serialisePacket([
    { layer: 'ipv4', source: A, destination: B },
    { layer: 'udp', sourcePort: socket.port, destinationPort: 9, payload: new Uint8Array(4) },
  ]);
  assert.equal(told(own), 600);
  assert.equal(told(own, 1), 68, 'RFC 1191 section 3');
});

test('a router that does not say its MTU makes the sender try the next lower plateau', () => {
  const { simulation, a, r1, socket } = chain();
  const own = serialisePacket([
    { layer: 'ipv4', source: A, destination: B },
    { layer: 'udp', sourcePort: socket.port, destinationPort: 9, payload: new Uint8Array(1400) },
  ]);
  r1.kernel.output.transmit(forged(own.slice(0, 200), 0));
  simulation.run(at(10));
  assert.equal(a.kernel.pathMtus.to(B, 1500, simulation.now), 1006);
});

test('a connection finds what the path carries, and closes whole', () => {
  const { simulation, middle, a, b } = chain();
  middle.mtu = 1280;
  const sink = new Sink();
  b.kernel.tcp.listen(80, (connection) => sink.take(simulation, connection));
  const connection = a.kernel.tcp.connect(B, 80, {
    onConnect: (one) => {
      one.generate(300_000, pattern);
      one.close();
    },
  });
  simulation.run(at(5000));
  assert.deepEqual([sink.octets, sink.wrong], [300_000, 0]);
  assert.equal(formatAddress(connection.local.address), '192.0.2.10');
  assert.equal(connection.statistics.segmentSize, 1280 - 40);
  assert.deepEqual(sink.closed, ['server closed']);
});

test('what cannot be reached is told in the words of ICMP, and understood', () => {
  const { simulation, left, a, socket, errors } = chain();
  const seen = watch(left);
  socket.send(address('198.18.0.1'), 9, new Uint8Array(4));
  socket.send(B, 999, new Uint8Array(4));
  socket.send(address('198.51.100.8'), 9, new Uint8Array(4));
  a.kernel.output.transmit(
    serialisePacket([
      { layer: 'ipv4', source: A, destination: B },
      { layer: 'payload', protocol: 99, octets: new Uint8Array(30) },
    ]),
  );
  simulation.run(at(4000));
  const codes = layersOf(seen, 'icmpv4-destination-unreachable').map((one) => one?.code);
  assert.deepEqual(codes, [0, 3, 2, 1], 'net, port, protocol, host');
  assert.deepEqual(errors, [
    { kind: 'unreachable', code: 0 },
    { kind: 'unreachable', code: 4 },
    { kind: 'unreachable', code: 3 },
  ]);
  const told = having(seen, 'icmpv4-destination-unreachable');
  assert.equal(layerIn(told[1], 'ipv4')!.source, B, 'from the address that was asked');
});

test('an error quotes at most what fits 576 octets', () => {
  const { simulation, left, a } = chain();
  const seen = watch(left);
  a.kernel.output.transmit(udpPacket({ destination: address('198.18.0.1') }, 1400));
  simulation.run(at(1000));
  assert.equal(having(seen, 'icmpv4-destination-unreachable')[0]?.octets.length, 576);
});

test('a router that sends a packet back where it came from tells of no better way', () => {
  const { simulation, left, a, r1 } = chain();
  const seen = watch(left);
  const back = { prefix: address('198.18.0.1'), prefixLength: 32, via: address('2001:db8:1::a') };
  r1.kernel.addRoute({ ...back, link: 'eth0', origin: 'fixed' });
  // As if it were a neighbor by its IPv4 address.
  const near = { prefix: A, prefixLength: 32, link: 'eth0', metric: -1 } as const;
  r1.kernel.addRoute({ ...near, origin: 'fixed' });
  for (const second of [1, 2]) {
    a.kernel.output.transmit(udpPacket({ destination: back.prefix }));
    simulation.run(at(1000 * second));
  }
  assert.equal(having(seen, 'udp').length, 4);
  assert.deepEqual(having(seen, 'redirect'), []);
});

test('echo requests are answered', () => {
  const { simulation, left, a } = chain();
  const seen = watch(left);
  const data = Uint8Array.of(1, 2, 3, 4, 5);
  a.kernel.output.transmit(
    serialisePacket([
      { layer: 'ipv4', source: A, destination: B },
      { layer: 'icmpv4-echo-request', identifier: 7, sequence: 9, data },
    ]),
  );
  simulation.run(at(1000));
  const reply = layerIn(having(seen, 'icmpv4-echo-reply')[0], 'icmpv4-echo-reply')!;
  assert.deepEqual([reply.identifier, reply.sequence], [7, 9]);
  assert.deepEqual(reply.data, data);
});

/** What b makes of octets that come to it by its link. */
function toB(octets: Uint8Array) {
  const { simulation, b, right, got } = chain();
  const seen = watch(right, 'x');
  const to = b.kernel.interfaces.get('eth0')!.linkAddress;
  const from = '\x02\0\0\0\0\x09' as typeof to;
  right.send({ linkAddress: from, node: 'x', receive: () => {} }, { from, to, octets });
  simulation.run(at(100));
  return { got, counters: b.counters(), answers: seen.filter(({ sender }) => sender !== 'x') };
}

test('a datagram without a checksum is taken, and options that ask for nothing too', () => {
  assert.equal(toB(udpPacket({}, 10, 0)).got.length, 1);
  const options = Uint8Array.of(1, 148, 4, 0, 0, 0, 0, 0);
  assert.equal(toB(udpPacket({ options })).got.length, 1);
});

test('what has a header that cannot be goes no further', () => {
  const broken = (change: (octets: Uint8Array) => void) => {
    const octets = udpPacket();
    change(octets);
    return octets;
  };
  const malformed = [
    broken((octets) => octets.fill(0x44, 0, 1)),
    broken((octets) => octets.fill(0x4f, 0, 1)),
    broken((octets) => octets.fill(200, 3, 4)),
    broken((octets) => octets.fill(12, 3, 4)),
    broken((octets) => octets.fill(0, 11, 12)),
    udpPacket().slice(0, 19),
    ...['0.0.0.0', '0.1.2.3', '127.0.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'].map((one) =>
      udpPacket({ source: address(one) }),
    ),
  ];
  for (const octets of malformed) {
    const { got, counters, answers } = toB(octets);
    assert.equal(counters['kernel.malformed'], 1);
    assert.deepEqual([got, answers], [[], []]);
  }
  const wrong = toB(udpPacket({}, 10, 77));
  assert.deepEqual([wrong.got.length, wrong.counters['kernel.checksum']], [0, 1]);
});

test('a fragment that looks like Neighbor Discovery to who reads it as IPv6 is none', () => {
  // Its flags and offset stand where IPv6 has its Next Header, 58.
  const octets = udpPacket({ more: true, offset: 0x1a00, dontFragment: false }, 40);
  octets.fill(135, 40, 41);
  const { counters } = toB(octets);
  assert.equal(counters['kernel.nd_refused'], undefined);
});

test('what comes out of a tunnel has to have a source too', () => {
  for (const destination of [B, address('192.0.2.10')]) {
    const { simulation, r2, b, got } = chain();
    const [from, to] = [address('2001:db8:2::1'), address('2001:db8:2::2')];
    const end = destination === B ? b : r2;
    const outer = destination === B ? address('2001:db8:3::b') : to;
    const into = { id: 'e', owner: 'test', at: 'arriving', match: { protocol: 4 } } as const;
    end.kernel.addEntry({ ...into, do: [{ pop: 'ipv6' }] });
    const octets = serialisePacket([
      { layer: 'ipv6', source: from, destination: outer },
      { layer: 'ipv4', source: address('127.0.0.1'), destination },
      { layer: 'udp', sourcePort: 5, destinationPort: 9, payload: new Uint8Array(4) },
    ]);
    const by = end.kernel.interfaces.get('eth0')!;
    end.kernel.input.receive(by, { from: by.linkAddress, to: by.linkAddress, octets });
    simulation.run(at(100));
    const counters = end.counters();
    assert.deepEqual(got, []);
    assert.equal(counters[destination === B ? 'kernel.malformed' : 'kernel.scope'], 1);
    assert.equal(counters['kernel.forwarded'], undefined);
  }
});

test('no octets that come by a link make a kernel throw', () => {
  const { simulation, b, r2 } = chain();
  const headers = { source: A, destination: B, options: Uint8Array.of(1, 148, 4, 0, 0, 0, 0, 0) };
  const invoking = udpPacket().slice(0, 40);
  const packets = [
    udpPacket(headers),
    serialisePacket([
      { layer: 'ipv4', ...headers },
      { layer: 'icmpv4-destination-unreachable', code: 4, invoking },
    ]),
    serialisePacket([
      { layer: 'ipv4', ...headers },
      { layer: 'tcp', sourcePort: 1, destinationPort: 80, syn: true },
    ]),
  ];
  let tried = 0;
  const give = (octets: Uint8Array) => {
    for (const { kernel } of [b, r2]) {
      const by = kernel.interfaces.get(kernel === b.kernel ? 'eth0' : 'eth1')!;
      const frame = { from: by.linkAddress, to: by.linkAddress, octets: octets.slice() };
      kernel.input.receive(by, frame);
      tried += 1;
    }
  };
  for (const packet of packets) {
    for (let end = 0; end < packet.length; end++) give(packet.subarray(0, end));
    for (let bit = 0; bit < 8 * packet.length; bit++) {
      const octets = packet.slice();
      octets[bit >> 3] = octets[bit >> 3]! ^ (1 << (bit & 7));
      give(octets);
      // The same with a header that passes for right.
      if (octets[0]! >> 4 === 4) fixHeaderChecksum(octets);
      give(octets);
    }
  }
  simulation.run(at(5000));
  assert.ok(tried > 4000);
});

test('a packet that may be cut is cut by the router, and put together again', () => {
  const { simulation, middle, right, a, got } = chain();
  const seen = watch(right);
  middle.mtu = 600;
  a.kernel.output.transmit(udpPacket({ dontFragment: false, identification: 9 }, 1400));
  simulation.run(at(1000));
  assert.deepEqual(
    layersOf(seen, 'ipv4').map((one) => [one?.offset, one?.more]),
    [
      [0, true],
      [72, true],
      [144, false],
    ],
  );
  assert.deepEqual(
    got.map(({ octets }) => octets.length),
    [1400],
  );
});

test('a socket that has its datagrams cut has them cut over IPv4 too', () => {
  const { simulation, left, a, got } = chain();
  const seen = watch(left);
  assert.equal(a.kernel.udp.open({ fragments: true }).send(B, 9, new Uint8Array(4000)), 'sent');
  simulation.run(at(1000));
  assert.deepEqual(
    got.map(({ octets }) => octets.length),
    [4000],
  );
  assert.ok(layersOf(seen, 'ipv4').every((one) => !one!.dontFragment));
});

test('a source route ends here, without a word', () => {
  for (const kind of [131, 137]) {
    const options = Uint8Array.of(1, kind, 7, 4, 10, 0, 0, 1);
    const { got, counters } = toB(udpPacket({ options }));
    assert.deepEqual([got.length, counters['kernel.unknown_option']], [0, 1]);
  }
});

test('nothing is sent about errors, to groups, or to who cannot be answered', () => {
  const { simulation, left, a, r1 } = chain();
  const seen = watch(left);
  const lost = address('198.18.0.1');
  a.kernel.output.transmit(
    serialisePacket([
      { layer: 'ipv4', source: A, destination: lost },
      { layer: 'icmpv4-destination-unreachable', code: 1, invoking: udpPacket() },
    ]),
  );
  for (const one of ['224.0.0.5', '255.255.255.255', '169.254.1.1']) {
    a.kernel.output.transmit(udpPacket({ destination: address(one) }));
  }
  a.kernel.output.transmit(udpPacket({ source: address('169.254.1.1') }));
  a.kernel.output.transmit(udpPacket({ destination: lost, offset: 3, dontFragment: false }));
  simulation.run(at(1000));
  const unreachable = layersOf(seen, 'icmpv4-destination-unreachable');
  assert.equal(unreachable.length, 2, 'the one that a sent itself, and one about 169.254.1.1');
  assert.equal(r1.counters()['kernel.forwarded'], undefined);
});

test('a node has both versions, and each packet keeps to its own', () => {
  const { simulation, socket, got } = chain();
  socket.send(address('2001:db8:3::b'), 9, Uint8Array.of(6));
  socket.send(B, 9, Uint8Array.of(4));
  simulation.run(at(1000));
  assert.deepEqual(
    got.map(({ from, octets }) => [formatAddress(from), octets[0]]),
    [
      ['2001:db8:1::a', 6],
      ['192.0.2.10', 4],
    ],
  );
});
