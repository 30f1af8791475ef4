import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Action, ForwardingEntry, Match } from '../../core/forwarding/entry.ts';
import { address, formatAddress } from '../../wire/address.ts';
import { type AnchorRoute, MAX_PAIR_TABLES, Steering, type SteeringRule } from './steering.ts';

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

const undone = (change: string): string => change.replace('+', '-');

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
  const ofPair = ['+ 93 from 2001:db8:1::100 lookup 9903', '+ 9903 2001:db8:f::1/128 mtu 1452'];
  assert.deepEqual(changesOf(steering), ofPair);
  steering.add(fromHome);
  const whole = ['+ 93 from 2001:db8:1::100 lookup 9901', '+ 9901 ::/0 mtu 1452'];
  assert.deepEqual(changesOf(steering), [...whole, ...ofPair.map(undone)].sort());
  steering.remove(fromHome);
  assert.deepEqual(changesOf(steering), [...ofPair, ...whole.map(undone)].sort());
  steering.remove(pair);
  assert.deepEqual(changesOf(steering), ofPair.map(undone));
});

test('each source has a table of its own for its destinations, while there are some', () => {
  const steering = new Steering();
  const pairOf = (number: number) => {
    const src = { address: address(`2001:db8:a::${number.toString(16)}`) };
    return leaving(`${number}`, { src, dst: { address: peer } }, push);
  };
  for (let i = 1; i <= MAX_PAIR_TABLES + 1; i++) steering.add(pairOf(i));
  const changes = changesOf(steering);
  const tables = changes.filter((one) => one.includes('::1/128')).map((one) => one.split(' ')[1]);
  assert.equal(new Set(tables).size, MAX_PAIR_TABLES + 1);
  assert.ok(tables.includes('9900'), 'one more has a route for all sources');
  assert.equal(changes.filter((one) => one.includes('lookup')).length, MAX_PAIR_TABLES);
  steering.remove(pairOf(1));
  steering.add(pairOf(99));
  assert.deepEqual(changesOf(steering), [
    '+ 93 from 2001:db8:a::63 lookup 9903',
    '- 93 from 2001:db8:a::1 lookup 9903',
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

test('without a source, packets are led to what steers the best of the addresses of links', () => {
  const steering = new Steering();
  const addresses = new Set([home, careOf]);
  steering.setAddresses(undefined, addresses);
  steering.setBest(home);
  assert.deepEqual(changesOf(steering), [], 'nobody steers it');
  steering.add(fromHome);
  steering.add(toHome);
  assert.deepEqual(changesOf(steering), [
    '+ 93 from 2001:db8:1::100 lookup 9901',
    '+ 94 from 2001:db8:2::7 goto 110',
    '+ 9900 2001:db8:1::100/128 mtu 1460 src 2001:db8:1::100',
    '+ 9901 ::/0 mtu 1460',
    '+ 9902 ::/0 mtu 1460 src 2001:db8:1::100',
  ]);
  steering.add(leaving('other', { src: { address: careOf } }));
  steering.setBest(careOf);
  assert.deepEqual(changesOf(steering), [
    '+ 93 from 2001:db8:2::7 lookup 9901',
    '+ 9900 2001:db8:1::100/128 mtu 1460 src 2001:db8:2::7',
    '+ 9902 ::/0 mtu 1460 src 2001:db8:2::7',
    '- 94 from 2001:db8:2::7 goto 110',
  ]);
});

const service = address('192.0.2.80');
const client = address('198.51.100.7');

test('IPv4: routes and rules are of its own version, and go again', () => {
  const steering = new Steering();
  const entries = [
    leaving('to', { dst: { address: service } }, push),
    leaving('from', { src: { address: service } }, push),
    leaving('six', { src: { address: home } }, push),
    leaving('pair', { src: { address: client }, dst: { address: service } }),
  ];
  for (const one of entries) steering.add(one);
  const changes = [
    '+ 93 from 192.0.2.80 lookup 9901',
    '+ 93 from 198.51.100.7 lookup 9903',
    '+ 93 from 2001:db8:1::100 lookup 9901',
    '+ 9900 192.0.2.80/32 mtu 1460',
    '+ 9901 0.0.0.0/0 mtu 1460',
    '+ 9901 ::/0 mtu 1460',
    '+ 9903 192.0.2.80/32 mtu 1500',
  ];
  assert.deepEqual(changesOf(steering), changes);
  for (const one of entries) steering.remove(one);
  assert.deepEqual(changesOf(steering), changes.map(undone));
});

test('IPv4: a link of 1280 octets leaves less than that', () => {
  const steering = new Steering();
  steering.setMtu(1280);
  steering.add(leaving('to', { dst: { address: service } }, push));
  steering.add(toHome);
  assert.deepEqual(changesOf(steering), [
    '+ 9900 192.0.2.80/32 mtu 1240',
    '+ 9900 2001:db8:1::100/128 mtu 1280',
  ]);
});

test('IPv4: who has chosen no source yet is told none of IPv6', () => {
  const steering = new Steering();
  steering.setAddresses(home, new Set([careOf]));
  steering.setBest(careOf);
  steering.add(leaving('to', { dst: { address: service } }, push));
  assert.ok(changesOf(steering).includes('+ 9900 192.0.2.80/32 mtu 1460'));
});
