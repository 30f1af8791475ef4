import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Action, ForwardingEntry, Match } from '../../core/forwarding/entry.ts';
import { address, formatAddress } from '../../wire/address.ts';
import { type AnchorRoute, Steering, type SteeringRule } from './steering.ts';

const home = address('2001:db8:1::100');
const careOf = address('2001:db8:2::7');
const agent = address('2001:db8:1::1');
const peer = address('2001:db8:f::1');
const push: Action = { push: 'ipv6', src: careOf, dst: agent };

const leaving = (id: string, match: Match, ...actions: Action[]): ForwardingEntry => ({
  id,
  owner: 'test',
  at: 'leaving',
  match,
  do: actions,
});
const toHome = leaving('to', { dst: { address: home } }, push);
const fromHome = leaving('from', { src: { address: home } }, push);
const pair = leaving(
  'pair',
  { src: { address: home }, dst: { address: peer } },
  { insert: 'home-address', careOf },
  { insert: 'routing-2', careOf: agent },
);

function changesOf(steering: Steering): string[] {
  const { routes, rules } = steering.changes();
  const route = ({ table, prefix, prefixLength, mtu, preferredSource }: AnchorRoute) =>
    `${table} ${formatAddress(prefix)}/${prefixLength} mtu ${mtu}${preferredSource === undefined ? '' : ` src ${formatAddress(preferredSource)}`}`;
  const rule = ({ preference, source, then }: SteeringRule) =>
    `${preference} from ${formatAddress(source!.address)} ${'goto' in then ? `goto ${then.goto}` : `lookup ${then.table}`}`;
  return [
    ...routes.remove.map((one) => `- ${route(one)}`),
    ...routes.add.map((one) => `+ ${route(one)}`),
    ...rules.remove.map((one) => `- ${rule(one)}`),
    ...rules.add.map((one) => `+ ${rule(one)}`),
  ].sort();
}

test('a destination is routed into the anchor as long as an entry names it', () => {
  const steering = new Steering();
  steering.add(toHome);
  steering.add({ ...toHome, id: 'other', do: [] });
  assert.deepEqual(changesOf(steering), ['+ 9900 2001:db8:1::100/128 mtu 1460']);
  assert.deepEqual(changesOf(steering), []);
  steering.remove(toHome);
  assert.deepEqual(changesOf(steering), ['+ 9900 2001:db8:1::100/128 mtu 1500']);
  steering.remove({ ...toHome, id: 'other' });
  assert.deepEqual(changesOf(steering), ['- 9900 2001:db8:1::100/128 mtu 1500']);
});

test('an entry replaced within one step changes nothing', () => {
  const steering = new Steering();
  steering.add(toHome);
  steering.changes();
  steering.remove(toHome);
  steering.add(toHome);
  assert.deepEqual(changesOf(steering), []);
});

test('a source is steered by a rule, and its destinations need no routes then', () => {
  const steering = new Steering();
  steering.add(pair);
  assert.deepEqual(changesOf(steering), ['+ 9900 2001:db8:f::1/128 mtu 1452']);
  steering.add(fromHome);
  assert.deepEqual(changesOf(steering), [
    '+ 93 from 2001:db8:1::100 lookup 9901',
    '+ 9901 ::/0 mtu 1452',
    '- 9900 2001:db8:f::1/128 mtu 1452',
  ]);
  steering.remove(fromHome);
  assert.deepEqual(changesOf(steering), [
    '+ 9900 2001:db8:f::1/128 mtu 1452',
    '- 93 from 2001:db8:1::100 lookup 9901',
    '- 9901 ::/0 mtu 1452',
  ]);
});

test('a preferred identity is the source of new connections; chosen addresses pass it', () => {
  const steering = new Steering();
  steering.setAddresses(home, new Set([careOf]));
  assert.deepEqual(changesOf(steering), [
    '+ 94 from 2001:db8:2::7 goto 110',
    '+ 9902 ::/0 mtu 1500 src 2001:db8:1::100',
  ]);
  steering.setAddresses(undefined, new Set([careOf, home]));
  assert.deepEqual(changesOf(steering), [
    '- 94 from 2001:db8:2::7 goto 110',
    '- 9902 ::/0 mtu 1500 src 2001:db8:1::100',
  ]);
});

test('routes keep what IPv6 promises, and follow the MTU of the links', () => {
  const steering = new Steering();
  steering.setMtu(1280);
  steering.add(toHome);
  assert.deepEqual(changesOf(steering), ['+ 9900 2001:db8:1::100/128 mtu 1280']);
  steering.setMtu(9000);
  assert.deepEqual(changesOf(steering), ['+ 9900 2001:db8:1::100/128 mtu 8960']);
});
