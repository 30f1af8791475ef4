import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, EPOCH, layerOf, packet } from '../../../../test/by-hand.ts';
import { nodeCryptography as crypto } from '../../../lab/crypto.ts';
import { type Address, address } from '../../../wire/address.ts';
import type { Authentication } from '../../config.ts';
import type { Mechanism } from '../../mechanisms.ts';
import type { Output } from '../../role.ts';
import { ntpTimestamp } from '../../security/authentication-option.ts';
import type { CheckResult } from '../../service-check.ts';
import type { SharedEntry } from '../../shared-store.ts';
import { homeProof } from '../../signalling/home-authentication.ts';
import { seconds } from '../../time.ts';
import { saysProgramFails } from './program-fails.ts';

const SERVICE = address('2001:db8:a::80');
const AGENT = address('2001:db8:1::1');
const SERVERS = [address('2001:db8:e::1'), address('2001:db8:e::2')] as const;
const CHECK = { port: 80, every: seconds(1) };
const PREFIX = 'service/2001:db8:a::80/';
const keyOf = (spi: number): Authentication => ({
  method: 'rfc4285',
  spi,
  key: new Uint8Array(16).fill(spi & 0xff),
});

/** An agent with so many servers, which have come a minute ago. */
function agent(
  servers: number,
  without: readonly Mechanism[] = [],
  shared = false,
  check = CHECK,
): ByHand {
  const anycastAgent = {
    ...{ service: SERVICE, address: AGENT, policy: 'least-load' as const, maxClients: 100 },
    members: SERVERS.map((one, i) => ({ address: one, authentication: keyOf(257 + i) })),
    check,
    ...(shared && { shared: true as const }),
  };
  const node = new ByHand({ name: 'a', anycastAgent }, ['member-watch', ...without]);
  node.feed({ kind: 'start' }, 0).link(0).address(AGENT, 0);
  for (let i = 0; i < servers; i++) join(node, i, 1);
  return node;
}

function join(node: ByHand, index: number, time: number, sequence = 7): ByHand {
  const careOf = SERVERS[index]!;
  const ends = { careOf, home: SERVICE };
  const proof = homeProof(keyOf(257 + index), crypto, ends, ntpTimestamp(EPOCH, at(time)));
  const octets = packet(careOf, AGENT, [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: SERVICE }] },
    {
      layer: 'binding-update',
      ...{ sequence, acknowledge: true, homeRegistration: true, lifetime: 100 },
      options: [{ option: 'alternate-care-of-address', careOfAddress: careOf }, ...proof.options],
    },
  ]);
  proof.sign(octets);
  return node.packet(octets, time);
}

type Check = Extract<Output, { kind: 'check' }>;

const asked = ({ outputs }: ByHand): Check[] =>
  outputs.flatMap((one) => (one.kind === 'check' ? [one] : []));

/** The server that a check comes to. */
function reached(node: ByHand, { sourcePort }: Check): Address | undefined {
  for (const { match, do: actions } of node.entries.values()) {
    const [action] = actions;
    if (match.sport === sourcePort && action !== undefined && 'push' in action) return action.dst;
  }
  return undefined;
}

/** An agent whose two servers are well for a minute. */
function wellAgent(shared = false): ByHand {
  const node = agent(2, [], shared);
  for (const id of [`${PREFIX}check/257/1`, `${PREFIX}check/258/2`]) {
    node.feed({ kind: 'checked', id, result: 'well' }, 1.1);
  }
  for (let i = 0; i < 52; i++) round(node, 2.1 + 1.1 * i, ['well', 'well']);
  round(node, 60, ['well', 'well']);
  return node;
}

/** A round of checks, with what each server's comes to. */
function round(node: ByHand, time: number, results: readonly CheckResult[]): void {
  const checks = asked(node.feed({ kind: 'tick' }, time));
  assert.equal(checks.length, results.length);
  for (const check of checks) {
    const index = SERVERS.indexOf(reached(node, check)!);
    node.feed({ kind: 'checked', id: check.id, result: results[index]! }, time + 0.1);
  }
}

const client = (n: number) => address(`2001:db8:f::${n}`);
const serverOf = (node: ByHand, n: number) => node.role.inspect!().service!.serverOf(client(n));
function ask(node: ByHand, n: number, time: number): Address | undefined {
  const octets = packet(client(n), SERVICE, [
    { layer: 'udp', sourcePort: 1000, destinationPort: 53, payload: Uint8Array.of(1) },
  ]);
  node.packet(octets, time, { reason: 'service-client' });
  return serverOf(node, n);
}
const counter = (node: ByHand, name: string) => node.counters[`service.${name}`] ?? 0;

test('each server is asked by a way of its own, which is gone with it', () => {
  const node = agent(0);
  const [first] = asked(join(node, 0, 1));
  const [second] = asked(join(node, 1, 1.5));
  assert.ok(first !== undefined && second !== undefined);
  assert.notEqual(first.sourcePort, second.sourcePort);
  assert.deepEqual([reached(node, first), reached(node, second)], SERVERS);
  const { source, destination, check, within } = first;
  assert.deepEqual(
    [source, destination, check, within],
    [AGENT, SERVICE, { port: 80 }, seconds(1)],
  );
  const { match } = node.entries.get(`${PREFIX}check/257`)!;
  assert.deepEqual(match.src, { address: AGENT });
  assert.deepEqual(match.dst, { address: SERVICE });
  // Who does not answer is not asked once more beside that.
  assert.equal(asked(node.feed({ kind: 'tick' }, 2.1)).length, 0);
  node.run(500);
  assert.equal(node.entries.has(`${PREFIX}check/257`), false, 'its registration is over');
  assert.equal(asked(join(agent(0, ['service-check']), 0, 1)).length, 0);
});

test('one check that fails costs a server its new clients, three all that it has', () => {
  const node = wellAgent();
  assert.equal(ask(node, 1, 60.2), SERVERS[0]);
  assert.equal(ask(node, 2, 60.2), SERVERS[1]);
  round(node, 61.2, ['refused', 'well']);
  for (let n = 3; n < 7; n++) assert.equal(ask(node, n, 61.5), SERVERS[1], 'no new ones');
  assert.equal(serverOf(node, 1), SERVERS[0], 'those that it has stay');
  round(node, 62.3, ['silent', 'well']);
  assert.equal(serverOf(node, 1), SERVERS[0]);
  round(node, 63.4, ['silent', 'well']);
  assert.equal(serverOf(node, 1), undefined);
  assert.equal(serverOf(node, 2), SERVERS[1]);
  assert.deepEqual([counter(node, 'check_failed'), counter(node, 'member_failed')], [3, 1]);
  assert.equal(ask(node, 1, 63.6), SERVERS[1]);
});

test('a server that lost its clients is told so until it has registered again', () => {
  const node = wellAgent();
  const requests: number[] = [];
  for (let i = 0; i < 5; i++) {
    const checks = asked(node.feed({ kind: 'tick' }, 61.2 + 1.1 * i));
    for (const check of checks) {
      const result = reached(node, check) === SERVERS[0] ? 'refused' : 'well';
      node.feed({ kind: 'checked', id: check.id, result }, 61.3 + 1.1 * i);
      if (node.names().includes('binding-refresh-request')) requests.push(i);
    }
    if (i === 3) {
      join(node, 0, 65, 8);
      const { message } = node.one('binding-acknowledgement');
      assert.equal(saysProgramFails(message.options), true);
      join(node, 1, 65, 8);
      const other = layerOf(node.one('binding-acknowledgement').layers, 'binding-acknowledgement');
      assert.equal(saysProgramFails(other.options), false);
    }
  }
  assert.deepEqual(requests, [2, 3]);
});

test('where no server is well, nobody loses clients, until one is', () => {
  const node = wellAgent();
  assert.equal(ask(node, 1, 60.1), SERVERS[0]);
  round(node, 61.1, ['wrong-answer', 'wrong-answer']);
  for (let i = 1; i < 5; i++) round(node, 61.1 + 1.1 * i, ['wrong-answer', 'wrong-answer']);
  assert.equal(serverOf(node, 1), SERVERS[0]);
  assert.ok(ask(node, 2, 66) !== undefined, 'a check may be wrong');
  round(node, 67, ['wrong-answer', 'well']);
  assert.equal(serverOf(node, 1), undefined);
  const views = node.role.inspect!().service!.servers.map(({ check }) => check);
  assert.deepEqual(
    views.map((view) => [view?.result, view?.failures, view?.left]),
    [
      ['wrong-answer', 6, true],
      ['well', 0, false],
    ],
  );
});

test('a server whose program is back gets few of the new clients at first', () => {
  const node = wellAgent();
  for (let n = 1; n < 20; n++) ask(node, n, 60.2);
  for (let i = 1; i < 4; i++) round(node, 60.2 + 1.1 * i, ['refused', 'well']);
  round(node, 65, ['well', 'well']);
  assert.equal(counter(node, 'member_well'), 1);
  const given = (from: number, time: number) =>
    Array.from({ length: 10 }, (_, i) => ask(node, from + i, time)).filter(
      (one) => one === SERVERS[0],
    ).length;
  assert.ok(given(30, 66) <= 1, 'it has none, and would get all');
  assert.ok(given(50, 110) >= 9);
});

test('a server that sends nothing back to its clients is checked at once', () => {
  const node = agent(1, [], false, { port: 80, every: seconds(60) });
  node.feed({ kind: 'checked', id: `${PREFIX}check/257/1`, result: 'well' }, 1.1);
  /** What the tunnel from the server has carried back is the same each time that it is looked at. */
  const look = (time: number) => {
    const [id] = node.outputs.flatMap((one) => (one.kind === 'ask' ? [one.id] : []));
    return node.feed({ kind: 'answer', id: id!, use: [{ packets: 5, octets: 500 }] }, time);
  };
  ask(node, 1, 2);
  look(2);
  assert.deepEqual(asked(node.feed({ kind: 'tick' }, 4)), []);
  const [check] = asked(look(4));
  assert.equal(reached(node, check!), SERVERS[0]);
  node.feed({ kind: 'checked', id: check!.id, result: 'refused' }, 4.1);
  assert.equal(counter(node, 'check_failed'), 1);
});

test('a port that somebody else has is left for another', () => {
  const node = agent(1);
  node.feed({ kind: 'checked', id: `${PREFIX}check/257/1`, result: 'not-made' }, 1.1);
  assert.equal(counter(node, 'check_not_made'), 1);
  const [next] = asked(node.feed({ kind: 'tick' }, 2.1));
  assert.equal(next?.sourcePort, 61_001);
  assert.equal(reached(node, next), SERVERS[0]);
  assert.equal(counter(node, 'check_failed'), 0);
  node.feed({ kind: 'checked', id: 'of somebody else', result: 'refused' }, 2.2);
  assert.equal(counter(node, 'check_failed'), 0);
});

test('the client of another agent is not given back to a server whose program fails', () => {
  const node = wellAgent(true);
  ask(node, 1, 60.2);
  const word = node.outputs.flatMap((one) => (one.kind === 'share' ? [one.entry] : []))[0]!;
  const { value: said = '' } = word;
  assert.ok(said.includes('2001:db8:1::1'));
  const value = said.replace('2001:db8:1::1', '2001:db8:2::2');
  const entry: SharedEntry = { ...word, key: word.key.replace(/f::1$/, 'f::7'), value };
  const prefix = word.key.slice(0, word.key.indexOf('client/'));
  node.feed({ kind: 'shared', prefix, entries: [entry], whole: false }, 60.3);
  assert.equal(serverOf(node, 7), SERVERS[0]);
  for (let i = 1; i < 4; i++) round(node, 60.2 + 1.1 * i, ['refused', 'well']);
  node.feed({ kind: 'tick' }, 64);
  assert.equal(serverOf(node, 7), undefined);
  round(node, 65, ['well', 'well']);
  assert.equal(serverOf(node, 7), SERVERS[0], 'when it is well again');
});
