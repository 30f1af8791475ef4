import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByHand, packet, type Sent } from '../../../test/by-hand.ts';
import type { Authentication } from '../../core/config.ts';
import { homeAgentsAnycast } from '../../core/home-agents-anycast.ts';
import { homeProof } from '../../core/signalling/home-authentication.ts';
import { seconds } from '../../core/time.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, ALL_NODES, address, formatAddress } from '../../wire/address.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';

const HOME = address('2001:db8:1::100');
const ANYCAST = homeAgentsAnycast(HOME);
const CARE_OF = address('2001:db8:a::ff:fe00:7');
const [H1, H2, H3] = ['1', '2', '3'].map((end) => address(`2001:db8:1::${end}`)) as [
  Address,
  Address,
  Address,
];
const auth: Authentication = { method: 'rfc4285', spi: 256, key: new Uint8Array(16).fill(7) };
const ICMP = { reason: 'icmpv6' } as const;

/** A node that knows no home agent, on a link that is up at 0. */
function node(homeAgent?: Address): ByHand {
  const mobileNode = {
    ...{ home: HOME, homePrefixLength: 64, homeAgent, authentication: auth, links: ['eth0'] },
    ...({ lifetime: seconds(600), dad: 'off', routeOptimisation: false, maxPeers: 2 } as const),
  };
  const one = new ByHand({ name: 'mn', mobileNode });
  return one.feed({ kind: 'start' }, 0).link(0).address(address('fe80::ff:fe00:7'), 0);
}

/** Comes to the network `letter`. */
function arrive(one: ByHand, letter: string, time: number): ByHand {
  const prefix = {
    ...({
      option: 'prefix-information',
      prefixLength: 64,
      onLink: true,
      autonomous: true,
    } as const),
    ...{
      validLifetime: 86_400,
      preferredLifetime: 14_400,
      prefix: address(`2001:db8:${letter}::`),
    },
  };
  const layer = { layer: 'router-advertisement', routerLifetime: 9000, options: [prefix] } as const;
  one.link(time, false).link(time);
  return one.packet(packet(address('fe80::1'), ALL_NODES, [layer], 255), time, ICMP);
}

interface Reply {
  readonly identifier?: number;
  readonly to?: Address;
}

/** A reply to the request that the last input sent. */
function reply(asked: Sent, agents: readonly Address[], change: Reply = {}): Uint8Array {
  const message = asked.layers.at(-1)!;
  assert.ok(message.layer === 'home-agent-address-discovery-request');
  const identifier = change.identifier ?? message.identifier;
  return packet(H2, change.to ?? asked.source, [
    { layer: 'home-agent-address-discovery-reply', identifier, homeAgentAddresses: [...agents] },
  ]);
}

const asked = (one: ByHand): Sent => one.one('home-agent-address-discovery-request');

/** Where updates went, with their times. */
const updates = (log: readonly { time: number; packet: Sent }[]) =>
  log.flatMap(({ time, packet: { layers, destination } }) =>
    layers.at(-1)!.layer === 'binding-update' ? [`${time} ${formatAddress(destination)}`] : [],
  );

/** The agent's answer to the update that the last input sent. */
function answered(one: ByHand, time: number, status = 0): ByHand {
  const { message, source, destination } = one.one('binding-update');
  const { timestamp } = message.options.find((each) => each.option === 'replay-protection')!;
  const proof = homeProof(auth, crypto, { careOf: source, home: HOME }, timestamp);
  const { sequence, lifetime } = message;
  const octets = packet(destination, source, [
    { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: HOME },
    { layer: 'binding-acknowledgement', status, sequence, lifetime, options: [...proof.options] },
  ]);
  proof.sign(octets);
  return one.packet(octets, time);
}

test('it asks the anycast address from its care-of address, and again after 3, 6, 12, 24, 48 s', () => {
  const one = arrive(node(), 'a', 1);
  const { source, destination } = asked(one);
  assert.deepEqual([source, destination], [CARE_OF, ANYCAST]);
  const times = one.run(200).filter(({ packet: sent }) => sent.destination === ANYCAST);
  assert.deepEqual(
    times.map(({ time }) => time),
    [4, 10, 22, 46, 94, 142, 190],
  );
  assert.equal(one.counters['discovery.request_sent'], 8);
});

test('while no home agent is known, what its programs send is dropped and not sent bare', () => {
  const one = arrive(node(), 'a', 1);
  const entry = one.entries.get(`path/from/${formatAddress(HOME)}`);
  assert.deepEqual(entry?.do, [{ drop: 'no-home-agent' }]);
  one.packet(reply(asked(one), [H1]), 2, ICMP);
  const after = one.entries.get(`path/from/${formatAddress(HOME)}`);
  assert.deepEqual(after?.do, [{ push: 'ipv6', src: CARE_OF, dst: H1 }]);
});

test('the first of the reply is registered with, and the tunnel taken from it alone', () => {
  const one = arrive(node(), 'a', 1);
  one.packet(reply(asked(one), [H1, H3]), 2, ICMP);
  assert.equal(one.one('binding-update').destination, H1);
  answered(one, 2);
  const tunnel = [...one.entries.values()].filter(({ id }) => id.startsWith('self/tunnel'));
  assert.deepEqual(
    tunnel.map(({ match }) => match.src?.address),
    [H1],
  );
  assert.deepEqual(one.counters['discovery.reply_received'], 1);
});

test('a reply is refused that is not awaited, has a wrong identifier, or lists no address', () => {
  const one = arrive(node(), 'a', 1);
  const request = asked(one);
  const { identifier } = one.one('home-agent-address-discovery-request').message;
  const wrong = [
    reply(request, [H1], { identifier: identifier ^ 1 }),
    reply(request, [H1], { to: HOME }),
    reply(request, []),
    reply(request, [address('ff02::1'), address('fe80::1'), address('::')]),
  ];
  for (const octets of wrong) assert.deepEqual(one.packet(octets, 2, ICMP).names(), []);
  assert.equal(one.counters['discovery.reply_refused'], wrong.length);
  one.packet(reply(request, [H1]), 3, ICMP);
  assert.equal(one.one('binding-update').destination, H1);
  // The same reply once more, and a node that has asked nothing.
  assert.deepEqual(one.packet(reply(request, [H2]), 4, ICMP).names(), []);
  const quiet = arrive(node(H1), 'a', 1);
  assert.deepEqual(quiet.packet(reply(request, [H2]), 2, ICMP).names(), []);
  assert.equal(one.counters['discovery.reply_refused'], wrong.length + 1);
  assert.equal(quiet.counters['discovery.reply_refused'], 1);
});

test('an agent that refuses is left for the next, 1.5 s after it was asked', () => {
  for (const status of [
    BINDING_STATUS.insufficientResources,
    BINDING_STATUS.notHomeAgentForThisMobileNode,
    BINDING_STATUS.notHomeSubnet,
    BINDING_STATUS.authenticationFailed,
  ]) {
    const one = arrive(node(), 'a', 1);
    one.packet(reply(asked(one), [H1, H3]), 2, ICMP);
    answered(one, 2, status);
    assert.equal(one.counters['discovery.agent_given_up'], 1);
    assert.deepEqual(updates(one.run(3.5)), ['3.5 2001:db8:1::3'], `status ${status}`);
  }
});

test('an agent that is silent is left after three updates; none left: asked again, then more slowly', () => {
  const one = arrive(node(), 'a', 1);
  one.packet(reply(asked(one), [H1, H3]), 2, ICMP);
  assert.equal(one.one('binding-update').destination, H1);
  const log = one.run(23);
  assert.deepEqual(updates(log), [
    '3.5 2001:db8:1::1',
    '6.5 2001:db8:1::1',
    '12.5 2001:db8:1::3',
    '14 2001:db8:1::3',
    '17 2001:db8:1::3',
  ]);
  const again = log.at(-1)!;
  assert.deepEqual([again.time, again.packet.destination], [23, ANYCAST]);
  one.packet(reply(again.packet, [H1]), 24, ICMP);
  const rest = one.run(70).filter(({ packet: sent }) => sent.destination === ANYCAST);
  // Given up at 34.5 s; after a second list in vain 32 s pass.
  assert.deepEqual(
    rest.map(({ time }) => time),
    [66.5, 69.5],
  );
});

test('an agent that dies after it accepted is left for one that the list has still', () => {
  const one = arrive(node(), 'a', 1);
  one.packet(reply(asked(one), [H1, H3]), 2, ICMP);
  answered(one, 2);
  arrive(one, 'b', 10);
  assert.equal(one.one('binding-update').destination, H1);
  assert.deepEqual(updates(one.run(20)), [
    '11 2001:db8:1::1',
    '13 2001:db8:1::1',
    '17 2001:db8:1::3',
    '18.5 2001:db8:1::3',
  ]);
});

test('a node that moves while it asks, asks at once from its new address', () => {
  const one = arrive(node(), 'a', 1);
  const first = asked(one);
  arrive(one, 'b', 2);
  const second = asked(one);
  assert.equal(second.source, address('2001:db8:b::ff:fe00:7'));
  one.packet(reply(first, [H1]), 3, ICMP);
  assert.deepEqual(one.names(), []);
  one.packet(reply(second, [H1]), 3, ICMP);
  assert.equal(one.one('binding-update').destination, H1);
});

test('only an agent that proves its answer is believed', () => {
  const one = arrive(node(), 'a', 1);
  one.packet(reply(asked(one), [H3]), 2, ICMP);
  const { message, source, destination } = one.one('binding-update');
  const { sequence, lifetime } = message;
  const octets = packet(destination, source, [
    { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: HOME },
    { layer: 'binding-acknowledgement', status: 0, sequence, lifetime },
  ]);
  one.packet(octets, 2);
  assert.equal(one.counters['mobility.ba_unauthenticated'], 1);
  assert.deepEqual(updates(one.run(4)), ['3.5 2001:db8:1::3']);
});

test('a node that comes home stops asking', () => {
  const one = arrive(node(), 'a', 1);
  asked(one);
  arrive(one, '1', 2);
  assert.deepEqual(
    one.run(60).filter(({ packet: sent }) => sent.destination === ANYCAST),
    [],
  );
});
