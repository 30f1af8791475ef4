import { after, between, type Duration, type Instant, seconds } from '../time.ts';

/** A path is looked at so often while it carries something; the wait doubles while it does not. */
const LOOK_INTERVAL: Duration = seconds(3);
const LONGEST_INTERVAL: Duration = seconds(24);
/** Fewer packets in that time are questions and answers, and no flow that could be missed. */
const LEAST_FLOW = 5;
/** In use it is proved anew at least so often, and never more often than this. */
const PROBE_INTERVAL: Duration = seconds(30);
const LEAST_INTERVAL: Duration = seconds(9);

/**
 * Watches whether a route-optimised path still carries packets both ways, by what its entries count.
 *
 * An update whose answer comes proves both directions, since it goes with a Home Address option and is
 * answered behind a Type 2 Routing header. One is due when packets came and come no more (the flow may
 * be over, or the path), and twice a minute while anything is sent.
 *
 * Source: RFC 6275 sections 6.1.7 and 9.5.4, for the headers of updates and their answers.
 */
export class PathWatch {
  #lookAt: Instant | undefined;
  #interval: Duration = LOOK_INTERVAL;
  #provedAt: Instant | undefined;
  #sent = 0;
  #came = 0;
  #wasComing = false;
  #lookedAt: Instant | undefined;
  #flowedAt: Instant | undefined;
  /** What came has stopped coming since the path was proved. */
  #isDoubted = false;

  deadline(): Instant | undefined {
    return this.#lookAt;
  }

  /** When a flow was last seen to come; undefined: never. */
  get flowedAt(): Instant | undefined {
    return this.#flowedAt;
  }

  /** An update was answered. */
  proved(now: Instant): void {
    this.#provedAt = now;
    this.#isDoubted = false;
    this.#lookAt ??= after(now, LOOK_INTERVAL);
  }

  stop(): void {
    this.#lookAt = undefined;
    this.#wasComing = false;
  }

  /** Is it time to look? */
  isDue(now: Instant): boolean {
    if (this.#lookAt === undefined || now < this.#lookAt) return false;
    this.#lookAt = after(now, this.#interval);
    return true;
  }

  /** What was sent and what came since the entries were made. True: the path is to be proved anew. */
  looked(sent: number, came: number, now: Instant): boolean {
    const elapsed = between(this.#lookedAt ?? this.#provedAt ?? now, now);
    const least = LEAST_FLOW * Math.max(elapsed / LOOK_INTERVAL, 1);
    const sends = sent >= this.#sent + least;
    const comes = came >= this.#came + least;
    this.#lookedAt = now;
    this.#isDoubted = !comes && (this.#isDoubted || this.#wasComing);
    this.#sent = sent;
    this.#came = came;
    if (comes) this.#flowedAt = now;
    this.#wasComing = comes;
    const idle = !sends && !comes;
    const slower = Math.min(2 * this.#interval, LONGEST_INTERVAL) as Duration;
    this.#interval = idle ? slower : LOOK_INTERVAL;
    const since = this.#provedAt ?? now;
    if (this.#isDoubted) return now >= after(since, LEAST_INTERVAL);
    return !idle && now >= after(since, PROBE_INTERVAL);
  }
}
