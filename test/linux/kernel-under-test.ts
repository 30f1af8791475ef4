/**
 * For tests: the kernel program in a network namespace of its own, fed packet by packet by
 * BPF_PROG_TEST_RUN, with tables like those of the TypeScript plane.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EntryUse, ForwardingEntry, Hook } from '../../src/core/forwarding/entry.ts';
import type { Instant } from '../../src/core/time.ts';
import { buildKernelProgram } from '../../src/linux/ebpf/build.ts';
import { KernelMaps } from '../../src/linux/ebpf/kernel-maps.ts';
import { KernelTable } from '../../src/linux/ebpf/kernel-table.ts';
import { loadObjectFile } from '../../src/linux/ebpf/object-place.ts';
import { type KernelObjects, openKernelObjects, removePins } from '../../src/linux/ebpf/pins.ts';
import { mountBpf, testProgram, unmountBpf } from '../../src/linux/sys/bpf.ts';
import { createNamespace, deleteNamespace, inNamespace } from '../../src/linux/sys/namespace.ts';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';
import { Tun } from '../../src/linux/sys/tun.ts';
import type { Address } from '../../src/wire/address.ts';

/** Why the kernel program cannot be tried on this machine; false where it can. */
export function obstacleToKernelProgram(): string | false {
  return obstacleToNamespaces() ?? buildKernelProgram() ?? false;
}

/** What the program said of a packet. */
export interface Said {
  /** `carried`: it goes on as `octets`. `slow`: to the slow path, which `octets` is for. */
  readonly verdict: 'carried' | 'slow' | 'dropped';
  readonly octets: Uint8Array;
}

// <linux/pkt_cls.h>
const TC_ACT_SHOT = 2;
const TC_ACT_REDIRECT = 7;
const ETHERNET = 14;
const MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x0e);
/** struct __sk_buff of <linux/bpf.h>. */
const CONTEXT = { size: 192, ifindex: 40, gsoSegs: 164, gsoSize: 176 };

export class KernelUnderTest {
  readonly #namespace: string;
  readonly #folder: string;
  readonly #anchor: Tun;
  readonly #link: Tun;
  /** Copies for notices can be read here. */
  readonly slow: Tun;
  readonly #objects: KernelObjects;
  #maps!: KernelMaps;
  #table!: KernelTable;

  /** Must be closed, and is: also where the test fails. */
  constructor(namespace: string) {
    this.#namespace = namespace;
    deleteNamespace(namespace);
    createNamespace(namespace);
    const device = (name: string, mode: 'tun' | 'tap') =>
      inNamespace(namespace, () => Tun.open({ name, mode }));
    this.#anchor = device('careof0', 'tun');
    this.slow = device('careof1', 'tap');
    this.#link = device('link0', 'tap');
    this.#link.setLinkAddress(MAC);
    this.ip('link', 'set', 'careof0', 'up');
    this.ip('link', 'set', 'careof1', 'up', 'mtu', '65000');
    this.ip('link', 'set', 'link0', 'up', 'mtu', '1500');
    this.ip('-6', 'route', 'add', '2001:db8:ffff::1', 'dev', 'link0');
    const neighbour = ['lladdr', '02:00:00:00:00:01', 'dev', 'link0', 'nud', 'permanent'];
    this.ip('-6', 'neigh', 'add', '2001:db8:ffff::1', ...neighbour);
    this.ip('-6', 'route', 'add', 'default', 'via', '2001:db8:ffff::1', 'dev', 'link0');
    const forwarding = ['careof0', 'careof1'].map((name) => `net.ipv6.conf.${name}.forwarding=1`);
    const sysctl = ['sysctl', '-qw', ...forwarding];
    execFileSync('ip', ['netns', 'exec', namespace, ...sysctl]);
    this.#folder = mkdtempSync(join(tmpdir(), 'cf-ebpf-'));
    mountBpf(this.#folder);
    this.#objects = openKernelObjects(this.#folder, loadObjectFile(), [
      'arriving',
      'arrival_round',
      'leaving_ethernet',
    ]);
  }

  ip(...words: string[]): string {
    return execFileSync('ip', ['-n', this.#namespace, ...words], { encoding: 'utf8' });
  }

  /** An empty table. `now` is where instant 0 lies from this moment on, in microseconds. */
  reset(
    options: { readonly bootTimeOfStart?: bigint; readonly own?: Iterable<Address> } = {},
  ): void {
    this.#table?.settle();
    for (const id of this.#ids) this.#table.remove(id);
    this.#ids.clear();
    this.#maps = new KernelMaps(this.#objects.map, {
      slowDevice: this.slow.ifindex,
      anchor: this.#anchor.ifindex,
      encapsulationLimit: 4,
    });
    this.#table = new KernelTable(this.#maps, {
      bootTimeOfStart: options.bootTimeOfStart ?? 0n,
      mobilityExemption: true,
    });
    this.#maps.setRoundProgram(this.#objects.program('arrival_round'));
    this.#maps.setOwn(new Set(options.own ?? []));
    this.#maps.writeSettings();
  }

  readonly #ids = new Set<string>();

  add(entry: ForwardingEntry): void {
    this.#table.add(entry);
    this.#ids.add(entry.id);
  }

  remove(id: string): void {
    this.#table.remove(id);
    this.#ids.delete(id);
  }

  use(id: string): EntryUse {
    const slot = this.#table.slotOf(id);
    return slot === undefined ? { packets: 0, octets: 0 } : this.#maps.use(slot);
  }

  takes(id: string): boolean {
    return this.#table.takes(id);
  }

  totals(): ReadonlyMap<string, number> {
    return this.#maps.totals();
  }

  setPathMtu(destination: Address, mtu: number, expires: bigint): void {
    this.#maps.setPathMtu(destination, mtu, expires);
  }

  /** @param gsoSize where the packet is to be cut up later: octets of payload in each segment. */
  run(hook: Hook, packet: Uint8Array, gsoSize = 0): Said {
    const { result, data } = this.#test(hook, packet, gsoSize, 1);
    const octets = data.subarray(ETHERNET);
    if (result === TC_ACT_SHOT) return { verdict: 'dropped', octets };
    const redirected = result === TC_ACT_REDIRECT;
    if (hook === 'leaving') return { verdict: redirected ? 'carried' : 'slow', octets };
    // What goes to the slow device has its link there; what goes to the anchor is as it came.
    const isSlow = redirected && MAC.some((octet, at) => data[at] !== octet);
    return { verdict: isSlow ? 'slow' : 'carried', octets };
  }

  /** Nanoseconds that one packet takes; the best of several series. */
  time(hook: Hook, packet: Uint8Array, repeat: number): number {
    const times = Array.from({ length: 5 }, () => this.#test(hook, packet, 0, repeat).nanoseconds);
    return Math.min(...times);
  }

  #test(hook: Hook, packet: Uint8Array, gsoSize: number, repeat: number) {
    const frame = new Uint8Array(ETHERNET + packet.length);
    frame.set(MAC);
    frame.set([0x86, 0xdd], 12);
    frame.set(packet, ETHERNET);
    const context = new Uint8Array(CONTEXT.size);
    const view = new DataView(context.buffer);
    const device = hook === 'leaving' ? this.#anchor : this.#link;
    view.setUint32(CONTEXT.ifindex, device.ifindex, true);
    view.setUint32(CONTEXT.gsoSize, gsoSize, true);
    view.setUint32(CONTEXT.gsoSegs, gsoSize === 0 ? 0 : 2, true);
    const program = this.#objects.program(hook === 'leaving' ? 'leaving_ethernet' : 'arriving');
    return inNamespace(this.#namespace, () =>
      testProgram(program, { data: frame, context, repeat }),
    );
  }

  close(): void {
    this.#objects.close();
    removePins(this.#folder);
    unmountBpf(this.#folder);
    rmdirSync(this.#folder);
    for (const device of [this.#anchor, this.slow, this.#link]) device.close();
    deleteNamespace(this.#namespace);
  }
}

/** Far enough from any expiry that a case names. */
const AN_HOUR = 3_600_000_000_000n;

/**
 * Where instant 0 lies, so that the boot clock says `now` as far as the expiries of the entries go:
 * those that are over are over by an hour, the others have one to go.
 */
export function startFor(
  entries: readonly ForwardingEntry[],
  now: Instant,
  bootTime: bigint,
): bigint {
  const live = entries.some(({ expiresAt }) => expiresAt !== undefined && expiresAt > now);
  return bootTime + (live ? AN_HOUR : -AN_HOUR);
}
