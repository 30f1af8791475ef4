/**
 * Three hosts for measuring, in network namespaces of this run: a mobile node, a router that is its home
 * agent too, and a peer. Data planes are driven by fixed entries; no signalling runs.
 *
 *     mobile --near-- router --far-- peer   H  = 2001:db8:1::10, to which the plain network has no route
 *                                         C  = 2001:db8:2::10, A = 2001:db8:2::1 (agent)
 *                                         N  = 2001:db8:5::1
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Action, ForwardingEntry, Hook, Match } from '../../src/core/forwarding/entry.ts';
import type { Output, Role } from '../../src/core/role.ts';
import type { Instant } from '../../src/core/time.ts';
import { nodeCryptography } from '../../src/lab/crypto.ts';
import { LinuxNode, type LinuxNodeCounter } from '../../src/linux/linux-node.ts';
import { bootTime } from '../../src/linux/sys/boot-clock.ts';
import { type Address, address } from '../../src/wire/address.ts';

export const HOME = '2001:db8:1::10';
export const CARE_OF = '2001:db8:2::10';
export const PEER = '2001:db8:5::1';
const AGENT = '2001:db8:2::1';

export type HostName = 'mobile' | 'router' | 'peer';
const HOSTS: readonly HostName[] = ['mobile', 'router', 'peer'];
/** `by-agent`: the router hands what comes for H, an anycast address, to a server, which answers straight. */
export type Path = 'plain' | 'kernel-tunnel' | 'tunnel' | 'route-optimised' | 'by-agent';

const [home, careOf, peer, agent] = [HOME, CARE_OF, PEER, AGENT].map(address) as [
  Address,
  Address,
  Address,
  Address,
];

const entry = (id: string, at: Hook, match: Match, ...actions: Action[]): ForwardingEntry => ({
  ...{ id, owner: 'bench', at, match },
  do: actions,
});

const leaving = 'leaving';
const arriving = 'arriving';

const fromAgent = entry(
  'in',
  arriving,
  { dst: { address: careOf }, src: { address: agent }, protocol: 41 },
  { pop: 'ipv6' },
);

/** What each host's data plane does on a path. */
const ENTRIES: Readonly<
  Record<Exclude<Path, 'plain' | 'kernel-tunnel'>, Partial<Record<HostName, ForwardingEntry[]>>>
> = {
  tunnel: {
    mobile: [
      entry('out', leaving, { src: { address: home } }, { push: 'ipv6', src: careOf, dst: agent }),
      fromAgent,
    ],
    router: [
      entry('out', leaving, { dst: { address: home } }, { push: 'ipv6', src: agent, dst: careOf }),
      entry(
        'in',
        arriving,
        { dst: { address: agent }, src: { address: careOf }, protocol: 41, innerSrc: home },
        { pop: 'ipv6' },
      ),
    ],
  },
  'by-agent': {
    mobile: [fromAgent],
    router: [
      entry(
        'out',
        leaving,
        { src: { address: peer }, dst: { address: home } },
        { push: 'ipv6', src: agent, dst: careOf },
      ),
    ],
  },
  'route-optimised': {
    mobile: [
      entry(
        'out',
        leaving,
        { src: { address: home }, dst: { address: peer } },
        { insert: 'home-address', careOf },
      ),
      entry(
        'in',
        arriving,
        { dst: { address: careOf }, src: { address: peer }, routing2: home },
        { apply: 'routing-2' },
      ),
    ],
    peer: [
      entry('out', leaving, { dst: { address: home } }, { insert: 'routing-2', careOf }),
      entry(
        'in',
        arriving,
        { dst: { address: peer }, src: { address: careOf }, home },
        { apply: 'home-address' },
      ),
    ],
  },
};

/** The mobile node's own address, and that it leaves by the router. */
const MOBILE_OUTPUTS: readonly Output[] = [
  {
    ...{ kind: 'address', action: 'add', link: 'careof0' },
    ...{ address: home, prefixLength: 128, preferred: true },
  },
];

/**
 * What makes the kernel's own tunnel of the same packets: Segment Routing of one segment, which needs no
 * header of its own (`encap.red`), is IPv6 in IPv6 (RFC 8986 section 5.2). Local addresses are
 * looked at after the rule that takes tunnels apart. Each with what takes it away again.
 */
const KERNEL_TUNNEL: readonly (readonly [host: HostName, set: string, unset: string])[] = [
  ...(['mobile', 'router'] as const).flatMap((host) => {
    const [own, inner] = host === 'mobile' ? [CARE_OF, 255] : [AGENT, 254];
    const tunnels = `to ${own} ipproto ipv6 lookup 300`;
    const end = `route add ${own}/128 table 300 encap seg6local action End.DT6 table ${inner} dev near`;
    return (
      [
        [host, `sr tunsrc set ${own}`, 'sr tunsrc set ::'],
        [host, 'rule add pref 1 lookup local', 'rule del pref 1'],
        [host, 'rule del pref 0', 'rule add pref 0 lookup local'],
        [host, `rule add pref 0 ${tunnels}`, `rule del pref 0 ${tunnels}`],
        [host, end, 'route flush table 300'],
      ] as const
    ).map((one) => [...one] as const);
  }),
  ['mobile', `addr add ${HOME}/128 dev lo nodad`, `addr del ${HOME}/128 dev lo`],
  ['mobile', `rule add pref 10 to ${PEER} lookup 301`, 'rule del pref 10'],
  [
    'mobile',
    `route add default table 301 encap seg6 mode encap.red segs ${AGENT} dev near src ${HOME}`,
    'route flush table 301',
  ],
  [
    'router',
    `route add ${HOME}/128 encap seg6 mode encap.red segs ${CARE_OF} dev near`,
    `route del ${HOME}/128`,
  ],
];

/** A host's part that says the same from its start to its end. */
const fixedRole = (outputs: readonly Output[]): Role => ({
  deadline: () => undefined,
  handle: (input) => (input.kind === 'start' ? [...outputs] : []),
});

const ip = (text: string) => execFileSync('ip', text.split(' '));

export class BenchHosts {
  readonly #prefix: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'careof-bench-'));
  readonly #nodes: LinuxNode[] = [];
  readonly #children = new Set<ChildProcess>();
  #kernelTunnel = false;

  constructor(name: string) {
    this.#prefix = `careof-bench-${process.pid}-${name}`;
  }

  /**
   * @param offloads false: senders segment and sum in software, and what goes over a link are packets of
   * its MTU; receivers coalesce them (GRO), as they do on a real link.
   */
  setUp(offloads: boolean): void {
    for (const host of HOSTS) {
      ip(`netns add ${this.namespace(host)}`);
      ip(`-n ${this.namespace(host)} link set lo up`);
    }
    for (const [link, one] of [
      ['near', 'mobile'],
      ['far', 'peer'],
    ] as const) {
      const ends = [this.namespace(one), this.namespace('router')];
      ip(`link add name ${link} netns ${ends[0]} type veth peer name ${link} netns ${ends[1]}`);
      for (const end of ends) {
        ip(`-n ${end} link set ${link} up`);
        const off = ['tx', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'on'];
        if (!offloads) this.run(end, ['ethtool', '-K', link, ...off]);
      }
    }
    const forwarding = ['sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1'];
    this.run(this.namespace('router'), forwarding);
    ip(`-n ${this.namespace('mobile')} addr add ${CARE_OF}/64 dev near nodad`);
    ip(`-n ${this.namespace('router')} addr add ${AGENT}/64 dev near nodad`);
    ip(`-n ${this.namespace('router')} addr add 2001:db8:5::ff/64 dev far nodad`);
    ip(`-n ${this.namespace('peer')} addr add ${PEER}/64 dev far nodad`);
    ip(`-n ${this.namespace('mobile')} route add default via ${AGENT} dev near`);
    ip(`-n ${this.namespace('peer')} route add default via 2001:db8:5::ff dev far`);
  }

  namespace(host: HostName): string {
    return `${this.#prefix}-${host}`;
  }

  /** Starts the data planes of a path; none for the plain one. */
  begin(path: Path, dataPlane: 'ebpf' | 'tun'): void {
    if (path === 'plain') return;
    if (path === 'kernel-tunnel') {
      this.#kernelTunnel = true;
      for (const [host, set] of KERNEL_TUNNEL) ip(`-6 -n ${this.namespace(host)} ${set}`);
      return;
    }
    for (const host of HOSTS) {
      const entries = ENTRIES[path][host];
      if (entries === undefined) continue;
      const outputs: Output[] = entries.map((one) => ({ kind: 'forward', entry: one }));
      const origin = bootTime();
      const node = new LinuxNode({
        config: { name: host },
        createNode: () => fixedRole([...(host === 'mobile' ? MOBILE_OUTPUTS : []), ...outputs]),
        crypto: nodeCryptography,
        clock: {
          now: () => Number((bootTime() - origin) / 1000n) as Instant,
          epoch: Date.now() * 1000,
          bootTimeOfStart: origin,
        },
        journal: { entries: () => [], store: () => {} },
        dataPlane,
        links: host === 'router' ? ['near', 'far'] : [host === 'peer' ? 'far' : 'near'],
        namespace: this.namespace(host),
        stateFolder: join(this.#folder, host),
        onEvent: () => {},
      });
      node.start();
      this.#nodes.push(node);
    }
  }

  /** What the nodes of this path have counted until now. */
  counters(): Map<string, Partial<Record<LinuxNodeCounter, number>>> {
    return new Map(this.#nodes.map((node) => [node.name, node.counters()]));
  }

  end(): void {
    if (this.#kernelTunnel) {
      this.#kernelTunnel = false;
      for (const [host, , unset] of KERNEL_TUNNEL.toReversed()) {
        ip(`-6 -n ${this.namespace(host)} ${unset}`);
      }
    }
    for (const node of this.#nodes.splice(0)) node.close({ leave: false });
  }

  /** Runs a program in a namespace, to its end. Throws where it fails. */
  run(namespace: string, command: readonly string[]): string {
    const [program, ...args] = ['nsenter', `--net=/run/netns/${namespace}`, ...command];
    return execFileSync(program!, args, { encoding: 'utf8' });
  }

  /** Starts a program on a host, while this process goes on carrying packets. */
  start(
    host: HostName,
    command: readonly string[],
  ): { readonly child: ChildProcess; readonly output: Promise<string> } {
    const args = [`--net=/run/netns/${this.namespace(host)}`, ...command];
    const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.add(child);
    let text = '';
    let errors = '';
    child.stdout.on('data', (data) => {
      text += data;
    });
    child.stderr.on('data', (data) => {
      errors += data;
    });
    const output = new Promise<string>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        this.#children.delete(child);
        if (code === 0) resolve(text);
        else reject(new Error(`${command.join(' ')} ended with ${code}: ${errors || text}`));
      });
    });
    // A server is killed at the end, which is no failure.
    output.catch(() => {});
    return { child, output };
  }

  close(): void {
    this.end();
    for (const child of this.#children) child.kill('SIGKILL');
    for (const host of HOSTS) spawnSync('ip', ['netns', 'delete', this.namespace(host)]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
