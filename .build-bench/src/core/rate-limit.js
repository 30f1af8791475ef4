import { START } from './time.js';
/**
 * A token bucket: `take` says whether one more may go out now. What others can make us send (errors,
 * answers) goes through one, so that nobody can use us to flood a third (RFC 4443 section 2.4 (f)).
 */
export class RateLimit {
    #interval;
    #burst;
    #tokens;
    #filledAt = START;
    /** @param interval one token comes back after this; @param burst the most that are kept. */
    constructor(interval, burst) {
        this.#interval = interval;
        this.#burst = burst;
        this.#tokens = burst;
    }
    take(now) {
        const back = Math.floor((now - this.#filledAt) / this.#interval);
        if (back > 0) {
            this.#tokens = Math.min(this.#burst, this.#tokens + back);
            this.#filledAt = (this.#filledAt + back * this.#interval);
        }
        if (this.#tokens === 0)
            return false;
        this.#tokens -= 1;
        return true;
    }
}
