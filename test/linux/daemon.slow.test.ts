/** The daemon on real hosts: a move, a killed process, and what is left of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BindingJson } from '../../src/daemon/bindings.ts';
import type { StatusJson } from '../../src/daemon/status.ts';
import { loadObjectFile } from '../../src/linux/ebpf/object-place.ts';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';
import { exited, HomeAndAway, type HostName, until } from './home-and-away.ts';

const FILE = `links:
  home: { prefix: 2001:db8:1::/64 }
  visited: { prefix: 2001:db8:2::/64 }
  core: { prefix: 2001:db8:f::/64 }
nodes:
  ha: { role: home-agent, on: [home, core], serves: home, ra-interval: [1s, 2s] }
  ar: { role: access-router, on: [visited, core], advertises: [visited], ra-interval: [1s, 2s] }
  laptop: { role: mobile-node, home: home, home-agent: ha, home-address: 2001:db8:1::100,
            interfaces: { eth0: none, wlan0: none },
            auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } } }
`;
const INTERFACES: Partial<Record<HostName, readonly string[]>> = {
  ha: ['--interface', 'home=eth1', '--interface', 'core=eth0'],
  ar: ['--interface', 'visited=vis'],
};

const PLANES = ['tun', 'ebpf'] as const;
type Plane = (typeof PLANES)[number];

class Daemons {
  readonly #plane: Plane;
  readonly network = new HomeAndAway('daemon');
  readonly folder = mkdtempSync(join(tmpdir(), 'cf-daemon-'));
  readonly #file = join(this.folder, 'host.yaml');

  constructor(plane: Plane) {
    this.#plane = plane;
    writeFileSync(this.#file, FILE, { mode: 0o600 });
  }

  up(host: HostName, ...more: readonly string[]) {
    const args = ['up', '-c', this.#file, '--node', host, '--data-plane', this.#plane];
    const said: string[] = [];
    const state = ['--state', this.state(host)];
    const child = this.network.start(
      host,
      [...args, ...state, ...(INTERFACES[host] ?? []), ...more],
      said,
    );
    return { child, said };
  }

  state = (host: HostName): string => join(this.folder, host);

  asked<T>(host: HostName, what: string): T | undefined {
    const socket = join(this.state(host), 'control.sock');
    const { text } = this.network.careof(host, what, '--socket', socket, '--json');
    return text.startsWith('careof:') ? undefined : (JSON.parse(text) as T);
  }

  bound = () =>
    this.asked<BindingJson[]>('ha', 'bindings')?.find(({ home }) => home === '2001:db8:1::100');

  remove(): void {
    this.network.remove();
    rmSync(this.folder, { recursive: true });
  }
}

/** Why this plane cannot be had here. */
function obstacleTo(plane: Plane): string | undefined {
  if (plane === 'tun') return undefined;
  try {
    loadObjectFile();
    return undefined;
  } catch (cause) {
    return (cause as Error).message;
  }
}

async function withDaemons(
  t: TestContext,
  plane: Plane,
  work: (daemons: Daemons) => Promise<void>,
) {
  const obstacle = obstacleToNamespaces() ?? obstacleTo(plane);
  if (obstacle !== undefined) {
    t.skip(obstacle);
    return;
  }
  const daemons = new Daemons(plane);
  try {
    await work(daemons);
  } finally {
    daemons.remove();
  }
}

for (const plane of PLANES) {
  test(`a move, then a home agent that is killed and comes back with its binding (${plane})`, async (t) => {
    await withDaemons(t, plane, async (daemons) => {
      const { network } = daemons;
      const agent = daemons.up('ha');
      daemons.up('ar');
      daemons.up('laptop');
      const home = await until('the laptop is at home', () => {
        const status = daemons.asked<StatusJson>('laptop', 'status');
        return status?.homes?.[0]?.at_home === true && status;
      });
      assert.equal(home.homes![0]!.link, 'eth0');
      network.ip('laptop', 'link set eth0 down');
      const before = await until('the home agent knows the move', daemons.bound);
      const ping = ['ping', '-6', '-c', '3', '-i', '0.3', '-W', '5', '2001:db8:f::80'];
      assert.match(network.inside('laptop', ...ping), / 0% packet loss/);
      agent.child.kill('SIGKILL');
      // What was started is ip(8), which has become careof itself.
      await exited(agent.child);
      const { said } = daemons.up('ha');
      const after = await until('the binding is taken up again', daemons.bound);
      assert.equal(after.careof, before.careof);
      assert.equal(after.sequence, before.sequence);
      await until('it says so', () => said.join('').includes('taken up again'));
      assert.match(network.inside('laptop', ...ping), / 0% packet loss/);
    });
  });

  test(`ended it leaves the host as it found it; killed, when doctor --clean was there (${plane})`, async (t) => {
    await withDaemons(t, plane, async (daemons) => {
      const { network } = daemons;
      // The home agent second: the laptop's kernel would take up what it advertises.
      for (const host of ['laptop', 'ha'] as const) {
        await until(
          'addresses are settled',
          () => network.ip(host, '-6 addr show tentative') === '',
        );
        const before = network.traces(host);
        const { child } = daemons.up(host);
        await until(`${host} runs`, () => daemons.asked<StatusJson>(host, 'status')?.ready);
        assert.notDeepEqual(difference(before, network.traces(host)), []);
        if (host === 'laptop') {
          const clean = ['doctor', '--clean', '--state', daemons.state(host)];
          const refused = network.careof(host, ...clean);
          assert.equal(refused.code, 2);
          assert.match(refused.text, /a daemon answers at/);
          child.kill('SIGKILL');
          await exited(child);
          assert.match(network.careof(host, ...clean).text, /removed the device careof0/);
        } else {
          child.kill('SIGTERM');
          assert.equal(await exited(child), 0);
        }
        assert.deepEqual(difference(before, network.traces(host)), []);
      }
    });
  });
}

/** Lines that are on one side only. */
const difference = (before: ReadonlySet<string>, after: ReadonlySet<string>): string[] => [
  ...[...before].filter((line) => !after.has(line)).map((line) => `gone: ${line}`),
  ...[...after].filter((line) => !before.has(line)).map((line) => `new: ${line}`),
];
