import { between } from '../../../core/time.js';
/**
 * Round trips of segments that were sent once; of one that was sent twice nobody knows which of the
 * two was acknowledged (Karn's rule, RFC 6298 section 3).
 */
export class RoundTrips {
    #sent = [];
    #roundEnd = 0;
    /** A segment that ends at an offset was sent for the first time. */
    sent(end, now) {
        this.#sent.push({ end, at: now });
    }
    /** Something was sent again: what is under way cannot be measured any more. */
    forget() {
        this.#sent = [];
    }
    /** An acknowledgement up to `offset`, while `highest` is the end of what was sent. */
    acknowledged(offset, highest, now) {
        let newest;
        let done = 0;
        while (done < this.#sent.length && this.#sent[done].end <= offset) {
            newest = this.#sent[done++].at;
        }
        if (done > 0)
            this.#sent.splice(0, done);
        const roundEnded = offset > this.#roundEnd;
        if (roundEnded)
            this.#roundEnd = highest;
        return { roundTrip: newest === undefined ? undefined : between(newest, now), roundEnded };
    }
}
