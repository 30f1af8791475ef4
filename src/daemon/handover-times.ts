/** How long hand-overs took, for metrics: from the better place to the home agent's word. */
import type { CareofEvent } from '../core/events.ts';
import type { Instant } from '../core/time.ts';

/** Upper bounds in seconds. */
export const BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

export class HandoverTimes {
  #began: Instant | undefined;
  /** Hand-overs that took no longer than each of BUCKETS. */
  readonly within: number[] = BUCKETS.map(() => 0);
  count = 0;
  seconds = 0;

  add(event: CareofEvent, now: Instant): void {
    if (event.kind === 'handover.began') this.#began = now;
    if (event.kind !== 'handover.ended' || this.#began === undefined) return;
    const took = (now - this.#began) / 1e6;
    this.#began = undefined;
    this.count += 1;
    this.seconds += took;
    for (const [index, bound] of BUCKETS.entries()) if (took <= bound) this.within[index]! += 1;
  }
}
