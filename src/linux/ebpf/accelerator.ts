/**
 * The kernel data plane as the TypeScript plane uses it: entries in, packets carried, counters out.
 *
 * What it does with packets is in `bpf/`; what is in doubt comes back by the anchor and the slow
 * device (`slow-device.ts`).
 */
import type { EntryUse, ForwardingEntry, Hook } from '../../core/forwarding/entry.ts';
import type { LearnedMtu } from '../../core/forwarding/path-mtus.ts';
import type { Address } from '../../wire/address.ts';
import type { LinuxCounter } from '../counters.ts';
import type { Accelerator, AcceleratorSurroundings } from '../plane/accelerator.ts';
import { mountBpf } from '../sys/bpf.ts';
import { Attachments, type Way, wayOfThisKernel } from './attachment.ts';
import { KernelMaps } from './kernel-maps.ts';
import { KernelTable } from './kernel-table.ts';
import type { ObjectFile } from './object-file.ts';
import { loadObjectFile } from './object-place.ts';
import { type KernelObjects, openKernelObjects, removePins } from './pins.ts';

/** As RFC 2473 section 6.6 has it, and the forwarding table where nobody says otherwise. */
const ENCAPSULATION_LIMIT = 4;

const NOTHING: EntryUse = { packets: 0, octets: 0 };

export interface EbpfOptions {
  /** Absent: the one of the package. */
  readonly object?: ObjectFile;
  /** Absent: what the kernel has. */
  readonly way?: Way;
}

/**
 * Makes the kernel ready, or takes up what an earlier process left at work. Must be called in the
 * network namespace of the node. Throws SysError and EbpfError where it cannot be done here.
 */
export function createEbpfAccelerator(
  surroundings: AcceleratorSurroundings,
  options: EbpfOptions = {},
): Accelerator {
  const folder = mountBpf(surroundings.folder);
  const object = options.object ?? loadObjectFile();
  const objects = openKernelObjects(folder, object, ['arriving', 'arrival_round', 'leaving']);
  return new EbpfAccelerator(
    { ...surroundings, folder },
    objects,
    options.way ?? wayOfThisKernel(),
  );
}

class EbpfAccelerator implements Accelerator {
  readonly name: string;
  readonly #folder: string;
  readonly #bootTimeOfStart: bigint;
  readonly #objects: KernelObjects;
  readonly #maps: KernelMaps;
  readonly #table: KernelTable;
  readonly #attachments: Attachments;
  /** Interfaces whose old program goes on until the entries of this process are all there. */
  readonly #waiting = new Map<number, Hook>();

  constructor(surroundings: AcceleratorSurroundings, objects: KernelObjects, way: Way) {
    this.name = `eBPF on ${way}`;
    this.#folder = surroundings.folder;
    this.#bootTimeOfStart = surroundings.bootTimeOfStart;
    this.#objects = objects;
    this.#maps = new KernelMaps(objects.map, {
      slowDevice: surroundings.slow,
      anchor: surroundings.anchor,
      encapsulationLimit: surroundings.encapsulationLimit ?? ENCAPSULATION_LIMIT,
    });
    this.#table = new KernelTable(this.#maps, {
      bootTimeOfStart: surroundings.bootTimeOfStart,
      mobilityExemption: surroundings.mobilityExemption ?? true,
    });
    this.#maps.setRoundProgram(objects.program('arrival_round'));
    this.#table.inherit(this.#maps.ledger());
    this.#table.reconcile((wide, key) => this.#maps.bucket(wide, key));
    this.#maps.sweepBuckets((key) => this.#table.has(key));
    this.#maps.writeSettings();
    this.#attachments = new Attachments(surroundings.folder, way);
    this.#attach(surroundings.anchor, 'leaving');
  }

  add(entry: ForwardingEntry): void {
    this.#table.add(entry);
  }

  remove(id: string): void {
    this.#table.remove(id);
  }

  use(id: string): EntryUse {
    const slot = this.#table.slotOf(id);
    return slot === undefined ? NOTHING : this.#maps.use(slot);
  }

  takes(id: string): boolean {
    return this.#table.takes(id);
  }

  setOwn(addresses: ReadonlySet<Address>): void {
    this.#maps.setOwn(addresses);
  }

  setPathMtu({ destination, mtu, until }: LearnedMtu): void {
    this.#maps.setPathMtu(destination, mtu, this.#bootTimeOfStart + BigInt(until) * 1000n);
  }

  attach(ifindex: number): void {
    this.#attach(ifindex, 'arriving');
  }

  detach(ifindex: number): void {
    this.#waiting.delete(ifindex);
    this.#attachments.detach(ifindex, 'arriving');
  }

  settle(): void {
    this.#table.settle();
    for (const [ifindex, hook] of this.#waiting) this.#attachNow(ifindex, hook);
    this.#waiting.clear();
    this.#attachments.forgetOthers();
    this.#objects.forgetOthers();
  }

  counters(): ReadonlyMap<LinuxCounter, number> {
    return this.#maps.totals();
  }

  close({ leave }: { readonly leave: boolean }): void {
    if (!leave) {
      this.#attachments.detachAll();
      removePins(this.#folder);
    }
    this.#attachments.close();
    this.#objects.close();
  }

  /** Where programs of another layout are at work, they go on with their entries until `settle`. */
  #attach(ifindex: number, hook: Hook): void {
    if (!this.#objects.takenUp && this.#attachments.isAttached(ifindex, hook)) {
      this.#waiting.set(ifindex, hook);
    } else this.#attachNow(ifindex, hook);
  }

  #attachNow(ifindex: number, hook: Hook): void {
    this.#attachments.attach(ifindex, hook, this.#objects.program(hook));
  }
}
