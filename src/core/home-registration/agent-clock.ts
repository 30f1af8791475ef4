import { BINDING_STATUS } from '../../wire/numbers.ts';
import type { LayerOf } from '../../wire/packet.ts';
import type { Authentication } from '../config.ts';
import { isFresh, ntpTimestamp } from '../security/authentication-option.ts';
import { timestampOf } from '../signalling/home-authentication.ts';
import { type Duration, type Instant, NO_TIME, seconds } from '../time.ts';

/** As many stamps as there are sequence numbers that may be outstanding. */
const MAX_REMEMBERED = 8;

/**
 * The home agent's clock as a mobile node knows it: what it stamps its messages with.
 *
 * Supported standards: RFC 4285 section 6 (timestamps; status 144 carries the home agent's time).
 */
export class AgentClock {
  readonly #epoch: number;
  /** The home agent's clock less ours, as its answers with status 144 showed it. */
  #offset = 0n;
  /** Answers with status 144 in a row. */
  #wrongTimes = 0;
  #last = 0n;
  /** Of the newest updates: an answer carries one of them. */
  #sent: readonly bigint[] = [];

  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  /** The next stamp. Two updates in one instant are not to be a replay of each other. */
  stamp(now: Instant): bigint {
    const clock = BigInt.asUintN(64, ntpTimestamp(this.#epoch, now) + this.#offset);
    this.#last = clock > this.#last ? clock : this.#last + 1n;
    this.#sent = [...this.#sent, this.#last].slice(-MAX_REMEMBERED);
    return this.#last;
  }

  /** An answer has the update's own stamp, but where it says that that is wrong. */
  hasOurStamp(answer: LayerOf<'binding-acknowledgement'>, { method }: Authentication): boolean {
    if (method !== 'rfc4285' || answer.status === BINDING_STATUS.mipv6IdMismatch) return true;
    const stamp = timestampOf(answer);
    return stamp !== undefined && this.#sent.includes(stamp);
  }

  /** The home agent has said what time it is. */
  adjust(theirs: bigint | undefined, now: Instant): void {
    if (theirs === undefined) return;
    this.#offset = theirs - ntpTimestamp(this.#epoch, now);
    this.#last = 0n;
  }

  /** Has the home agent stamped a message now, give or take? */
  isFresh(theirs: bigint, tolerance: Duration, now: Instant): boolean {
    return isFresh(theirs - this.#offset, this.#epoch, now, tolerance);
  }

  /** At once for the first, then 1, 2, 4 ... 32 s: two clocks may never come to agree. */
  waitAfterWrongTime(): Duration {
    const wrong = this.#wrongTimes;
    this.#wrongTimes += 1;
    return wrong === 0 ? NO_TIME : seconds(2 ** Math.min(wrong - 1, 5));
  }

  /** An answer that says nothing of wrong times. */
  agreed(): void {
    this.#wrongTimes = 0;
  }
}
