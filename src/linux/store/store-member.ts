/** One of those that keep what nodes share, as `member-store.ts` uses it: each call throws where it does not answer. */
import type { SharedEntry } from '../../core/shared-store.ts';

export interface Snapshot {
  readonly entries: readonly SharedEntry[];
  /** Tells of each change since, without end. Throws where it cannot go on. */
  watch(tell: (entries: readonly SharedEntry[]) => void): Promise<never>;
}

export interface Written {
  /** What stands where something as new does. */
  readonly newer: readonly SharedEntry[];
  /** Entries for which there is no room. */
  readonly refused: number;
}

export interface StoreMember {
  /** Is it there, and can it be written to? */
  answers(): Promise<void>;
  /** All entries under a prefix. */
  read(prefix: string): Promise<Snapshot>;
  /** Writes each entry where nothing as new stands. */
  write(entries: readonly SharedEntry[]): Promise<Written>;
}

/** Where a member is to be found. */
export interface StorePlace {
  /** For an operator: a URL, or a path. */
  readonly name: string;
  /** @param signal ends all that goes on with it. */
  open(signal: AbortSignal): StoreMember | Promise<StoreMember>;
}
