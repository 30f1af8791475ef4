/** One second, which is how far back the undisturbed gap is looked for. */
const LOOK_BACK = 1_000_000;
export class Arrivals {
    /** Never falls. */
    #times = [];
    /** The flow's nominal spacing (udp), or undefined where it is measured (tcp). */
    #spacing;
    constructor(spacing) {
        this.#spacing = spacing;
    }
    add(at) {
        this.#times.push(at);
    }
    get count() {
        return this.#times.length;
    }
    last() {
        return this.#times.at(-1);
    }
    /**
     * The longest wait that a disturbance at `at` caused, until `until`: the largest gap that ended
     * after it, less what is usual. `ended`: when the sender had no more to send, where data is still
     * owed then; a wait for data that never came lasts to there. Undefined where nothing came
     * any more and nothing was owed.
     */
    interruption(at, until, before, ended) {
        const times = this.#times;
        // Before the first arrival there is no gap between arrivals.
        let index = Math.max(1, firstAfter(times, at));
        let longest;
        for (; index < times.length && times[index - 1] < until; index++) {
            longest = Math.max(longest ?? 0, times[index] - times[index - 1]);
        }
        const last = times.at(-1) ?? at;
        if (ended !== undefined && ended > at && last < until && ended > last) {
            longest = Math.max(longest ?? 0, ended - last);
        }
        return longest === undefined ? undefined : Math.max(0, longest - this.#usual(at, before));
    }
    /** What the receiver waits for anyway; `before` has the disturbances up to `at`, in order. */
    #usual(at, before) {
        if (this.#spacing !== undefined)
            return this.#spacing;
        // A second in which something else happened is not undisturbed: look before that.
        let end = at;
        for (const other of before.toReversed()) {
            if (other < end && end - other < LOOK_BACK)
                end = other;
        }
        const gaps = [];
        for (let i = firstAfter(this.#times, end - LOOK_BACK); i < this.#times.length; i++) {
            if (this.#times[i] > end)
                break;
            if (i > 0)
                gaps.push(this.#times[i] - this.#times[i - 1]);
        }
        gaps.sort((a, b) => a - b);
        return gaps[gaps.length >> 1] ?? 0;
    }
}
/** Index of the first time later than `at`, in times that never fall. */
export function firstAfter(times, at) {
    let low = 0;
    let high = times.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (times[middle] > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
