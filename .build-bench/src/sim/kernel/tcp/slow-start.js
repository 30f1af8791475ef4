import { milliseconds } from '../../../core/time.js';
/** Specification constants. Source: RFC 9406 section 4.3. */
const MIN_RTT_THRESH = milliseconds(4);
const MAX_RTT_THRESH = milliseconds(16);
const MIN_RTT_DIVISOR = 8;
const N_RTT_SAMPLE = 8;
const CSS_GROWTH_DIVISOR = 4;
const CSS_ROUNDS = 5;
/**
 * When to leave slow start: as soon as round trips grow, because a queue does, rather than when it
 * overflows and a whole window of segments is lost at once.
 *
 *     fast --round trips grow--> careful --5 rounds--> over
 *                                careful --they shrink again--> fast
 *
 * Source: RFC 9406 (HyStart++) section 4.2.
 */
export class SlowStart {
    #last = Number.POSITIVE_INFINITY;
    #current = Number.POSITIVE_INFINITY;
    #samples = 0;
    /** While careful: the round trip that made it so, and rounds since. */
    #baseline;
    #rounds = 0;
    /** By how much the window's growth is divided. */
    get divisor() {
        return this.#baseline === undefined ? 1 : CSS_GROWTH_DIVISOR;
    }
    /** Takes a round trip of the present round. */
    measured(roundTrip) {
        this.#current = Math.min(this.#current, roundTrip);
        this.#samples++;
        if (this.#samples < N_RTT_SAMPLE)
            return;
        if (this.#baseline !== undefined) {
            if (this.#current < this.#baseline)
                this.#baseline = undefined;
            return;
        }
        if (this.#last === Number.POSITIVE_INFINITY)
            return;
        const eighth = this.#last / MIN_RTT_DIVISOR;
        const threshold = Math.max(MIN_RTT_THRESH, Math.min(eighth, MAX_RTT_THRESH));
        if (this.#current < this.#last + threshold)
            return;
        this.#baseline = this.#current;
        this.#rounds = 0;
    }
    /** All that was under way when the round began is acknowledged. Says whether slow start is over. */
    roundEnded() {
        this.#last = this.#current;
        this.#current = Number.POSITIVE_INFINITY;
        this.#samples = 0;
        return this.#baseline !== undefined && ++this.#rounds >= CSS_ROUNDS;
    }
}
