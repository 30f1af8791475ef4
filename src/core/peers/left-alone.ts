import type { Address } from '../../wire/address.ts';
import { after, type Duration, type Instant, START } from '../time.ts';

/**
 * A peer that gave no answer, or a bad one, is left alone for a while. Where only its answers were
 * lost it sends to where we were, so while it may hold a binding it is told again before that.
 *
 * Source: RFC 6275 section 11.8: what is not answered may go on at the slowest rate.
 */
export class LeftAlone {
  #until: Instant = START;
  /** Until when the peer may hold a binding that it never acknowledged. */
  #mayHoldUntil: Instant = START;
  #again: { readonly at: Instant; readonly careOf: Address } | undefined;

  deadline(): Instant | undefined {
    return this.#again?.at;
  }

  isOver(now: Instant): boolean {
    return now >= this.#until;
  }

  mayHold(now: Instant): boolean {
    return now < this.#mayHoldUntil;
  }

  get mayHoldUntil(): Instant {
    return this.#mayHoldUntil;
  }

  /** An update went out that the peer may act upon. */
  told(now: Instant, lifetime: Duration): void {
    this.#mayHoldUntil = after(now, lifetime);
  }

  /** The peer holds no binding for certain. */
  holdsNothing(now: Instant): void {
    this.#mayHoldUntil = now;
  }

  begin(time: Duration, again: Duration, careOf: Address, now: Instant): void {
    this.#until = after(now, time);
    this.#again = this.mayHold(now) ? { at: after(now, again), careOf } : undefined;
  }

  end(now: Instant): void {
    this.#until = now;
    this.#again = undefined;
  }

  /** Nothing is to be told to the peer by itself. */
  cancel(): void {
    this.#again = undefined;
  }

  /** What the peer is to be told again now. */
  due(now: Instant): Address | undefined {
    const again = this.#again;
    if (again === undefined || now < again.at) return undefined;
    this.#again = undefined;
    return this.mayHold(now) ? again.careOf : undefined;
  }
}
