import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, EPOCH, packet, type Sent } from '../../../test/by-hand.ts';
import type { AnycastServerConfig, Authentication, FindAgents } from '../../core/config.ts';
import { homeAgentsAnycast } from '../../core/home-agents-anycast.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import { ntpTimestamp } from '../../core/security/authentication-option.ts';
import { agentGroup } from '../../core/service/agents/agent-group.ts';
import { agentOption } from '../../core/service/agents/agent-option.ts';
import { homeProof } from '../../core/signalling/home-authentication.ts';
import { seconds } from '../../core/time.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, address, formatAddress } from '../../wire/address.ts';

const SERVICE = address('2001:db8:a::80');
const GROUP = agentGroup(SERVICE);
const ASKED = homeAgentsAnycast(SERVICE);
const HERE = address('2001:db8:e::1');
const [ONE, TWO] = [address('2001:db8:1::2'), address('2001:db8:2::2')];
const MALLORY = address('2001:db8:bad::1');
const agent = (number: number) => address(`2001:db8:1::${(number + 16).toString(16)}`);
const authentication: Authentication = {
  method: 'rfc4285',
  spi: 257,
  key: new Uint8Array(16).fill(1),
};

function server(findAgents: FindAgents, without: readonly Mechanism[] = []): ByHand {
  const anycastServer: AnycastServerConfig = {
    ...{ service: SERVICE, address: HERE, policy: 'rotation', maxClients: 10 },
    members: [{ address: HERE, authentication }],
    ...{ agents: [], findAgents, capacity: 1, near: [], authentication, lifetime: seconds(20) },
    ...{ clientLifetime: seconds(60), directReturn: true, maxPeers: 10 },
  };
  const node = new ByHand({ name: 's', anycastServer }, without);
  return node.feed({ kind: 'start' }, 0).link(0, true, 'east').address(HERE, 0, 'east');
}

interface Answer {
  readonly source: Address;
  readonly says?: Address;
  readonly others?: readonly Address[];
  readonly shares?: boolean;
  readonly lifetime?: number;
  readonly key?: Uint8Array;
}

/** The answer to an update, which names the agent and is proved. */
function answer(asked: Sent, time: number, change: Answer): Uint8Array {
  const update = asked.layers.at(-1)!;
  assert.ok(update.layer === 'binding-update');
  const { source, says = source, others = [], shares = false, lifetime = 5, key } = change;
  const by = key === undefined ? authentication : { ...authentication, key };
  const stamp = ntpTimestamp(EPOCH, at(time));
  const proof = homeProof(by, crypto, { careOf: HERE, home: SERVICE }, stamp);
  const options = [agentOption({ address: says, shares, others }), ...proof.options];
  const octets = packet(source, HERE, [
    { layer: 'routing-type-2', homeAddress: SERVICE },
    {
      layer: 'binding-acknowledgement',
      ...{ status: 0, sequence: update.sequence, lifetime, options },
    },
  ]);
  proof.sign(octets);
  return octets;
}

const updatesTo = (packets: readonly Sent[]) =>
  packets
    .filter(({ layers }) => layers.at(-1)!.layer === 'binding-update')
    .map(({ destination }) => formatAddress(destination));

const tunnels = (node: ByHand) =>
  [...node.entries.values()]
    .filter(({ id }) => id.startsWith('service/from/'))
    .map(({ match }) => formatAddress(match.src!.address))
    .sort();

test('the group of a service address has its prefix and its last octets', () => {
  assert.equal(formatAddress(GROUP), 'ff35:40:2001:db8:a:0:8000:80');
  assert.equal(
    formatAddress(agentGroup(address('2001:db8:a:1::abcd:1'))),
    'ff35:40:2001:db8:a:1:abcd:1',
  );
});

test('an update to the anycast address leaves by the link, past the device that has it', () => {
  const node = server('anycast');
  assert.deepEqual(updatesTo(node.sent()), [formatAddress(SERVICE)]);
  assert.equal(node.one('binding-update').output.link, undefined, 'the routes of the link decide');
  const { match, out } = node.entries.get('service/past-itself')!;
  assert.deepEqual([match.src?.address, match.dst?.address], [HERE, SERVICE]);
  assert.deepEqual([match.protocol, out], [135, { link: 'east' }]);
  assert.equal(server('anycast', ['past-itself']).entries.get('service/past-itself'), undefined);
});

test('whoever answers for the anycast address is its agent, until another does', () => {
  const node = server('anycast', ['next-agent']);
  const asked = node.one('binding-update');
  node.packet(answer(asked, 0, { source: ONE, others: [TWO], shares: true }), 0);
  assert.deepEqual(tunnels(node), [ONE, TWO].map(formatAddress));
  assert.equal(node.counters['service.agent_found'], 1);
  // The next update goes to the anycast address again, and routes have changed.
  const renewed = node.run(19).filter(({ packet }) => updatesTo([packet]).length > 0);
  assert.ok(renewed.length > 0);
  const { packet: again, time } = renewed[0]!;
  assert.equal(again.destination, SERVICE);
  node.packet(answer(again, time, { source: TWO }), time);
  assert.deepEqual(tunnels(node), [ONE, TWO].map(formatAddress));
  node.run(time + 21);
  assert.equal(tunnels(node).includes(formatAddress(ONE)), false, 'until its word is over');
});

test('an answer counts by its key, and from the address alone that it names', () => {
  const node = server('anycast');
  const asked = node.one('binding-update');
  node.packet(answer(asked, 0, { source: MALLORY, says: ONE }), 0);
  node.packet(answer(asked, 0, { source: MALLORY, key: new Uint8Array(16).fill(9) }), 0);
  assert.deepEqual(tunnels(node), []);
  assert.equal(node.counters['service.agent_found'], undefined);
  node.packet(answer(asked, 0, { source: ONE }), 0);
  assert.deepEqual(tunnels(node), [formatAddress(ONE)]);
});

test('an update for agents that comes to a server is not its own', () => {
  const sent = server('anycast').one('binding-update');
  const node = server('multicast');
  node.packet(sent.octets, 1);
  assert.equal(node.counters['service.not_an_agent'], 1);
  assert.deepEqual(node.names(), []);
});

test('the group is asked on the link, and each that answers is joined by unicast', () => {
  const node = server('multicast');
  const asked = node.one('binding-update');
  assert.deepEqual([asked.destination, asked.output.link], [GROUP, 'east']);
  node.packet(answer(asked, 0, { source: ONE, lifetime: 0 }), 0);
  assert.deepEqual(updatesTo(node.sent()), [formatAddress(ONE)]);
  node.packet(answer(asked, 0, { source: TWO, lifetime: 0 }), 0);
  assert.deepEqual(updatesTo(node.sent()), [formatAddress(TWO)]);
  assert.deepEqual(tunnels(node), [ONE, TWO].map(formatAddress));
});

test('of agents that share what they know one is joined', () => {
  const node = server('multicast');
  const asked = node.one('binding-update');
  node.packet(answer(asked, 0, { source: ONE, lifetime: 0, shares: true }), 0);
  node.packet(answer(asked, 0, { source: TWO, lifetime: 0, shares: true }), 0);
  assert.deepEqual(updatesTo(node.sent()), []);
  assert.equal(node.counters['service.agent_found'], 2);
  // The first is silent: the second is joined.
  const sent = node.run(6).filter(({ packet }) => packet.destination === TWO);
  assert.ok(sent.some(({ packet }) => updatesTo([packet]).length > 0));
  assert.equal(node.counters['service.agent_silent'], 1);
});

test('answers that are not proved, old, or sent on by others fill nothing; eight agents are kept', () => {
  const node = server('multicast');
  const asked = node.one('binding-update');
  const [forged, sentOn, old] = [
    answer(asked, 0, { source: MALLORY, key: new Uint8Array(16), lifetime: 0 }),
    answer(asked, 0, { source: MALLORY, says: ONE, lifetime: 0 }),
    answer(asked, -1, { source: MALLORY, lifetime: 0 }),
  ];
  for (const octets of [forged, sentOn, old]) node.packet(octets, 0);
  assert.equal(node.counters['service.agent_unproved'], 3);
  assert.deepEqual(tunnels(node), []);
  for (let i = 0; i < 10; i++) {
    node.packet(answer(asked, 0, { source: agent(i), lifetime: 0 }), 0);
  }
  assert.equal(tunnels(node).length, 8);
  assert.equal(node.counters['service.agents_full'], 2);
  const credulous = server('multicast', ['acknowledgement-check']);
  const question = credulous.one('binding-update');
  const wrong = { source: MALLORY, key: new Uint8Array(16), lifetime: 0 };
  credulous.packet(answer(question, 0, wrong), 0);
  assert.deepEqual(tunnels(credulous), [formatAddress(MALLORY)], 'the test can fail');
});

test('an agent that answers three questions no more is forgotten', () => {
  const node = server('multicast');
  node.packet(answer(node.one('binding-update'), 0, { source: ONE, lifetime: 0 }), 0);
  const asked = node.run(3.5).filter(({ packet }) => packet.destination === GROUP);
  assert.deepEqual(
    asked.map(({ time }) => time),
    [1, 3],
  );
  assert.deepEqual(tunnels(node), [formatAddress(ONE)]);
  node.run(7.5);
  assert.deepEqual(tunnels(node), [formatAddress(ONE)], 'the third may be answered still');
  node.run(15.5);
  assert.deepEqual(tunnels(node), []);
  assert.equal(node.counters['service.agent_gone'], 1);
});

/** Agents as the node that was asked lists them. */
function listed(node: ByHand, agents: readonly Address[], change: { identifier?: number } = {}) {
  const { message } = node.one('home-agent-address-discovery-request');
  const { identifier } = { identifier: message.identifier, ...change };
  return packet(ONE, HERE, [
    { layer: 'home-agent-address-discovery-reply', identifier, homeAgentAddresses: [...agents] },
  ]);
}

test('agents are asked for at the Home-Agents anycast address, and tried in order', () => {
  const node = server('discovery');
  const { destination } = node.one('home-agent-address-discovery-request');
  assert.equal(destination, ASKED);
  const [right, wrong] = [listed(node, [TWO, ONE]), listed(node, [MALLORY], { identifier: 1 })];
  node.packet(wrong, 0, { reason: 'icmpv6' });
  assert.equal(node.counters['discovery.reply_refused'], 1);
  node.packet(right, 0, { reason: 'icmpv6' });
  assert.deepEqual(updatesTo(node.sent()), [formatAddress(TWO)]);
  assert.deepEqual(tunnels(node), [], 'nobody counts for being on a list');
  const next = node.run(12).filter(({ packet }) => packet.destination === ONE);
  assert.ok(next.length > 0, 'three updates unanswered: the next');
  assert.equal(node.counters['discovery.agent_given_up'], 1);
});

test('of a list as long as a reply can be the first eight are tried, and then it is asked again', () => {
  const node = server('discovery');
  const many = Array.from({ length: 77 }, (_, i) => agent(i));
  node.packet(listed(node, many), 0, { reason: 'icmpv6' });
  const tried = new Set<string>();
  for (let time = 1; node.counters['discovery.request_sent'] === 1; time++) {
    for (const { packet } of node.run(time)) for (const to of updatesTo([packet])) tried.add(to);
  }
  tried.add(formatAddress(agent(0)));
  assert.equal(tried.size, 8);
});
