import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, EPOCH, packet } from '../../../test/by-hand.ts';
import type { Authentication } from '../../core/config.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import { ntpTimestamp } from '../../core/security/authentication-option.ts';
import { servedClientsOptions } from '../../core/service/clients/served-clients.ts';
import { homeProof } from '../../core/signalling/home-authentication.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, address } from '../../wire/address.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';

const SERVICE = address('2001:db8:1::80');
/** Its holder is told when connections of a client begin and end. */
const TOLD = { notify: 'connection' } as const;
const MASTER = address('2001:db8:1::2');
const ONE = address('2001:db8:1::3');
const TWO = address('2001:db8:1::4');
const client = (n: number): Address => address(`2001:db8:f::${(n + 1).toString(16)}`);
const keyOf = (spi: number): Authentication => ({
  method: 'rfc4285',
  spi,
  key: new Uint8Array(16).fill(spi & 0xff),
});

function master(
  change: { maxClients?: number; policy?: 'rotation' | 'least-load'; without?: Mechanism[] } = {},
) {
  const { maxClients = 10, policy = 'rotation' } = change;
  const contentMaster = {
    ...{ service: SERVICE, link: 'eth0', address: MASTER, policy, maxClients },
    members: [
      { address: ONE, authentication: keyOf(257) },
      { address: TWO, authentication: keyOf(258) },
    ],
  };
  const node = new ByHand({ name: 'm', contentMaster }, change.without);
  return node.feed({ kind: 'start' }, 0).link(0).address(MASTER, 0);
}

interface Join {
  readonly sequence?: number;
  readonly lifetime?: number;
  readonly authentication?: Authentication;
  readonly clients?: readonly Address[];
}

function join(careOf: Address, time: number, change: Join = {}): Uint8Array {
  const { sequence = 1, lifetime = 250, clients = [] } = change;
  const authentication = change.authentication ?? keyOf(careOf === ONE ? 257 : 258);
  const stamp = ntpTimestamp(EPOCH, at(time));
  const proof = homeProof(authentication, crypto, { careOf, home: SERVICE }, stamp);
  const octets = packet(careOf, MASTER, [
    {
      layer: 'destination-options',
      options: [{ option: 'home-address', homeAddress: SERVICE }],
    },
    {
      layer: 'binding-update',
      ...{ sequence, acknowledge: true, homeRegistration: true, lifetime },
      options: [
        { option: 'alternate-care-of-address', careOfAddress: careOf },
        ...servedClientsOptions(clients),
        ...proof.options,
      ],
    },
  ]);
  proof.sign(octets);
  return octets;
}

/** The first packet of a client, and where it went. */
function firstPacket(node: ByHand, n: number, time: number): Address | undefined {
  const octets = packet(client(n), SERVICE, [{ layer: 'udp', sourcePort: 1, destinationPort: 2 }]);
  node.packet(octets, time, { reason: 'service-client', link: '' });
  const sent = node.sent();
  const copy = sent.map((one) => one.octets.subarray(40));
  assert.ok(
    copy.every((one) => Buffer.compare(one, octets) === 0),
    'it goes on as it came',
  );
  return sent[0]?.destination;
}

test('servers with keys of their own are told apart: neither is older than the other', () => {
  const node = master()
    .packet(join(ONE, 1, { sequence: 9 }), 1)
    .packet(join(TWO, 1), 1);
  assert.equal(node.one('binding-acknowledgement').message.status, 0);
  assert.equal(node.role.sizes?.().bindings, 2);
  node.packet(join(ONE, 2, { sequence: 9 }), 2);
  const refused = node.one('binding-acknowledgement').message;
  assert.equal(refused.status, BINDING_STATUS.sequenceNumberOutOfWindow);
  assert.equal(refused.sequence, 9);
});

test('who has no key, or another`s, is no server; what was sent before is none either', () => {
  const node = master().packet(join(ONE, 1, { authentication: keyOf(999) }), 1);
  const wrong = { ...keyOf(257), key: new Uint8Array(16) } as Authentication;
  node.packet(join(ONE, 1, { authentication: wrong }), 1);
  assert.equal(node.counters['mobility.bu_unauthenticated'], 2);
  const octets = join(ONE, 2);
  node.packet(octets, 2).packet(octets, 2.1);
  assert.equal(node.counters['mobility.bu_replayed'], 1);
  assert.equal(node.role.sizes?.().bindings, 1);
});

test('clients go to servers in turn, and stay where they are', () => {
  const node = master();
  assert.equal(firstPacket(node, 0, 2), undefined);
  assert.equal(node.counters['service.no_member'], 1);
  node.packet(join(ONE, 2), 2).packet(join(TWO, 2), 2);
  const went = [0, 1, 2, 3].map((n) => firstPacket(node, n, 3));
  assert.deepEqual(went, [ONE, TWO, ONE, TWO]);
  const entry = node.entries.get('service/2001:db8:1::80/from/2001:db8:f::1');
  assert.deepEqual(entry?.do, [TOLD, { push: 'ipv6', src: MASTER, dst: ONE }]);
  assert.equal(entry?.match.mobility, true, 'Home Tests go there too');
  // What came before the entry was there waits for the control side.
  assert.deepEqual([firstPacket(node, 1, 3), firstPacket(node, 4, 3)], [TWO, ONE]);
  assert.equal(node.counters['service.client_new'], 5);
});

test('by load the server with the fewest clients gets the next', () => {
  const lasting = { lifetime: 2000 };
  const node = master({ policy: 'least-load' }).packet(join(ONE, 2, lasting), 2);
  assert.deepEqual([firstPacket(node, 0, 3), firstPacket(node, 1, 3)], [ONE, ONE]);
  node.packet(join(TWO, 4, lasting), 4);
  // Who has just come is eased in for half a minute.
  const went = [2, 3, 4, 5].map((n) => firstPacket(node, n, 40));
  assert.deepEqual(went, [TWO, TWO, ONE, TWO]);
});

test('a full table takes no new client, and idle clients leave it', () => {
  const node = master({ maxClients: 1 }).packet(join(ONE, 2, { lifetime: 2000 }), 2);
  assert.equal(firstPacket(node, 0, 3), ONE);
  assert.equal(firstPacket(node, 1, 3), undefined);
  assert.equal(node.counters['service.clients_full'], 1);
  for (let time = 3; time < 1300; time += 225) {
    node.feed({ kind: 'tick' }, time);
    const asked = node.outputs.find((one) => one.kind === 'ask');
    if (asked?.kind !== 'ask') continue;
    const use = asked.entries.map(() => ({ packets: 0, octets: 0 }));
    node.feed({ kind: 'answer', id: asked.id, use }, time);
  }
  assert.equal(node.role.sizes?.().clients, 0);
  assert.equal(firstPacket(node, 1, 1400), ONE);
});

test('a server that leaves, or falls silent, loses its clients', () => {
  const node = master()
    .packet(join(ONE, 2), 2)
    .packet(join(TWO, 2, { lifetime: 5 }), 2);
  for (const n of [0, 1, 2, 3]) firstPacket(node, n, 3);
  node.packet(join(ONE, 4, { sequence: 2, lifetime: 0 }), 4);
  assert.equal(node.one('binding-acknowledgement').message.status, 0);
  assert.equal(node.counters['service.client_lost'], 2);
  assert.equal(firstPacket(node, 0, 5), TWO);
  node.run(23);
  assert.equal(node.counters['service.client_lost'], 5);
  assert.equal(firstPacket(node, 0, 24), undefined);
});

test('servers tell a master that has just begun whom they serve, before anybody is given away', () => {
  const node = master();
  node.packet(join(ONE, 0.1), 0.1);
  assert.equal(firstPacket(node, 7, 0.2), undefined);
  assert.equal(node.counters['service.settling'], 1);
  node.packet(join(TWO, 0.3, { clients: [client(7), client(8)] }), 0.3);
  assert.equal(node.counters['service.client_told'], 2);
  const entry = node.entries.get('service/2001:db8:1::80/from/2001:db8:f::8');
  assert.deepEqual(entry?.do, [TOLD, { push: 'ipv6', src: MASTER, dst: TWO }]);
});

test('a Home Test of a client that nobody knows goes to every server, within a rate', () => {
  const node = master().packet(join(ONE, 2), 2).packet(join(TWO, 2), 2);
  const octets = packet(client(0), SERVICE, [
    { layer: 'home-test', homeInitCookie: new Uint8Array(8), homeKeygenToken: new Uint8Array(8) },
  ]);
  const pass = () => node.packet(octets, 3, { reason: 'service-client', link: '' });
  assert.deepEqual(
    pass()
      .sent()
      .map(({ destination }) => destination),
    [ONE, TWO],
  );
  for (let i = 0; i < 200; i++) pass();
  assert.equal(node.counters['service.passed_on'], 100);
  assert.equal(node.counters['service.not_passed_on'], 101);
});

test('the master claims its address again from who comes behind it', () => {
  const node = master();
  node.run(20);
  const claim = packet(ONE, address('ff02::1'), [
    { layer: 'neighbor-advertisement', override: true, targetAddress: SERVICE, options: [] },
  ]);
  claim[7] = 255;
  node.packet(claim, 21, { reason: 'icmpv6' });
  assert.equal(node.one('neighbor-advertisement').message.targetAddress, SERVICE);
});
