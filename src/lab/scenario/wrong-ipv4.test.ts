/** IPv4 addresses that cannot be, and flows between nodes that have none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnosticLine } from './diagnostic.ts';
import { readScenario } from './read.ts';

function said(nodes: string, flow = ''): string[] {
  const text = `title: IPv4
links:
  core: { prefix: 2001:db8:f::/64 }
nodes:
  a: { role: host, on: [core], ipv4: 192.0.2.10 }
  ha: { role: home-agent, on: [core], serves: core, allow-unauthenticated: true }
  m: { role: mobile-node, home: core, home-agent: ha, interfaces: { wlan0: core } }
  c: { role: correspondent-node, on: [core] }
  ${nodes}
traffic:
  ticks: { protocol: udp, from: a, to: c, rate: 1/s, payload: 64B, start: 1s, stop: 2s${flow} }
`;
  const read = readScenario('x.yaml', new TextEncoder().encode(text), () => new Uint8Array());
  return read.ok
    ? []
    : read.error.map((one) => diagnosticLine(one).replace(/^x.yaml:\d+:\d+: /, ''));
}

test('an address is one of IPv4, and such as can be answered', () => {
  const given = (ipv4: string) => said(`b: { role: router, on: [core], ipv4: ${ipv4} }`);
  assert.deepEqual(given('198.51.100.7'), []);
  assert.deepEqual(given('"2001:db8:f::7"'), [
    'nodes.b.ipv4: "2001:db8:f::7" is not an IPv4 address, such as 192.0.2.80',
  ]);
  assert.deepEqual(given('198.51.100.7/24'), [
    'nodes.b.ipv4: "198.51.100.7/24" is not an IPv4 address, such as 192.0.2.80',
  ]);
  for (const one of ['0.0.0.1', '127.0.0.1', '169.254.1.1', '224.0.0.1', '240.0.0.1']) {
    assert.deepEqual(given(one), [
      `nodes.b.ipv4: ${one} cannot be a node's: write one such as 192.0.2.10`,
    ]);
  }
  assert.deepEqual(given('255.255.255.255').length, 1);
});

test('each of a count has an address, and all nodes have others', () => {
  const many = (count: number, first: string) =>
    said(`b: { role: host, on: [core], ipv4: ${first}, count: ${count} }`);
  assert.deepEqual(many(4, '192.0.2.11'), []);
  assert.deepEqual(many(4, '192.0.2.8'), [
    'nodes.b.ipv4: 192.0.2.10 is an address of "a" already: give each node its own',
  ]);
  assert.deepEqual(many(1, '192.0.2.10'), [
    'nodes.b.ipv4: 192.0.2.10 is an address of "a" already: give each node its own',
  ]);
  assert.deepEqual(many(3, '223.255.255.254'), [
    "nodes.b.ipv4: 223.255.255.254 and the 2 behind it cannot be a node's: write one such as 192.0.2.10",
  ]);
  assert.deepEqual(many(2, '255.255.255.255').length, 1);
  const key = 'auth: { rfc4285: { spi: 257, key: "hex:000102030405060708090a0b0c0d0e0f" } }';
  const service = 'service: "2001:db8:a::80", ipv4-service: 192.0.2.10';
  assert.deepEqual(said(`s: { role: anycast-server, on: [core], ${service}, ${key} }`), [
    'nodes.a.ipv4: 192.0.2.10 is an address of "s" already: give each node its own',
  ]);
});

test('a flow over IPv4 wants addresses of it at both ends, and names no other', () => {
  const other = 'b: { role: host, on: [core], ipv4: 198.51.100.7 }';
  assert.deepEqual(said(other, ', ipv4: true').slice(0, 1), [
    'traffic.ticks.ipv4: "c" has no IPv4 address: add one to it, such as ipv4: 192.0.2.10',
  ]);
  const to = (node: string) => `, ipv4: true }
  other: { protocol: udp, from: a, to: ${node}, rate: 1/s, payload: 64B, start: 1s, stop: 2s, ipv4: true`;
  assert.deepEqual(said(other, to('m')).slice(1), [
    'traffic.other.ipv4: "m" has no IPv4 address: its role has none in the lab',
  ]);
  assert.deepEqual(said(other, to('b')).length, 1);
  assert.deepEqual(said(other, ', ipv4: yes please'), [
    'traffic.ticks.ipv4: is not true or false (it goes between the IPv4 addresses of its ends; no if absent)',
  ]);
  const named = `, ipv4: true }
  get: { protocol: tcp, from: a, to: b, size: 1kB, start: 1s, name: www.example, ipv4: true`;
  const names = `n: { role: name-server, on: [core], names: { www.example: [b] } }
  ${other}`;
  assert.deepEqual(said(names, named).slice(1), [
    'traffic.get.ipv4: has no meaning with `name`: names are asked for IPv6 addresses alone',
  ]);
});

test('a mobile node has no field for an address of IPv4', () => {
  const mobile = 'role: mobile-node, home: core, home-agent: ha, interfaces: { wlan0: core }';
  assert.match(said(`n: { ${mobile}, ipv4: 192.0.2.1 }`)[0]!, /^nodes\.n\.ipv4: is no key here/);
});
