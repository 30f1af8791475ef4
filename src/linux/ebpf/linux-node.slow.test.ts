/** Whole nodes on hosts whose packets the kernel carries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FourHosts, type FourHostsOptions } from '../../../test/linux/four-hosts.ts';
import { obstacleToKernelProgram } from '../../../test/linux/kernel-under-test.ts';
import { nodeCryptography } from '../../lab/crypto.ts';
import { createNode } from '../../roles/create.ts';

const limits = { skip: obstacleToKernelProgram(), timeout: 60_000 };

async function withHosts(
  name: string,
  run: (hosts: FourHosts) => Promise<void>,
  more: Partial<FourHostsOptions> = {},
): Promise<void> {
  const hosts = new FourHosts({
    prefix: `cf-ebpf-${name}`,
    createNode,
    crypto: nodeCryptography,
    dataPlane: 'ebpf',
    ...more,
  });
  try {
    for (const host of ['ha', 'ar', 'cn', 'mn'] as const) hosts.start(host);
    await hosts.until('home', () => hosts.has('mn', 'home.returned'));
    await run(hosts);
  } finally {
    hosts.close();
  }
}

const counters = (hosts: FourHosts) =>
  Object.fromEntries(
    (['ha', 'cn', 'mn'] as const).map((host) => [host, hosts.node(host).counters()]),
  );

for (const routeOptimisation of [false, true]) {
  const name = routeOptimisation ? 'straight' : 'tunnel';
  test(`a mobile node moves, and the kernel carries its packets: ${name}`, limits, () =>
    withHosts(
      name,
      async (hosts) => {
        assert.equal(hosts.node('mn').status()!.dataPlane.kind, 'ebpf');
        hosts.move('one');
        await hosts.until('registered', () => hosts.has('mn', 'registration.accepted'));
        const ping = ['ping', '-6', '-c', '60', '-i', '0.05', '-W', '2', '-I', '2001:db8:1::100'];
        const said = await hosts.run('mn', ...ping, '2001:db8:f::2');
        assert.match(said, / 0% packet loss/);
        const byKernel = hosts
          .node('mn')
          .entries()
          .filter(({ carriedBy }) => carriedBy === 'kernel');
        const used = byKernel.map(({ entry, use }) => [entry.id, use.packets] as const);
        const counts = JSON.stringify(counters(hosts), undefined, 1);
        assert.ok(
          used.some(([, packets]) => packets > 30),
          `${JSON.stringify(used)}\n${counts}`,
        );
        const mn = hosts.node('mn').counters();
        assert.ok((mn['ebpf.leaving'] ?? 0) > 30 && (mn['ebpf.arriving'] ?? 0) > 30, counts);
        assert.equal(mn['ebpf.failed'], undefined);
        // What leaves for a peer behind a router finds its way, and not back into the anchor.
        assert.equal(mn['ebpf.slow_no_route'], undefined, counts);
        if (routeOptimisation) {
          assert.ok((hosts.node('cn').counters()['ebpf.leaving'] ?? 0) > 20, counts);
        }
      },
      { routeOptimisation },
    ),
  );
}

test('a node that ends and comes again: the kernel goes on meanwhile', limits, () =>
  withHosts(
    'again',
    async (hosts) => {
      hosts.move('one');
      await hosts.until('registered', () => hosts.has('mn', 'registration.accepted'));
      const ping = ['ping', '-6', '-i', '0.05', '-W', '2', '-I', '2001:db8:1::100'];
      await hosts.run('mn', ...ping, '-c', '5', '2001:db8:f::2');
      const id = 'path/from/2001:db8:1::100';
      const carried = () =>
        hosts
          .node('mn')
          .entries()
          .find(({ entry }) => entry.id === id)?.use.packets ?? 0;
      const before = carried();
      assert.ok(
        before >= 4,
        `${id}: ${before} of ${hosts
          .node('mn')
          .entries()
          .map(({ entry }) => entry.id)}`,
      );
      hosts.node('mn').close({ leave: true });
      const alone = await hosts.run('mn', ...ping, '-c', '20', '2001:db8:f::2');
      assert.match(alone, / 0% packet loss/, 'nobody is there');
      hosts.start('mn');
      await hosts.until('taken up', () => carried() > 0, 20_000);
      const after = await hosts.run('mn', ...ping, '-c', '5', '2001:db8:f::2');
      assert.match(after, / 0% packet loss/);
      assert.ok(carried() >= before + 20, `${carried()} after ${before}`);
    },
    { routeOptimisation: false },
  ),
);

test('a life without programs of the kernel removes those that the last one left', limits, () =>
  withHosts(
    'other-plane',
    async (hosts) => {
      hosts.move('one');
      await hosts.until('registered', () => hosts.has('mn', 'registration.accepted'));
      hosts.node('mn').close({ leave: true });
      assert.match(await hosts.run('mn', 'ip', '-o', 'link'), /careof1/);
      const node = hosts.start('mn', 'tun');
      assert.doesNotMatch(await hosts.run('mn', 'ip', '-o', 'link'), /careof1/);
      const ping = ['ping', '-6', '-i', '0.05', '-W', '2', '-I', '2001:db8:1::100', '-c', '5'];
      await hosts.run('mn', ...ping, '2001:db8:f::2');
      assert.ok((node.counters()['plane.arriving'] ?? 0) >= 5, 'all comes to the process');
    },
    { routeOptimisation: false },
  ),
);
