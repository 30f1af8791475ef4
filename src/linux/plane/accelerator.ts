/**
 * What lets the kernel carry packets by itself that the TypeScript plane would carry otherwise.
 *
 * The TypeScript plane holds the whole forwarding table and is always right. An accelerator is told
 * of every entry too; it takes over those that it can execute exactly, and hands every packet about
 * which it is in doubt, whole and unchanged, to the TypeScript plane (the *slow path*). So entries
 * that it declines cost speed and nothing else.
 *
 *     link --ingress--> [accelerator] --taken: rewritten--> the host's own stack, or out again
 *                             \--in doubt--> slow device --> TypeScript plane
 *     stack --> careof0 --egress--> [accelerator] --taken--> link
 *                                         \--in doubt--> TUN of careof0 --> TypeScript plane
 */
import type { EntryUse, ForwardingEntry } from '../../core/forwarding/entry.ts';
import type { LearnedMtu } from '../../core/forwarding/path-mtus.ts';
import type { Instant } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import type { LinuxCounter } from '../counters.ts';

export interface Accelerator {
  /** Such as `eBPF on tcx`, for `careof status` and `careof doctor`. */
  readonly name: string;
  /** Adds an entry or puts it in the place of the one with the same id, in one step. */
  add(entry: ForwardingEntry): void;
  remove(id: string): void;
  /**
   * What the kernel carried for an entry since its id was first added, over restarts of the control
   * side; zeros where it never took it over. What came by the slow path is not in it.
   */
  use(id: string): EntryUse;
  /** Does the kernel execute this entry, or is it left to the slow path? */
  takes(id: string): boolean;
  /** Addresses of this host, groups left out (`Match.local`). */
  setOwn(addresses: ReadonlySet<Address>): void;
  /**
   * What the path to a destination was found to carry. Packets that leave for it and are longer go
   * the slow way, which answers with Packet Too Big.
   */
  setPathMtu(learned: LearnedMtu): void;
  /** Begins to look at what comes in by an interface. */
  attach(ifindex: number): void;
  detach(ifindex: number): void;
  /**
   * The control side has added all entries that it knows of. What an earlier process left and this
   * one did not add again is removed now; until then it is carried as before.
   */
  settle(): void;
  /** What the kernel side counted since it was loaded. */
  counters(): ReadonlyMap<LinuxCounter, number>;
  /** `leave`: programs, entries and their expiry stay at work for the next process to take up. */
  close(options: { readonly leave: boolean }): void;
}

/** What an accelerator is given. */
export interface AcceleratorSurroundings {
  /** The anchor device `careof0`. */
  readonly anchor: number;
  /** The device that packets in doubt go to, with their link (see `slow-device.ts`). */
  readonly slow: number;
  /** Folder of a bpffs (or nothing, where an accelerator needs none) that is this node's alone. */
  readonly folder: string;
  /** Nanoseconds of the kernel's boot clock at instant 0, so that entries expire without us. */
  readonly bootTimeOfStart: bigint;
  readonly now: () => Instant;
  /** As of the forwarding table (`table.ts`): absent ones are as there. */
  readonly mobilityExemption?: boolean;
  readonly encapsulationLimit?: number;
}
