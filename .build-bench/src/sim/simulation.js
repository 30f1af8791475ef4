import { Heap } from '../core/heap.js';
import { after, START } from '../core/time.js';
import { namedRandom, namedSecrets } from './random.js';
/** More at one moment is a mistake: something that plans itself anew without time going on. */
const MAX_AT_ONCE = 1_000_000;
class Planned {
    at;
    order;
    #fn;
    constructor(at, order, fn) {
        this.at = at;
        this.order = order;
        this.#fn = fn;
    }
    cancel() {
        this.#fn = undefined;
    }
    fire() {
        const fn = this.#fn;
        this.#fn = undefined;
        fn?.();
    }
}
/**
 * Virtual time and dice. What is planned happens in order of (time, order of planning), so a run is
 * the same each time for the same seed.
 */
export class Simulation {
    seed;
    #now = START;
    #planned = 0;
    #queue = new Heap((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
    constructor(seed) {
        this.seed = seed;
    }
    get now() {
        return this.#now;
    }
    /** Does something at a moment; at once, after what is already due, when that is past. */
    at(instant, fn) {
        const planned = new Planned(instant > this.#now ? instant : this.#now, this.#planned++, fn);
        this.#queue.push(planned);
        return planned;
    }
    /** Does something after a while. */
    in(wait, fn) {
        return this.at(after(this.#now, wait), fn);
    }
    /** Runs all that is due up to and with `until`; `now` is `until` then. */
    run(until) {
        let atOnce = 0;
        for (;;) {
            const next = this.#queue.peek();
            if (next === undefined || next.at > until)
                break;
            this.#queue.pop();
            if (next.at > this.#now)
                atOnce = 0;
            else if (++atOnce > MAX_AT_ONCE)
                throw new Error(`time stands still at ${this.#now} us`);
            this.#now = next.at;
            next.fire();
        }
        if (until > this.#now)
            this.#now = until;
    }
    /** When the next thing is due; cancelled things count until their time has come. */
    next() {
        return this.#queue.peek()?.at;
    }
    /** Dice that belong to a name and to nothing else: the same from the start at each call. */
    random(name) {
        return namedRandom(this.seed, name);
    }
    /** Octets for nonces and keys that belong to a name. */
    secrets(name) {
        return namedSecrets(this.seed, name);
    }
}
/**
 * One thing that is put off again and again (a retransmission timer, a deadline). Putting it off
 * costs nothing: the old plan stays in the queue and looks again when its time comes.
 */
export class Alarm {
    #simulation;
    #fn;
    #due;
    #planned;
    constructor(simulation, fn) {
        this.#simulation = simulation;
        this.#fn = fn;
    }
    get due() {
        return this.#due;
    }
    set(at) {
        this.#due = at;
        if (at === undefined)
            return;
        if (this.#planned !== undefined) {
            if (this.#planned.at <= at)
                return;
            this.#planned.timer.cancel();
        }
        this.#plan(at);
    }
    #plan(at) {
        this.#planned = { at, timer: this.#simulation.at(at, () => this.#ring()) };
    }
    #ring() {
        this.#planned = undefined;
        if (this.#due === undefined)
            return;
        if (this.#due > this.#simulation.now) {
            this.#plan(this.#due);
            return;
        }
        this.#due = undefined;
        this.#fn();
    }
}
