import { milliseconds, seconds } from '../../../core/time.js';
/** Before there is any measurement. Source: RFC 6298 section 2.1. */
const INITIAL = seconds(1);
/** RFC 6298 section 2.4 asks for 1 s; operating systems, Linux among them, take 200 ms. */
const MINIMUM = milliseconds(200);
/** Source: RFC 6298 section 2.5. */
const MAXIMUM = seconds(60);
/** How long to wait for an acknowledgement, from measured round trips. Source: RFC 6298. */
export class RetransmissionTimeout {
    #smoothed;
    #variation = 0;
    #backedOff = 0;
    /** The time-out as it stands now, back-off included. */
    get current() {
        return Math.min(this.#base() * 2 ** this.#backedOff, MAXIMUM);
    }
    /** The smoothed round-trip time; undefined before the first measurement. */
    get roundTrip() {
        return this.#smoothed === undefined ? undefined : Math.round(this.#smoothed);
    }
    /** Takes a round trip of a segment that was sent once (Karn: never of a repeated one). */
    measured(roundTrip) {
        if (this.#smoothed === undefined) {
            this.#smoothed = roundTrip;
            this.#variation = roundTrip / 2;
        }
        else {
            const off = Math.abs(this.#smoothed - roundTrip);
            this.#variation = 0.75 * this.#variation + 0.25 * off;
            this.#smoothed = 0.875 * this.#smoothed + 0.125 * roundTrip;
        }
        this.#backedOff = 0;
    }
    /** Nothing came in time: wait twice as long. Source: RFC 6298 section 5.5. */
    backOff() {
        this.#backedOff++;
    }
    /**
     * Something new was acknowledged. RFC 6298 would wait for a measurement; stacks with timestamps
     * have one with each acknowledgement, and this one does as they do.
     */
    progressed() {
        this.#backedOff = 0;
    }
    #base() {
        if (this.#smoothed === undefined)
            return INITIAL;
        return Math.round(Math.max(this.#smoothed + 4 * this.#variation, MINIMUM));
    }
}
