/**
 * A home network, a network to visit, and a server, of network namespaces and veth pairs:
 *
 *     laptop  eth0 ----- eth1  ha   eth0 -----+
 *             wlan0 ---- vis   ar   core0 ----+-- (one link: core, a bridge in ar)
 *                              www  eth0 -----+
 *
 * ha and ar forward; ha has 2001:db8:1::1 on the home link, www is 2001:db8:f::80. Nothing of careof
 * runs. For tests that run `careof up` as an operator does.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CAREOF = fileURLToPath(new URL('../../bin/careof.js', import.meta.url));
export const HOSTS = ['ha', 'ar', 'laptop', 'www'] as const;
export type HostName = (typeof HOSTS)[number];

/** Runs a program to its end; throws with what it said where it fails. */
export function run(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0) {
    throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stdout + stderr}`);
  }
  return stdout;
}

const ip = (command: string): string => run('ip', ...command.split(' '));

export class HomeAndAway {
  readonly #prefix: string;
  readonly #children = new Set<ChildProcess>();

  /** @param name of the test: namespaces are called `cf-NAME-HOST`. */
  constructor(name: string) {
    this.#prefix = `cf-${name}`;
    this.remove();
    for (const host of HOSTS) ip(`netns add ${this.namespace(host)}`);
    for (const host of HOSTS) this.ip(host, 'link set lo up');
    this.#veth(['ha', 'eth1'], ['laptop', 'eth0']);
    this.#veth(['ar', 'vis'], ['laptop', 'wlan0']);
    this.#veth(['ha', 'eth0'], ['ar', 'to-ha']);
    this.#veth(['www', 'eth0'], ['ar', 'to-www']);
    this.ip('ar', 'link add core type bridge');
    for (const port of ['to-ha', 'to-www']) this.ip('ar', `link set ${port} master core`);
    this.ip('ar', 'link set core up');
    this.#address('ha', 'eth1', '2001:db8:1::1');
    this.#address('ha', 'eth0', '2001:db8:f::1');
    this.#address('ar', 'vis', '2001:db8:2::1');
    this.#address('ar', 'core', '2001:db8:f::2');
    this.#address('www', 'eth0', '2001:db8:f::80');
    this.ip('ha', '-6 route add 2001:db8:2::/64 via 2001:db8:f::2');
    this.ip('ar', '-6 route add 2001:db8:1::/64 via 2001:db8:f::1');
    this.ip('www', '-6 route add 2001:db8:1::/64 via 2001:db8:f::1');
    this.ip('www', '-6 route add 2001:db8:2::/64 via 2001:db8:f::2');
    for (const host of ['ha', 'ar'] as const) {
      this.inside(host, 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
    }
  }

  namespace(host: HostName): string {
    return `${this.#prefix}-${host}`;
  }

  /** `ip` in the host's namespace. */
  ip(host: HostName, command: string): string {
    return ip(`-n ${this.namespace(host)} ${command}`);
  }

  /** Runs a program on the host to its end. */
  inside(host: HostName, ...command: readonly string[]): string {
    return run('ip', 'netns', 'exec', this.namespace(host), ...command);
  }

  /** `careof` on the host, to its end: exit code and what it said. */
  careof(host: HostName, ...args: readonly string[]): { code: number | null; text: string } {
    const command = ['netns', 'exec', this.namespace(host), process.execPath, CAREOF, ...args];
    const { status, stdout, stderr } = spawnSync('ip', command, {
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { code: status, text: stdout + stderr };
  }

  /** Starts `careof` on the host; what it says goes to `said`. */
  start(host: HostName, args: readonly string[], said: string[] = []): ChildProcess {
    const command = ['netns', 'exec', this.namespace(host), process.execPath, CAREOF, ...args];
    const child = spawn('ip', command, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream!.setEncoding('utf8').on('data', (text: string) => said.push(text));
    }
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** What the kernel of a host has that careof could have made, and settings that it could change. */
  traces(host: HostName): Set<string> {
    const text = this.inside(
      host,
      'sh',
      '-c',
      `ip -6 rule; ip -6 route show table all | grep -v '^ff00\\|table local'; ip -br -6 addr
       ip -o link | cut -d: -f2; nft list tables; ip -6 neigh show proxy
       sysctl -a 2>/dev/null | grep -v 'stable_secret\\|neigh.*\\(gc\\|base\\)' | grep net.ipv6.conf`,
    );
    return new Set(text.trim().split('\n'));
  }

  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const host of HOSTS) {
      // What a run that was killed has left alive lives in our namespaces.
      const { stdout } = spawnSync('ip', ['netns', 'pids', this.namespace(host)]);
      for (const pid of String(stdout).split('\n').filter(Boolean)) endProcess(Number(pid));
      spawnSync('ip', ['netns', 'del', this.namespace(host)]);
    }
  }

  #veth([one, oneName]: [HostName, string], [other, otherName]: [HostName, string]): void {
    const peer = `peer name ${otherName} netns ${this.namespace(other)}`;
    ip(`link add name ${oneName} netns ${this.namespace(one)} type veth ${peer}`);
    this.ip(one, `link set ${oneName} up`);
    this.ip(other, `link set ${otherName} up`);
  }

  #address(host: HostName, link: string, address: string): void {
    this.ip(host, `addr add ${address}/64 dev ${link} nodad`);
  }
}

/** Waits until something holds, and gives it; throws where it does not within a minute. */
export async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const end = Date.now() + 60_000;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`within a minute it did not come about: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Is this process gone, or has it been told to be? */
export const exited = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    else child.once('exit', (code) => resolve(code));
  });

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
