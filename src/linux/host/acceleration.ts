/**
 * Whether an accelerator carries packets for this host, and what it is told where one does.
 *
 * Source of the choice: `auto` takes the accelerator where the host has it, `ebpf` wants it or fails,
 * `tun` does without.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EntryUse, ForwardingEntry } from '../../core/forwarding/entry.ts';
import type { LearnedMtu } from '../../core/forwarding/path-mtus.ts';
import type { Address } from '../../wire/address.ts';
import type { LinuxCounter } from '../counters.ts';
import { createEbpfAccelerator } from '../ebpf/accelerator.ts';
import { EbpfError } from '../ebpf/ebpf-error.ts';
import { removeBpf } from '../ebpf/pins.ts';
import type { LinuxNodeOptions } from '../node-options.ts';
import type { DataPlaneStatus } from '../node-status.ts';
import type { Accelerator } from '../plane/accelerator.ts';
import { unmountBpf } from '../sys/bpf.ts';
import type { Rtnetlink } from '../sys/netlink/rtnetlink.ts';
import type { Poller } from '../sys/poller.ts';
import { SysError } from '../sys/sys-error.ts';
import { OWN_DEVICES } from './host-links.ts';
import type { Inside, Settings } from './settings.ts';
import { SlowDevice, type SlowPacket } from './slow-device.ts';

/** The folder of pinned programs and maps, in the node's state folder. */
const BPF_FOLDER = 'bpf';

export interface AccelerationParts {
  readonly inside: Inside;
  readonly poller: Poller;
  readonly netlink: Rtnetlink;
  readonly settings: Settings;
  /** The anchor device. */
  readonly anchor: number;
  take(packet: SlowPacket): void;
}

export class Acceleration {
  readonly status: DataPlaneStatus;
  readonly #parts: AccelerationParts;
  readonly #folder: string;
  readonly #accelerator: Accelerator | undefined;
  #slow: SlowDevice | undefined;

  /** Throws SysError and EbpfError where an accelerator was asked for and cannot be had. */
  constructor(options: LinuxNodeOptions, parts: AccelerationParts) {
    this.#parts = parts;
    this.#folder = join(options.stateFolder, BPF_FOLDER);
    const { dataPlane } = options;
    if (dataPlane === 'tun') {
      this.#removeEarlier();
      this.status = tun('it was asked for');
      return;
    }
    try {
      this.#accelerator = this.#open(options);
      const why = dataPlane === 'ebpf' ? 'it was asked for' : 'the kernel has it';
      this.status = { kind: 'ebpf', name: this.#accelerator.name, why };
    } catch (error) {
      this.#slow?.close({ leave: false });
      this.#slow = undefined;
      this.#removeEarlier();
      const known = error instanceof SysError || error instanceof EbpfError;
      if (dataPlane === 'ebpf' || !known) throw error;
      this.status = tun(error.message);
    }
  }

  get active(): boolean {
    return this.#accelerator !== undefined;
  }

  add(entry: ForwardingEntry): void {
    this.#accelerator?.add(entry);
  }

  remove(id: string): void {
    this.#accelerator?.remove(id);
  }

  /** What an entry has carried: the share of the plane and the kernel's. */
  use(id: string, plane: EntryUse): EntryUse {
    const kernel = this.#accelerator?.use(id);
    if (kernel === undefined) return plane;
    return { packets: plane.packets + kernel.packets, octets: plane.octets + kernel.octets };
  }

  takes(id: string): boolean {
    return this.#accelerator?.takes(id) ?? false;
  }

  setOwn(addresses: ReadonlySet<Address>): void {
    this.#accelerator?.setOwn(addresses);
  }

  learned(path: LearnedMtu): void {
    this.#accelerator?.setPathMtu(path);
  }

  attach(ifindex: number): void {
    if (this.#accelerator === undefined) return;
    try {
      this.#parts.inside(() => this.#accelerator?.attach(ifindex));
    } catch (error) {
      // The link has gone again: the kernel's word of that is on its way.
      if (!(error instanceof SysError) || error.code !== 'ENODEV') throw error;
    }
  }

  detach(ifindex: number): void {
    this.#parts.inside(() => this.#accelerator?.detach(ifindex));
  }

  /** All that an earlier life left and this one wants has been added again. */
  settle(): void {
    this.#parts.inside(() => this.#accelerator?.settle());
  }

  counters(): Iterable<readonly [LinuxCounter, number]> {
    return this.#accelerator?.counters() ?? [];
  }

  /** @param leave the kernel goes on with what it was told. */
  close({ leave }: { readonly leave: boolean }): void {
    this.#parts.inside(() => this.#accelerator?.close({ leave }));
    this.#slow?.close({ leave });
    if (!leave) whereAllowed(() => unmountBpf(this.#folder));
  }

  /** An earlier life's programs would go on beside the TUN plane, and take from it what they sent to the slow device. */
  #removeEarlier(): void {
    const { inside, netlink } = this.#parts;
    inside(() => whereAllowed(() => removeBpf(this.#folder)));
    const slow = netlink.link(OWN_DEVICES.slow);
    if (slow !== undefined) netlink.deleteLink(slow.ifindex);
  }

  #open(options: LinuxNodeOptions): Accelerator {
    const { inside, poller, netlink, settings, anchor, take } = this.#parts;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#slow = new SlowDevice(inside, poller, netlink, settings, take);
    const slow = this.#slow.ifindex;
    const without = options.without ?? new Set();
    return inside(() =>
      createEbpfAccelerator({
        anchor,
        slow,
        folder: this.#folder,
        bootTimeOfStart: options.clock.bootTimeOfStart,
        now: () => options.clock.now(),
        mobilityExemption: !without.has('mobility-header-exemption'),
        ...(without.has('encapsulation-limit') && { encapsulationLimit: Number.POSITIVE_INFINITY }),
      }),
    );
  }
}

const tun = (why: string): DataPlaneStatus => ({ kind: 'tun', name: 'TypeScript over TUN', why });

/** The systemd unit mounts the bpffs for a process that may not: what was pinned there is gone, and it stays. */
function whereAllowed(unmount: () => void): void {
  try {
    unmount();
  } catch (error) {
    if (!(error instanceof SysError) || error.code !== 'EPERM') throw error;
  }
}
