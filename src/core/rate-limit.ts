import { type Duration, type Instant, START } from './time.ts';

/**
 * A token bucket: `take` says whether one more may go out now. What others can make us send (errors,
 * answers) goes through one, so that nobody can use us to flood a third (RFC 4443 section 2.4 (f)).
 */
export class RateLimit {
  readonly #interval: Duration;
  readonly #burst: number;
  #tokens: number;
  #filledAt: Instant = START;

  /** @param interval one token comes back after this; @param burst the most that are kept. */
  constructor(interval: Duration, burst: number) {
    this.#interval = interval;
    this.#burst = burst;
    this.#tokens = burst;
  }

  take(now: Instant): boolean {
    if (this.left(now) === 0) return false;
    this.#tokens -= 1;
    return true;
  }

  /** How many may go out now. */
  left(now: Instant): number {
    const back = Math.floor((now - this.#filledAt) / this.#interval);
    if (back > 0) {
      this.#tokens = Math.min(this.#burst, this.#tokens + back);
      this.#filledAt = (this.#filledAt + back * this.#interval) as Instant;
    }
    return this.#tokens;
  }
}
