import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address, formatAddress } from '../../wire/address.ts';
import { type Message, MessageWriter, parseMessages } from '../sys/netlink/message.ts';
import type { Request } from '../sys/netlink/request.ts';
import type { Route } from '../sys/netlink/routes.ts';
import { parseRule, type Rule } from '../sys/netlink/rules.ts';
import { HostRoutes, type RouteSurroundings } from './host-routes.ts';

function messageOf({ type, flags, write }: Request): Message {
  const writer = new MessageWriter();
  writer.message(type, flags, 1, () => write(writer));
  return parseMessages(writer.octets())[0]!;
}

/** A kernel that keeps IPv6 routes side by side when their metrics differ. */
function host() {
  const kernel = new Set<number | undefined>();
  const rules: string[] = [];
  const nameOf = ({ priority, from, table }: Rule) =>
    `${priority} ${formatAddress(from!.address)} ${table}`;
  const netlink = {
    rules: () => [],
    runAll: ([request]: Request[]) => {
      rules.push(nameOf(parseRule(messageOf(request!))!));
      return [];
    },
    removeRule: (rule: Rule) => void rules.splice(rules.indexOf(nameOf(rule)), 1),
    replaceRoute: ({ metric }: Route) => void kernel.add(metric),
    removeRoute: ({ metric }: Route) => kernel.delete(metric),
  };
  const around = { netlink, indexOf: () => 2, nameOf: () => 'eth0', count: () => {} };
  const routes = new HostRoutes(around as unknown as RouteSurroundings);
  const route = { kind: 'route', prefix: address('::'), prefixLength: 0, link: 'eth0' } as const;
  const perform = (action: 'add' | 'remove', metric?: number) =>
    routes.perform({ ...route, action, ...(metric !== undefined && { metric }) });
  return { kernel, rules, routes, perform };
}

test('a route of another metric takes the place of the one before', () => {
  const { kernel, perform } = host();
  perform('add', 0);
  perform('add', 1);
  assert.deepEqual([...kernel], [513]);
});

test('a route is removed with the metric that it has, whatever it is said to be', () => {
  const { kernel, perform } = host();
  perform('add', 1);
  perform('remove');
  assert.deepEqual([...kernel], []);
});

test('who has no source yet takes that with the least metric, also when that has become another', () => {
  const { rules, routes } = host();
  const [one, other] = ['2001:db8:a::1', '2001:db8:b::1'].map(address);
  const route = { kind: 'route', prefix: address('::'), prefixLength: 0, link: 'eth0' } as const;
  const say = (source: typeof one, metric: number) =>
    routes.perform({ ...route, action: 'add', source: source!, metric });
  say(other, 0);
  say(one, 0);
  say(other, 1);
  assert.deepEqual(rules, ['111 2001:db8:a::1 9951', '112 2001:db8:b::1 9950']);
  say(one, 20);
  say(other, 0);
  assert.deepEqual(rules, ['119 2001:db8:a::1 9951', '111 2001:db8:b::1 9950']);
  routes.perform({ ...route, action: 'remove', source: one! });
  assert.deepEqual(rules, ['111 2001:db8:b::1 9950']);
});
