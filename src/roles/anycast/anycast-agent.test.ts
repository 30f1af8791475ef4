import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, EPOCH, layerOf, packet } from '../../../test/by-hand.ts';
import type { Authentication } from '../../core/config.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import { ntpTimestamp } from '../../core/security/authentication-option.ts';
import type { SharedEntry } from '../../core/shared-store.ts';
import { homeProof } from '../../core/signalling/home-authentication.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, address } from '../../wire/address.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';

const SERVICE = address('2001:db8:a::80');
const [ONE, TWO] = [address('2001:db8:1::2'), address('2001:db8:2::2')];
const SERVERS = [address('2001:db8:e::1'), address('2001:db8:e::2')];
const CLIENT = address('2001:db8:f::1');
const PREFIX = 'service/2001:db8:a::80/';
const keyOf = (spi: number): Authentication => ({
  method: 'rfc4285',
  spi,
  key: new Uint8Array(16).fill(spi & 0xff),
});

function agent(self: Address, without: readonly Mechanism[] = [], maxClients = 4): ByHand {
  const anycastAgent = {
    ...{ service: SERVICE, address: self, policy: 'rotation' as const, maxClients },
    members: SERVERS.map((one, i) => ({ address: one, authentication: keyOf(257 + i) })),
    shared: true as const,
  };
  const node = new ByHand({ name: 'a', anycastAgent }, without);
  return node.feed({ kind: 'start' }, 0).link(0).address(self, 0);
}

/** A server's update to an agent; its proof says when it was made, and not to whom it goes. */
function join(index: number, to: Address, time: number, sequence: number, lifetime = 5) {
  const careOf = SERVERS[index]!;
  const authentication = keyOf(257 + index);
  const proof = homeProof(
    authentication,
    crypto,
    { careOf, home: SERVICE },
    ntpTimestamp(EPOCH, at(time)),
  );
  const octets = packet(careOf, to, [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: SERVICE }] },
    {
      layer: 'binding-update',
      ...{ sequence, acknowledge: true, homeRegistration: true, lifetime },
      options: [{ option: 'alternate-care-of-address', careOfAddress: careOf }, ...proof.options],
    },
  ]);
  proof.sign(octets);
  return octets;
}

/** What it tells of servers and clients, and not of itself. */
const shared = (node: ByHand): SharedEntry[] =>
  node.outputs
    .flatMap((one) => (one.kind === 'share' ? [one.entry] : []))
    .filter(({ key }) => !key.startsWith(`${PREFIX}agent/`));
const hear = (node: ByHand, entries: readonly SharedEntry[], time: number, whole = false) =>
  node.feed({ kind: 'shared', prefix: PREFIX, entries, whole }, time);
const opening = (client = CLIENT) =>
  packet(client, SERVICE, [
    { layer: 'udp', sourcePort: 1000, destinationPort: 53, payload: Uint8Array.of(1) },
  ]);
const ask = (node: ByHand, time: number, client = CLIENT) =>
  node.packet(opening(client), time, { reason: 'service-client' });
const viewOf = (node: ByHand) => node.role.inspect?.().shared;
const statusOf = (node: ByHand) => {
  const { layers } = node.one('binding-acknowledgement');
  return layerOf(layers, 'binding-acknowledgement').status;
};

test('a join at one agent is in the other, and its replay there is refused', () => {
  const [one, two] = [agent(ONE), agent(TWO)];
  assert.deepEqual(
    two.feed({ kind: 'start' }, 0).outputs.filter(({ kind }) => kind === 'follow'),
    [{ kind: 'follow', prefix: PREFIX }],
  );
  const entries = shared(one.packet(join(0, ONE, 1, 7), 1));
  assert.equal(entries.length, 1);
  assert.equal(entries[0]?.key, `${PREFIX}member/257`);
  hear(two, entries, 1.01);
  assert.deepEqual(viewOf(two), viewOf(one));
  assert.equal(viewOf(two)?.members.length, 1);
  two.packet(join(0, TWO, 1, 7), 2);
  assert.equal(statusOf(two), BINDING_STATUS.mipv6IdMismatch);
  assert.equal(two.counters['mobility.bu_replayed'], 1);
  // The same update is fresh where nobody has told of it.
  const alone = agent(TWO).packet(join(0, TWO, 1, 7), 2);
  assert.equal(statusOf(alone), 0);
});

test('an error about a packet to a client goes to its server, and makes nobody a client', () => {
  const node = agent(ONE)
    .packet(join(0, ONE, 1, 7), 1)
    .packet(join(1, ONE, 1, 7), 1);
  ask(node, 3);
  const tooBig = (from: Address, to: Address) =>
    packet(address('2001:db8:c::1'), SERVICE, [
      {
        ...{ layer: 'packet-too-big', mtu: 1280 },
        invoking: packet(from, to, [
          { layer: 'udp', sourcePort: 53, destinationPort: 1000, payload: Uint8Array.of(1) },
        ]),
      },
    ]);
  const error = tooBig(SERVICE, CLIENT);
  node.packet(error, 4, { reason: 'service-client' });
  const { layers } = node.one('packet-too-big');
  assert.equal(layerOf(layers, 'ipv6').destination, SERVERS[0]);
  for (const foreign of [tooBig(CLIENT, SERVICE), tooBig(SERVICE, TWO), tooBig(TWO, CLIENT)]) {
    node.packet(foreign, 5, { reason: 'service-client' });
  }
  assert.equal(node.counters['service.error_passed_on'], 1);
  assert.equal(node.counters['service.error_ignored'], 3);
  ask(node, 6, address('fe80::1'));
  assert.equal(node.counters['service.no_client'], 1);
  assert.equal(viewOf(node)?.clients.length, 1);
});

test('a client by SCTP, DCCP, or something without ports has a server, and keeps it', () => {
  const node = agent(ONE)
    .packet(join(0, ONE, 1, 7), 1)
    .packet(join(1, ONE, 1, 7), 1);
  // What TCP would have its flags in says that a connection ends.
  const octets = new Uint8Array(20).fill(0xff);
  for (const [index, protocol] of [132, 33, 253].entries()) {
    const client = address(`2001:db8:f::${index + 1}`);
    const first = packet(client, SERVICE, [{ layer: 'payload', protocol, octets }]);
    node.packet(first, 3, { reason: 'service-client' });
    const [sent] = node.sent();
    assert.equal(sent?.destination, SERVERS[index % 2], 'in turn');
    assert.deepEqual(sent?.octets.subarray(40), first, 'as it came, in a tunnel');
    const { match } = node.entries.get(`service/2001:db8:a::80/from/2001:db8:f::${index + 1}`)!;
    const ends = { src: { address: client }, dst: { address: SERVICE } };
    assert.deepEqual(match, { ...ends, mobility: true }, 'whatever follows goes there too');
  }
  assert.equal(node.counters['service.client_new'], 3);
});

test('an older word takes no newer one back, in whatever order they come', () => {
  const [one, two] = [agent(ONE), agent(TWO)];
  const joined = shared(one.packet(join(0, ONE, 1, 7), 1));
  const left = shared(one.packet(join(0, ONE, 2, 8, 0), 2));
  hear(two, left, 2.1);
  hear(two, joined, 2.2);
  assert.equal(viewOf(two)?.members.length, 0);
  assert.equal(two.counters['service.shared_old'], 1);
  const trusting = agent(TWO, ['shared-versions']);
  hear(hear(trusting, left, 2.1), joined, 2.2);
  assert.equal(viewOf(trusting)?.members.length, 1, 'without versions it comes back');
});

test('a client keeps its server at an agent that it never came by', () => {
  const [one, two] = [agent(ONE), agent(TWO)];
  const joins = [0, 1].flatMap((i) => shared(one.packet(join(i, ONE, 1, 7), 1)));
  hear(two, joins, 1.1);
  const words = shared(ask(one, 3));
  assert.equal(words[0]?.key, `${PREFIX}client/2001:db8:f::1`);
  // Its own next one in turn would be the first server again.
  ask(two, 3, address('2001:db8:f::2'));
  hear(two, words, 3.1);
  const entry = two.entries.get('service/2001:db8:a::80/from/2001:db8:f::1');
  assert.deepEqual(entry?.do, [
    { notify: 'connection' },
    { push: 'ipv6', src: TWO, dst: SERVERS[0] },
  ]);
  assert.equal(shared(two).length, 0, 'what was heard is not told again');
});

test('an agent that is back takes what the others know, and tells what they lack', () => {
  const [one, two] = [agent(ONE), agent(TWO)];
  const first = shared(one.packet(join(0, ONE, 1, 7), 1));
  hear(two, first, 1.1);
  // Isolated from here on: neither hears of the other's.
  const atOne = shared(one.packet(join(1, ONE, 3, 1), 3));
  const atTwo = shared(two.packet(join(0, TWO, 4, 8), 4));
  assert.deepEqual([atOne.length, atTwo.length], [1, 1]);
  hear(one, atTwo, 5, true);
  assert.deepEqual(shared(one), atOne, 'what is lacking there, and nothing that is older');
  hear(two, shared(one), 5.1);
  assert.deepEqual(viewOf(one), viewOf(two));
  assert.deepEqual(
    viewOf(one)?.members.map(({ registrant, by }) => [registrant, by]),
    [
      ['257', TWO],
      ['258', ONE],
    ],
  );
});

test('a server that another agent tells of no more is asked whether it is there', () => {
  const [one, two] = [agent(ONE), agent(TWO)];
  hear(two, shared(one.packet(join(0, ONE, 1, 7), 1)), 1.1);
  assert.equal(two.run(20).length, 0, 'not while its agent tells of it');
  const asked = two
    .run(22)
    .filter(({ packet: { layers } }) => layers.at(-1)!.layer === 'heartbeat');
  assert.ok(asked.length > 0);
  assert.equal(viewOf(two)?.members.length, 1);
  two.run(30);
  assert.equal(viewOf(two)?.members.length, 0, 'it did not answer');
});

test('a client of a server that is not known yet, or was lost here, has it when it comes', () => {
  const [one, two] = [agent(ONE), agent(TWO)];
  const joined = shared(one.packet(join(0, ONE, 1, 7), 1));
  const words = shared(ask(one, 3));
  hear(two, words, 3.1);
  assert.deepEqual(viewOf(two)?.clients, []);
  hear(two, joined, 3.2);
  assert.deepEqual(viewOf(two)?.clients, [[CLIENT, '257']], 'in whatever order they come');
  const again = agent(ONE);
  hear(hear(again, words, 3.1), joined, 3.2);
  assert.deepEqual(viewOf(again)?.clients, [[CLIENT, '257']], 'its own, of its last life');
  two.run(30);
  assert.deepEqual(viewOf(two)?.clients, [], 'nobody answered here');
  hear(two, shared(one.packet(join(0, ONE, 29, 8), 29)), 30.1);
  assert.deepEqual(viewOf(two)?.clients, [[CLIENT, '257']]);
});

test('a server that another agent misses is asked once, and stays where it answers', () => {
  const [one, two, trusting] = [agent(ONE), agent(TWO), agent(TWO, ['second-look'])];
  const joined = shared(one.packet(join(0, ONE, 1, 7), 1));
  one.run(8);
  const missed = shared(one).slice(-1);
  assert.match(missed[0]?.value ?? '', /"silent":true/);
  for (const node of [two, trusting]) hear(hear(node, joined, 1.1), missed, 8.1);
  assert.equal(viewOf(trusting)?.members.length, 0);
  assert.equal(viewOf(two)?.members.length, 1);
  assert.equal(two.role.inspect?.().service?.servers[0]?.suspected, true);
  const { layers } = two.one('heartbeat');
  const { sequence } = layerOf(layers, 'heartbeat');
  const answer = [{ layer: 'heartbeat', response: true, sequence, options: [] }] as const;
  two.packet(packet(SERVERS[0]!, TWO, answer), 8.2);
  two.run(9.15);
  assert.equal(two.role.inspect?.().service?.servers[0]?.suspected, false);
  assert.equal(viewOf(two)?.members.length, 1);
  const silent = hear(hear(agent(TWO), joined, 1.1), missed, 8.1);
  silent.run(9.15);
  assert.equal(viewOf(silent)?.members.length, 0, 'it did not answer here either');
});

test('what cannot be read is counted, and changes nothing', () => {
  const node = agent(TWO);
  const good = shared(agent(ONE).packet(join(0, ONE, 1, 7), 1))[0]!;
  const values = ['', '[]', '{"by":3}', '{"by":"2001:db8:1::2","address":"here"}'];
  const bad: SharedEntry[] = [
    ...values.map((value) => ({ ...good, value })),
    { ...good, version: '7' },
    { ...good, key: `${PREFIX}member` },
    { ...good, key: `${PREFIX}client/nobody`, value: '{}' },
  ];
  hear(node, bad, 1);
  assert.equal(node.counters['service.shared_malformed'], bad.length);
  hear(node, [{ ...good, key: `${PREFIX}member/999` }], 1);
  assert.equal(node.counters['service.shared_unknown'], 1);
  assert.equal(viewOf(node)?.members.length, 0);
});

test('many new clients go to the other agents a few at a time, and all of them do', () => {
  const node = agent(ONE, [], 600);
  node.packet(join(0, ONE, 1, 7), 1);
  for (let i = 0; i < 600; i++) ask(node, 3, address(`2001:db8:f::${i.toString(16)}`));
  assert.equal(node.counters['service.shared'], 1 + 500);
  assert.ok((node.counters['service.shared_later'] ?? 0) > 0);
  node.run(3.4);
  assert.ok((node.counters['service.shared'] ?? 0) < 1 + 600);
  node.run(3.6);
  assert.equal(node.counters['service.shared'], 1 + 600);
});
