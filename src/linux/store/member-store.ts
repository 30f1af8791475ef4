import { setTimeout as wait } from 'node:timers/promises';
import type { SharedEntry, SharedNews, SharedStore } from '../../core/shared-store.ts';
import type { StoreMember, StorePlace } from './store-member.ts';

/** Entries that wait for being written; more are lost, and all is told anew. */
const MAX_WAITING = 16_384;
/** Written at once. */
const BATCH = 100;
const ALIVE_INTERVAL_MS = 2000;
/** Between two members, or tries of the only one. */
const PAUSE_MS = 250;

interface Follower {
  readonly prefix: string;
  readonly tell: (news: SharedNews) => void;
}

/** For an operator. */
export interface StoreStatus {
  /** The member that answers; undefined: none does. */
  readonly member: string | undefined;
  /** Why the last one was left. */
  readonly fault: string | undefined;
  /** Entries so far for which there was no room. */
  readonly refused: number;
}

/**
 * What nodes share by members of a store: of an etcd cluster, or the only one on this machine. One is used until
 * it answers no more, then the next one; after each change all is told anew.
 *
 *     seeking --a member answers--> reading --> following and writing --it answers no more--> seeking
 *
 * Nothing is written while no member answers, nor kept for later. Bounded by MAX_WAITING entries.
 */
export class MemberStore implements SharedStore {
  readonly #places: readonly StorePlace[];
  readonly #wallClock: () => number;
  readonly #followers = new Set<Follower>();
  readonly #ended = new AbortController();
  /** Ends what goes on with the member that is in use. */
  #session = new AbortController();
  #member: string | undefined;
  #fault: string | undefined;
  #refused = 0;
  /** What is to be written, by key. */
  readonly #waiting = new Map<string, SharedEntry>();
  #wake: (() => void) | undefined;

  /** @param wallClock milliseconds since 1970. */
  constructor(places: readonly StorePlace[], wallClock: () => number) {
    this.#places = places;
    this.#wallClock = wallClock;
    void this.#run();
  }

  status(): StoreStatus {
    return { member: this.#member, fault: this.#fault, refused: this.#refused };
  }

  share(entry: SharedEntry): void {
    if (this.#member === undefined) return;
    const before = this.#waiting.get(entry.key);
    if (before !== undefined && before.version >= entry.version) return;
    if (before === undefined && this.#waiting.size >= MAX_WAITING) {
      this.#session.abort(new Error('more is shared than can be written'));
      return;
    }
    this.#waiting.set(entry.key, entry);
    this.#wake?.();
  }

  follow(prefix: string, tell: (news: SharedNews) => void): () => void {
    const follower = { prefix, tell };
    this.#followers.add(follower);
    this.#session.abort(new Error('there is more to follow'));
    return () => this.#followers.delete(follower);
  }

  close(): void {
    this.#ended.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended;
    for (let turn = 0; !signal.aborted; turn++) {
      const place = this.#places[turn % this.#places.length]!;
      this.#session = new AbortController();
      try {
        await this.#use(place, AbortSignal.any([signal, this.#session.signal]));
      } catch (cause) {
        this.#fault = faultOf(cause);
      }
      this.#session.abort();
      this.#member = undefined;
      this.#waiting.clear();
      await wait(PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** Until it answers no more. */
  async #use(place: StorePlace, signal: AbortSignal): Promise<never> {
    const member = await place.open(signal);
    const followers = [...this.#followers];
    const snapshots = await Promise.all(followers.map(({ prefix }) => member.read(prefix)));
    if (followers.length === 0) await member.answers();
    signal.throwIfAborted();
    this.#member = place.name;
    this.#fault = undefined;
    for (const [n, { prefix, tell }] of followers.entries()) {
      tell({ prefix, entries: snapshots[n]!.entries, whole: true });
    }
    return await Promise.race([
      ...followers.map(({ prefix, tell }, n) =>
        snapshots[n]!.watch((entries) => {
          if (!signal.aborted) tell({ prefix, entries, whole: false });
        }),
      ),
      this.#write(member, signal),
      this.#listen(member, signal),
    ]);
  }

  async #listen(member: StoreMember, signal: AbortSignal): Promise<never> {
    for (;;) {
      await wait(ALIVE_INTERVAL_MS, undefined, { signal });
      await member.answers();
    }
  }

  async #write(member: StoreMember, signal: AbortSignal): Promise<never> {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    for (;;) {
      signal.throwIfAborted();
      if (this.#waiting.size === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const batch = [...this.#waiting.values()].slice(0, BATCH);
      for (const { key } of batch) this.#waiting.delete(key);
      const now = this.#wallClock() * 1000;
      const { newer, refused } = await member.write(batch.filter(({ until }) => until > now));
      this.#refused += refused;
      if (newer.length > 0 && !signal.aborted) this.#tell(newer);
    }
  }

  #tell(entries: readonly SharedEntry[]): void {
    for (const { prefix, tell } of this.#followers) {
      const own = entries.filter(({ key }) => key.startsWith(prefix));
      if (own.length > 0) tell({ prefix, entries: own, whole: false });
    }
  }
}

/** `fetch` says what was wrong in the cause of its error. */
function faultOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
