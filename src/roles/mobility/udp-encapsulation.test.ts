/** A mobile node and its home agent that meet inside UDP, with a translator between them by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, packet, type Sent } from '../../../test/by-hand.ts';
import type { Authentication } from '../../core/config.ts';
import { PacketView } from '../../core/forwarding/packet-view.ts';
import { popUdp, pushUdp } from '../../core/forwarding/udp-tunnel.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import { inUdp, type UdpEnd } from '../../core/signalling/udp-signalling.ts';
import { seconds } from '../../core/time.ts';
import { type Address, ALL_NODES, address } from '../../wire/address.ts';
import { type Layer, parsePacket } from '../../wire/packet.ts';
import { restoreBinding } from './binding-journal.ts';

const HOME = address('2001:db8:1::100');
const AGENT = address('2001:db8:1::1');
const CARE_OF = address('2001:db8:a::ff:fe00:7');
const PORT = 4191;
/** What the translator makes of the mobile node's address and port, at first and later. */
const OUTSIDE: UdpEnd = { address: address('2001:db8:f::2'), port: 61_000 };
const LATER: UdpEnd = { address: address('2001:db8:f::2'), port: 61_001 };
const auth: Authentication = { method: 'rfc4285', spi: 256, key: new Uint8Array(16).fill(7) };
const ID = 'path/from/2001:db8:1::100';

/** A mobile node that has just come to a network and sent its update. */
function mobileNode(without: readonly Mechanism[] = []): ByHand {
  const config = {
    ...{ home: HOME, homePrefixLength: 64, homeAgent: AGENT, authentication: auth },
    ...({ links: ['eth0'], lifetime: seconds(600), dad: 'off', maxPeers: 2 } as const),
    ...({ routeOptimisation: false, udpEncapsulation: true } as const),
  };
  const one = new ByHand({ name: 'mn', mobileNode: config }, without);
  one.feed({ kind: 'start' }, 0).link(0).address(address('fe80::ff:fe00:7'), 0);
  return arrive(one, 1);
}

function arrive(one: ByHand, time: number, network = 'a'): ByHand {
  const prefix = {
    option: 'prefix-information',
    prefixLength: 64,
    onLink: true,
    autonomous: true,
    validLifetime: 86_400,
    preferredLifetime: 14_400,
    prefix: address(`2001:db8:${network}::`),
  } as const;
  const layer = { layer: 'router-advertisement', routerLifetime: 9000, options: [prefix] } as const;
  one.link(time, false).link(time);
  const heard = packet(address('fe80::1'), ALL_NODES, [layer], 255);
  return one.packet(heard, time, { reason: 'icmpv6' });
}

function homeAgent(without: readonly Mechanism[] = ['home-dad']): ByHand {
  const config = {
    ...{ link: 'eth0', address: AGENT, prefix: address('2001:db8:1::'), prefixLength: 64 },
    ...{ mobileNodes: [{ home: HOME, authentication: auth }], maxBindings: 10 },
    ...({ allowUnauthenticated: false, udpEncapsulation: true } as const),
  } as const;
  const one = new ByHand({ name: 'ha', homeAgent: config }, without);
  return one.feed({ kind: 'start' }, 0).link(0).address(AGENT, 0);
}

/** The packets inside UDP among what was sent. */
function inside(sent: readonly Sent[]): { octets: Uint8Array; layers: readonly Layer[] }[] {
  return sent.flatMap(({ layers, octets: outer }) => {
    if (layers[1]?.layer !== 'udp') return [];
    const octets = popUdp(new PacketView(outer));
    assert.ok(typeof octets !== 'string', `${octets}`);
    const parsed = parsePacket(octets);
    return parsed.ok ? [{ octets, layers: parsed.value }] : [];
  });
}

const toAgent = (octets: Uint8Array, { address: src, port: sport }: UdpEnd): Uint8Array => {
  const outer = pushUdp(new PacketView(octets), { src, dst: AGENT, sport, dport: PORT });
  assert.ok(typeof outer !== 'string');
  return outer;
};
const toNode = (octets: Uint8Array, dst: Address = CARE_OF): Uint8Array => {
  const outer = pushUdp(new PacketView(octets), { src: AGENT, dst, sport: PORT, dport: PORT });
  assert.ok(typeof outer !== 'string');
  return outer;
};

/** What one end sent inside UDP comes to the other; `end`: what the translator makes of the sender. */
function up(node: readonly Sent[], agent: ByHand, time: number, end: UdpEnd): ByHand {
  const [one] = inside(node);
  assert.ok(one !== undefined, 'an update inside UDP');
  return agent.packet(toAgent(one.octets, end), time, { reason: 'udp-tunnel' });
}
function down(agent: ByHand, node: ByHand, time: number): ByHand {
  const [one] = inside(agent.sent());
  assert.ok(one !== undefined, 'an answer inside UDP');
  return node.packet(toNode(one.octets), time, { reason: 'udp-tunnel' });
}

/** The update that a node sends inside UDP when nobody answers it in the open. */
function unanswered(node: ByHand): { time: number; packet: Sent }[] {
  return node.run(3).filter(({ packet: { layers } }) => layers[1]?.layer === 'udp');
}

const bound = (agent: ByHand) => agent.entries.get('home/to/2001:db8:1::100')?.do[0];
const pushed = { push: 'udp', src: AGENT, dst: OUTSIDE.address, sport: PORT, dport: OUTSIDE.port };

/** Both, met inside UDP at 3 s. */
function met() {
  const [node, agent] = [mobileNode(), homeAgent()];
  const tries = unanswered(node);
  up([tries[0]!.packet], agent, 3, OUTSIDE);
  down(agent, node, 3);
  up(node.sent(), agent, 3, OUTSIDE);
  down(agent, node, 3);
  return { node, agent, tries };
}

test('without an answer it is sent again in the open, and 300 ms later inside UDP', () => {
  const node = mobileNode();
  const updates = node
    .run(5.7)
    .filter(({ packet: { layers } }) => layers.at(-1)?.layer === 'binding-update')
    .map(({ time }) => time);
  const [first] = unanswered(mobileNode());
  assert.deepEqual(updates, [2.5, 5.5]);
  assert.equal(first?.time, 2.8);
});

test('a home agent has no tunnels over IPv4, whatever else on its node has', () => {
  const agent = homeAgent(['home-dad', 'udp-source-check']);
  const [one] = inside([unanswered(mobileNode())[0]!.packet]);
  const ends = { src: address('198.51.100.9'), dst: address('192.0.2.1') };
  const octets = pushUdp(new PacketView(one!.octets), { ...ends, sport: PORT, dport: PORT });
  assert.ok(typeof octets !== 'string');
  agent.packet(octets, 3, { reason: 'udp-tunnel' });
  assert.deepEqual([bound(agent), agent.counters['udp.over_ipv4']], [undefined, 1]);
});

test('a translated source is asked to show itself before anything is bound, and then is', () => {
  const [node, agent] = [mobileNode(), homeAgent()];
  up([unanswered(node)[0]!.packet], agent, 3, OUTSIDE);
  assert.equal(bound(agent), undefined, 'nothing is bound');
  assert.equal(agent.counters['udp.source_asked'], 1);
  down(agent, node, 3);
  assert.equal(inside(node.sent()).length, 1, 'it goes on with the number that it was told');
  up(node.sent(), agent, 3, OUTSIDE);
  assert.deepEqual(bound(agent), pushed);
  down(agent, node, 3);
  const udp = { push: 'udp', src: CARE_OF, dst: AGENT, sport: PORT, dport: PORT };
  assert.deepEqual(node.entries.get(ID)?.do.at(-1), udp);
});

test('the number shown from another source binds nothing', () => {
  const [node, agent] = [mobileNode(), homeAgent()];
  up([unanswered(node)[0]!.packet], agent, 3, OUTSIDE);
  down(agent, node, 3);
  up(node.sent(), agent, 3, LATER);
  assert.equal(bound(agent), undefined);
  assert.equal(agent.counters['udp.source_asked'], 2);
});

test('without that check whoever forwards an update has the traffic sent where he likes', () => {
  const [node, agent] = [mobileNode(), homeAgent(['home-dad', 'udp-source-check'])];
  up([unanswered(node)[0]!.packet], agent, 3, OUTSIDE);
  assert.deepEqual(bound(agent), pushed);
});

test('the care-of address itself is asked nothing', () => {
  const [node, agent] = [mobileNode(), homeAgent()];
  up([unanswered(node)[0]!.packet], agent, 3, { address: CARE_OF, port: PORT });
  assert.deepEqual(bound(agent), { ...pushed, dst: CARE_OF, dport: PORT });
});

test('an answer in the open that comes late ends it: the home agent is told in the open', () => {
  const node = mobileNode();
  const agent = homeAgent();
  const tries = node.run(3).map(({ packet: sent }) => sent);
  const open = tries.filter(({ layers }) => layers.at(-1)?.layer === 'binding-update');
  const other = homeAgent().packet(open[0]!.octets, 3);
  up(tries.slice(-1), agent, 3, { address: CARE_OF, port: PORT });
  down(agent, node, 3);
  const way = () => {
    const [action] = node.entries.get(ID)!.do;
    return action !== undefined && 'push' in action && action.push;
  };
  assert.equal(way(), 'udp');
  node.packet(other.one('binding-acknowledgement').octets, 3);
  agent.packet(node.one('binding-update').octets, 3);
  assert.equal(way(), 'udp', 'until the home agent says that it has it so too');
  node.packet(agent.one('binding-acknowledgement').octets, 3);
  assert.equal(way(), 'ipv6');
  assert.deepEqual(bound(agent), { push: 'ipv6', src: AGENT, dst: CARE_OF });
});

test('an answer inside UDP to what does not wait for one is not taken', () => {
  const { node, agent } = met();
  const [answer] = inside(agent.sent());
  node.packet(toNode(answer!.octets), 4, { reason: 'udp-tunnel' });
  assert.equal(node.counters['mobility.ba_unexpected'], 1);
});

test('an empty packet goes to the home agent every 110 s', () => {
  const { node } = met();
  const kept = node
    .run(330)
    .filter(({ packet: { source, layers } }) => source === HOME && layers.length === 1);
  assert.deepEqual(
    kept.map(({ time }) => time),
    [113, 223],
  );
});

test('what comes in its name from another source is not taken, and it is told', () => {
  const { node, agent } = met();
  const data = packet(HOME, AGENT, []);
  agent.packet(toAgent(data, LATER), 10, { reason: 'udp-tunnel' });
  assert.equal(agent.counters['mobility.tunnel_unverified'], 1);
  const [error] = inside(agent.sent());
  assert.equal(error?.layers.at(-1)?.layer, 'binding-error');
  assert.deepEqual(bound(agent), pushed, 'nothing moves without proof');
  // Its own entry has taken it out of the tunnel by then.
  const tunnel = { src: AGENT, dst: CARE_OF, udp: { sport: PORT, dport: PORT } };
  node.packet(error!.octets, 10, { reason: 'mobility', tunnel });
  up(node.sent().slice(-1), agent, 10, LATER);
  down(agent, node, 10);
  up(node.sent(), agent, 10, LATER);
  assert.deepEqual(bound(agent), { ...pushed, dport: LATER.port });
});

test('the port is closed: said once, and tried no more for an hour', () => {
  const node = mobileNode();
  const [first] = unanswered(node);
  const { octets } = first!.packet;
  const error = (invoking: Uint8Array, code = 4) =>
    packet(AGENT, CARE_OF, [{ layer: 'destination-unreachable', code, invoking }]);
  const forged = octets.slice();
  forged[octets.length - 1]! ^= 1;
  node.packet(error(forged), 3, { reason: 'icmpv6' });
  node.packet(error(octets, 3), 3, { reason: 'icmpv6' });
  assert.equal(node.counters['udp.port_closed'], undefined, 'of another packet, of another kind');
  node.packet(error(octets), 3, { reason: 'icmpv6' });
  assert.equal(node.counters['udp.port_closed'], 1);
  assert.deepEqual(node.events(), ['path.failed']);
  const later = node.run(60).filter(({ packet: { layers } }) => layers[1]?.layer === 'udp');
  assert.deepEqual(later, []);
});

test('a network that needed UDP is remembered: both ways are tried at once', () => {
  const { node } = met();
  arrive(node, 20, 'b');
  assert.equal(inside(node.sent()).length, 0);
  arrive(node, 30, 'a');
  assert.equal(inside(node.sent()).length, 1);
});

test('datagrams without an IPv6 packet, or with a wrong checksum, are counted', () => {
  const agent = homeAgent();
  const good = toAgent(packet(HOME, AGENT, []), OUTSIDE);
  for (const [place, value] of [
    [48, 0x45],
    [46, 0],
  ] as const) {
    agent.packet(good.with(place, value), 1, { reason: 'udp-tunnel' });
  }
  assert.equal(agent.counters['udp.malformed'], 2);
  assert.deepEqual(agent.names(), []);
});

test('a restart of the home agent keeps where the node is met', () => {
  const { agent } = met();
  const key = 'home-binding/2001:db8:1::100';
  const binding = restoreBinding('home', key, agent.store.get(key)!, 0, at(4));
  assert.deepEqual(binding?.udp, OUTSIDE);
});

test('of a message that goes inside UDP the event tells the size on the wire', () => {
  const sent = inUdp(
    [
      { kind: 'transmit', octets: packet(CARE_OF, AGENT, []) },
      {
        kind: 'event',
        event: { kind: 'signal.sent', message: 'x', from: HOME, to: AGENT, octets: 40, detail: '' },
      },
    ],
    { src: CARE_OF, dst: AGENT, sport: PORT, dport: PORT },
  );
  const [one, event] = sent;
  assert.ok(one?.kind === 'transmit' && event?.kind === 'event');
  assert.equal(one.octets.length, 88);
  assert.equal(event.event.kind === 'signal.sent' && event.event.octets, 88);
});
