import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../wire/address.ts';
import { Paths } from './paths.ts';
import type { Output } from './role.ts';
import type { Instant } from './time.ts';

const HOME = address('2001:db8:1::100');
const own = {
  careOf: address('2001:db8:2::a'),
  homeAgent: address('2001:db8:1::1'),
};
const PEER = address('2001:db8:3::100');
const binding = { careOf: address('2001:db8:4::b'), expiresAt: 9e6 as Instant };

/** What is done with packets to the peer, by the first words of each action. */
const doneTo = (outputs: readonly Output[]) =>
  outputs
    .filter((output) => output.kind === 'forward')
    .filter(({ entry }) => entry.id.endsWith('/to/2001:db8:3::100') && entry.match.src)
    .map(({ entry }) => entry.do.map((action) => Object.values(action)[0]));

test('a bound peer that does not know us is reached by the tunnel, and the control side hears of it', () => {
  const paths = new Paths();
  paths.setOwn(HOME, { ...own, notify: true });
  assert.deepEqual(doneTo(paths.setPeerBinding(PEER, binding)), [
    ['tunnelled-to-peer', 'routing-2', 'ipv6'],
  ]);
  const told = paths.setRegistered(HOME, PEER, own.careOf, binding.expiresAt);
  assert.deepEqual(doneTo(told), [['home-address', 'routing-2']]);
});

test('who registers with nobody wants to hear of nobody', () => {
  const paths = new Paths();
  paths.setOwn(HOME, { ...own, notify: false });
  assert.deepEqual(doneTo(paths.setPeerBinding(PEER, binding)), [['routing-2', 'ipv6']]);
});

test('what carries packets to a bound peer while the node is away counts too', () => {
  const paths = new Paths();
  assert.deepEqual(paths.toPeerIds(PEER), ['path/to/2001:db8:3::100']);
  paths.setOwn(HOME, { ...own, notify: true });
  assert.deepEqual(paths.toPeerIds(PEER), [
    'path/to/2001:db8:3::100',
    'path/from/2001:db8:1::100/to/2001:db8:3::100',
  ]);
});
