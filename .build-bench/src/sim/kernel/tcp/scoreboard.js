/** Spans remembered; what comes then is forgotten, as a receiver may that has no room either. */
const MAX_SPANS = 1024;
/**
 * What the receiver has beyond what it acknowledges, as its selective acknowledgements say.
 *
 * Source: RFC 2018, RFC 6675 section 3.
 */
export class Scoreboard {
    /** Sorted, and apart from each other. */
    #spans = [];
    /** Adds a span. Says whether it tells anything new. */
    add(start, end) {
        if (start >= end || this.count(start, end) === end - start)
            return false;
        const before = this.#spans.filter((one) => one.end < start);
        const behind = this.#spans.filter((one) => one.start > end);
        if (before.length + behind.length >= MAX_SPANS)
            return false;
        let merged = { start, end };
        for (const one of this.#spans) {
            if (one.end < start || one.start > end)
                continue;
            merged = { start: Math.min(one.start, merged.start), end: Math.max(one.end, merged.end) };
        }
        this.#spans = [...before, merged, ...behind];
        return true;
    }
    /** Forgets what lies before an offset. */
    release(offset) {
        if (this.#spans.length === 0 || this.#spans[0].start >= offset)
            return;
        this.#spans = this.#spans
            .filter((one) => one.end > offset)
            .map((one) => (one.start < offset ? { start: offset, end: one.end } : one));
    }
    /** Octets in [from, to) that the receiver has. */
    count(from, to) {
        let count = 0;
        for (const { start, end } of this.#spans) {
            if (start >= to)
                break;
            count += Math.max(0, Math.min(end, to) - Math.max(start, from));
        }
        return count;
    }
    /** The first octets at or behind `from` and before `to` that the receiver has not. */
    gap(from, to) {
        let start = from;
        for (const one of this.#spans) {
            if (one.start > start)
                break;
            start = Math.max(start, one.end);
        }
        if (start >= to)
            return undefined;
        const next = this.#spans.find((one) => one.start > start);
        return { start, end: Math.min(next?.start ?? to, to) };
    }
    /**
     * What lies before this offset and is missing counts as lost, since the receiver has more than
     * `octets` octets behind it. Zero: nothing does. Source: RFC 6675 section 4, IsLost.
     */
    lostBefore(octets) {
        let behind = 0;
        for (let i = this.#spans.length - 1; i >= 0; i--) {
            const { start, end } = this.#spans[i];
            behind += end - start;
            if (behind > octets)
                return start;
        }
        return 0;
    }
}
