import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, milliseconds, START, seconds } from '../../core/time.ts';
import { type Address, address } from '../../wire/address.ts';
import { serialisePacket } from '../../wire/packet.ts';
import { Link } from '../link.ts';
import type { SimNode } from '../node.ts';
import { Simulation } from '../simulation.ts';
import { having, layerIn, nodeOn, type Seen, Sink, watch } from '../small-network.ts';
import { pattern } from './tcp/send-stream.ts';
import type { Datagram } from './udp.ts';

const OUTSIDE = address('2001:db8:2::1');
const SERVER = address('2001:db8:2::5');
const HOST = address('2001:db8:1::a');
const at = (count: number) => after(START, seconds(count));

/** Two hosts behind a router that translates, and a server. */
function network() {
  const simulation = new Simulation(1);
  const [inner, outer] = ['inner', 'outer'].map(
    (name) => new Link(simulation, name, { delay: milliseconds(1) }),
  ) as [Link, Link];
  const inside = (name: string, one: string) =>
    nodeOn(simulation, name, {
      eth0: { link: inner, addresses: [one], routes: { '::/0': '2001:db8:1::1' } },
    });
  const host = inside('host', '2001:db8:1::a');
  const other = inside('other', '2001:db8:1::b');
  const router = nodeOn(
    simulation,
    'router',
    {
      in: { link: inner, addresses: ['2001:db8:1::1'] },
      out: { link: outer, addresses: ['2001:db8:2::1'] },
    },
    { forwarding: true, nat: { links: ['out'], udpTimeout: seconds(120) } },
  );
  const server = nodeOn(simulation, 'server', {
    eth0: {
      link: outer,
      addresses: ['2001:db8:2::5'],
      routes: { '2001:db8:1::/64': '2001:db8:2::1' },
    },
  });
  return { simulation, inner, outer, host, other, router, server };
}

/** A server that sends back what it gets, and remembers who sent it. */
function echoing(server: SimNode): Datagram[] {
  const got: Datagram[] = [];
  const socket = server.kernel.udp.open({
    port: 9,
    onDatagram: (datagram) => {
      got.push({ ...datagram, octets: datagram.octets.slice() });
      socket.send(datagram.from, datagram.fromPort, Uint8Array.of(1));
    },
  });
  return got;
}

const sent = (node: SimNode, port: number) => {
  const answers: Datagram[] = [];
  const socket = node.kernel.udp.open({ port, onDatagram: (one) => answers.push(one) });
  return { answers, send: () => socket.send(SERVER, 9, Uint8Array.of(7)) };
};

const names = (one: Address, seen: readonly Seen[]) =>
  seen.filter(({ layers }) => layers[0]?.layer === 'ipv6' && layers[0].source === one).length;

test('datagrams leave with the router`s address and come back; a port that is taken is changed', () => {
  const { simulation, host, other, server } = network();
  const got = echoing(server);
  const [one, two] = [sent(host, 4191), sent(other, 4191)];
  one.send();
  two.send();
  simulation.run(at(1));
  assert.deepEqual(
    got.map(({ from, fromPort }) => [from, fromPort]),
    [
      [OUTSIDE, 4191],
      [OUTSIDE, 4192],
    ],
  );
  assert.equal(one.answers.length, 1);
  assert.equal(two.answers.length, 1);
  assert.equal(two.answers[0]?.to, address('2001:db8:1::b'));
});

test('a mapping holds 120 s after it was last used, either way', () => {
  const { simulation, host, server, router } = network();
  const got = echoing(server);
  const one = sent(host, 4000);
  one.send();
  simulation.run(at(1));
  const back = server.kernel.udp.open({ port: 10 });
  const late = server.kernel.udp.open({ address: SERVER, port: 11 });
  simulation.at(at(119), () => one.send());
  simulation.run(at(120));
  assert.equal(one.answers.length, 2);
  late.send(OUTSIDE, got[0]!.fromPort, Uint8Array.of(3)); // another port of the server
  back.send(HOST, 4000, Uint8Array.of(3));
  simulation.run(at(121));
  assert.equal(one.answers.length, 2);
  assert.equal(router.counters()['kernel.nat_refused'], 1);
  assert.equal(router.counters()['kernel.udp_no_port'], 1);
});

test('after that nothing comes back through it, and the next one is another mapping', () => {
  const { simulation, host, server, router } = network();
  const got: Datagram[] = [];
  const socket = server.kernel.udp.open({ port: 9, onDatagram: (one) => got.push(one) });
  const one = sent(host, 4000);
  one.send();
  simulation.run(at(1));
  simulation.at(at(119.9), () => socket.send(OUTSIDE, 4000, Uint8Array.of(1)));
  simulation.at(at(240), () => socket.send(OUTSIDE, 4000, Uint8Array.of(2)));
  simulation.run(at(241));
  assert.equal(one.answers.length, 1);
  assert.equal(router.counters()['kernel.udp_no_port'], 1);
});

test('TCP and echo pass, and the server sees the router alone', () => {
  const { simulation, outer, host, server } = network();
  const seen = watch(outer);
  const sink = new Sink();
  server.kernel.tcp.listen(80, (connection) => sink.take(simulation, connection));
  host.kernel.tcp.connect(SERVER, 80, {
    onConnect: (one) => {
      one.generate(50_000, pattern);
      one.close();
    },
  });
  host.kernel.output.send(
    serialisePacket([
      { layer: 'ipv6', source: HOST, destination: SERVER },
      { layer: 'echo-request', identifier: 5, sequence: 1 },
    ]),
  );
  simulation.run(at(5));
  assert.equal(sink.octets, 50_000);
  assert.equal(sink.wrong, 0);
  assert.equal(names(HOST, seen), 0);
  assert.equal(having(seen, 'echo-reply').length, 1);
});

test('the answer to an echo and an error about a datagram find who they are for', () => {
  const { simulation, inner, host, server } = network();
  const seen = watch(inner);
  const errors: string[] = [];
  const socket = host.kernel.udp.open({
    port: 4000,
    onError: (error, to, port) => errors.push(`${error.kind} ${to === SERVER} ${port}`),
  });
  socket.send(SERVER, 7777, Uint8Array.of(7));
  host.kernel.output.send(
    serialisePacket([
      { layer: 'ipv6', source: HOST, destination: SERVER },
      { layer: 'echo-request', identifier: 5, sequence: 1 },
    ]),
  );
  simulation.run(at(1));
  assert.deepEqual(errors, ['unreachable true 7777']);
  const reply = having(seen, 'echo-reply').map((one) => layerIn(one, 'echo-reply')?.identifier);
  assert.deepEqual(reply, [5]);
  assert.equal(server.counters()['kernel.udp_no_port'], 1);
});

test('what has no ports does not pass', () => {
  const { simulation, outer, host, router } = network();
  const seen = watch(outer);
  const ipv6 = { layer: 'ipv6', source: HOST, destination: SERVER } as const;
  const udp = { layer: 'udp', sourcePort: 1, destinationPort: 2 } as const;
  const option = {
    layer: 'destination-options',
    options: [{ option: 'home-address', homeAddress: HOST }],
  } as const;
  for (const layers of [[option, udp], [{ layer: 'home-test-init' } as const], [ipv6, udp]]) {
    host.kernel.output.send(serialisePacket([ipv6, ...layers]));
  }
  simulation.run(at(1));
  assert.equal(router.counters()['kernel.nat_refused'], 3);
  assert.equal(having(seen, 'udp').length, 0);
});

test('what is IPv4 passes as it is, both ways', () => {
  const { simulation, host, server, router, outer } = network();
  const [inside, outside] = [address('192.0.2.10'), address('198.51.100.7')];
  const whole = { prefixLength: 32, optimistic: false, preferred: false };
  const fixed = { prefixLength: 32, origin: 'fixed' } as const;
  for (const [node, own] of [
    [host, inside],
    [server, outside],
  ] as const) {
    node.kernel.addAddress('eth0', { address: own, ...whole });
  }
  const by = { link: 'eth0', ...fixed };
  host.kernel.addRoute({ prefix: outside, via: address('2001:db8:1::1'), ...by });
  server.kernel.addRoute({ prefix: inside, via: OUTSIDE, ...by });
  router.kernel.addRoute({ prefix: outside, via: SERVER, ...fixed, link: 'out' });
  router.kernel.addRoute({ prefix: inside, via: HOST, ...fixed, link: 'in' });
  const seen = watch(outer);
  const got = echoing(server);
  let answers = 0;
  host.kernel.udp.open({ port: 7, onDatagram: () => answers++ }).send(outside, 9, Uint8Array.of(1));
  simulation.run(at(1));
  assert.deepEqual([got[0]?.from, answers], [inside, 1]);
  assert.equal(layerIn(having(seen, 'udp')[0], 'ipv4')?.source, inside);
});
