/**
 * A site of several servers of one address, and a link of clients beyond its router, of network
 * namespaces and veth pairs. For tests that run `careof up` as an operator does.
 *
 *     m, s1, s2, ... -- site (a bridge in r) -- r -- core (another) -- clients
 *
 * m is 2001:db8:1::10, s1 ::11 and on, the service address ::80; a client is 2001:db8:f::100 and on.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hurryChild } from '../../src/lab/linux/children.ts';
import { ControlClient } from '../../src/linux/control/control-client.ts';
import { unmountBpf } from '../../src/linux/sys/bpf.ts';
import { createNamespace, deleteNamespace, listNamespaces } from '../../src/linux/sys/namespace.ts';
import { run } from './home-and-away.ts';

const CAREOF = fileURLToPath(new URL('../../bin/careof.js', import.meta.url));
/** The machine may have others to serve. */
const PATIENCE_MS = 20_000;
export const SERVICE = '2001:db8:1::80';

const serverText = (n: number, lifetime: string) =>
  `  s${n}: { role: content-slave, on: [site], master: m, own-addresses: { site: 2001:db8:1::1${n} }, client-lifetime: ${lifetime},
         auth: { rfc4285: { spi: ${256 + n}, key: "hex:0${n}112233445566778899aabbccddeeff" } } }`;

export interface ContentSiteOptions {
  readonly servers: number;
  /** For how long servers bind clients; a minute if absent. */
  readonly clientLifetime?: string;
  /** Protocol constants, such as `max-token-lifetime: 8s`. */
  readonly constants?: string;
}

export class ContentSite {
  readonly folder = mkdtempSync(join(tmpdir(), 'cf-content-'));
  readonly servers: readonly string[];
  readonly #prefix: string;
  readonly #file = join(this.folder, 'site.yaml');
  readonly #children = new Set<ChildProcess>();

  /** @param name of the test: namespaces are called `cf-NAME-HOST`. */
  constructor(name: string, options: ContentSiteOptions) {
    const { servers, clientLifetime = '60s', constants = '' } = options;
    this.#prefix = `cf-${name}-`;
    this.#sweep();
    const numbers = Array.from({ length: servers }, (_, index) => index + 1);
    this.servers = numbers.map((n) => `s${n}`);
    const lines = numbers.map((n) => serverText(n, clientLifetime));
    const text = `constants: { ${constants} }
links: { site: { prefix: 2001:db8:1::/64 }, core: { prefix: 2001:db8:f::/64 } }
nodes:
  m: { role: content-master, on: [site], service: ${SERVICE}, own-addresses: { site: 2001:db8:1::10 } }
${lines.join('\n')}
  c: { role: correspondent-node, on: [core] }
`;
    writeFileSync(this.#file, text, { mode: 0o600 });
    createNamespace(this.namespace('r'));
    for (const [bridge, address, ethernet] of [
      ['site', '2001:db8:1::fe', '02:00:00:00:00:01'],
      ['core', '2001:db8:f::fe', '02:00:00:00:00:02'],
    ] as const) {
      // Else it is that of one of its ports, and another's when that one is taken out.
      this.ip('r', `link add ${bridge} address ${ethernet} type bridge mcast_snooping 0`);
      this.ip('r', `addr add ${address}/64 dev ${bridge} nodad`);
      this.ip('r', `link set ${bridge} up`);
    }
    this.inside('r', 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
    for (const [index, host] of ['m', ...this.servers].entries()) {
      this.#host(host, 'site', `2001:db8:1::1${index}`, '2001:db8:1::fe');
      this.inside(host, 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
    }
  }

  namespace(host: string): string {
    return this.#prefix + host;
  }

  /** A host on the link of clients, with one address; gives it. */
  client(host: string, number: number): string {
    const address = `2001:db8:f::${(0x100 + number).toString(16)}`;
    this.#host(host, 'core', address, '2001:db8:f::fe');
    return address;
  }

  /** `ip` in a host's namespace. */
  ip(host: string, command: string): string {
    return run('ip', '-n', this.namespace(host), ...command.split(' '));
  }

  /** Runs a program on a host to its end. */
  inside(host: string, ...command: readonly string[]): string {
    return run('ip', 'netns', 'exec', this.namespace(host), ...command);
  }

  /** Starts a program on a host; what it says goes to `said`. */
  start(host: string, command: readonly string[], said: string[] = []): ChildProcess {
    const args = ['netns', 'exec', this.namespace(host), ...command];
    const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    for (const stream of [child.stdout, child.stderr]) {
      stream!.setEncoding('utf8').on('data', (text: string) => said.push(text));
    }
    this.#children.add(child);
    hurryChild({ child });
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** Starts the daemon of a host. @param node that it is in the file. */
  up(host: string, said: string[], node = host): ChildProcess {
    const link = node === 'c' ? 'core' : 'site';
    return this.start(
      host,
      [
        ...[process.execPath, CAREOF, 'up', '-c', this.#file, '--node', node],
        ...['--state', join(this.folder, host), '--interface', `${link}=eth0`],
        ...['--data-plane', 'tun'],
      ],
      said,
    );
  }

  socket(host: string): string {
    return join(this.folder, host, 'control.sock');
  }

  /** What the daemon of a host answers; undefined while it does not. */
  async ask(host: string, what: string, more: object = {}): Promise<unknown> {
    const client = await ControlClient.open(this.socket(host)).catch(() => undefined);
    try {
      return await client?.request(what, more, PATIENCE_MS);
    } finally {
      client?.close();
    }
  }

  async counter(host: string, name: string): Promise<number> {
    const counters = (await this.ask(host, 'counters')) as Record<string, number> | undefined;
    return counters?.[name] ?? 0;
  }

  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    this.#sweep();
    for (const host of readdirSync(this.folder)) unmountBpf(join(this.folder, host, 'bpf'));
    rmSync(this.folder, { recursive: true });
  }

  #host(host: string, link: string, address: string, router: string): void {
    const namespace = this.namespace(host);
    createNamespace(namespace);
    this.ip('r', `link add to-${host} type veth peer name eth0 netns ${namespace}`);
    this.ip('r', `link set to-${host} master ${link} up`);
    this.ip(host, 'link set lo up');
    this.ip(host, 'link set eth0 up');
    this.ip(host, `addr add ${address}/64 dev eth0 nodad`);
    this.ip(host, `-6 route add default via ${router}`);
  }

  /** What a run that was killed has left alive lives in our namespaces. */
  #sweep(): void {
    for (const name of listNamespaces()) {
      if (!name.startsWith(this.#prefix)) continue;
      const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
      for (const pid of stdout.split('\n').filter(Boolean)) {
        try {
          process.kill(Number(pid), 'SIGKILL');
        } catch {
          // It has just ended.
        }
      }
      deleteNamespace(name);
    }
  }
}

/** Waits until something holds, and gives it; throws where it does not in time. */
export async function become<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  seconds = 90,
): Promise<T> {
  const end = Date.now() + 1000 * seconds;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`it did not come about in ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
