import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import type { NetworkError } from '../../core/icmp-messages.ts';
import { type Instant, milliseconds } from '../../core/time.ts';
import { address } from '../../wire/address.ts';
import { serialisePacket } from '../../wire/packet.ts';
import { Link } from '../link.ts';
import { Simulation } from '../simulation.ts';
import { having, layerIn, nodeOn, pair, watch } from '../small-network.ts';

const at = (milli: number) => milliseconds(milli) as number as Instant;
const IN = address('2001:db8:2::1');
const OUT = address('2001:db8:4::b');
const END = address('2001:db8:9::1');

/**
 *     a --left-- in --middle-- r --narrow-- out      in: what is for 2001:db8:9::/64 goes in a tunnel
 */
function tunnel() {
  const simulation = new Simulation(1);
  const link = (name: string) => new Link(simulation, name, { delay: milliseconds(1) });
  const [left, middle, narrow] = [link('left'), link('middle'), link('narrow')] as const;
  const router = { forwarding: true };
  const a = nodeOn(simulation, 'a', {
    eth0: { link: left, addresses: ['2001:db8:1::a'], routes: { '::/0': '2001:db8:1::1' } },
  });
  const begin = nodeOn(
    simulation,
    'in',
    {
      eth0: { link: left, addresses: ['2001:db8:1::1'] },
      eth1: {
        link: middle,
        addresses: ['2001:db8:2::1'],
        routes: { '2001:db8:4::/64': '2001:db8:2::2' },
      },
    },
    router,
  );
  nodeOn(
    simulation,
    'r',
    {
      eth0: { link: middle, addresses: ['2001:db8:2::2'] },
      eth1: { link: narrow, addresses: ['2001:db8:4::1'] },
    },
    router,
  );
  const out = nodeOn(simulation, 'out', {
    eth0: { link: narrow, addresses: ['2001:db8:4::b'], routes: { '::/0': '2001:db8:4::1' } },
    eth1: { addresses: ['2001:db8:9::1'] },
  });
  begin.perform([
    {
      kind: 'forward',
      entry: {
        id: 'push',
        owner: 'test',
        at: 'leaving',
        match: { dst: { address: END, length: 64 } },
        do: [{ push: 'ipv6', src: IN, dst: OUT }],
      },
    },
  ]);
  out.perform([
    {
      kind: 'forward',
      entry: {
        id: 'pop',
        owner: 'test',
        at: 'arriving',
        match: { protocol: 41, src: { address: IN } },
        do: [{ pop: 'ipv6' }],
      },
    },
  ]);
  const errors: NetworkError[] = [];
  const socket = a.kernel.udp.open({ onError: (error) => errors.push(error) });
  let got = 0;
  out.kernel.udp.open({ port: 9, onDatagram: () => got++ });
  const send = (size: number) => {
    const sent = socket.send(END, 9, new Uint8Array(size - 48));
    simulation.run((simulation.now + 500_000) as Instant);
    return sent;
  };
  return { simulation, left, middle, narrow, a, begin, out, errors, send, got: () => got };
}

test('a packet goes through the tunnel, its own hop limit one less at each end', () => {
  const { middle, send, got } = tunnel();
  const seen = watch(middle);
  send(100);
  assert.equal(got(), 1);
  const [outer, inner] = having(seen, 'udp')[0]!.layers;
  assert.equal(outer?.layer === 'ipv6' && outer.destination, OUT);
  assert.equal(inner?.layer === 'ipv6' && inner.hopLimit, 63);
});

test('what does not fit with the outer header is told so, the header taken off', () => {
  const { errors, send, got } = tunnel();
  assert.equal(send(1461), 'sent');
  assert.deepEqual(errors, [{ kind: 'too-big', mtu: 1460 }]);
  assert.deepEqual(send(1461), { mtu: 1460 });
  send(1460);
  assert.equal(got(), 1);
});

test('an MTU learned inside the tunnel is told to the sender', () => {
  const { narrow, begin, errors, send, got } = tunnel();
  send(100); // meanwhile the path is found to carry 1500
  narrow.mtu = 1400;
  send(1400);
  // The error quotes enough of the packet inside, so the first packet already brings the answer.
  assert.deepEqual(errors, [{ kind: 'too-big', mtu: 1360 }]);
  assert.deepEqual(send(1400), { mtu: 1360 });
  send(1360);
  assert.equal(got(), 2);
  assert.equal(begin.counters()['kernel.error_sent'], 1);
});

const SENDER = address('192.0.2.10');
const SERVER = address('198.51.100.7');

/** The same for IPv4 packets: the tunnel's ends and what is between them know nothing of IPv4 routes. */
function ipv4Tunnel() {
  const net = tunnel();
  const { simulation, a, begin, out } = net;
  const whole = { prefixLength: 32, optimistic: false, preferred: false };
  a.kernel.addAddress('eth0', { address: SENDER, ...whole });
  out.kernel.addAddress('careof0', { address: SERVER, ...whole });
  const fixed = { link: 'eth0', origin: 'fixed' } as const;
  const via = address('2001:db8:1::1');
  a.kernel.addRoute({ prefix: address('0.0.0.0'), prefixLength: 0, via, ...fixed });
  const back = { prefix: SENDER, prefixLength: 32, via: address('2001:db8:1::a') };
  begin.kernel.addRoute({ ...back, ...fixed });
  const made = { id: 'ipv4', owner: 'test' } as const;
  const into = { push: 'ipv6', src: IN, dst: OUT } as const;
  begin.kernel.addEntry({
    ...made,
    at: 'leaving',
    match: { dst: { address: SERVER } },
    do: [into],
  });
  const inside = { protocol: 4, src: { address: IN } };
  out.kernel.addEntry({ ...made, at: 'arriving', match: inside, do: [{ pop: 'ipv6' }] });
  const errors: NetworkError[] = [];
  const socket = a.kernel.udp.open({ onError: (error) => errors.push(error) });
  const send = (size: number) => {
    const sent = socket.send(SERVER, 9, new Uint8Array(size - 28));
    simulation.run((simulation.now + 500_000) as Instant);
    return sent;
  };
  return { ...net, errors, send };
}

test('an IPv4 packet goes through a tunnel of IPv6, and comes out as it went in', () => {
  const { middle, send, got } = ipv4Tunnel();
  const seen = watch(middle);
  send(100);
  assert.equal(got(), 1);
  const [outer, inner] = having(seen, 'udp')[0]!.layers;
  assert.deepEqual([outer?.layer === 'ipv6' && outer.nextHeader, inner?.layer], [4, 'ipv4']);
  assert.equal(inner?.layer === 'ipv4' && inner.timeToLive, 63);
});

test('the sender of IPv4 is told what the tunnel carries, in the words of ICMP', () => {
  const { left, narrow, begin, errors, send, got } = ipv4Tunnel();
  const seen = watch(left);
  assert.equal(send(1461), 'sent');
  assert.deepEqual(errors, [{ kind: 'too-big', mtu: 1460 }]);
  assert.deepEqual(send(1461), { mtu: 1460 });
  assert.equal(send(1460), 'sent');
  narrow.mtu = 1280;
  send(1400);
  assert.deepEqual(errors.slice(1), [{ kind: 'too-big', mtu: 1240 }]);
  send(1240);
  assert.equal(got(), 2);
  assert.equal(begin.counters()['kernel.error_sent'], 2);
  const { nextHopMtu, invoking } = layerIn(
    having(seen, 'icmpv4-destination-unreachable')[1],
    'icmpv4-destination-unreachable',
  )!;
  assert.deepEqual([nextHopMtu, invoking[9]], [1240, 17], 'it quotes what a sent');
});

test('a tunnel that leads nowhere is unreachable for the sender of what went in', () => {
  const { simulation, left, out, errors, send } = tunnel();
  const seen = watch(left);
  out.attach('eth0', undefined);
  send(100);
  simulation.run(at(5000));
  assert.deepEqual(errors, [{ kind: 'unreachable', code: 3 }]);
  const [error] = having(seen, 'destination-unreachable');
  const { invoking } = layerIn(error, 'destination-unreachable')!;
  assert.equal(invoking[6], 17, 'it quotes the packet inside');
});

test('a socket whose packets an entry makes longer is told of the room that is left', () => {
  const { a } = pair();
  const dst = { address: address('2001:db8:1::b') };
  const careOf = address('2001:db8:1::c');
  a.perform([
    {
      kind: 'forward',
      entry: {
        id: 'e',
        owner: 'test',
        at: 'leaving',
        match: { dst },
        do: [{ insert: 'routing-2', careOf }],
      },
    },
  ]);
  const socket = a.kernel.udp.open();
  assert.deepEqual(socket.send(dst.address, 9, new Uint8Array(1430)), { mtu: 1476 });
  assert.equal(socket.send(dst.address, 9, new Uint8Array(1428)), 'sent');
});

test('what routers behind the end of a tunnel carry counts without the headers of the tunnel', () => {
  const { a, simulation } = pair();
  const [home, careOf] = [address('2001:db8:7::1'), address('2001:db8:8::1')];
  const push = {
    push: 'ipv6',
    src: address('2001:db8:1::a'),
    dst: address('2001:db8:1::b'),
  } as const;
  const source = push.src;
  const room = (...actions: ForwardingEntry['do']) => {
    const entry = {
      id: 'e',
      owner: 'test',
      match: { dst: { address: home } },
      do: actions,
    } as const;
    a.perform([{ kind: 'forward', entry: { ...entry, at: 'leaving' } }]);
    const packet = serialisePacket([
      { layer: 'ipv6', source, destination: home },
      { layer: 'udp', sourcePort: 5, destinationPort: 9, payload: new Uint8Array(10) },
    ]);
    return a.kernel.output.mtuFor(packet);
  };
  assert.equal(room(push), 1460);
  a.kernel.pathMtus.learn(home, 1440, simulation.now);
  assert.equal(room(push), 1440);
  const straight = { insert: 'routing-2', careOf } as const;
  assert.equal(room(straight, push), 1436);
  a.kernel.pathMtus.learn(careOf, 1440, simulation.now);
  assert.equal(room(straight, push), 1416);
});

test('a group that shares its link address with another is not confused with it', () => {
  const { simulation, a, b } = pair();
  const wanted = address('ff05::1:2');
  const other = address('ff08::1:2');
  b.perform([{ kind: 'group', action: 'join', link: 'eth0', group: wanted }]);
  let got = 0;
  b.kernel.udp.open({ port: 9, onDatagram: () => got++ });
  const route = { prefix: address('ff00::'), prefixLength: 8, link: 'eth0' } as const;
  a.kernel.addRoute({ ...route, origin: 'fixed' });
  const socket = a.kernel.udp.open();
  socket.send(wanted, 9, Uint8Array.of(1));
  socket.send(other, 9, Uint8Array.of(1));
  simulation.run(at(100));
  assert.equal(got, 1);
  assert.equal(b.counters()['kernel.not_ours'], undefined, 'it is no packet gone astray');
});

test('while the path is probed a large packet goes in fragments, and no sender is told', () => {
  const { middle, narrow, begin, errors, send, got } = tunnel();
  narrow.mtu = 1400;
  const seen = watch(middle);
  assert.equal(send(1400), 'sent');
  assert.deepEqual(errors, []);
  assert.equal(got(), 1);
  assert.equal(begin.counters()['kernel.fragmented'], 1);
  const probes = having(seen, 'echo-request').map((packet) => packet.octets.length);
  assert.deepEqual(
    probes,
    [1500, 1400],
    'the router says what it takes, and that is tried at once',
  );
  send(1400);
  assert.deepEqual(errors, [{ kind: 'too-big', mtu: 1360 }]);
});

test('1280 octets that a tunnel has no room for go through it in fragments', () => {
  const { middle, narrow, begin, out, errors, send, got } = tunnel();
  send(100);
  narrow.mtu = 1280;
  const seen = watch(middle);
  send(1400);
  assert.deepEqual(errors, [{ kind: 'too-big', mtu: 1280 }], 'no less than IPv6 promises');
  assert.equal(send(1280), 'sent');
  assert.equal(got(), 2);
  assert.deepEqual(
    having(seen, 'fragment').map((packet) => packet.octets.length),
    [1280, 96],
  );
  assert.equal(begin.counters()['kernel.fragmented'], 1);
  assert.equal(out.counters()['kernel.reassembled'], 1);
});

test('fragments that a host has made come out of a tunnel and become whole where they end', () => {
  const { narrow, a, simulation, out, got } = tunnel();
  narrow.mtu = 1280;
  const socket = a.kernel.udp.open({ fragments: true });
  for (let i = 0; i < 3; i++) {
    assert.equal(socket.send(END, 9, new Uint8Array(4000)), 'sent');
    simulation.run((simulation.now + 500_000) as Instant);
  }
  assert.equal(got(), 1, 'the first two taught what tunnel and path take');
  assert.equal(
    out.counters()['kernel.reassembled'],
    3 + 1,
    'three in the tunnel, and what they and a short one make',
  );
});
