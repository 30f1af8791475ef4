import type { Address } from '../../wire/address.ts';
import { type Constants, MAX_NEIGHBOR_ADVERTISEMENT } from '../constants.ts';
import { after, type Duration, type Instant, sooner } from '../time.ts';

/**
 * The last advertisement waits so many times longer than those before it: a link that is out for
 * some seconds does not take them all, and further ones than three there may not be.
 */
const LAST_WAIT = 7;

/**
 * When unsolicited Neighbor Advertisements are to claim addresses: at once, after RETRANS_TIMER,
 * and for the last time some seconds later. Who missed all sends to the old place until
 * Neighbor Unreachability Detection finds that out, which takes 53 s at most.
 *
 * Supported standards: RFC 4861 section 7.2.6, RFC 6275 sections 10.4.1 and 11.5.5.
 */
export class Claims {
  readonly #interval: Duration;
  /** By how many advertisements are still to come, less one. The next one first: all wait equally long. */
  readonly #waiting: readonly Map<Address, Instant>[];

  constructor({ RETRANS_TIMER }: Constants) {
    this.#interval = RETRANS_TIMER;
    this.#waiting = Array.from({ length: MAX_NEIGHBOR_ADVERTISEMENT - 1 }, () => new Map());
  }

  /** The first advertisement is sent now, the others are to follow. */
  begin(address: Address, now: Instant): void {
    this.stop(address);
    this.#wait(address, this.#waiting.length - 1, now);
  }

  /**
   * Somebody may have been told otherwise meanwhile. Is one to be sent now? Another follows, and
   * none where one is still to come, so that they stay few however often this is asked.
   */
  again(address: Address, now: Instant): boolean {
    if (this.#waiting.some((waiting) => waiting.has(address))) return false;
    this.#wait(address, 0, now);
    return true;
  }

  stop(address: Address): void {
    for (const waiting of this.#waiting) waiting.delete(address);
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const waiting of this.#waiting) {
      deadline = sooner(deadline, waiting.values().next().value);
    }
    return deadline;
  }

  /** The addresses that are to be claimed once more now. */
  tick(now: Instant): Address[] {
    const due: Address[] = [];
    for (const [left, waiting] of this.#waiting.entries()) {
      for (const [address, at] of waiting) {
        if (now < at) break;
        waiting.delete(address);
        due.push(address);
        if (left > 0) this.#wait(address, left - 1, now);
      }
    }
    return due;
  }

  #wait(address: Address, left: number, now: Instant): void {
    const wait = (left === 0 ? LAST_WAIT : 1) * this.#interval;
    this.#waiting[left]!.set(address, after(now, wait as Duration));
  }
}
