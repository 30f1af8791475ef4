/** What servers and other agents say with addresses of a family that is of no use to this agent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, EPOCH, packet } from '../../../test/by-hand.ts';
import type { Authentication } from '../../core/config.ts';
import { ntpTimestamp } from '../../core/security/authentication-option.ts';
import { servedClientsOptions } from '../../core/service/clients/served-clients.ts';
import { clientEntry, memberEntry, prefixOf } from '../../core/service/sharing/shared-records.ts';
import type { SharedEntry } from '../../core/shared-store.ts';
import { homeProof } from '../../core/signalling/home-authentication.ts';
import type { UdpEnd } from '../../core/signalling/udp-signalling.ts';
import { seconds } from '../../core/time.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, address } from '../../wire/address.ts';

const SERVICE = address('2001:db8:a::80');
const [AGENT, AGENT4] = [address('2001:db8:1::2'), address('192.0.2.1')];
const OTHER_AGENT = address('2001:db8:1::3');
const [SERVER, SERVER4] = [address('2001:db8:e::1'), address('198.51.100.9')];
const [CLIENT, CLIENT4] = [address('2001:db8:f::1'), address('198.51.100.7')];
const authentication: Authentication = { method: 'rfc4285', spi: 257, key: new Uint8Array(16) };

function agent(address4?: Address): ByHand {
  const anycastAgent = {
    ...{ service: SERVICE, members: [{ address: SERVER, authentication }], shared: true as const },
    ...{ address: AGENT, ...(address4 && { address4 }) },
    ...{ policy: 'rotation' as const, maxClients: 4 },
  };
  const node = new ByHand({ name: 'a', anycastAgent });
  return node.feed({ kind: 'start' }, 0).link(0).address(AGENT, 0);
}

/** What another agent has told of the server. */
function member(careOf: Address, udp?: UdpEnd): SharedEntry {
  const ends = { address: careOf, ...(udp && { udp }) };
  const there = { ...ends, sequence: 3, lifetime: seconds(20), expiresAt: at(60) };
  const record = { registrant: '257', version: 5n, by: OTHER_AGENT, there };
  return memberEntry(SERVICE, record, EPOCH, at(0));
}

function client(one: Address): SharedEntry {
  const record = { client: one, version: 5n, by: OTHER_AGENT, to: '257' };
  return clientEntry(SERVICE, { ...record, until: EPOCH + seconds(60) });
}

const told = (node: ByHand, ...entries: SharedEntry[]): ByHand =>
  node.feed({ kind: 'shared', prefix: prefixOf(SERVICE), entries, whole: true }, 1);
const sizes = (node: ByHand) => {
  const { bindings, clients } = node.role.sizes!();
  return { bindings, clients };
};

test('another agent tells of a server and its client', () => {
  assert.deepEqual(sizes(told(agent(), member(SERVER), client(CLIENT))), {
    bindings: 1,
    clients: 1,
  });
  const over4 = told(agent(AGENT4), member(SERVER, { address: SERVER4, port: 4191 }));
  assert.deepEqual(sizes(over4), { bindings: 1, clients: 0 });
});

test('a server with an IPv4 care-of address is none', () => {
  const node = told(agent(), member(SERVER4));
  assert.deepEqual(sizes(node), { bindings: 0, clients: 0 });
  assert.equal(node.counters['service.shared_malformed'], 1);
});

test('nor is one that is met inside UDP over IPv6', () => {
  const node = told(agent(AGENT4), member(SERVER, { address: SERVER, port: 4191 }));
  assert.deepEqual(sizes(node), { bindings: 0, clients: 0 });
  assert.equal(node.counters['service.shared_malformed'], 1);
});

test('one that is met over IPv4 is of no use to an agent without IPv4', () => {
  const node = told(agent(), member(SERVER, { address: SERVER4, port: 4191 }));
  assert.deepEqual(sizes(node), { bindings: 0, clients: 0 });
  assert.equal(node.counters['service.shared_unknown'], 1);
});

test('an IPv4 client is nobody where the service has no IPv4 address', () => {
  assert.deepEqual(sizes(told(agent(), member(SERVER), client(CLIENT4))), {
    bindings: 1,
    clients: 0,
  });
  const stamp = ntpTimestamp(EPOCH, at(1));
  const proof = homeProof(authentication, crypto, { careOf: SERVER, home: SERVICE }, stamp);
  const octets = packet(SERVER, AGENT, [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: SERVICE }] },
    {
      layer: 'binding-update',
      ...{ sequence: 7, acknowledge: true, homeRegistration: true, lifetime: 5 },
      options: [
        { option: 'alternate-care-of-address', careOfAddress: SERVER },
        ...servedClientsOptions([CLIENT4, CLIENT]),
        ...proof.options,
      ],
    },
  ]);
  proof.sign(octets);
  assert.deepEqual(sizes(agent().packet(octets, 1)), { bindings: 1, clients: 1 });
});

test('an agent with an IPv4 address is no agent', () => {
  const entry = { version: '0'.repeat(16), value: '{"preference":1}', until: EPOCH + seconds(60) };
  const node = told(agent(), { ...entry, key: `${prefixOf(SERVICE)}agent/192.0.2.9` });
  assert.equal(node.counters['service.shared_malformed'], 1);
});
