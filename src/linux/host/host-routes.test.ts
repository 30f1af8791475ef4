import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import type { Route } from '../sys/netlink/routes.ts';
import { HostRoutes, type RouteSurroundings } from './host-routes.ts';

/** A kernel that keeps IPv6 routes side by side when their metrics differ. */
function host() {
  const kernel = new Set<number | undefined>();
  const netlink = {
    rules: () => [],
    runAll: () => [],
    removeRule: () => true,
    replaceRoute: ({ metric }: Route) => void kernel.add(metric),
    removeRoute: ({ metric }: Route) => kernel.delete(metric),
  };
  const around = { netlink, indexOf: () => 2, nameOf: () => 'eth0', count: () => {} };
  const routes = new HostRoutes(around as unknown as RouteSurroundings);
  const route = { kind: 'route', prefix: address('::'), prefixLength: 0, link: 'eth0' } as const;
  const perform = (action: 'add' | 'remove', metric?: number) =>
    routes.perform({ ...route, action, ...(metric !== undefined && { metric }) });
  return { kernel, perform };
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
