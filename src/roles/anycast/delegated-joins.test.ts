/** An agent that asks for delegations takes joins with them alone, however right their key is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, EPOCH, layerOf, packet } from '../../../test/by-hand.ts';
import { authority, BEGIN, delegated, pairOf } from '../../../test/delegations.ts';
import type { Authentication, DelegatedKey } from '../../core/config.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import { ntpTimestamp } from '../../core/security/authentication-option.ts';
import { delegatedProof } from '../../core/signalling/delegated-update.ts';
import { associationNumber, homeProof } from '../../core/signalling/home-authentication.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { address } from '../../wire/address.ts';

const SERVICE = address('2001:db8:1::80');
const AGENT = address('2001:db8:2::2');
const SERVERS = [address('2001:db8:e::1'), address('2001:db8:e::2')];
const keyOf = (index: number): Authentication => ({
  method: 'rfc4285',
  spi: 257 + index,
  key: new Uint8Array(16).fill(index + 1),
});

function agent(without: readonly Mechanism[] = []): ByHand {
  const anycastAgent = {
    ...{ service: SERVICE, address: AGENT, policy: 'rotation' as const, maxClients: 4 },
    members: SERVERS.map((one, i) => ({ address: one, authentication: keyOf(i) })),
    authorities: [authority],
  };
  const node = new ByHand({ name: 'a', anycastAgent }, without);
  return node.feed({ kind: 'start' }, 0).link(0).address(AGENT, 0);
}

interface Change {
  readonly shows?: DelegatedKey;
  readonly lifetime?: number;
  /** Whose association it is; the first server's if absent. */
  readonly index?: number;
  /** For whose association the delegation is signed. */
  readonly signedFor?: number;
}

/** Status of the answer to a join, how many have joined, and as what it was refused. */
function join(node: ByHand, time: number, change: Change = {}): [number, number, string[]] {
  const { shows, lifetime = 5, index = 0, signedFor = index } = change;
  const careOf = SERVERS[index]!;
  const subject = { careOf, home: SERVICE };
  const plain = homeProof(keyOf(index), crypto, subject, ntpTimestamp(EPOCH, at(time)));
  const binding = { ...subject, secret: associationNumber(keyOf(signedFor)) };
  const proof = shows ? delegatedProof(crypto, shows, binding, plain) : plain;
  const octets = packet(careOf, AGENT, [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: SERVICE }] },
    {
      layer: 'binding-update',
      ...{ sequence: time, acknowledge: true, homeRegistration: true, lifetime },
      options: [{ option: 'alternate-care-of-address', careOfAddress: careOf }, ...proof.options],
    },
  ]);
  proof.sign(octets);
  const { layers } = node.packet(octets, time).one('binding-acknowledgement');
  const { status } = layerOf(layers, 'binding-acknowledgement');
  const names = Object.keys(node.counters).filter((name) => name.startsWith('delegation.'));
  return [status, node.role.inspect!().service!.servers.length, names];
}

test('a server with a delegation joins and leaves', () => {
  const node = agent();
  assert.deepEqual(join(node, 1, { shows: delegated() }), [0, 1, []]);
  assert.deepEqual(join(node, 2, { shows: delegated(), lifetime: 0 }), [0, 0, []]);
});

test('a join without one, outside of it, or with another server`s is refused by name', () => {
  const elsewhere = { address: address('2001:db8:1::53'), length: 128 };
  for (const [change, counter] of [
    [{}, 'delegation.missing'],
    [{ shows: delegated({ prefix: elsewhere }) }, 'delegation.outside'],
    [{ shows: delegated({ notAfter: BEGIN }) }, 'delegation.out_of_date'],
    [{ shows: delegated({}, { authorityFill: 2 }) }, 'delegation.not_of_authority'],
    [{ shows: { ...delegated(), privateKey: pairOf(8).privateKey } }, 'delegation.wrong_signature'],
    // What one server has signed is of no use with the key of another.
    [{ shows: delegated(), index: 1, signedFor: 0 }, 'delegation.wrong_signature'],
  ] as const) {
    assert.deepEqual(join(agent(), 1, change), [129, 0, [counter]]);
  }
});

test('a server that is there cannot stay without, and comes back with it', () => {
  const node = agent();
  join(node, 1, { shows: delegated() });
  assert.equal(join(node, 2)[0], 129);
  node.run(22);
  assert.equal(node.role.inspect!().service!.servers.length, 0, 'its lifetime is over');
  assert.equal(join(node, 23, { shows: delegated() })[1], 1);
});

test('without the mechanism a key is enough', () => {
  assert.deepEqual(join(agent(['delegation']), 1), [0, 1, []]);
});
