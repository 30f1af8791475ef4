/**
 * Stories of Mobile IPv6 on the simulator, without the lab.
 *
 *     home link --- ha --- core --- cn          2001:db8:1::/64 home
 *     visited a --- ar1 -- core                 2001:db8:a::/64, 2001:db8:b::/64 visited
 *     visited b --- ar2 -- core                 2001:db8:f::/64 core
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdvertisementConfig, NodeConfig } from '../../src/core/config.ts';
import { type CareofEvent, eventToJson } from '../../src/core/events.ts';
import type { Mechanism } from '../../src/core/mechanisms.ts';
import { type Instant, milliseconds, seconds } from '../../src/core/time.ts';
import { nodeCryptography } from '../../src/lab/crypto.ts';
import { createNode } from '../../src/roles/create.ts';
import { Link, pattern, SimNode, Simulation } from '../../src/sim/index.ts';
import { address } from '../../src/wire/address.ts';

const HOME = address('2001:db8:1::100');
const AGENT = address('2001:db8:1::1');
const PEER = address('2001:db8:f::c');

interface World {
  readonly simulation: Simulation;
  readonly links: Readonly<Record<string, Link>>;
  readonly nodes: Readonly<Record<string, SimNode>>;
  readonly events: { readonly at: Instant; readonly node: string; readonly event: CareofEvent }[];
}

function advertisement(prefix: string, agent?: string): AdvertisementConfig {
  return {
    link: 'down',
    prefix: address(prefix),
    prefixLength: 64,
    minInterval: seconds(1),
    maxInterval: seconds(2),
    solicitedDelay: milliseconds(0),
    routerLifetime: seconds(1800),
    validLifetime: seconds(86_400),
    preferredLifetime: seconds(14_400),
    intervalOption: true,
    ...(agent === undefined ? {} : { homeAgent: { address: address(agent), preference: 0 } }),
  };
}

function world(seed: number, without: readonly Mechanism[] = []): World {
  const simulation = new Simulation(seed);
  const delay = (ms: number) => ({ delay: milliseconds(ms) });
  const links = {
    home: new Link(simulation, 'home', delay(1)),
    a: new Link(simulation, 'a', delay(1)),
    b: new Link(simulation, 'b', delay(1)),
    core: new Link(simulation, 'core', { delay: milliseconds(10), bandwidth: 20_000_000 }),
  };
  const events: World['events'] = [];
  const environment = {
    crypto: nodeCryptography,
    epoch: 1_700_000_000_000_000,
    without: new Set(without),
    constants: {},
  };
  const authentication = { method: 'rfc4285', spi: 256, key: new Uint8Array(16).fill(7) } as const;
  const router = (name: string, prefix: string, core: string, config: NodeConfig) => {
    const node = new SimNode({
      simulation,
      name,
      forwarding: true,
      role: (env) => createNode(config, env),
      environment,
      onEvent: (event, at) => events.push({ at, node: name, event }),
      configure: (kernel) => {
        const entry = { prefixLength: 64, optimistic: false, preferred: false };
        kernel.addAddress('down', { address: address(`${prefix}1`), ...entry });
        kernel.addAddress('up', { address: address(core), ...entry });
        for (const [to, via] of [
          ['2001:db8:1::', '2001:db8:f::1'],
          ['2001:db8:a::', '2001:db8:f::a'],
          ['2001:db8:b::', '2001:db8:f::b'],
        ] as const) {
          if (via === core) continue;
          kernel.addRoute({
            prefix: address(to),
            prefixLength: 64,
            link: 'up',
            via: address(via),
            origin: 'fixed',
          });
        }
      },
    });
    return node;
  };
  const ha = router('ha', '2001:db8:1::', '2001:db8:f::1', {
    name: 'ha',
    homeAgent: {
      link: 'down',
      address: AGENT,
      prefix: address('2001:db8:1::'),
      prefixLength: 64,
      mobileNodes: [{ home: HOME, authentication }],
      allowUnauthenticated: false,
      maxBindings: 100,
      advertisement: advertisement('2001:db8:1::', '2001:db8:1::1'),
    },
  });
  const ar = (name: string, letter: string) =>
    router(name, `2001:db8:${letter}::`, `2001:db8:f::${letter}`, {
      name,
      accessRouter: { advertisements: [advertisement(`2001:db8:${letter}::`)] },
    });
  const ar1 = ar('ar1', 'a');
  const ar2 = ar('ar2', 'b');
  const mn = new SimNode({
    simulation,
    name: 'mn',
    role: (env) =>
      createNode(
        {
          name: 'mn',
          mobileNode: {
            home: HOME,
            homePrefixLength: 64,
            homeAgent: AGENT,
            authentication,
            links: ['wlan0'],
            lifetime: seconds(600),
            dad: 'optimistic',
            routeOptimisation: true,
            maxPeers: 10,
          },
          correspondentNode: { maxBindings: 10 },
        },
        env,
      ),
    environment,
    onEvent: (event, at) => events.push({ at, node: 'mn', event }),
  });
  const cn = new SimNode({
    simulation,
    name: 'cn',
    role: (env) => createNode({ name: 'cn', correspondentNode: { maxBindings: 10 } }, env),
    environment,
    onEvent: (event, at) => events.push({ at, node: 'cn', event }),
    configure: (kernel) => {
      const entry = { prefixLength: 64, optimistic: false, preferred: false };
      kernel.addAddress('eth0', { address: PEER, ...entry });
      for (const [to, via] of [
        ['2001:db8:1::', '2001:db8:f::1'],
        ['2001:db8:a::', '2001:db8:f::a'],
        ['2001:db8:b::', '2001:db8:f::b'],
      ] as const) {
        kernel.addRoute({
          prefix: address(to),
          prefixLength: 64,
          link: 'eth0',
          via: address(via),
          origin: 'fixed',
        });
      }
    },
  });
  for (const [node, down] of [
    [ha, links.home],
    [ar1, links.a],
    [ar2, links.b],
  ] as const) {
    node.addInterface('down', down);
    node.addInterface('up', links.core);
  }
  mn.addInterface('wlan0', links.home);
  cn.addInterface('eth0', links.core);
  const nodes = { ha, ar1, ar2, mn, cn };
  for (const node of Object.values(nodes)) node.start();
  return { simulation, links, nodes, events };
}

const at = (s: number) => seconds(s) as unknown as Instant;

/** Sends a stream from cn to mn and keeps count of what arrives. */
function download({ simulation, nodes }: World, size: number) {
  const seen = { octets: 0, wrong: 0, gap: 0, last: 0, closed: '' };
  nodes.mn!.kernel.tcp.listen(80, (connection) => {
    connection.handlers = {
      onData: (octets, offset) => {
        const expected = new Uint8Array(octets.length);
        pattern(expected, offset);
        if (octets.some((octet, i) => octet !== expected[i])) seen.wrong += 1;
        if (seen.last > 0) seen.gap = Math.max(seen.gap, simulation.now - seen.last);
        seen.octets += octets.length;
        seen.last = simulation.now;
      },
      onClose: (reason) => {
        seen.closed = reason;
      },
    };
  });
  const sender = nodes.cn!.kernel.tcp.connect(HOME, 80, {});
  sender.generate(size, pattern);
  sender.close();
  return seen;
}

const told = (events: World['events'], node: string, kind: CareofEvent['kind']) =>
  events.filter((one) => one.node === node && one.event.kind === kind);

test('a download goes on over two moves and the return home', () => {
  const one = world(1);
  const { simulation, links, nodes, events } = one;
  simulation.run(at(2));
  const size = 20_000_000;
  const seen = download(one, size);
  simulation.run(at(3));
  nodes.mn!.attach('wlan0', links.a);
  simulation.run(at(6));
  const homeToMn = nodes.ha!.counters()['kernel.forwarded']!;
  nodes.mn!.attach('wlan0', links.b);
  simulation.run(at(7));
  // Two links of delay 10 ms and three of 1 ms lie between the nodes; nothing waits for a timer.
  const again = told(events, 'mn', 'path.changed').at(-1)!;
  assert.equal(again.event.kind === 'path.changed' && again.event.path, 'route-optimised');
  assert.ok(again.at < at(6.15), `route-optimised again at ${again.at} us`);
  simulation.run(at(9));
  const byAgent = nodes.ha!.counters()['kernel.forwarded']! - homeToMn;
  assert.ok(byAgent < 100, `${byAgent} packets went by the home agent`);
  nodes.mn!.attach('wlan0', links.home);
  simulation.run(at(30));
  assert.deepEqual(
    { ...seen, gap: 0, last: 0 },
    { octets: size, wrong: 0, gap: 0, last: 0, closed: 'closed' },
  );
  assert.equal(told(events, 'ha', 'binding.deleted').length, 1, 'the home binding is taken back');
  assert.equal(told(events, 'cn', 'binding.deleted').length, 1, 'and so is that of the peer');
  for (const name of ['mobility.bu_retransmitted', 'mobility.ba_unexpected'] as const) {
    assert.equal(nodes.mn!.counters()[name], undefined, name);
  }
  assert.equal(nodes.cn!.counters()['mobility.home_address_unverified'], undefined);
});

test('the same seed gives the same events', () => {
  const run = () => {
    const one = world(7);
    one.simulation.run(at(2));
    download(one, 1_000_000);
    one.nodes.mn!.attach('wlan0', one.links.a);
    one.simulation.run(at(8));
    return one.events.map(({ at, node, event }) => JSON.stringify([at, node, eventToJson(event)]));
  };
  assert.deepEqual(run(), run());
});
