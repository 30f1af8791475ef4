import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../wire/address.ts';
import { type PlannedNode, planOf } from './plan.ts';
import { scenarioOf } from './sample.ts';

const NETWORK = `title: a network
links:
  home: { prefix: 2001:db8:1::/64 }
  away: { prefix: 2001:db8:2::/64 }
  core: { prefix: 2001:db8:f::/64, delay: 10ms }
  back: { prefix: 2001:db8:e::/64, delay: 90ms }
nodes:
  ha: { role: home-agent, on: [home, core], serves: home, allow-unauthenticated: true }
  ar: { role: access-router, on: [away, core, back] }
  r2: { role: router, on: [core, back] }
  mn: { role: mobile-node, home: home, home-agent: ha, interfaces: { wlan0: home, lte0: none }, count: 2 }
  m1: { role: mobile-node, home: home, home-agent: ha, home-address: 2001:db8:1::1,
        interfaces: { wlan0: home }, lifetime: 60s }
  cn: { role: correspondent-node, on: [core], count: 3 }
  h:  { role: host, on: [core], routes: [{ to: away, via: r2 }] }
events:
  - { at: 1s, move: m1.wlan0, to: away }
`;

const plan = planOf(scenarioOf(NETWORK));

function node(name: string): PlannedNode {
  const found = plan.nodes.find((one) => one.name === name);
  assert.ok(found, name);
  return found;
}

const routesOf = (name: string): string[] =>
  node(name).routes.map(
    ({ prefix, interface: by, via }) =>
      `${formatAddress(prefix)} ${by} ${via === undefined ? 'on the link' : formatAddress(via)}`,
  );

test('a count makes nodes with numbers', () => {
  assert.deepEqual(
    plan.nodes.map(({ name }) => name),
    ['ha', 'ar', 'r2', 'mn-0', 'mn-1', 'm1', 'cn-0', 'cn-1', 'cn-2', 'h'],
  );
});

test('addresses are ::1 and on in the order of the file, home addresses ::100 and on', () => {
  const identity = (name: string) => formatAddress(node(name).identity);
  // ::1 on the home link is m1's home address, which the file gives.
  assert.equal(identity('ha'), '2001:db8:1::2');
  assert.equal(identity('mn-0'), '2001:db8:1::100');
  assert.equal(identity('mn-1'), '2001:db8:1::101');
  assert.equal(identity('m1'), '2001:db8:1::1');
  assert.equal(identity('cn-0'), '2001:db8:f::4');
  assert.equal(identity('cn-2'), '2001:db8:f::6');
});

test('routes go by the fewest routers, then the least delay, or as the file says', () => {
  assert.deepEqual(routesOf('cn-0'), [
    '2001:db8:1:: core 2001:db8:f::1',
    '2001:db8:2:: core 2001:db8:f::2',
    '2001:db8:e:: core 2001:db8:f::2',
  ]);
  assert.deepEqual(routesOf('h')[1], '2001:db8:2:: core 2001:db8:f::3');
  assert.deepEqual(routesOf('ha'), [
    '2001:db8:2:: core 2001:db8:f::2',
    '2001:db8:e:: core 2001:db8:f::2',
  ]);
  // ar and r2 share core and back: home is nearer over core.
  assert.deepEqual(routesOf('r2'), [
    '2001:db8:1:: core 2001:db8:f::1',
    '2001:db8:2:: core 2001:db8:f::2',
  ]);
  assert.deepEqual(routesOf('mn-0'), []);
});

test('each node is told what it is', () => {
  const agent = node('ha').config?.homeAgent;
  assert.equal(agent?.link, 'home');
  assert.equal(agent?.mobileNodes.length, 3);
  assert.equal(agent?.advertisement?.homeAgent?.address, node('ha').identity);
  const mobile = node('m1').config?.mobileNode;
  assert.equal(mobile?.homeAgent, node('ha').identity);
  assert.equal(mobile?.lifetime, 60_000_000);
  assert.deepEqual(mobile?.links, ['wlan0']);
  assert.equal(mobile?.routeOptimisation, true);
  assert.deepEqual(node('mn-0').config?.mobileNode?.links, ['wlan0', 'lte0']);
  assert.equal(node('h').config, undefined);
  assert.equal(node('r2').forwarding, true);
  assert.equal(node('cn-1').forwarding, false);
});

test('an access router advertises where mobile nodes come to, every 30 to 70 ms', () => {
  const advertised = node('ar').config?.accessRouter?.advertisements ?? [];
  assert.deepEqual(
    advertised.map(({ link, minInterval, maxInterval, routerLifetime }) => [
      link,
      minInterval,
      maxInterval,
      routerLifetime,
    ]),
    [['away', 30_000, 70_000, 9_000_000]],
  );
});

test('routers answer within MAX_RA_DELAY_TIME, which a scenario may set, or as the node says', () => {
  const delays = (more: string, ar: string) => {
    const text = `${NETWORK.replace('on: [away, core, back] }', `on: [away, core, back]${ar} }`)}${more}`;
    const router = planOf(scenarioOf(text)).nodes.find(({ name }) => name === 'ar');
    return router?.config?.accessRouter?.advertisements.map((one) => one.solicitedDelay);
  };
  assert.deepEqual(delays('', ''), [500_000]);
  assert.deepEqual(delays('constants: { max-ra-delay-time: 20ms }\n', ''), [20_000]);
  assert.deepEqual(delays('constants: { max-ra-delay-time: 20ms }\n', ', ra-delay: 0ms'), [0]);
});

const TWO_PROVIDERS = planOf(
  scenarioOf(`title: a site with two providers
links:
  site: { prefix: 2001:db8:a::/64, more-prefixes: [2001:db8:b::/64] }
  core: { prefix: 2001:db8:f::/64 }
nodes:
  ra: { role: access-router, on: [site, core], provides: { site: 2001:db8:a::/64 }, ingress-filter: [site], advertises: [site] }
  rb: { role: access-router, on: [site, core], provides: { site: 2001:db8:b::/64 }, ingress-filter: [site], advertises: [site] }
  h:  { role: host, on: [site] }
  cn: { role: correspondent-node, on: [core] }
`),
);

test('a link with two providers: each router has, advertises and lets through its own prefix', () => {
  const found = (name: string) => TWO_PROVIDERS.nodes.find((one) => one.name === name)!;
  const text = ({ interfaces }: PlannedNode) => interfaces[0]!.addresses.map(formatAddress);
  assert.deepEqual(text(found('ra')), ['2001:db8:a::1']);
  assert.deepEqual(text(found('rb')), ['2001:db8:b::1']);
  assert.deepEqual(text(found('h')), ['2001:db8:a::2', '2001:db8:b::2']);
  const advertised = found('rb').config!.accessRouter!.advertisements[0]!.prefix;
  assert.equal(formatAddress(advertised), '2001:db8:b::');
  const [filtered] = found('rb').ingress!.get('site')!;
  assert.equal(formatAddress(filtered!.address), '2001:db8:b::');
  const routes = (name: string) =>
    found(name).routes.map(({ prefix, source, via }) =>
      [prefix, ...(source === undefined ? [] : [source]), via!].map(formatAddress).join(' '),
    );
  assert.deepEqual(routes('h').slice(1), [
    '2001:db8:f:: 2001:db8:a::2 2001:db8:a::1',
    '2001:db8:f:: 2001:db8:b::2 2001:db8:b::1',
  ]);
  assert.deepEqual(routes('cn'), ['2001:db8:a:: 2001:db8:f::1', '2001:db8:b:: 2001:db8:f::2']);
  assert.deepEqual(routes('ra'), ['2001:db8:b:: 2001:db8:f::2'], 'not over the site');
});
