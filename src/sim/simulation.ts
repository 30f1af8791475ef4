import { Heap } from '../core/bindings/heap.ts';
import type { Random, Secrets } from '../core/role.ts';
import { after, type Duration, type Instant, START } from '../core/time.ts';
import { namedRandom, namedSecrets } from './random.ts';

/** More at one moment is a mistake: something that plans itself anew without time going on. */
const MAX_AT_ONCE = 1_000_000;

/** Something that will happen, unless it is cancelled. */
export interface Timer {
  cancel(): void;
}

class Planned implements Timer {
  readonly at: Instant;
  readonly order: number;
  #fn: (() => void) | undefined;

  constructor(at: Instant, order: number, fn: () => void) {
    this.at = at;
    this.order = order;
    this.#fn = fn;
  }

  cancel(): void {
    this.#fn = undefined;
  }

  fire(): void {
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
  readonly seed: number;
  #now: Instant = START;
  #planned = 0;
  readonly #queue = new Heap<Planned>(
    (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order),
  );

  constructor(seed: number) {
    this.seed = seed;
  }

  get now(): Instant {
    return this.#now;
  }

  /** Does something at a moment; at once, after what is already due, when that is past. */
  at(instant: Instant, fn: () => void): Timer {
    const planned = new Planned(instant > this.#now ? instant : this.#now, this.#planned++, fn);
    this.#queue.push(planned);
    return planned;
  }

  /** Does something after a while. */
  in(wait: Duration, fn: () => void): Timer {
    return this.at(after(this.#now, wait), fn);
  }

  /** Runs all that is due up to and with `until`; `now` is `until` then. */
  run(until: Instant): void {
    let atOnce = 0;
    for (;;) {
      const next = this.#queue.peek();
      if (next === undefined || next.at > until) break;
      this.#queue.pop();
      if (next.at > this.#now) atOnce = 0;
      else if (++atOnce > MAX_AT_ONCE) throw new Error(`time stands still at ${this.#now} us`);
      this.#now = next.at;
      next.fire();
    }
    if (until > this.#now) this.#now = until;
  }

  /** When the next thing is due; cancelled things count until their time has come. */
  next(): Instant | undefined {
    return this.#queue.peek()?.at;
  }

  /** Dice that belong to a name and to nothing else: the same from the start at each call. */
  random(name: string): Random {
    return namedRandom(this.seed, name);
  }

  /** Octets for nonces and keys that belong to a name. */
  secrets(name: string): Secrets {
    return namedSecrets(this.seed, name);
  }
}

/**
 * One thing that is put off again and again (a retransmission timer, a deadline). Putting it off
 * costs nothing: the old plan stays in the queue and looks again when its time comes.
 */
export class Alarm {
  readonly #simulation: Simulation;
  readonly #fn: () => void;
  #due: Instant | undefined;
  #planned: { at: Instant; timer: Timer } | undefined;

  constructor(simulation: Simulation, fn: () => void) {
    this.#simulation = simulation;
    this.#fn = fn;
  }

  get due(): Instant | undefined {
    return this.#due;
  }

  set(at: Instant | undefined): void {
    this.#due = at;
    if (at === undefined) return;
    if (this.#planned !== undefined) {
      if (this.#planned.at <= at) return;
      this.#planned.timer.cancel();
    }
    this.#plan(at);
  }

  #plan(at: Instant): void {
    this.#planned = { at, timer: this.#simulation.at(at, () => this.#ring()) };
  }

  #ring(): void {
    this.#planned = undefined;
    if (this.#due === undefined) return;
    if (this.#due > this.#simulation.now) {
      this.#plan(this.#due);
      return;
    }
    this.#due = undefined;
    this.#fn();
  }
}
