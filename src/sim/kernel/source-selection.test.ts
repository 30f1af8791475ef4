import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address, formatAddress } from '../../wire/address.ts';
import { Link } from '../link.ts';
import { Simulation } from '../simulation.ts';
import { nodeOn } from '../small-network.ts';
import { INTERNAL } from './interface.ts';

interface Flags {
  readonly optimistic?: boolean;
  readonly preferred?: boolean;
}

/** A node with two interfaces that work and one that does not. */
function setUp() {
  const simulation = new Simulation(1);
  const node = nodeOn(simulation, 'mn', {
    wlan0: { link: new Link(simulation, 'one') },
    cell0: { link: new Link(simulation, 'two') },
    down0: {},
  });
  const { kernel } = node;
  const add = (link: string, text: string, { optimistic, preferred }: Flags = {}) =>
    kernel.addAddress(link, {
      address: address(text),
      prefixLength: link === INTERNAL ? 128 : 64,
      optimistic: optimistic ?? false,
      preferred: preferred ?? false,
    });
  const route = (link: string) =>
    kernel.addRoute({ prefix: address('::'), prefixLength: 0, link, origin: 'fixed' });
  const chosen = (destination: string) => {
    const source = kernel.output.sourceFor(address(destination));
    return source && formatAddress(source);
  };
  return { node, add, route, chosen };
}

test('no route or no address: no source', () => {
  const { add, route, chosen } = setUp();
  assert.equal(chosen('2001:db8:9::1'), undefined);
  route('wlan0');
  assert.equal(chosen('2001:db8:9::1'), undefined, 'a link-local address has not the scope');
  add('wlan0', '2001:db8:1::5');
  assert.equal(chosen('2001:db8:9::1'), '2001:db8:1::5');
});

test('an own address is its own source', () => {
  const { add, chosen } = setUp();
  add('cell0', '2001:db8:2::5');
  add('cell0', '2001:db8:2::6');
  assert.equal(chosen('2001:db8:2::6'), '2001:db8:2::6');
});

test('the home address comes first, wherever it is', () => {
  const { add, route, chosen } = setUp();
  route('wlan0');
  add('wlan0', '2001:db8:1::5');
  add(INTERNAL, '2001:db8:a::1', { preferred: true });
  assert.equal(chosen('2001:db8:1::9'), '2001:db8:a::1');
});

test('an optimistic address is the last choice, and a choice', () => {
  const { add, route, chosen } = setUp();
  route('wlan0');
  add('wlan0', '2001:db8:1::5', { optimistic: true, preferred: true });
  assert.equal(chosen('2001:db8:9::1'), '2001:db8:1::5');
  add('cell0', '2001:db8:2::5');
  assert.equal(chosen('2001:db8:9::1'), '2001:db8:2::5');
});

test('the outgoing interface comes before the longest prefix', () => {
  const { add, route, chosen } = setUp();
  route('wlan0');
  add('cell0', '2001:db8:9::5');
  add('wlan0', '2001:db8:1::5');
  add('wlan0', '2001:db8:1:1::5');
  assert.equal(chosen('2001:db8:9::1'), '2001:db8:9::5', 'on the link of cell0');
  assert.equal(chosen('2001:db8:1:1:8000::1'), '2001:db8:1:1::5');
  assert.equal(chosen('2001:db8:9:1::1'), '2001:db8:1::5');
});

test('an address of an interface without a link is no source', () => {
  const { node, add, route, chosen } = setUp();
  route('wlan0');
  add('down0', '2001:db8:3::5', { preferred: true });
  add('wlan0', '2001:db8:1::5');
  assert.equal(chosen('2001:db8:9::1'), '2001:db8:1::5');
  node.setUp('wlan0', false);
  assert.equal(chosen('2001:db8:9::1'), undefined);
});

test('of two addresses on a link, the one whose own route is the best; one without a route is none', () => {
  const { node, add, chosen } = setUp();
  add('wlan0', '2001:db8:1::5');
  add('wlan0', '2001:db8:2::5');
  const routeFrom = (source: string, metric: number) => ({
    ...{ prefix: address('::'), prefixLength: 0, link: 'wlan0', origin: 'role' as const },
    ...{ source: address(source), via: address('fe80::1'), metric },
  });
  node.kernel.addRoute(routeFrom('2001:db8:1::5', 2));
  assert.equal(chosen('2001:db8:2:1::9'), '2001:db8:1::5', 'the other is nearer, but goes nowhere');
  node.kernel.addRoute(routeFrom('2001:db8:2::5', 1));
  assert.equal(chosen('2001:db8:1:1::9'), '2001:db8:2::5', 'rule 5.5 comes before the prefix');
  node.kernel.routes.remove(routeFrom('2001:db8:2::5', 1));
  node.kernel.routes.remove(routeFrom('2001:db8:1::5', 2));
  assert.equal(chosen('2001:db8:1:1::9'), undefined);
});
