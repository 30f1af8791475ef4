/**
 * A store that careofs of one machine share by a socket of the file system (`control-server.ts`):
 *
 *     -> { "do": "follow", "prefix": "service/..." }     <- { "ok": 1 }, then { "event": { "entries": [...] } } ...
 *     -> { "do": "read", "from": 1 }                     <- { "ok": { "entries": [...], "last": false } }
 *     -> { "do": "share", "entries": [...] }             <- { "ok": { "newer": [...], "refused": 0 } }
 *
 * Whoever follows is told of what changes from then on, and reads what was there page by page.
 */
import { SharedEntries } from '../../core/shared-entries.ts';
import type { SharedEntry } from '../../core/shared-store.ts';
import {
  ControlError,
  ControlServer,
  type Request,
  type Watch,
} from '../control/control-server.ts';
import type { Journal } from '../node-options.ts';
import { entriesIn, entryIn } from './entry-text.ts';
import type { Written } from './store-member.ts';

/** Keys at most, if nothing else is said. */
const MAX_ENTRIES = 1 << 20;
/** Entries that are read at once. */
const PAGE = 2000;

export interface StoreServerOptions {
  /** Keeps entries over the process' end; absent: they end with it. */
  readonly journal?: Journal;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  readonly anyVersion?: boolean;
  readonly maxEntries?: number;
  readonly onFault: (fault: Error) => void;
}

interface Follower {
  readonly prefix: string;
  readonly watch: Watch;
}

export class StoreServer {
  readonly #options: StoreServerOptions;
  readonly #entries: SharedEntries;
  /** By the number that each was given. */
  readonly #followers = new Map<number, Follower>();
  /** How far each has read. */
  readonly #readings = new Map<number, Iterator<SharedEntry>>();
  #lastNumber = 0;

  constructor(options: StoreServerOptions) {
    this.#options = options;
    const { journal, anyVersion, maxEntries: max = MAX_ENTRIES } = options;
    const onForgotten = (key: string) => journal?.store(key, undefined);
    this.#entries = new SharedEntries({ max, anyVersion, onForgotten });
    for (const [key, value] of [...(journal?.entries() ?? [])]) {
      const entry = entryIn(value);
      if (entry === undefined || entry.until <= this.#now()) onForgotten(key);
      else this.#entries.write(entry, this.#now());
    }
  }

  /** One of the sockets by which it is reached. Throws ControlError where it cannot be made. */
  open(path: string): Promise<ControlServer> {
    const { onFault } = this.#options;
    return ControlServer.open({ path, onFault, answer: (request) => this.#answer(request) });
  }

  #answer(request: Request): unknown {
    const { said } = request;
    switch (request.do) {
      case 'alive':
        return {};
      case 'follow':
        return this.#follow(request, String(said.prefix));
      case 'read':
        return this.#read(Number(said.from));
      case 'share':
        return this.#share(entriesIn(said.entries));
      default:
        throw new ControlError('unknown-request', `a store does not "${request.do}"`);
    }
  }

  #follow(request: Request, prefix: string): number {
    const number = ++this.#lastNumber;
    const watch = request.watch(() => {
      this.#followers.delete(number);
      this.#readings.delete(number);
    });
    this.#followers.set(number, { prefix, watch });
    this.#readings.set(number, this.#entries.under(prefix, this.#now()));
    return number;
  }

  #read(number: number): object {
    const reading = this.#readings.get(number);
    if (reading === undefined) throw new ControlError('not-followed', 'nothing is left to read');
    const entries: SharedEntry[] = [];
    for (;;) {
      const { value, done } = reading.next();
      if (done === true) {
        this.#readings.delete(number);
        return { entries, last: true };
      }
      entries.push(value);
      if (entries.length === PAGE) return { entries, last: false };
    }
  }

  #share(entries: readonly SharedEntry[]): Written {
    const newer: SharedEntry[] = [];
    const written: SharedEntry[] = [];
    let refused = 0;
    for (const entry of entries) {
      const there = this.#entries.write(entry, this.#now());
      if (there === undefined) refused += 1;
      else (there === entry ? written : newer).push(there);
    }
    for (const entry of written) {
      this.#options.journal?.store(entry.key, JSON.stringify(entry));
    }
    for (const { prefix, watch } of this.#followers.values()) {
      const own = written.filter(({ key }) => key.startsWith(prefix));
      if (own.length > 0) watch.send({ entries: own });
    }
    return { newer, refused };
  }

  #now(): number {
    return this.#options.wallClock() * 1000;
  }
}
