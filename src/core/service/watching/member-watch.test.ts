import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, EPOCH, packet, type Sent } from '../../../../test/by-hand.ts';
import { nodeCryptography as crypto } from '../../../lab/crypto.ts';
import { type Address, address } from '../../../wire/address.ts';
import type { LayerOf } from '../../../wire/packet.ts';
import type { Authentication, ServiceConfig } from '../../config.ts';
import { constantsWith } from '../../constants.ts';
import type { Mechanism } from '../../mechanisms.ts';
import type { NodeState } from '../../node-state.ts';
import type { Received } from '../../part.ts';
import { ntpTimestamp } from '../../security/authentication-option.ts';
import { Heartbeats } from '../../signalling/heartbeats.ts';
import { homeProof } from '../../signalling/home-authentication.ts';
import { seconds } from '../../time.ts';

const SERVICE = address('2001:db8:a::80');
const AGENT = address('2001:db8:1::1');
const SERVER = address('2001:db8:e::1');
const STRANGER = address('2001:db8:e::2');
const authentication: Authentication = { method: 'rfc4285', spi: 257, key: new Uint8Array(16) };

/** An agent that one server has joined at 1 s. */
function agent(watch?: ServiceConfig['watch'], without: readonly Mechanism[] = []): ByHand {
  const anycastAgent = {
    ...{ service: SERVICE, address: AGENT, policy: 'rotation' as const, maxClients: 100 },
    members: [{ address: SERVER, authentication }],
    ...(watch && { watch }),
  };
  const node = new ByHand({ name: 'a', anycastAgent }, without);
  node.feed({ kind: 'start' }, 0).link(0).address(AGENT, 0);
  return join(node, 1, 7);
}

/** Joins for 400 s, or renews that. */
function join(node: ByHand, time: number, sequence: number): ByHand {
  const ends = { careOf: SERVER, home: SERVICE };
  const proof = homeProof(authentication, crypto, ends, ntpTimestamp(EPOCH, at(time)));
  const octets = packet(SERVER, AGENT, [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: SERVICE }] },
    {
      layer: 'binding-update',
      ...{ sequence, acknowledge: true, homeRegistration: true, lifetime: 100 },
      options: [{ option: 'alternate-care-of-address', careOfAddress: SERVER }, ...proof.options],
    },
  ]);
  proof.sign(octets);
  return node.packet(octets, time);
}

const isThere = (node: ByHand) => node.role.inspect!().service!.servers.length === 1;
const isSuspected = (node: ByHand) => node.role.inspect!().service!.servers[0]?.suspected === true;

type Question = LayerOf<'echo-request'>;
const questionsIn = (sent: readonly Sent[]): Question[] =>
  sent.flatMap(({ layers }) => layers.filter((one) => one.layer === 'echo-request'));

function reply(
  node: ByHand,
  { identifier, sequence, data }: Question,
  time: number,
  { from = SERVER, to = AGENT }: { from?: Address; to?: Address } = {},
): ByHand {
  const octets = packet(from, to, [{ layer: 'echo-reply', identifier, sequence, data }]);
  return node.packet(octets, time, { reason: 'icmpv6' });
}

const unknown = (node: ByHand, time: number) =>
  node.packet(
    packet(SERVER, AGENT, [{ layer: 'binding-error', status: 2, homeAddress: SERVICE }]),
    time,
  );

test('a server that knows no heartbeats is asked by echo, and removed when it is silent', () => {
  const node = unknown(agent(), 1.1);
  assert.equal(node.counters['heartbeat.unsupported'], 1);
  const [first] = questionsIn(node.sent());
  assert.ok(first !== undefined);
  reply(reply(node, first, 1.2), first, 1.9);
  const sent = node.run(2.3);
  const [second] = questionsIn(sent.map((one) => one.packet));
  assert.ok(second !== undefined && sent.length === 1, 'by echo alone');
  assert.notDeepEqual(second, first, 'each question is another');
  reply(node, second, 2.3);
  node.run(5.4);
  assert.equal(isSuspected(node), true);
  assert.ok(isThere(node));
  node.run(7.4);
  assert.equal(isThere(node), false);
  assert.equal(node.counters['service.member_removed'], 1);
});

test('without echo such a server is let be as long as its registration stands', () => {
  const node = unknown(agent(undefined, ['echo-watch']), 1.1);
  assert.deepEqual(node.sent(), []);
  unknown(node, 1.2);
  assert.deepEqual(node.run(300), []);
  assert.ok(isThere(node));
});

test('all servers are asked by echo where the operator wants it so', () => {
  const node = agent('echo');
  assert.equal(node.names().includes('heartbeat'), false);
  const [question] = questionsIn(node.sent());
  unknown(node, 1.1);
  assert.equal(node.counters['heartbeat.unsupported'], undefined, 'nobody asked that');
  reply(node, question!, 1.2);
  assert.equal(node.run(2.1).length, 0);
  const [unanswered, last] = questionsIn(node.run(3.3).map((one) => one.packet));
  reply(node, unanswered!, 3.3);
  assert.equal(node.run(4.1).length, 0, 'not due yet');
  reply(node, last!, 4.1);
  assert.equal(node.run(5).length, 0, 'the last one was answered, and no other');
  assert.equal(node.role.inspect!().service!.servers[0]?.asking, 'echo');
});

test('an echo reply that nobody could send who was asked changes nothing', () => {
  const node = agent('echo');
  const [question] = questionsIn(node.sent());
  const forged: readonly Question[] = [
    { ...question!, sequence: question!.sequence ^ 1 },
    { ...question!, data: question!.data.slice(1) },
    { ...question!, data: new Uint8Array(8) },
  ];
  for (const one of forged) reply(node, one, 1.1);
  assert.equal(node.counters['heartbeat.echo_ignored'], forged.length);
  reply(node, { ...question!, identifier: question!.identifier ^ 1 }, 1.1);
  assert.equal(node.counters['heartbeat.echo_ignored'], 3, 'what other programs ask');
  reply(node, question!, 1.1, { from: STRANGER });
  reply(node, question!, 1.1, { to: SERVICE });
  node.run(5.1);
  assert.equal(isThere(node), false, 'it counts as silent');
});

test('who has answered heartbeats knows them, whatever somebody says', () => {
  const node = agent();
  const { sequence } = node.one('heartbeat').message;
  const answer = { layer: 'heartbeat', response: true, sequence } as const;
  const options = [{ option: 'restart-counter', restartCounter: 1 }] as const;
  node.packet(packet(SERVER, AGENT, [{ ...answer, options }]), 1.1);
  node.run(2.2);
  unknown(node, 2.3);
  assert.equal(node.counters['heartbeat.unsupported'], undefined);
  assert.deepEqual(questionsIn(node.sent()), []);
});

test('a server whose registration is about to end is asked for it, three times at the most', () => {
  const asked = (node: ByHand, end: number) =>
    node
      .run(end)
      .filter(({ packet: { layers } }) => layers.at(-1)!.layer === 'binding-refresh-request')
      .map(({ time, packet: { destination } }) => [time, destination]);
  const silent = agent(undefined, ['member-watch']);
  const times = [361, 362, 363].map((time) => [time, SERVER]);
  assert.deepEqual(asked(silent, 500), times);
  assert.equal(silent.counters['service.member_asked'], 3);
  assert.equal(isThere(silent), false);
  const renews = agent(undefined, ['member-watch']);
  assert.deepEqual(asked(renews, 361.5), times.slice(0, 1));
  join(renews, 361.6, 8);
  assert.deepEqual(asked(renews, 720), [], 'until that ends too');
  const off = agent(undefined, ['member-watch', 'member-refresh']);
  assert.deepEqual(asked(off, 500), []);
});

test('a server that is doubted is asked each second, and is there again when it answers', () => {
  const ticks = (watch: Heartbeats, end: number) => {
    const times: number[] = [];
    for (let now = watch.deadline(); now !== undefined && now <= at(end); now = watch.deadline()) {
      const outputs = watch.handle({ kind: 'tick' }, now);
      if (outputs.some(({ kind }) => kind === 'transmit')) times.push(now / 1e6);
    }
    return times;
  };
  const silent: number[] = [];
  const env = { random: () => 0.5, secrets: () => new Uint8Array(12), without: new Set() };
  const state = { env, constants: constantsWith({}) } as unknown as NodeState;
  const watch = new Heartbeats(AGENT, state, {
    interval: seconds(30),
    asking: 'echo',
    onSilent: (_, now) => {
      silent.push(now / 1e6);
      return [];
    },
  });
  watch.watch(SERVER, at(0));
  const data = new Uint8Array(8);
  const message = { layer: 'echo-reply', type: 129, code: 0, identifier: 0, sequence: 0, data };
  const answer = { kind: 'received', source: SERVER, destination: AGENT, message };
  const there = (time: number) => watch.handle(answer as unknown as Received, at(time));
  there(0.1);
  assert.equal(watch.doubt(SERVER, at(5)).length, 2, 'at once');
  assert.ok(watch.isSuspected(SERVER));
  assert.deepEqual(watch.doubt(SERVER, at(5)), [], 'once');
  there(5.1);
  assert.ok(!watch.isSuspected(SERVER));
  assert.deepEqual(ticks(watch, 35), [], 'as sparing as before');
  watch.doubt(SERVER, at(35));
  assert.deepEqual(ticks(watch, 38), [35.1, 36, 37, 38].slice(1));
  assert.deepEqual(silent, [37]);
  assert.deepEqual(watch.doubt(STRANGER, at(38)), [], 'who is not watched');
});
