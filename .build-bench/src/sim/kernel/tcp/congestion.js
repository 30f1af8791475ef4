import { SlowStart } from './slow-start.js';
/** Segments that a new connection may send at once. Source: RFC 6928 section 2. */
const INITIAL_SEGMENTS = 10;
/**
 * How much may be under way: slow start, then congestion avoidance; half of it after a loss, and one
 * segment after a time-out.
 *
 * Supported standards: RFC 5681, RFC 6928 (initial window), RFC 3465 (slow start counts octets, two
 * segments for an acknowledgement at most), RFC 7661 (no growth of what is not used), RFC 9406.
 */
export class Congestion {
    #segment;
    #window;
    #threshold = Number.POSITIVE_INFINITY;
    #slowStart = new SlowStart();
    constructor(segment) {
        this.#segment = segment;
        this.#window = INITIAL_SEGMENTS * segment;
    }
    /** Octets that may be under way. */
    get window() {
        return this.#window;
    }
    /** Segments are of another size from now on. */
    resize(segment) {
        this.#segment = segment;
    }
    /** `count` octets were acknowledged, after which `flight` are still under way. */
    acknowledged(count, flight) {
        // What was not used proves nothing (RFC 7661 section 4.2).
        if (flight + count + this.#segment <= this.#window)
            return;
        if (this.#window < this.#threshold) {
            this.#window += Math.min(count, 2 * this.#segment) / this.#slowStart.divisor;
        }
        else {
            this.#window += (this.#segment * Math.min(count, this.#segment)) / this.#window;
        }
    }
    /** A round trip was measured. */
    measured(roundTrip) {
        if (this.#window < this.#threshold)
            this.#slowStart.measured(roundTrip);
    }
    /** All that was under way a round trip ago is acknowledged. */
    roundEnded() {
        if (this.#window >= this.#threshold)
            return;
        if (this.#slowStart.roundEnded())
            this.#threshold = this.#window;
    }
    /** Segments were lost, with `flight` octets under way. Source: RFC 5681 section 3.2. */
    lost(flight) {
        this.#halve(flight);
        this.#window = this.#threshold;
    }
    /** The retransmission timer ran out; `again` where it did so for the same octets before. */
    timedOut(flight, again) {
        // RFC 5681 section 3.1: a repeated time-out does not lower the threshold once more.
        if (!again)
            this.#halve(flight);
        this.#window = this.#segment;
        this.#slowStart = new SlowStart();
    }
    #halve(flight) {
        this.#threshold = Math.max(flight / 2, 2 * this.#segment);
    }
}
