import { SharedEntries } from '../core/shared-entries.ts';
import type { SharedEntry, SharedNews, SharedStore } from '../core/shared-store.ts';
import type { Duration } from '../core/time.ts';
import type { Simulation } from './simulation.ts';

interface Follower {
  readonly node: string;
  readonly prefix: string;
  readonly tell: (news: SharedNews) => void;
  /** Grows with each loss of access: what was on its way before does not come. */
  life: number;
}

export interface SharedMapOptions {
  readonly simulation: Simulation;
  /** From a node to the map, and from the map to a node. */
  readonly delay: Duration;
  /** Wall-clock time of instant 0, in microseconds. */
  readonly epoch: number;
  /** Whoever writes last is right: for runs that show what versions are for. */
  readonly anyVersion?: boolean;
}

/**
 * What nodes of a simulation share: one map that each of them reaches after a delay, or not at all.
 *
 *     reaches --isolate--> does not --reconnect--> reaches (and is told all anew)
 */
export class SharedMap {
  readonly #options: SharedMapOptions;
  readonly #entries: SharedEntries;
  readonly #followers = new Set<Follower>();
  readonly #isolated = new Set<string>();

  constructor(options: SharedMapOptions) {
    this.#options = options;
    this.#entries = new SharedEntries({ anyVersion: options.anyVersion });
  }

  /** The map as one node has access to it. */
  accessOf(node: string): SharedStore {
    return {
      share: (entry) => {
        const { simulation, delay } = this.#options;
        if (!this.#isolated.has(node)) simulation.in(delay, () => this.#write(node, entry));
      },
      follow: (prefix, tell) => {
        const follower = { node, prefix, tell, life: 0 };
        this.#followers.add(follower);
        this.#tellAll(follower);
        return () => this.#followers.delete(follower);
      },
    };
  }

  /** A node reaches the map no more. */
  isolate(node: string): void {
    this.#isolated.add(node);
    for (const follower of this.#followers) if (follower.node === node) follower.life += 1;
  }

  /** It does again. */
  reconnect(node: string): void {
    if (!this.#isolated.delete(node)) return;
    for (const follower of this.#followers) if (follower.node === node) this.#tellAll(follower);
  }

  #write(node: string, entry: SharedEntry): void {
    if (this.#isolated.has(node)) return;
    const there = this.#entries.write(entry, this.#now());
    if (there === undefined) return;
    const told = [...this.#followers].filter((one) => there === entry || one.node === node);
    for (const follower of told) this.#tell(follower, there);
  }

  #tell(follower: Follower, entry: SharedEntry): void {
    if (entry.key.startsWith(follower.prefix)) this.#deliver(follower, () => [entry], false);
  }

  #tellAll(follower: Follower): void {
    const all = () => [...this.#entries.under(follower.prefix, this.#now())];
    this.#deliver(follower, all, true);
  }

  /** What stands there when the news arrives is told: nothing newer is told before. */
  #deliver(follower: Follower, entries: () => readonly SharedEntry[], whole: boolean): void {
    const { simulation, delay } = this.#options;
    const { node, prefix, life } = follower;
    if (this.#isolated.has(node)) return;
    simulation.in(delay, () => {
      if (follower.life !== life || !this.#followers.has(follower)) return;
      follower.tell({ prefix, entries: entries(), whole });
    });
  }

  #now(): number {
    return this.#options.epoch + this.#options.simulation.now;
  }
}
