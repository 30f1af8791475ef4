import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, EPOCH, packet } from '../../../test/by-hand.ts';
import type { Authentication } from '../../core/config.ts';
import { ntpTimestamp } from '../../core/security/authentication-option.ts';
import { movedClientOptions } from '../../core/service/moved-client.ts';
import { homeProof } from '../../core/signalling/home-authentication.ts';
import { seconds } from '../../core/time.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { address } from '../../wire/address.ts';

const SERVICE = address('2001:db8:1::80');
const MASTER = address('2001:db8:1::2');
const ONE = address('2001:db8:1::3');
const TWO = address('2001:db8:1::4');
const CLIENT = address('2001:db8:f::1');
const keyOf = (spi: number): Authentication => ({
  method: 'rfc4285',
  spi,
  key: new Uint8Array(16).fill(spi & 0xff),
});

function slave() {
  const contentSlave = {
    ...{ service: SERVICE, link: 'eth0', address: TWO, policy: 'rotation' as const },
    members: [
      { address: ONE, authentication: keyOf(257) },
      { address: TWO, authentication: keyOf(258) },
    ],
    ...{ maxClients: 10, master: MASTER, authentication: keyOf(258), lifetime: seconds(20) },
    ...{ clientLifetime: seconds(60), directReturn: true, maxPeers: 10 },
  };
  const node = new ByHand({ name: 's2', contentSlave });
  return node.feed({ kind: 'start' }, 0).link(0).address(TWO, 0);
}

function move(time: number, authentication: Authentication, server = TWO): Uint8Array {
  const stamp = ntpTimestamp(EPOCH, at(time));
  const proof = homeProof(authentication, crypto, { careOf: ONE, home: SERVICE }, stamp);
  const octets = packet(ONE, TWO, [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: SERVICE }] },
    {
      layer: 'binding-update',
      ...{ sequence: 1, acknowledge: true, homeRegistration: true, lifetime: 5 },
      options: [
        { option: 'alternate-care-of-address', careOfAddress: ONE },
        ...movedClientOptions({ server, client: CLIENT, state: Uint8Array.of(1) }),
        ...proof.options,
      ],
    },
  ]);
  proof.sign(octets);
  return octets;
}

const attached = (node: ByHand) => node.outputs.filter(({ kind }) => kind === 'attach').length;

test('a client comes from another server once, with a proof, and to the server that is named', () => {
  const node = slave();
  assert.equal(attached(node.packet(move(1, keyOf(999)), 1)), 0);
  assert.equal(attached(node.packet(move(1, keyOf(257), ONE), 1.1)), 0);
  const octets = move(2, keyOf(257));
  assert.equal(attached(node.packet(octets, 2)), 1);
  assert.equal(node.role.sizes?.().clients, 1);
  assert.equal(attached(node.packet(octets, 2.1)), 0, 'an old message brings nothing back');
  assert.equal(node.counters['service.client_moved'], 1);
  assert.equal(node.counters['mobility.bu_replayed'], 1);
});

test('only clients of its own are handed on, and only to servers', () => {
  const node = slave().packet(move(2, keyOf(257)), 2);
  const handOver = (client = CLIENT, to = ONE) =>
    node.feed({ kind: 'command', command: { do: 'hand-over', client, to } }, 3).outputs;
  assert.deepEqual(handOver(address('2001:db8:f::9')), [
    { kind: 'count', counter: 'service.not_moved' },
  ]);
  assert.equal(handOver(CLIENT, CLIENT)[0]?.kind, 'count');
  const [asked] = handOver();
  assert.equal(asked?.kind, 'detach');
  node.feed({ kind: 'detached', id: 'service/move/2001:db8:f::1', state: undefined }, 3);
  assert.equal(node.counters['service.not_moved'], 3, 'what cannot be moved stays');
  handOver();
  const state = Uint8Array.of(7);
  node.feed({ kind: 'detached', id: 'service/move/2001:db8:f::1', state }, 3);
  assert.equal(node.one('binding-update').destination, ONE);
  const entry = node.entries.get('service/2001:db8:1::80/from/2001:db8:f::1');
  assert.deepEqual(entry?.do, [{ push: 'ipv6', src: TWO, dst: ONE }]);
});
