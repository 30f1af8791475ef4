/**
 * A simulation that keeps pace with the clock: what is planned for an instant happens when it comes.
 *
 * Network time is microseconds of CLOCK_BOOTTIME since `start`; until then it stands at 0. Where the
 * machine cannot keep up it falls behind, all of it alike.
 */
import { type Duration, type Instant, milliseconds } from '../../core/time.ts';
import { BootTimer, bootTimeMicroseconds } from '../../linux/sys/boot-clock.ts';
import type { Poller } from '../../linux/sys/poller.ts';
import type { Simulation } from '../../sim/index.ts';

/** What is overdue happens so much at a time, so that hosts are heard in between: an answer comes before
 * what was planned for later, however busy the machine is. */
const TURN: Duration = milliseconds(2);

export class RealTime {
  readonly simulation: Simulation;
  readonly #timer: BootTimer;
  readonly #onFailure: (cause: unknown) => void;
  #origin: number | undefined;
  /** What the timer is set to, in network time. */
  #armed: Instant | undefined;

  /** @param onFailure told of what is thrown by what was planned. */
  constructor(simulation: Simulation, poller: Poller, onFailure: (cause: unknown) => void) {
    this.simulation = simulation;
    this.#onFailure = onFailure;
    this.#timer = new BootTimer(poller, () => {
      this.#armed = undefined;
      this.take(() => {});
    });
  }

  /** CLOCK_BOOTTIME at instant 0, in microseconds; undefined before `start`. */
  get origin(): number | undefined {
    return this.#origin;
  }

  /** Instant 0 is now. */
  start(): void {
    this.#origin = bootTimeMicroseconds();
    this.take(() => {});
  }

  /** Does something that came from outside, behind what was due before it (the oldest of it). */
  take(happen: () => void): void {
    if (this.#origin === undefined) return;
    try {
      const now = bootTimeMicroseconds() - this.#origin;
      const next = this.simulation.next() ?? now;
      this.simulation.run(Math.max(this.simulation.now, Math.min(now, next + TURN)) as Instant);
      happen();
      this.#arm(this.#origin);
    } catch (cause) {
      this.#onFailure(cause);
    }
  }

  close(): void {
    this.#origin = undefined;
    this.#timer.close();
  }

  #arm(origin: number): void {
    const next = this.simulation.next();
    if (next === undefined || (this.#armed !== undefined && this.#armed <= next)) return;
    this.#armed = next;
    this.#timer.set(BigInt(origin + next) * 1000n);
  }
}
