import { after, START } from './time.js';
/**
 * A peer that gave no answer, or a bad one, is left alone for a while. Where only its answers were
 * lost it sends to where we were, so while it may hold a binding it is told again before that.
 *
 * Source: RFC 6275 section 11.8: what is not answered may go on at the slowest rate.
 */
export class LeftAlone {
    #until = START;
    /** Until when the peer may hold a binding that it never acknowledged. */
    #mayHoldUntil = START;
    #again;
    deadline() {
        return this.#again?.at;
    }
    isOver(now) {
        return now >= this.#until;
    }
    mayHold(now) {
        return now < this.#mayHoldUntil;
    }
    /** An update went out that the peer may act upon. */
    told(now, lifetime) {
        this.#mayHoldUntil = after(now, lifetime);
    }
    /** The peer holds no binding for certain. */
    holdsNothing(now) {
        this.#mayHoldUntil = now;
    }
    begin(time, again, careOf, now) {
        this.#until = after(now, time);
        this.#again = this.mayHold(now) ? { at: after(now, again), careOf } : undefined;
    }
    end(now) {
        this.#until = now;
        this.#again = undefined;
    }
    /** Nothing is to be told to the peer by itself. */
    cancel() {
        this.#again = undefined;
    }
    /** What the peer is to be told again now. */
    due(now) {
        const again = this.#again;
        if (again === undefined || now < again.at)
            return undefined;
        this.#again = undefined;
        return this.mayHold(now) ? again.careOf : undefined;
    }
}
