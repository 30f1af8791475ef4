import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, EPOCH, packet } from '../../../test/by-hand.ts';
import type { Authentication } from '../../core/config.ts';
import { homeAgentsAnycast } from '../../core/home-agents-anycast.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import { ntpTimestamp } from '../../core/security/authentication-option.ts';
import { agentGroup } from '../../core/service/agents/agent-group.ts';
import { agentIn } from '../../core/service/agents/agent-option.ts';
import { homeProof } from '../../core/signalling/home-authentication.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, address, formatAddress } from '../../wire/address.ts';

const SERVICE = address('2001:db8:a::80');
const GROUP = agentGroup(SERVICE);
const [ONE, TWO] = [address('2001:db8:1::2'), address('2001:db8:2::2')];
const [EAST, VICTIM] = [address('2001:db8:e::1'), address('2001:db8:f::7')];
const authentication: Authentication = {
  method: 'rfc4285',
  spi: 257,
  key: new Uint8Array(16).fill(1),
};

function agent(without: readonly Mechanism[] = []): ByHand {
  const anycastAgent = {
    ...{ service: SERVICE, address: ONE, policy: 'rotation' as const, maxClients: 10 },
    members: [{ address: EAST, authentication }],
    ...{ shared: true as const, preference: 5 },
  };
  const node = new ByHand({ name: 'a', anycastAgent }, without);
  return node.feed({ kind: 'start' }, 0).link(0).address(ONE, 0);
}

/** What a server sends that knows no agent. */
function update(to: Address, time: number, change: { source?: Address; key?: number } = {}) {
  const { source = EAST, key = 1 } = change;
  const by = { ...authentication, key: new Uint8Array(16).fill(key) };
  const stamp = ntpTimestamp(EPOCH, at(time));
  const proof = homeProof(by, crypto, { careOf: EAST, home: SERVICE }, stamp);
  const named = { option: 'alternate-care-of-address', careOfAddress: EAST } as const;
  const flags = { acknowledge: true, homeRegistration: true };
  const octets = packet(source, to, [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: SERVICE }] },
    {
      layer: 'binding-update',
      ...{ sequence: 6 + time, ...flags, lifetime: 5, options: [named, ...proof.options] },
    },
  ]);
  proof.sign(octets);
  return octets;
}

const bindings = (node: ByHand) => [...node.role.inspect!().bindings].length;

test('what asks the group is answered from an address of the agent, and binds nothing', () => {
  const node = agent();
  const { match } = node.entries.get('service/agents')!;
  assert.deepEqual([match.dst?.address, match.protocol], [GROUP, 135]);
  node.packet(update(GROUP, 1), 1);
  const { source, destination, message } = node.one('binding-acknowledgement');
  assert.deepEqual([source, destination], [ONE, EAST]);
  assert.deepEqual([message.status, message.lifetime, message.sequence], [0, 0, 7]);
  assert.deepEqual(agentIn(message.options), { address: ONE, shares: true, others: [] });
  assert.equal(bindings(node), 0);
});

test('what nobody proved, or comes again, is not answered by the group', () => {
  const node = agent();
  node.packet(update(GROUP, 1, { key: 9 }), 1);
  assert.deepEqual(node.names(), []);
  // In the name of somebody else: the answer would be theirs.
  node.packet(update(GROUP, 1, { source: VICTIM }), 1);
  assert.deepEqual(node.names(), []);
  assert.equal(node.counters['service.search_refused'], 2);
  node.packet(update(GROUP, 1), 1);
  assert.deepEqual(node.names(), ['binding-acknowledgement']);
  let answered = 0;
  for (let i = 0; i < 100; i++) answered += node.packet(update(GROUP, 1), 1).names().length;
  assert.ok(answered <= 10, `${answered} answers to 100 replays`);
  assert.equal(node.counters['service.search_refused'], 102);
});

test('an update to the anycast address itself binds where routes lead it to', () => {
  const node = agent();
  node.packet(update(SERVICE, 2), 2, { reason: 'service-client' });
  assert.deepEqual(
    node.sent().map(({ source, destination }) => [source, destination])[0],
    [ONE, EAST],
    'it answers from an address of its own',
  );
  assert.equal(bindings(node), 1);
  node.packet(update(SERVICE, 3, { key: 9 }), 3, { reason: 'service-client' });
  assert.equal(node.counters['mobility.bu_unauthenticated'], 1);
});

/** A server asks which agents there are; what it is told. */
function asked(node: ByHand, time: number): readonly string[] {
  const octets = packet(EAST, homeAgentsAnycast(SERVICE), [
    { layer: 'home-agent-address-discovery-request', identifier: 42 },
  ]);
  node.packet(octets, time, { reason: 'service-client' });
  const { source, message } = node.one('home-agent-address-discovery-reply');
  assert.deepEqual([source, message.identifier], [ONE, 42]);
  return message.homeAgentAddresses.map(formatAddress);
}

function tells(node: ByHand, of: Address, preference: unknown, time: number): void {
  const prefix = `service/${formatAddress(SERVICE)}/`;
  const key = `${prefix}agent/${formatAddress(of)}`;
  const value = JSON.stringify({ preference });
  const entry = { key, version: '0'.repeat(16), value, until: EPOCH + at(time + 30) };
  node.feed({ kind: 'shared', prefix, entries: [entry], whole: false }, time);
}

test('agents that share what they know list each other, most preferred first, while they are there', () => {
  const node = agent();
  assert.deepEqual(asked(node, 1), [formatAddress(ONE)]);
  tells(node, TWO, 10, 1);
  assert.deepEqual(asked(node, 2), [TWO, ONE].map(formatAddress));
  tells(node, TWO, 1, 3);
  assert.deepEqual(asked(node, 4), [ONE, TWO].map(formatAddress));
  assert.deepEqual(asked(node, 40), [formatAddress(ONE)], 'the other said nothing for 30 s');
  tells(node, address('ff02::1'), 1, 41);
  tells(node, VICTIM, -1, 41);
  tells(node, VICTIM, 70_000, 41);
  assert.equal(node.counters['service.shared_malformed'], 3);
  assert.deepEqual(asked(node, 42), [formatAddress(ONE)]);
});

test('a server that is registered is asked again when there is another agent, and told of it', () => {
  const node = agent();
  node.packet(update(ONE, 1), 1);
  const [first] = node.sent();
  assert.ok(first?.layers.at(-1)?.layer === 'binding-acknowledgement');
  tells(node, TWO, 10, 2);
  const { source, destination } = node.one('binding-refresh-request');
  assert.deepEqual([source, destination], [ONE, EAST]);
  tells(node, TWO, 10, 12);
  assert.deepEqual(node.names(), [], 'it is new once');
  node.packet(update(ONE, 13), 13);
  const told = node.sent().flatMap(({ layers }) => {
    const last = layers.at(-1)!;
    return last.layer === 'binding-acknowledgement' ? [agentIn(last.options)?.others] : [];
  });
  assert.deepEqual(told, [[TWO]]);
});

test('an agent says every ten seconds that it is there', () => {
  const node = agent();
  const times: number[] = [];
  for (let now = node.role.deadline(); now !== undefined && now <= at(25); ) {
    node.feed({ kind: 'tick' }, now / 1e6);
    if (node.outputs.some((one) => one.kind === 'share')) times.push(now / 1e6);
    now = node.role.deadline();
  }
  assert.deepEqual(times, [10, 20]);
});

test('requests are answered twenty at once, and no more', () => {
  const node = agent();
  const octets = packet(VICTIM, homeAgentsAnycast(SERVICE), [
    { layer: 'home-agent-address-discovery-request', identifier: 1 },
  ]);
  for (let i = 0; i < 30; i++) node.packet(octets, 1, { reason: 'service-client' });
  assert.equal(node.counters['discovery.reply_sent'], 20);
  assert.equal(node.counters['discovery.reply_suppressed'], 10);
});
