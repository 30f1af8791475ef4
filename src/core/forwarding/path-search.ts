import { CONFIRMATION_TIMER, MAX_PROBES, PMTU_RAISE_TIMER, PROBE_TIMER } from '../constants.ts';
import { after, type Instant } from '../time.ts';
import { MINIMUM_MTU, type PathSizes } from './path-mtus.ts';

/** A size is found when what passes and what does not are no farther apart, octets. */
const PRECISION = 4;
/** Sizes that are tried at once between one that passes and one that does not. */
const STEPS = 3;
/** Probes of a round: those, the least size and the largest. */
export const MOST_AT_ONCE = STEPS + 2;

/**
 * Finds out how large the packets are that a path carries, by probes that the other end answers.
 *
 *     searching --the link's size is answered--> found        one round trip
 *         |  \--others are, in up to 7 rounds--> found        a second a round
 *         \-----nothing is, in 3 rounds--------> silent
 *     found --30 s in use: unanswered twice, 1280 answered--> searching       the path has shrunk
 *     found, silent --600 s in use--> searching, from what is known upwards
 *
 * Each round tries several sizes at once, so that few rounds are enough; a wrong one of them costs one
 * packet. The largest is repeated in the first rounds: one lost probe says little.
 *
 * Source: RFC 8899 sections 4.3 (black holes), 4.6.2 (Packet Too Big), 5.1 (timers and constants),
 * 5.2 (states) and 5.3 (search); RFC 4821 section 7 for the same of TCP.
 */
export class PathSearch {
  readonly #link: number;
  #state: 'searching' | 'found' | 'confirming' | 'silent' = 'searching';
  #round = 0;
  /** The largest size worth a try, the largest that passed, and the least that did not. */
  #top: number;
  #passes = 0;
  #fails: number;
  #asked: readonly number[] = [];
  readonly #answered = new Set<number>();
  #found: number | undefined;
  /** Where nothing at all was answered, silence says nothing of sizes. */
  #believes: boolean;
  #dueAt: Instant;
  #raiseAt: Instant;

  /**
   * @param link the MTU of the link by which the path begins.
   * @param believes until something is answered, the path carries 1280 octets and no more.
   */
  constructor(link: number, believes: boolean, now: Instant) {
    this.#link = Math.max(link, MINIMUM_MTU);
    this.#top = this.#link;
    this.#fails = this.#top + 1;
    this.#believes = believes;
    this.#dueAt = now;
    this.#raiseAt = after(now, PMTU_RAISE_TIMER);
    if (this.#top === MINIMUM_MTU) this.#settle(MINIMUM_MTU, now);
  }

  get link(): number {
    return this.#link;
  }

  get isSilent(): boolean {
    return this.#state === 'silent';
  }

  deadline(): Instant {
    return this.#dueAt;
  }

  sizes(): PathSizes {
    const told = this.#found === this.#link ? undefined : this.#found;
    const searches = this.#state === 'searching' && this.#believes;
    return { told, whole: searches ? Math.max(this.#passes, MINIMUM_MTU) : undefined };
  }

  /**
   * The time has come: gives the sizes of the probes that are to be sent now.
   * @param inUse the path has carried packets since the last time.
   */
  next(inUse: boolean, now: Instant): readonly number[] {
    const sizes = this.#next(inUse, now);
    this.#asked = sizes;
    this.#answered.clear();
    if (sizes.length > 0) {
      this.#round += 1;
      this.#dueAt = after(now, PROBE_TIMER);
    }
    return sizes;
  }

  /** A probe of this size was answered, however late. */
  answered(size: number, now: Instant): void {
    if (size > this.#link || size < MINIMUM_MTU) return;
    this.#answered.add(size);
    this.#believes = true;
    if (this.#state === 'silent') this.#search(0, now);
    if (size > this.#passes) this.#passes = size;
    if (size >= this.#fails) this.#fails = this.#top + 1;
    if (this.#state === 'confirming' ? size === this.#found : size >= this.#top) {
      this.#settle(this.#passes, now);
    } else if (this.#state === 'found' && size > this.#found!) this.#settle(size, now);
  }

  /** A router says what it takes: that is tried at once, and believed of a path that was found. */
  tooBig(mtu: number, now: Instant): void {
    const size = Math.max(mtu, MINIMUM_MTU);
    if (size >= this.#top) return;
    this.#top = size;
    this.#fails = size + 1;
    this.#passes = Math.min(this.#passes, size);
    this.#raiseAt = after(now, PMTU_RAISE_TIMER);
    if (this.#state !== 'searching' || size === MINIMUM_MTU) {
      this.#settle(Math.min(size, this.#found ?? size), now);
    } else {
      this.#round = 0;
      this.#dueAt = now;
    }
  }

  #next(inUse: boolean, now: Instant): readonly number[] {
    switch (this.#state) {
      case 'searching':
        return this.#nextRound(now);
      case 'confirming':
        return this.#nextConfirmation(now);
      case 'found':
      case 'silent':
        if (!inUse || this.#link === MINIMUM_MTU) {
          this.#dueAt = after(now, CONFIRMATION_TIMER);
          return [];
        }
        if (now >= this.#raiseAt) return this.#raise(now);
        if (this.#found === undefined || this.#found === MINIMUM_MTU) {
          this.#dueAt = this.#raiseAt;
          return [];
        }
        this.#state = 'confirming';
        this.#round = 0;
        return [this.#found];
    }
  }

  #nextRound(now: Instant): readonly number[] {
    if (this.#round === 0) return [this.#top];
    if (this.#passes === 0 && this.#round > 1) {
      this.#believes = false;
      if (this.#round >= MAX_PROBES) return this.#giveUp(now);
    }
    for (const size of this.#asked) {
      if (size > this.#passes && size < this.#fails) this.#fails = size;
    }
    const from = Math.max(this.#passes, MINIMUM_MTU);
    const between = this.#fails - from > PRECISION ? stepsBetween(from, this.#fails) : [];
    const least = this.#passes === 0 ? [MINIMUM_MTU] : [];
    const largest = this.#round < MAX_PROBES ? [this.#top] : [];
    const sizes = [...least, ...between, ...largest];
    if (sizes.length === 0) this.#settle(from, now);
    return sizes;
  }

  #nextConfirmation(now: Instant): readonly number[] {
    const size = this.#found!;
    if (this.#round === 1) return [MINIMUM_MTU, size];
    if (!this.#answered.has(MINIMUM_MTU)) {
      // Nothing comes back: of sizes that says nothing.
      this.#settle(size, now);
      return [];
    }
    this.#found = undefined;
    this.#top = size;
    this.#search(MINIMUM_MTU, now);
    this.#fails = size;
    this.#round = 1;
    return this.#nextRound(now);
  }

  /** Is there more by now? Until that is known, what was found holds. */
  #raise(now: Instant): readonly number[] {
    this.#raiseAt = after(now, PMTU_RAISE_TIMER);
    this.#top = this.#link;
    this.#search(this.#found ?? 0, now);
    return this.#nextRound(now);
  }

  #search(passes: number, now: Instant): void {
    this.#state = 'searching';
    this.#round = 0;
    this.#passes = passes;
    this.#fails = this.#top + 1;
    this.#asked = [];
    this.#dueAt = now;
  }

  #settle(size: number, now: Instant): void {
    this.#state = 'found';
    this.#found = size;
    this.#passes = size;
    this.#dueAt = after(now, CONFIRMATION_TIMER);
  }

  #giveUp(now: Instant): readonly number[] {
    this.#state = 'silent';
    this.#dueAt = this.#raiseAt = after(now, PMTU_RAISE_TIMER);
    return [];
  }
}

/** Sizes between two others, evenly. */
function stepsBetween(from: number, to: number): number[] {
  const step = (to - from) / (STEPS + 1);
  return Array.from({ length: STEPS }, (_, index) => Math.floor(from + step * (index + 1)));
}
