/** What a store holds for those who share it (shared-store.ts): one entry a key, the newest. */
import type { SharedEntry } from './shared-store.ts';

/** What is over is looked for so often, in microseconds; before that it counts as gone already. */
const LOOK_INTERVAL = 10e6;

export interface SharedEntriesOptions {
  /** Keys at most; new ones are refused then. */
  readonly max?: number;
  /** Whoever writes last is right: for runs that show what versions are for. */
  readonly anyVersion?: boolean | undefined;
  /** An entry is over, and was removed. */
  readonly onForgotten?: (key: string) => void;
}

export class SharedEntries {
  readonly #options: SharedEntriesOptions;
  readonly #entries = new Map<string, SharedEntry>();
  #nextLook = 0;

  constructor(options: SharedEntriesOptions = {}) {
    this.#options = options;
  }

  /**
   * Gives the entry itself where it stands now, else what stands there, which is not older; undefined where
   * there is no room for another key.
   * @param now wall-clock time, microseconds since 1970.
   */
  write(entry: SharedEntry, now: number): SharedEntry | undefined {
    if (now >= this.#nextLook) this.#forget(now);
    const { max = Number.POSITIVE_INFINITY, anyVersion } = this.#options;
    const there = this.#entries.get(entry.key);
    const stands = there !== undefined && there.until > now && entry.version <= there.version;
    if (stands && anyVersion !== true) return there;
    if (there === undefined && this.#entries.size >= max) return undefined;
    this.#entries.set(entry.key, entry);
    return entry;
  }

  /** All that are not over. They may change while they are gone through: what changed comes as it is then. */
  *under(prefix: string, now: number): Generator<SharedEntry> {
    for (const entry of this.#entries.values()) {
      if (entry.until > now && entry.key.startsWith(prefix)) yield entry;
    }
  }

  #forget(now: number): void {
    this.#nextLook = now + LOOK_INTERVAL;
    for (const [key, { until }] of this.#entries) {
      if (until > now) continue;
      this.#entries.delete(key);
      this.#options.onForgotten?.(key);
    }
  }
}
