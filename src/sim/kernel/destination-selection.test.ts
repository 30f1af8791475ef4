import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address, formatAddress } from '../../wire/address.ts';
import { Link } from '../link.ts';
import { Simulation } from '../simulation.ts';
import { nodeOn } from '../small-network.ts';
import { orderDestinations } from './destination-selection.ts';

const A = '2001:db8:a::5';
const B = '2001:db8:b::5';

/** A node with an address of each of two providers; each has a way to its own prefix alone. */
function setUp(deprecated: readonly string[] = []) {
  const simulation = new Simulation(1);
  const node = nodeOn(simulation, 'h', { eth0: { link: new Link(simulation, 'site') } });
  const { kernel } = node;
  for (const text of [A, B]) {
    const flags = { optimistic: false, preferred: false, deprecated: deprecated.includes(text) };
    kernel.addAddress('eth0', { address: address(text), prefixLength: 64, ...flags });
  }
  return (...destinations: string[]) =>
    orderDestinations(kernel, destinations.map(address)).map(formatAddress);
}

test('what nothing gets to comes last, else the order is kept', () => {
  const order = setUp();
  assert.deepEqual(order('2001:db8:9::1', '2001:db8:b::9', '2001:db8:a::9'), [
    '2001:db8:b::9',
    '2001:db8:a::9',
    '2001:db8:9::1',
  ]);
});

test('a destination that only a deprecated address is for comes behind others', () => {
  const order = setUp([A]);
  // Both are reached from the other address while there is one (RFC 6724 section 5 rule 3), and
  // that has more in common with the second.
  assert.deepEqual(order('2001:db8:a::9', '2001:db8:b::9'), ['2001:db8:b::9', '2001:db8:a::9']);
});
