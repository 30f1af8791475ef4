/** The daemon on the hosts of `HomeAndAway`, for tests of what it does over moves, kills and restarts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { BindingJson } from '../../src/daemon/bindings.ts';
import type { StatusJson } from '../../src/daemon/status.ts';
import { loadObjectFile } from '../../src/linux/ebpf/object-place.ts';
import { unmountBpf } from '../../src/linux/sys/bpf.ts';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';
import { HOSTS, HomeAndAway, type HostName } from './home-and-away.ts';

const FILE = `links:
  home: { prefix: 2001:db8:1::/64 }
  visited: { prefix: 2001:db8:2::/64 }
  core: { prefix: 2001:db8:f::/64 }
nodes:
  ha: { role: home-agent, on: [home, core], serves: home, ra-interval: [1s, 2s] }
  ar: { role: access-router, on: [visited, core], advertises: [visited], ra-interval: [1s, 2s] }
  www: { role: correspondent-node, on: [core] }
  laptop: { role: mobile-node, home: home, home-agent: ha, home-address: 2001:db8:1::100,
            interfaces: { eth0: none, wlan0: none },
            auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } } }
`;
const INTERFACES: Partial<Record<HostName, readonly string[]>> = {
  ha: ['--interface', 'home=eth1', '--interface', 'core=eth0'],
  ar: ['--interface', 'visited=vis'],
  www: ['--interface', 'core=eth0'],
};

export const PLANES = ['tun', 'ebpf'] as const;
export type Plane = (typeof PLANES)[number];

/** Runs `careof up` on the hosts, each with a state folder of its own. */
export class Daemons {
  readonly #plane: Plane;
  readonly network: HomeAndAway;
  readonly folder = mkdtempSync(join(tmpdir(), 'cf-daemon-'));
  readonly #file = join(this.folder, 'host.yaml');

  constructor(plane: Plane, name: string) {
    this.#plane = plane;
    this.network = new HomeAndAway(name);
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

  atHome = () => {
    const status = this.asked<StatusJson>('laptop', 'status');
    return status?.homes?.[0]?.at_home === true && status;
  };

  remove(): void {
    this.network.remove();
    for (const host of HOSTS) unmountBpf(join(this.state(host), 'bpf'));
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

export async function withDaemons(
  t: TestContext,
  { plane, name = 'daemon' }: { readonly plane: Plane; readonly name?: string },
  work: (daemons: Daemons) => Promise<void>,
) {
  const obstacle = obstacleToNamespaces() ?? obstacleTo(plane);
  if (obstacle !== undefined) {
    t.skip(obstacle);
    return;
  }
  const daemons = new Daemons(plane, name);
  try {
    await work(daemons);
  } finally {
    daemons.remove();
  }
}
