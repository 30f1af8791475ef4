import { between, type Duration, type Instant } from '../../../core/time.ts';

/** What an acknowledgement tells of time. */
export interface Measured {
  /** Of the newest segment that it acknowledges; undefined where none can be measured. */
  readonly roundTrip: Duration | undefined;
  /** All that was under way when the round began is acknowledged: a round trip is over. */
  readonly roundEnded: boolean;
}

/**
 * Round trips of segments that were sent once; of one that was sent twice nobody knows which of the
 * two was acknowledged (Karn's rule, RFC 6298 section 3).
 */
export class RoundTrips {
  #sent: { readonly end: number; readonly at: Instant }[] = [];
  #roundEnd = 0;

  /** A segment that ends at an offset was sent for the first time. */
  sent(end: number, now: Instant): void {
    this.#sent.push({ end, at: now });
  }

  /** Something was sent again: what is under way cannot be measured any more. */
  forget(): void {
    this.#sent = [];
  }

  /** An acknowledgement up to `offset`, while `highest` is the end of what was sent. */
  acknowledged(offset: number, highest: number, now: Instant): Measured {
    let newest: Instant | undefined;
    let done = 0;
    while (done < this.#sent.length && this.#sent[done]!.end <= offset) {
      newest = this.#sent[done++]!.at;
    }
    if (done > 0) this.#sent.splice(0, done);
    const roundEnded = offset > this.#roundEnd;
    if (roundEnded) this.#roundEnd = highest;
    return { roundTrip: newest === undefined ? undefined : between(newest, now), roundEnded };
  }
}
