import { milliseconds } from '../../core/time.ts';
import {
  Alarm,
  type CloseReason,
  type Kernel,
  orderDestinations,
  type TcpConnection,
} from '../../sim/index.ts';
import type { Address } from '../../wire/address.ts';

/** Source: RFC 8305 section 8, "Connection Attempt Delay". */
const ATTEMPT_DELAY = milliseconds(250);
/** So often a program looks again whether its host has found another way, before it gives up. */
const LAST_LOOKS = 8;

export interface Dialled {
  connected(connection: TcpConnection): void;
  /** No pair of addresses is left; the reason is that of the last attempt. */
  failed(reason: Exclude<CloseReason, 'closed'>): void;
}

/**
 * A program that opens a connection to somebody with several addresses.
 *
 *     attempt --error, or 250 ms--> attempt from the next pair of addresses beside it
 *     any --connected--> the others are ended      all failed, none left for 2 s --> given up
 *
 * A pair is a destination, in the order of RFC 6724 section 6, and the source that the kernel chooses for
 * it at that moment: where a source has been deprecated meanwhile, a destination makes a new pair.
 *
 * Source: RFC 8305 sections 4 and 5, for one family of addresses.
 */
export class Dialling {
  readonly #kernel: Kernel;
  readonly #destinations: readonly Address[];
  readonly #port: number;
  readonly #told: Dialled;
  readonly #tried = new Set<string>();
  readonly #open = new Set<TcpConnection>();
  readonly #alarm: Alarm;
  #last: Exclude<CloseReason, 'closed'> = 'unreachable';
  #looks = LAST_LOOKS;
  #over = false;

  constructor(kernel: Kernel, destinations: readonly Address[], port: number, told: Dialled) {
    this.#kernel = kernel;
    this.#destinations = destinations;
    this.#port = port;
    this.#told = told;
    this.#alarm = new Alarm(kernel.simulation, () => this.#next());
    this.#next();
  }

  /** Begins the next attempt; where there is none, waits for those under way, or gives up. */
  #next(): void {
    if (this.#over) return;
    const pair = this.#newPair();
    if (pair !== undefined) {
      this.#looks = LAST_LOOKS;
      this.#attempt(pair.destination, pair.source);
    } else if (this.#open.size === 0 && this.#looks-- <= 0) {
      this.#end();
      this.#told.failed(this.#last);
      return;
    }
    const { simulation } = this.#kernel;
    this.#alarm.set((simulation.now + ATTEMPT_DELAY) as typeof simulation.now);
  }

  #newPair(): { readonly destination: Address; readonly source: Address } | undefined {
    for (const destination of orderDestinations(this.#kernel, this.#destinations)) {
      const source = this.#kernel.output.sourceFor(destination);
      if (source === undefined || this.#tried.has(source + destination)) continue;
      this.#tried.add(source + destination);
      return { destination, source };
    }
    return undefined;
  }

  #attempt(destination: Address, source: Address): void {
    const connection = this.#kernel.tcp.connect(destination, this.#port, {
      source,
      onConnect: (one) => {
        this.#open.delete(one);
        this.#end();
        this.#told.connected(one);
      },
      onClose: (reason, one) => {
        if (!this.#open.delete(one) || reason === 'closed') return;
        this.#last = reason;
        this.#next();
      },
    });
    this.#open.add(connection);
  }

  #end(): void {
    this.#over = true;
    this.#alarm.set(undefined);
    const others = [...this.#open];
    this.#open.clear();
    for (const other of others) other.abort();
  }
}
