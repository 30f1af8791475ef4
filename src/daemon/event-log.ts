/** The last events of a node, and those who want to hear of the next ones. */
import { type CareofEvent, eventToJson } from '../core/events.ts';
import type { Instant } from '../core/time.ts';

/** Events that are kept: what led to a trouble that an operator comes to look at. */
const MOST_KEPT = 10_000;

/** An event as `careof watch` and the lab get it, addresses as text. */
export type ToldEvent = Readonly<Record<string, string | number | boolean>>;

export class EventLog {
  readonly #node: string;
  readonly #bootTimeOfStart: bigint;
  #kept: ToldEvent[] = [];
  /** Events that are kept no more. */
  #gone = 0;
  readonly #listeners = new Set<(event: ToldEvent) => void>();

  /** @param bootTimeOfStart nanoseconds of CLOCK_BOOTTIME at instant 0. */
  constructor(node: string, bootTimeOfStart: bigint) {
    this.#node = node;
    this.#bootTimeOfStart = bootTimeOfStart;
  }

  /** Every event so far: those that are kept, and how many are not. */
  get past(): { readonly kept: readonly ToldEvent[]; readonly gone: number } {
    return { kept: this.#kept, gone: this.#gone };
  }

  add(event: CareofEvent, now: Instant): ToldEvent {
    const boottime_us = Number(this.#bootTimeOfStart / 1000n) + now;
    const told = { t_us: now, boottime_us, node: this.#node, ...eventToJson(event) };
    this.#kept.push(told);
    // Half at once: taking the first one of a long list out each time is slow.
    if (this.#kept.length > 2 * MOST_KEPT) {
      this.#gone += this.#kept.length - MOST_KEPT;
      this.#kept = this.#kept.slice(-MOST_KEPT);
    }
    for (const listener of this.#listeners) listener(told);
    return told;
  }

  /** Tells of each event from now on; gives what ends that. */
  listen(listener: (event: ToldEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
