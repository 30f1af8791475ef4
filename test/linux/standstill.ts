/** How often this process is looked after. */
const BEAT_MS = 10;

/**
 * How long this process was kept from running, in all: a bound of time that a protocol keeps on a machine that runs
 * is held with that on top. Nothing that the process does itself may block it meanwhile.
 */
export class Standstill {
  #last = performance.now();
  #stood = 0;
  readonly #timer = setInterval(() => this.#beat(), BEAT_MS);

  /** Ends it; gives the milliseconds. */
  end(): number {
    clearInterval(this.#timer);
    this.#beat();
    return Math.round(this.#stood);
  }

  #beat(): void {
    const now = performance.now();
    this.#stood += Math.max(0, now - this.#last - 2 * BEAT_MS);
    this.#last = now;
  }
}
