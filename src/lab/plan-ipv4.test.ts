import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../wire/address.ts';
import { planOf } from './plan.ts';
import { scenarioOf } from './sample.ts';

const network = (ipv4: boolean) => `title: a network
links:
  left:   { prefix: 2001:db8:1::/64 }
  middle: { prefix: 2001:db8:2::/64 }
  right:  { prefix: 2001:db8:3::/64 }
  private: { prefix: 2001:db8:4::/64 }
nodes:
  r1: { role: router, on: [left, middle] }
  r2: { role: router, on: [middle, right] }
  a:  { role: host, on: [left]${ipv4 ? ', ipv4: 192.0.2.254, count: 2' : ''} }
  b:  { role: correspondent-node, on: [right, private]${ipv4 ? ', ipv4: 198.51.100.7' : ''} }
  h:  { role: host, on: [left] }
  p:  { role: host, on: [private]${ipv4 ? ', ipv4: 203.0.113.9' : ''} }
`;

const plan = planOf(scenarioOf(network(true)));
const node = (name: string) => plan.nodes.find((one) => one.name === name)!;
const routesOf = (name: string) =>
  node(name)
    .routes.filter(({ prefix }) => prefix.length === 4)
    .map(({ prefix, prefixLength, interface: by, via }) =>
      [`${formatAddress(prefix)}/${prefixLength}`, by, formatAddress(via!)].join(' '),
    );

test('each node of a count has the next address, over the end of an octet too', () => {
  const own = ['a-0', 'a-1', 'b', 'r1'].map((name) => node(name).ipv4);
  const texts = own.map((one) => one && formatAddress(one));
  assert.deepEqual(texts, ['192.0.2.254', '192.0.2.255', '198.51.100.7', undefined]);
  assert.equal(node('b').ipv4Identity, node('b').ipv4);
});

test('routers have a route to each address, by IPv6 next hops', () => {
  assert.deepEqual(routesOf('r1'), [
    '192.0.2.254/32 left 2001:db8:1::2',
    '192.0.2.255/32 left 2001:db8:1::3',
    '198.51.100.7/32 middle 2001:db8:2::2',
  ]);
  assert.deepEqual(routesOf('r2'), [
    '192.0.2.254/32 middle 2001:db8:2::1',
    '192.0.2.255/32 middle 2001:db8:2::1',
    '198.51.100.7/32 right 2001:db8:3::2',
  ]);
});

test('hosts have one for all by their router, and others to neighbours on links without it', () => {
  assert.deepEqual(routesOf('a-0'), ['0.0.0.0/0 left 2001:db8:1::1']);
  assert.deepEqual(routesOf('b'), [
    '203.0.113.9/32 private 2001:db8:4::2',
    '0.0.0.0/0 right 2001:db8:3::1',
  ]);
  assert.deepEqual(routesOf('p'), ['198.51.100.7/32 private 2001:db8:4::1']);
});

test('where nobody has an IPv4 address, nothing is planned for it', () => {
  const { nodes } = planOf(scenarioOf(network(false)));
  assert.ok(nodes.every(({ routes }) => routes.every(({ prefix }) => prefix.length === 16)));
  assert.ok(nodes.every((one) => !('ipv4' in one) && !('ipv4Identity' in one)));
});
