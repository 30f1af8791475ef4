import type { Address } from '../../wire/address.ts';
import type { Mechanism } from '../mechanisms.ts';
import { after, between, type Duration, type Instant, seconds } from '../time.ts';

/** Paths that are remembered; the one that failed longest ago is forgotten. */
const MAX_PATHS = 256;
/** A path is tried again at last after so long. */
const LONGEST = seconds(3600);

/** How far it came: no care-of test was answered, or no update, which may have been obeyed. */
export type PathFailure = 'test' | 'update';

/** How long a path is left alone first, then twice as long each time. */
const FIRST: Readonly<Record<PathFailure, Duration>> = {
  test: seconds(10), // asking costs nobody anything
  update: seconds(60), // until it is taken back, the peer sends where nothing arrives
};

/** Reasons of `path.changed` where a path was given up, or is left alone. */
export const GIVEN_UP = {
  vanished: 'no update is answered: headers vanish on the way',
  silent: 'the peer acknowledges no update',
  lately: 'it failed lately',
} as const;

interface Failed {
  readonly until: Instant;
  readonly wait: Duration;
}

/**
 * Paths between a network that the node visits and a peer on which mobility headers vanish: packets
 * go by the home agent there, and for a while that is not doubted.
 *
 *     failed -> left alone 10 or 60 s -> tried again: works, and is forgotten
 *                                                  -> failed: left alone twice as long, up to 1 h
 *
 * A path is known by the peer and the prefix of the care-of address, so another network is tried at
 * once. Source: RFC 7872 for how many paths drop extension headers; RFC 6275 section 11.8 for patience.
 */
export class PathMemory {
  readonly #failed = new Map<string, Failed>();
  readonly #off: boolean;

  constructor(without: ReadonlySet<Mechanism>) {
    this.#off = without.has('path-memory');
  }

  failed(peer: Address, careOf: Address, failure: PathFailure, now: Instant): void {
    if (this.#off) return;
    const key = keyOf(peer, careOf);
    const before = this.#failed.get(key)?.wait;
    const wait = (
      before === undefined ? FIRST[failure] : Math.min(2 * before, LONGEST)
    ) as Duration;
    this.#failed.delete(key); // so that the map stays in order of time
    this.#failed.set(key, { until: after(now, wait), wait });
    if (this.#failed.size > MAX_PATHS) this.#failed.delete(this.#failed.keys().next().value!);
  }

  works(peer: Address, careOf: Address): void {
    this.#failed.delete(keyOf(peer, careOf));
  }

  /** Is the path to be left alone for now? */
  isBad(peer: Address, careOf: Address, now: Instant): boolean {
    const failed = this.#failed.get(keyOf(peer, careOf));
    return failed !== undefined && between(now, failed.until) > 0;
  }

  /** Has it failed before, lately or not? */
  isDoubtful(peer: Address, careOf: Address): boolean {
    return this.#failed.has(keyOf(peer, careOf));
  }
}

const keyOf = (peer: Address, careOf: Address): string => peer + careOf.slice(0, 8);
