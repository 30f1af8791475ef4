import { type Duration, milliseconds } from '../core/time.ts';
import type { Address } from '../wire/address.ts';

/** Source: RFC 8305 section 8, "Connection Attempt Delay". */
const ATTEMPT_DELAY = milliseconds(250);
/** So often a program looks again whether its host has found another way, before it gives up. */
const LAST_LOOKS = 8;

/** A destination, and the source that the kernel chooses for it at that moment. */
export interface Pair {
  readonly destination: Address;
  readonly source: Address;
}

/** A connection that is there, or on its way. */
export interface Attempt {
  abort(): void;
}

/** What a program that dials stands on. */
export interface DialHost<Connection extends Attempt, Reason> {
  /** The pairs that there are just now, in the order of RFC 6724 section 6; told once, now or later. */
  pairs(destinations: readonly Address[], found: (pairs: readonly Pair[]) => void): void;
  /** What becomes of the attempt is told later. */
  connect(pair: Pair, told: Told<Connection, Reason>): Connection;
  /** Calls after so long, instead of what was asked for before. */
  wake(delay: Duration, then: () => void): void;
  /** Calls no more. */
  sleep(): void;
}

interface Told<Connection, Reason> {
  connected(connection: Connection): void;
  failed(reason: Reason, connection: Connection): void;
}

export interface Dialled<Connection, Reason> {
  connected(connection: Connection): void;
  /** No pair of addresses is left; the reason is that of the last attempt, if there was one. */
  failed(reason: Reason | undefined): void;
}

/**
 * A program that opens a connection to somebody with several addresses.
 *
 *     attempt --error, or 250 ms--> attempt from the next pair of addresses beside it
 *     any --connected--> the others are ended      all failed, none left for 2 s --> given up
 *
 * Where a source has been deprecated meanwhile, a destination makes a new pair.
 *
 * Source: RFC 8305 sections 4 and 5, for one family of addresses.
 */
export class Dialling<Connection extends Attempt, Reason> {
  readonly #host: DialHost<Connection, Reason>;
  readonly #destinations: readonly Address[];
  readonly #told: Dialled<Connection, Reason>;
  readonly #tried = new Set<string>();
  readonly #open = new Set<Connection>();
  #last: Reason | undefined;
  #looks = LAST_LOOKS;
  #over = false;

  constructor(
    host: DialHost<Connection, Reason>,
    destinations: readonly Address[],
    told: Dialled<Connection, Reason>,
  ) {
    this.#host = host;
    this.#destinations = destinations;
    this.#told = told;
    this.#next();
  }

  /** Begins the next attempt; where there is none, waits for those under way, or gives up. */
  #next(): void {
    if (this.#over) return;
    this.#host.wake(ATTEMPT_DELAY, () => this.#next());
    this.#host.pairs(this.#destinations, (pairs) => this.#try(pairs));
  }

  #try(pairs: readonly Pair[]): void {
    if (this.#over) return;
    const pair = pairs.find(({ source, destination }) => !this.#tried.has(source + destination));
    if (pair !== undefined) {
      this.#tried.add(pair.source + pair.destination);
      this.#looks = LAST_LOOKS;
      this.#attempt(pair);
    } else if (this.#open.size === 0 && this.#looks-- <= 0) {
      this.#end();
      this.#told.failed(this.#last);
    }
  }

  #attempt(pair: Pair): void {
    const connection = this.#host.connect(pair, {
      connected: (one) => {
        this.#open.delete(one);
        this.#end();
        this.#told.connected(one);
      },
      failed: (reason, one) => {
        if (!this.#open.delete(one)) return;
        this.#last = reason;
        this.#next();
      },
    });
    this.#open.add(connection);
  }

  #end(): void {
    this.#over = true;
    this.#host.sleep();
    const others = [...this.#open];
    this.#open.clear();
    for (const other of others) other.abort();
  }
}
