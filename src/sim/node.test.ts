import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ForwardingEntry } from '../core/forwarding/entry.ts';
import type { Environment, Input, Output, Role } from '../core/role.ts';
import { type Instant, milliseconds, seconds } from '../core/time.ts';
import { address, solicitedNode } from '../wire/address.ts';
import { serialisePacket } from '../wire/packet.ts';
import { INTERNAL } from './kernel/interface.ts';
import { groupLinkAddress } from './kernel/link-address.ts';
import { Link } from './link.ts';
import { SimNode } from './node.ts';
import { Simulation } from './simulation.ts';
import { having, layerIn, nodeOn, watch } from './small-network.ts';

const at = (milli: number) => milliseconds(milli) as number as Instant;
const HOST = '2001:db8:1::a';
const PEER = '2001:db8:1::b';
const HOME = address('2001:db8:9::1');

/** Does what the test hands it, and writes down what it is given. */
class FakeRole implements Role {
  readonly inputs: [at: number, input: Input][] = [];
  readonly environment: Environment;
  wake: Instant | undefined;
  answer: (input: Input, now: Instant) => Output[] = () => [];

  constructor(environment: Environment) {
    this.environment = environment;
  }

  handle(input: Input, now: Instant): Output[] {
    this.inputs.push([now, input]);
    if (input.kind === 'tick') this.wake = undefined;
    return this.answer(input, now);
  }

  deadline(): Instant | undefined {
    return this.wake;
  }

  of<Kind extends Input['kind']>(kind: Kind): Extract<Input, { kind: Kind }>[] {
    const inputs = this.inputs.map(([, input]) => input);
    return inputs.filter((one): one is Extract<Input, { kind: Kind }> => one.kind === kind);
  }
}

/** A node with a fake role, on a link with a plain peer. */
function setUp() {
  const simulation = new Simulation(1);
  const link = new Link(simulation, 'lan', { delay: milliseconds(1) });
  const seen = watch(link);
  const roles: FakeRole[] = [];
  const events: string[] = [];
  const unused = () => new Uint8Array();
  const node = nodeOn(
    simulation,
    'node',
    { eth0: { link, addresses: [HOST] } },
    {
      role: (environment) => {
        roles.push(new FakeRole(environment));
        return roles.at(-1)!;
      },
      environment: {
        crypto: { sha1: unused, hmacSha1: unused },
        epoch: 7,
        without: new Set(),
        constants: {},
      },
      onEvent: (event, now, { name }) => events.push(`${now} ${name} ${event.kind}`),
    },
  );
  const peer = nodeOn(simulation, 'peer', { eth0: { link, addresses: [PEER] } });
  simulation.run(at(1));
  return { simulation, link, seen, node, peer, roles, role: roles[0]!, events };
}

const ping = (destination = address(PEER)) =>
  serialisePacket([
    { layer: 'ipv6', source: address(HOST), destination },
    { layer: 'echo-request', identifier: 1, sequence: 2 },
  ]);

test('a role is told of the start, then of links and addresses', () => {
  const { node, role } = setUp();
  const on = node.kernel.interfaces.get('eth0')!;
  assert.deepEqual(
    role.inputs.map(([, input]) => input),
    [
      { kind: 'start' },
      { kind: 'link', link: 'eth0', up: true, linkAddress: on.linkAddress, mtu: 1500 },
      { kind: 'address', link: 'eth0', address: on.linkLocal, present: true },
      { kind: 'address', link: 'eth0', address: address(HOST), present: true },
    ],
  );
  assert.equal(role.environment.epoch, 7);
});

test('a role gets its tick at the deadline, not before', () => {
  const { simulation, node, role } = setUp();
  role.answer = (input, now) => {
    if (input.kind === 'command') role.wake = at(20);
    if (input.kind === 'tick' && now < at(50)) role.wake = at(50);
    return [];
  };
  node.command({ do: 'prefer', link: 'eth0' });
  simulation.run(at(100));
  assert.deepEqual(
    role.inputs.filter(([, { kind }]) => kind === 'tick').map(([when]) => when),
    [20_000, 50_000],
  );
});

test('transmit goes by the routes, or by the link, next hop and link address that it names', () => {
  const { simulation, node, peer, seen } = setUp();
  node.perform([{ kind: 'transmit', octets: ping() }]);
  simulation.run(at(10));
  assert.equal(having(seen, 'echo-reply').length, 1);
  seen.length = 0;
  const to = peer.kernel.interfaces.get('eth0')!.linkAddress;
  const far = address('2001:db8:77::1');
  node.perform([
    { kind: 'transmit', octets: ping(far) },
    { kind: 'transmit', octets: ping(far), link: 'eth0', nextHop: address(PEER) },
    { kind: 'transmit', octets: ping(far), link: 'eth0', to },
    { kind: 'transmit', octets: new Uint8Array(1501), link: 'eth0', to },
    { kind: 'transmit', octets: ping(far), link: 'nowhere' },
    { kind: 'transmit', octets: Uint8Array.of(1, 2, 3) },
  ]);
  simulation.run(at(20));
  assert.equal(having(seen, 'echo-request').length, 2);
  const counted = node.counters();
  assert.equal(counted['kernel.no_route'], 2);
  assert.equal(counted['kernel.malformed'], 1);
  assert.equal(counted['kernel.too_big'], 1);
  assert.equal(peer.counters()['kernel.not_ours'], 2);
});

test('transmit chooses the route for its source', () => {
  const { simulation, node, seen } = setUp();
  const second = new Link(simulation, 'second', { delay: milliseconds(1) });
  const other = watch(second);
  node.addInterface('eth1', second);
  const base = { kind: 'route', action: 'add', prefix: address('::'), prefixLength: 0 } as const;
  node.perform([
    { ...base, link: 'eth0', metric: 1 },
    { ...base, link: 'eth1', source: HOME, metric: 100 },
  ]);
  const destination = address('2001:db8:5::1');
  const from = (source: typeof HOME): Output => ({
    kind: 'transmit',
    octets: serialisePacket([
      { layer: 'ipv6', source, destination },
      { layer: 'udp', sourcePort: 1, destinationPort: 2 },
    ]),
  });
  node.perform([from(HOME), from(address(HOST))]);
  simulation.run(at(10));
  assert.equal(having(other, 'neighbor-solicitation').length, 1);
  assert.equal(having(seen, 'neighbor-solicitation').length, 1);
  node.perform([{ ...base, action: 'remove', link: 'eth1', source: HOME }]);
  assert.equal(node.kernel.route(destination, HOME)?.link, 'eth0');
});

test('a packet handed out twice is not changed by its first receiver', () => {
  const { simulation, link, node, seen } = setUp();
  link.observe({ delivered: ({ octets }) => octets[6] === 17 && octets.fill(7, 48) });
  const octets = serialisePacket([
    { layer: 'ipv6', source: address(HOST), destination: address(PEER) },
    { layer: 'udp', sourcePort: 5, destinationPort: 9, payload: new Uint8Array(30) },
  ]);
  const before = octets.slice();
  node.perform([
    { kind: 'transmit', octets },
    { kind: 'transmit', octets },
  ]);
  simulation.run(at(10));
  assert.deepEqual(octets, before);
  assert.equal(having(seen, 'udp').length, 2);
});

test('entries divert and notify, and tell what they carried', () => {
  const { simulation, node, peer, role } = setUp();
  const base = { owner: 'test', at: 'arriving' } as const;
  const entries: ForwardingEntry[] = [
    {
      ...base,
      id: 'mh',
      match: { protocol: 135 },
      do: [{ divert: 'control', reason: 'mobility' }],
    },
    { ...base, id: 'udp', match: { protocol: 17 }, do: [{ notify: 'tunnelled-from-peer' }] },
    { ...base, id: 'tcp', match: { protocol: 6 }, do: [{ drop: 'policy' }] },
  ];
  node.perform(entries.map((entry) => ({ kind: 'forward', entry })));
  const got: number[] = [];
  node.kernel.udp.open({ port: 9, onDatagram: ({ octets }) => got.push(octets.length) });
  role.inputs.length = 0;
  const header = { layer: 'ipv6', source: address(PEER), destination: address(HOST) } as const;
  const init = serialisePacket([header, { layer: 'home-test-init' }]);
  peer.perform([{ kind: 'transmit', octets: init }]);
  peer.kernel.udp.open().send(address(HOST), 9, new Uint8Array(3));
  peer.kernel.tcp.connect(address(HOST), 80);
  simulation.run(at(50));
  const [diverted] = role.of('packet').filter(({ reason }) => reason === 'mobility');
  assert.deepEqual(diverted?.octets, init);
  assert.equal(diverted?.link, 'eth0');
  assert.equal(diverted?.from, peer.kernel.interfaces.get('eth0')!.linkAddress);
  assert.deepEqual(role.of('notice'), [
    {
      kind: 'notice',
      entry: 'udp',
      reason: 'tunnelled-from-peer',
      src: address(PEER),
      dst: address(HOST),
    },
  ]);
  assert.deepEqual(got, [3], 'a packet that is told of goes on its way');
  node.perform([
    { kind: 'ask', id: 'question', entries: ['mh', 'unknown', 'udp'] },
    { kind: 'unforward', id: 'mh' },
  ]);
  simulation.run(at(51));
  assert.deepEqual(role.of('answer'), [
    {
      kind: 'answer',
      id: 'question',
      use: [
        { packets: 1, octets: init.length },
        { packets: 0, octets: 0 },
        { packets: 1, octets: 51 },
      ],
    },
  ]);
  assert.equal(node.kernel.table.size, 2);
  const { 'kernel.diverted': d, 'kernel.entry_dropped': dropped } = node.counters();
  assert.deepEqual([d, dropped], [1, 1]);
});

test('addresses come and go, on links and as identities, and the role hears of it', () => {
  const { simulation, node, peer, role, seen } = setUp();
  role.inputs.length = 0;
  const added = address('2001:db8:1::77');
  const base = { kind: 'address', prefixLength: 64 } as const;
  node.perform([
    { ...base, action: 'add', link: 'eth0', address: added, optimistic: true },
    { ...base, action: 'add', link: INTERNAL, address: HOME, prefixLength: 128, preferred: true },
    { ...base, action: 'add', link: 'nowhere', address: HOME },
  ]);
  simulation.run(at(2));
  assert.deepEqual(
    role.of('address').map(({ link, present }) => [link, present]),
    [
      ['eth0', true],
      [INTERNAL, true],
    ],
  );
  assert.equal(node.kernel.output.sourceFor(address(PEER)), HOME);
  assert.equal(node.counters()['kernel.address_refused'], 1);
  const socket = peer.kernel.udp.open();
  socket.send(added, 9, Uint8Array.of(1));
  simulation.run(at(10));
  const na = layerIn(having(seen, 'neighbor-advertisement')[0], 'neighbor-advertisement');
  assert.equal(na?.override, false);
  node.perform([{ ...base, action: 'remove', link: 'eth0', address: added }]);
  assert.ok(!node.kernel.isOwn(added));
  assert.ok(node.kernel.route(address(PEER), undefined), 'another address has the same prefix');
  node.perform([{ ...base, action: 'remove', link: 'eth0', address: address(HOST) }]);
  assert.equal(node.kernel.route(address(PEER), undefined), undefined);
});

test('a joined group is heard by the role, a left one is not', () => {
  const { simulation, node, peer, role } = setUp();
  const target = address('2001:db8:1::99');
  const group = solicitedNode(target);
  const probe = serialisePacket([
    { layer: 'ipv6', destination: group, hopLimit: 255 },
    { layer: 'neighbor-solicitation', targetAddress: target },
  ]);
  const to = groupLinkAddress(group);
  const hears = () => {
    role.inputs.length = 0;
    peer.perform([{ kind: 'transmit', octets: probe, link: 'eth0', to }]);
    simulation.run((simulation.now + 5000) as Instant);
    return role.of('packet').length;
  };
  assert.equal(hears(), 0);
  node.perform([{ kind: 'group', action: 'join', link: 'eth0', group }]);
  assert.equal(hears(), 1);
  node.perform([{ kind: 'group', action: 'leave', link: 'eth0', group }]);
  assert.equal(hears(), 0);
});

test('a role has copies of what ICMPv6 the kernel gets', () => {
  const { simulation, role, peer } = setUp();
  role.inputs.length = 0;
  peer.kernel.output.transmit(
    serialisePacket([
      { layer: 'ipv6', source: address(PEER), destination: address(HOST) },
      { layer: 'echo-request' },
    ]),
  );
  simulation.run(at(20));
  // The peer's solicitation, its echo request, and the answers to the node's own questions.
  const kinds = role.of('packet').map(({ octets }) => octets[40]);
  assert.deepEqual(kinds, [135, 128]);
  assert.ok(role.of('packet').every(({ reason, link }) => reason === 'icmpv6' && link === 'eth0'));
});

test('links go down and up, and a move is a down and an up', () => {
  const { simulation, node, role } = setUp();
  role.inputs.length = 0;
  const other = new Link(simulation, 'other', { mtu: 1400 });
  node.setUp('eth0', false);
  node.setUp('eth0', true);
  node.attach('eth0', other);
  node.attach('eth0', undefined);
  simulation.run(at(2));
  assert.deepEqual(
    role.of('link').map(({ up, mtu }) => [up, mtu]),
    [
      [false, 1500],
      [true, 1500],
      [false, 1400],
      [true, 1400],
      [false, 1280],
    ],
  );
});

test('counts, events and commands', () => {
  const { simulation, node, role, events } = setUp();
  node.perform([
    { kind: 'count', counter: 'mobility.bu_sent' },
    { kind: 'count', counter: 'mobility.bu_sent' },
    { kind: 'event', event: { kind: 'link.up', link: 'eth0' } },
  ]);
  node.command({ do: 'prefer', link: 'eth0' });
  simulation.run(at(2));
  assert.equal(node.counters()['mobility.bu_sent'], 2);
  assert.deepEqual(events, ['0 node node.started', '1000 node link.up']);
  assert.deepEqual(role.of('command'), [
    { kind: 'command', command: { do: 'prefer', link: 'eth0' } },
  ]);
});

test('a crash takes all but what is stored, and a restart gives that back', () => {
  const { simulation, node, peer, roles, events } = setUp();
  node.perform([
    { kind: 'store', key: 'a', value: '1' },
    { kind: 'store', key: 'b', value: '2' },
    { kind: 'store', key: 'b' },
    { kind: 'address', action: 'add', link: 'eth0', address: HOME, prefixLength: 128 },
    { kind: 'count', counter: 'mobility.bu_sent' },
  ]);
  let closed = 0;
  node.kernel.tcp.connect(address('2001:db8:1::55'), 80, { onClose: () => closed++ });
  simulation.run(at(10));
  const sent = node.counters()['kernel.sent']!;
  assert.ok(sent > 0);
  node.crash();
  assert.equal(node.counters()['kernel.sent'], sent);
  assert.equal(node.running, false);
  assert.throws(() => node.kernel, /not running/);
  const lost = peer.kernel.udp.open().send(address(HOST), 9, Uint8Array.of(1));
  assert.equal(lost, 'sent');
  simulation.run(seconds(10) as number as Instant);
  assert.equal(closed, 0, 'who had the socket is dead too');

  node.restart({ journal: true });
  simulation.run(seconds(11) as number as Instant);
  const kinds = roles[1]!.inputs.map(([, { kind }]) => kind);
  assert.deepEqual(kinds, ['start', 'restored', 'link', 'address', 'address']);
  assert.deepEqual(roles[1]!.of('restored'), [{ kind: 'restored', key: 'a', value: '1' }]);
  assert.ok(node.kernel.isOwn(address(HOST)), 'configured anew');
  assert.ok(!node.kernel.isOwn(HOME));
  assert.equal(node.counters()['mobility.bu_sent'], 1, 'counters of a run go on');
  assert.throws(() => node.restart({ journal: true }), /is running/);

  node.crash();
  node.restart({ journal: false });
  simulation.run(seconds(12) as number as Instant);
  assert.deepEqual(roles[2]!.of('restored'), []);
  assert.equal(node.stored.size, 0);
  assert.deepEqual(
    events.map((one) => one.split(' ')[2]),
    ['node.started', 'node.crashed', 'node.started', 'node.crashed', 'node.started'],
  );
});

test('a role without an environment, and an interface twice, are our own mistakes', () => {
  const simulation = new Simulation(1);
  const role = (environment: Environment) => new FakeRole(environment);
  assert.throws(() => new SimNode({ simulation, name: 'x', role }), RangeError);
  const node = new SimNode({ simulation, name: 'x' });
  node.addInterface('eth0');
  assert.throws(() => node.addInterface('eth0'), RangeError);
  assert.throws(() => node.attach('eth1', undefined), RangeError);
});

test('a role whose deadline stays in the past is an error, and not a loop without end', () => {
  const { simulation, node, role } = setUp();
  role.deadline = () => at(5);
  role.answer = ({ kind }) => (kind === 'tick' ? [{ kind: 'ask', id: 'x', entries: [] }] : []);
  node.command({ do: 'prefer', link: 'eth0' });
  assert.throws(() => simulation.run(at(10)), /^Error: node ticks without end at 5000 us$/);
});

test('an IPv4 address stands on no link for others, and no control side is told of it', () => {
  const { simulation, node, role } = setUp();
  const eth0 = node.kernel.interfaces.get('eth0')!;
  const groups: string[] = [];
  eth0.link!.listen = (_, group) => groups.push(group);
  const before = role.of('address').length;
  const own = address('192.0.2.10');
  node.kernel.addAddress('eth0', {
    ...{ address: own, prefixLength: 32, optimistic: false, preferred: false },
  });
  assert.ok(node.kernel.isOwn(own));
  simulation.run(at(2));
  assert.deepEqual(groups, []);
  assert.equal(role.of('address').length, before);
  assert.ok(node.kernel.routes.all().every(({ prefix }) => prefix !== own));
  node.kernel.addRoute({
    ...{ prefix: address('198.51.100.0'), prefixLength: 24, link: 'eth0', origin: 'fixed' },
  });
  const sent = node.kernel.udp.open().send(address('198.51.100.7'), 9, Uint8Array.of(1));
  assert.equal(sent, 'no-route', 'nobody is asked for a link address by an IPv4 address');
});
