/**
 * For tests: a home agent, an access router, a correspondent and a mobile node as real hosts in
 * network namespaces, each driven by a `LinuxNode` of this process.
 *
 *      ha      mn           mn      mn                  cn
 *      |       :            :       :                   |
 *     -+- home -+-    -+- one -+-  -+- two -+-    -+- far -+-
 *      2001:db8:1::/64 |  :2::/64   |  :3::/64     |  :f::/64
 *               +------+------------+--------------+
 *                              ar
 *
 * Every link is a bridge in a namespace of its own, so that all that passes can be captured there.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AdvertisementConfig, Authentication, NodeConfig } from '../../src/core/config.ts';
import type { CareofEvent } from '../../src/core/events.ts';
import type { Cryptography, Environment, Role } from '../../src/core/role.ts';
import { type Instant, milliseconds, seconds } from '../../src/core/time.ts';
import { LinuxNode } from '../../src/linux/linux-node.ts';
import type { DataPlaneChoice } from '../../src/linux/node-options.ts';
import { bootTime } from '../../src/linux/sys/boot-clock.ts';
import {
  createNamespace,
  deleteNamespace,
  descriptorOfNamespace,
  inNamespace,
} from '../../src/linux/sys/namespace.ts';
import { Rtnetlink } from '../../src/linux/sys/netlink/rtnetlink.ts';
import { address } from '../../src/wire/address.ts';

export const HOME = address('2001:db8:1::100');
export const AGENT = address('2001:db8:1::1');
export const PEER = address('2001:db8:f::2');
const authentication: Authentication = {
  method: 'rfc4285',
  spi: 256,
  key: new Uint8Array(20).fill(7),
};

export type HostName = 'ha' | 'ar' | 'cn' | 'mn';
export type LinkName = 'home' | 'one' | 'two' | 'far';
const LINKS: readonly LinkName[] = ['home', 'one', 'two', 'far'];

/** Interface -> the link that it is plugged into, and its addresses and default router. */
const HOSTS: Readonly<
  Record<HostName, Readonly<Record<string, readonly [LinkName, address?: string, router?: string]>>>
> = {
  ha: { h0: ['home', '2001:db8:1::1/64', '2001:db8:1::ff'] },
  ar: {
    a0: ['home', '2001:db8:1::ff/64'],
    a1: ['one', '2001:db8:2::1/64'],
    a2: ['two', '2001:db8:3::1/64'],
    a3: ['far', '2001:db8:f::ff/64'],
  },
  cn: { c0: ['far', '2001:db8:f::2/64', '2001:db8:f::ff'] },
  mn: { m0: ['home'] },
};

function advertisement(link: string, prefix: string): AdvertisementConfig {
  return {
    link,
    prefix: address(prefix),
    prefixLength: 64,
    minInterval: milliseconds(50),
    maxInterval: milliseconds(100),
    solicitedDelay: milliseconds(10),
    routerLifetime: seconds(1800),
    validLifetime: seconds(86_400),
    preferredLifetime: seconds(14_400),
    intervalOption: true,
  };
}

export function configOf(name: HostName, routeOptimisation = true): NodeConfig {
  switch (name) {
    case 'ha':
      return {
        name,
        homeAgent: {
          link: 'h0',
          address: AGENT,
          prefix: address('2001:db8:1::'),
          prefixLength: 64,
          mobileNodes: [{ home: HOME, authentication }],
          allowUnauthenticated: false,
          maxBindings: 100,
          advertisement: {
            ...advertisement('h0', '2001:db8:1::'),
            homeAgent: { address: AGENT, preference: 0 },
          },
        },
      };
    case 'ar': {
      const one = advertisement('a1', '2001:db8:2::');
      return { name, accessRouter: { advertisements: [one, advertisement('a2', '2001:db8:3::')] } };
    }
    case 'cn':
      return { name, correspondentNode: { maxBindings: 100 } };
    case 'mn':
      return {
        name,
        mobileNode: {
          home: HOME,
          homePrefixLength: 64,
          homeAgent: AGENT,
          authentication,
          links: ['m0'],
          lifetime: seconds(420),
          dad: 'optimistic',
          routeOptimisation,
          maxPeers: 100,
        },
      };
  }
}

export interface FourHostsOptions {
  /** Begins all names of namespaces. */
  readonly prefix: string;
  readonly createNode: (config: NodeConfig, environment: Environment) => Role;
  readonly crypto: Cryptography;
  readonly routeOptimisation?: boolean;
  /** Absent: TUN. */
  readonly dataPlane?: DataPlaneChoice;
  /** MTU of a link where it is not 1500. */
  readonly mtu?: Partial<Record<LinkName, number>>;
}

/** What happened at a host, and when. */
export interface Told {
  readonly host: HostName;
  readonly at: number;
  readonly event: CareofEvent;
}

export class FourHosts {
  readonly events: Told[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), 'careof-hosts-'));
  readonly #options: FourHostsOptions;
  readonly #nodes = new Map<HostName, LinuxNode>();
  readonly #journals = new Map<HostName, Map<string, string>>();
  readonly #children = new Set<ChildProcess>();
  readonly #hub: string;
  readonly #bridges: Rtnetlink;
  readonly #start = bootTime();

  constructor(options: FourHostsOptions) {
    this.#options = options;
    this.#hub = `${options.prefix}-hub`;
    this.#sweep();
    createNamespace(this.#hub);
    inNamespace(this.#hub, () => withoutIpv6());
    this.#bridges = inNamespace(this.#hub, () => new Rtnetlink());
    for (const link of LINKS) {
      this.#bridges.createBridge(link);
      const { ifindex } = this.#bridges.link(link)!;
      this.#bridges.setLink(ifindex, { up: true });
    }
    for (const name of Object.keys(HOSTS) as HostName[]) this.#make(name);
  }

  /** The name of a host's namespace. */
  namespace(host: HostName | 'hub'): string {
    return `${this.#options.prefix}-${host}`;
  }

  node(host: HostName): LinuxNode {
    return this.#nodes.get(host)!;
  }

  /** Starts the node of a host, with what it has stored. */
  /** @param dataPlane in the place of the one that all have. */
  start(host: HostName, dataPlane?: DataPlaneChoice): LinuxNode {
    const stored = this.#journals.get(host) ?? new Map<string, string>();
    this.#journals.set(host, stored);
    const { createNode, crypto, routeOptimisation } = this.#options;
    const node = new LinuxNode({
      config: configOf(host, routeOptimisation),
      createNode,
      crypto,
      clock: { now: () => this.now(), epoch: 0, bootTimeOfStart: this.#start },
      journal: {
        entries: () => [...stored],
        store: (key, value) => {
          if (value === undefined) stored.delete(key);
          else stored.set(key, value);
        },
      },
      links: Object.keys(HOSTS[host]),
      dataPlane: dataPlane ?? this.#options.dataPlane ?? 'tun',
      namespace: this.namespace(host),
      stateFolder: join(this.folder, host),
      onEvent: (event, at) => this.events.push({ host, at, event }),
    });
    node.start();
    this.#nodes.set(host, node);
    return node;
  }

  now(): Instant {
    return Math.floor(Number(bootTime() - this.#start) / 1e3) as Instant;
  }

  /** Plugs the mobile node's cable into another link. */
  move(to: LinkName): void {
    const cable = this.#bridges.link('mn-m0')!;
    this.#bridges.setLink(cable.ifindex, { up: false, master: 0 });
    const { ifindex: master } = this.#bridges.link(to)!;
    this.#bridges.setLink(cable.ifindex, { up: true, master });
  }

  /** Starts a program in a host's namespace. The nodes live in this process: nothing may block it. */
  spawn(host: HostName | 'hub', ...command: readonly string[]): ChildProcess {
    const [program, ...words] = command;
    const child = inNamespace(this.namespace(host), () => spawn(program!, words));
    this.#children.add(child);
    child.on('close', () => this.#children.delete(child));
    return child;
  }

  /** Runs a program in a host's namespace to its end, and gives what it said. */
  async run(host: HostName | 'hub', ...command: readonly string[]): Promise<string> {
    const { code, said } = await this.end(this.spawn(host, ...command));
    if (code !== 0) throw new Error(`${command.join(' ')}: ${code}\n${said}\n${this.log()}`);
    return said;
  }

  /** What a program has said when it ends. */
  end(child: ChildProcess): Promise<{ readonly code: number | null; readonly said: string }> {
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (part: Buffer) => {
        said += part.toString('latin1');
      });
    }
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, said }));
    });
  }

  /** Waits until it holds. Throws with what happened where it does not within the time. */
  async until(what: string, holds: () => boolean, milliseconds = 10_000): Promise<void> {
    const end = Date.now() + milliseconds;
    while (!holds()) {
      if (Date.now() > end)
        throw new Error(`${what}: not within ${milliseconds} ms\n${this.log()}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Has a host told of such an event since? */
  has(host: HostName, kind: CareofEvent['kind'], since = 0): boolean {
    return this.events.some(
      (one) => one.host === host && one.event.kind === kind && one.at >= since,
    );
  }

  log(): string {
    return this.events
      .slice(-60)
      .map(({ host, at, event }) => `${(at / 1e3).toFixed(1)} ${host} ${printable(event)}`)
      .join('\n');
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const node of this.#nodes.values()) node.close({ leave: false });
    this.#bridges.close();
    this.#sweep();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #make(host: HostName): void {
    const name = this.namespace(host);
    createNamespace(name);
    const netlink = inNamespace(name, () => new Rtnetlink());
    netlink.setLink(netlink.link('lo')!.ifindex, { up: true });
    const forwards = host === 'ha' || host === 'ar';
    const there = descriptorOfNamespace(name);
    for (const [plug, [link, , router]] of Object.entries(HOSTS[host])) {
      const mtu = this.#mtuOf(host, link);
      this.#bridges.createVeth(
        { name: `${host}-${plug}`, mtu },
        { name: plug, namespace: there.fd, mtu },
      );
      const end = this.#bridges.link(`${host}-${plug}`)!;
      const { ifindex: master } = this.#bridges.link(link)!;
      this.#bridges.setLink(end.ifindex, { up: true, master });
      inNamespace(name, () => quiet(plug));
      const { ifindex } = netlink.link(plug)!;
      netlink.setLink(ifindex, { up: true });
      this.#address(netlink, HOSTS[host][plug]!, ifindex);
      if (router !== undefined) netlink.addRoute({ ifindex, via: address(router) });
    }
    there.close();
    if (forwards) {
      inNamespace(name, () => writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1'));
    }
    netlink.close();
  }

  /** The mobile node's interface fits all links. */
  #mtuOf(host: HostName, link: LinkName): number {
    const said = this.#options.mtu ?? {};
    if (host === 'mn') return Math.min(1500, ...Object.values(said));
    return said[link] ?? 1500;
  }

  #address(netlink: Rtnetlink, [, text]: readonly [LinkName, string?, string?], ifindex: number) {
    if (text === undefined) return;
    const [one, length] = text.split('/');
    netlink.addAddress({
      ifindex,
      address: address(one!),
      prefixLength: Number(length),
      flags: 0x02,
    });
  }

  #sweep(): void {
    for (const name of ['hub', ...Object.keys(HOSTS)]) {
      deleteNamespace(`${this.#options.prefix}-${name}`);
    }
  }
}

/** Bridges of the hub are cables: they say nothing by themselves. */
function withoutIpv6(): void {
  writeFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', '1');
}

/** A link of a host from its first moment: no kernel of ours has Router Advertisements of its own. */
function quiet(name: string): void {
  for (const [setting, value] of [
    ['accept_ra', '0'],
    ['accept_dad', '0'],
  ] as const) {
    writeFileSync(`/proc/sys/net/ipv6/conf/${name}/${setting}`, value);
  }
}

function printable(event: CareofEvent): string {
  return JSON.stringify(event, (_, value: unknown) =>
    typeof value === 'string' && value.length === 16 && /[^ -~]/.test(value)
      ? Buffer.from(value, 'latin1').toString('hex')
      : value,
  );
}
