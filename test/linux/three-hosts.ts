/**
 * For tests and measurements: a correspondent, a router that is home agent too, and a mobile node on
 * either of two links, as namespaces whose packets the kernel data plane carries.
 *
 *     cn --c0-- rc [router, home agent] rs --s0-- mn
 *                                       rt --s1-- mn
 *
 * What a node would do to the host (addresses, routes into the anchor) is done with `ip`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entry } from '../../src/core/forwarding/case-packets.ts';
import type { ForwardingEntry } from '../../src/core/forwarding/entry.ts';
import { START } from '../../src/core/time.ts';
import { createEbpfAccelerator, type EbpfOptions } from '../../src/linux/ebpf/accelerator.ts';
import { removePins } from '../../src/linux/ebpf/pins.ts';
import type { Accelerator, AcceleratorSurroundings } from '../../src/linux/plane/accelerator.ts';
import { unmountBpf } from '../../src/linux/sys/bpf.ts';
import { close, ioctl, socket } from '../../src/linux/sys/libc.ts';
import { allocate } from '../../src/linux/sys/memory.ts';
import { createNamespace, deleteNamespace, inNamespace } from '../../src/linux/sys/namespace.ts';
import { check } from '../../src/linux/sys/sys-error.ts';
import { Tun } from '../../src/linux/sys/tun.ts';
import { type Address, address } from '../../src/wire/address.ts';

export const HOST = {
  home: address('2001:db8:a::5'),
  careOf: address('2001:db8:2::2'),
  otherCareOf: address('2001:db8:3::2'),
  agent: address('2001:db8:2::1'),
  peer: address('2001:db8:1::2'),
} as const;
const { home, agent, peer } = HOST;

export type HostName = 'cn' | 'ha' | 'mn';
const LINKS: Readonly<Record<HostName, readonly string[]>> = {
  cn: ['c0'],
  ha: ['rc', 'rs', 'rt'],
  mn: ['s0', 's1'],
};

/** Entries that carry all between home address and peer through the home agent. */
export function tunnelled(from: Address): Readonly<Record<HostName, ForwardingEntry[]>> {
  const back = { dst: { address: agent }, protocol: 41, innerSrc: home };
  return {
    cn: [],
    ha: [
      entry('to-home', 'leaving', { dst: { address: home }, mobility: true }, [
        { push: 'ipv6', src: agent, dst: from },
      ]),
      entry('from-tunnel', 'arriving', { src: { address: from }, ...back }, [{ pop: 'ipv6' }]),
    ],
    mn: [
      entry('to-agent', 'leaving', { src: { address: home }, mobility: true }, [
        { push: 'ipv6', src: from, dst: agent },
      ]),
      entry(
        'from-agent',
        'arriving',
        { src: { address: agent }, dst: { address: from }, protocol: 41, innerDst: home },
        [{ pop: 'ipv6' }],
      ),
    ],
  };
}

/** Entries of peer and mobile node that go straight to each other. */
export function routeOptimised(from: Address): Readonly<Record<HostName, ForwardingEntry[]>> {
  return {
    cn: [
      entry('to-peer', 'leaving', { dst: { address: home } }, [
        { insert: 'routing-2', careOf: from },
      ]),
      entry('from-peer', 'arriving', { src: { address: from }, home, local: true }, [
        { apply: 'home-address' },
      ]),
    ],
    ha: [],
    mn: [
      entry('to-cn', 'leaving', { src: { address: home }, dst: { address: peer } }, [
        { insert: 'home-address', careOf: from },
      ]),
      entry('from-cn', 'arriving', { dst: { address: from }, routing2: home }, [
        { apply: 'routing-2' },
      ]),
    ],
  };
}

export class ThreeHosts {
  readonly folders: Readonly<Record<HostName, string>>;
  readonly anchors: Readonly<Record<HostName, Tun>>;
  readonly slow: Readonly<Record<HostName, Tun>>;
  readonly accelerators = new Map<HostName, Accelerator>();
  readonly #prefix: string;

  /** @param prefix of the namespaces' names; what a killed run left of them is swept away. */
  constructor(prefix: string) {
    this.#prefix = prefix;
    const each = <T>(make: (host: HostName) => T): Record<HostName, T> => ({
      cn: make('cn'),
      ha: make('ha'),
      mn: make('mn'),
    });
    each((host) => deleteNamespace(this.name(host)));
    each((host) => createNamespace(this.name(host)));
    each((host) => this.sysctl(host, 'all.accept_dad=0', 'default.accept_dad=0'));
    this.#wire();
    const device = (host: HostName, name: string, mode: 'tun' | 'tap') =>
      inNamespace(this.name(host), () => Tun.open({ name, mode, persistent: true }));
    this.anchors = each((host) => device(host, 'careof0', 'tun'));
    this.slow = each((host) => device(host, 'careof1', 'tap'));
    this.folders = each(() => mkdtempSync(join(tmpdir(), 'cf-ebpf-')));
    each((host) => {
      this.ip(host, 'link', 'set', 'careof0', 'up');
      this.ip(host, 'link', 'set', 'careof1', 'up', 'mtu', '65000');
      this.sysctl(host, 'careof0.forwarding=1', 'careof1.forwarding=1');
    });
    this.ip('mn', 'addr', 'add', '2001:db8:a::5/128', 'dev', 'careof0', 'nodad');
  }

  name(host: HostName): string {
    return `${this.#prefix}-${host}`;
  }

  ip(host: HostName, ...words: string[]): string {
    return execFileSync('ip', ['-n', this.name(host), ...words], { encoding: 'utf8' });
  }

  run(host: HostName, ...command: string[]): string {
    const words = ['netns', 'exec', this.name(host), ...command];
    return execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  }

  sysctl(host: HostName, ...settings: string[]): void {
    this.run(host, 'sysctl', '-qw', ...settings.map((one) => `net.ipv6.conf.${one}`));
  }

  #wire(): void {
    const cable = (one: HostName, a: string, other: HostName, b: string) => {
      const peerOf = ['peer', 'name', b, 'netns', this.name(other)];
      this.ip(one, 'link', 'add', a, 'type', 'veth', ...peerOf);
      this.ip(one, 'link', 'set', a, 'up');
      this.ip(other, 'link', 'set', b, 'up');
    };
    cable('cn', 'c0', 'ha', 'rc');
    cable('mn', 's0', 'ha', 'rs');
    cable('mn', 's1', 'ha', 'rt');
    const addresses: [HostName, string, string][] = [
      ['cn', 'c0', '2001:db8:1::2'],
      ['ha', 'rc', '2001:db8:1::1'],
      ['ha', 'rs', '2001:db8:2::1'],
      ['ha', 'rt', '2001:db8:3::1'],
      ['mn', 's0', '2001:db8:2::2'],
      ['mn', 's1', '2001:db8:3::2'],
    ];
    for (const [host, link, text] of addresses) {
      this.ip(host, 'addr', 'add', `${text}/64`, 'dev', link, 'nodad');
    }
    this.sysctl('ha', 'all.forwarding=1');
    this.ip('cn', '-6', 'route', 'add', 'default', 'via', '2001:db8:1::1', 'mtu', '1400');
    this.ip('mn', '-6', 'route', 'add', 'default', 'via', '2001:db8:2::1', 'mtu', '1400');
  }

  surroundings(host: HostName, bootTimeOfStart = 0n): AcceleratorSurroundings {
    return {
      anchor: this.anchors[host].ifindex,
      slow: this.slow[host].ifindex,
      folder: this.folders[host],
      bootTimeOfStart,
      now: () => START,
    };
  }

  /** Puts the kernel data plane to work on all links of a host. */
  accelerate(host: HostName, options: EbpfOptions = {}, bootTimeOfStart = 0n): Accelerator {
    return inNamespace(this.name(host), () => {
      const made = createEbpfAccelerator(this.surroundings(host, bootTimeOfStart), options);
      this.accelerators.set(host, made);
      for (const link of LINKS[host]) made.attach(this.ifindex(host, link));
      return made;
    });
  }

  ifindex(host: HostName, link: string): number {
    return Number(this.ip(host, '-o', 'link', 'show', link).split(':')[0]);
  }

  /**
   * Routes to the home address as if it were the mobile node's only one: nothing of careof is at
   * work. Neighbours get to know each other, since no slow path does that here.
   */
  plain(): void {
    this.steer('none');
    this.ip('ha', '-6', 'route', 'replace', '2001:db8:a::5', 'via', '2001:db8:2::2');
    this.run('cn', 'ping', '-6', '-c1', '-W2', '2001:db8:a::5');
    this.run('mn', 'ping', '-6', '-c1', '-W2', '-I', '2001:db8:3::2', '2001:db8:3::1');
  }

  /** Routes into the anchors, as a node makes them for the entries of a mode. */
  steer(mode: 'none' | 'tunnelled' | 'routeOptimised'): void {
    for (const host of ['cn', 'ha'] as const) {
      this.quietly(host, '-6', 'route', 'del', '2001:db8:a::5');
    }
    this.quietly('mn', '-6', 'rule', 'del', 'from', '2001:db8:a::5', 'lookup', '200');
    this.quietly('mn', '-6', 'route', 'flush', 'table', '200');
    if (mode === 'none') return;
    const intercepting = mode === 'tunnelled' ? 'ha' : 'cn';
    const toAnchor = ['dev', 'careof0', 'mtu', '1400'];
    this.ip(intercepting, '-6', 'route', 'add', '2001:db8:a::5', ...toAnchor);
    this.ip('mn', '-6', 'rule', 'add', 'from', '2001:db8:a::5', 'lookup', '200');
    this.ip('mn', '-6', 'route', 'add', 'default', ...toAnchor, 'table', '200');
  }

  /** Puts the entries of a mode in the place of all others. */
  enter(entries: Readonly<Record<HostName, ForwardingEntry[]>>, old: Iterable<string> = []): void {
    for (const [host, accelerator] of this.accelerators) {
      for (const id of old) accelerator.remove(id);
      for (const one of entries[host]) accelerator.add(one);
    }
  }

  quietly(host: HostName, ...words: string[]): void {
    try {
      execFileSync('ip', ['-n', this.name(host), ...words], { stdio: 'ignore' });
    } catch {
      // It was not there.
    }
  }

  /** Switches checksums, segmentation and coalescing by the devices on or off, on every link. */
  offloads(on: boolean): void {
    for (const host of ['cn', 'ha', 'mn'] as const) {
      inNamespace(this.name(host), () => {
        for (const link of LINKS[host]) setOffloads(link, on);
      });
    }
  }

  /** What the kernel of a host counted, such as `TcpInCsumErrors`. */
  counter(host: HostName, name: string): number {
    const line = this.run(host, 'nstat', '-asz', name)
      .split('\n')
      .find((one) => one.startsWith(name));
    return Number(line?.split(/\s+/)[1] ?? Number.NaN);
  }

  close(): void {
    for (const accelerator of this.accelerators.values()) accelerator.close({ leave: true });
    for (const host of ['cn', 'ha', 'mn'] as const) {
      removePins(this.folders[host]);
      unmountBpf(this.folders[host]);
      rmdirSync(this.folders[host]);
      this.anchors[host].close();
      this.slow[host].close();
      deleteNamespace(this.name(host));
    }
  }
}

/** <linux/sockios.h>, <linux/ethtool.h>: commands that set one feature each. */
const SIOCETHTOOL = 0x8946;
const SET = { txChecksum: 0x17, tso: 0x1f, gso: 0x24, gro: 0x2c };
const AF_INET6 = 10;
const SOCK_DGRAM = 2;

function setOffloads(link: string, on: boolean): void {
  const fd = check(socket(AF_INET6, SOCK_DGRAM, 0), 'socket');
  try {
    const order = on ? Object.values(SET) : Object.values(SET).reverse();
    for (const command of order) {
      const value = allocate(8);
      value.octets.writeUInt32LE(command, 0);
      value.octets.writeUInt32LE(on || command === SET.gro ? 1 : 0, 4);
      const request = allocate(40);
      request.octets.write(link);
      request.octets.writeBigUInt64LE(value.address, 16);
      check(ioctl(fd, SIOCETHTOOL, request.octets), `ioctl SIOCETHTOOL ${link}`);
    }
  } finally {
    close(fd);
  }
}
