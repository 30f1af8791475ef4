/**
 * The store of this machine: whoever of those that share it comes first keeps it for the others, and when it
 * ends the next one does, with what the journal holds. A lock says who, so that they never are two.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ControlServer } from '../control/control-server.ts';
import type { Journal } from '../node-options.ts';
import { FileLock } from '../sys/file-lock.ts';
import { openSocketMember } from './socket-member.ts';
import type { StoreMember, StorePlace } from './store-member.ts';
import { StoreServer } from './store-server.ts';

export interface StoreKeeperOptions {
  /** Of the socket; journal and lock stand beside it. */
  readonly path: string;
  readonly openJournal: (path: string) => Journal & { close(): void };
  readonly wallClock: () => number;
  readonly onFault: (fault: Error) => void;
}

const lockOf = (path: string) => `${path}.lock`;

/**
 * Takes away the socket and the lock of a keeper that was killed, and gives their paths: none where somebody keeps
 * the store. The journal stays, for the next one.
 */
export function removeLeftStore(path: string): string[] {
  const left = [path, lockOf(path)].filter(existsSync);
  if (left.length === 0) return [];
  const lock = FileLock.take(lockOf(path));
  if (lock === undefined) return [];
  rmSync(path, { force: true });
  lock.remove();
  return left;
}

/** What it has while it keeps the store. */
interface Kept {
  readonly lock: FileLock;
  readonly journal: Journal & { close(): void };
  readonly socket: ControlServer;
}

export class StoreKeeper implements StorePlace {
  readonly #options: StoreKeeperOptions;
  #kept: Kept | undefined;
  #closed = false;

  constructor(options: StoreKeeperOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.path;
  }

  async open(signal: AbortSignal): Promise<StoreMember> {
    const { path } = this.#options;
    try {
      return await openSocketMember(path, signal);
    } catch (cause) {
      // Where somebody has the lock already, nobody else answers in its stead.
      if (!(await this.#keep())) throw cause;
    }
    return await openSocketMember(path, signal);
  }

  /** Others may keep it now. */
  close(): void {
    this.#closed = true;
    const kept = this.#kept;
    this.#kept = undefined;
    kept?.socket.close('it ended');
    kept?.journal.close();
    kept?.lock.remove();
  }

  async #keep(): Promise<boolean> {
    const { path, openJournal, ...options } = this.#options;
    if (this.#kept !== undefined || this.#closed) return false;
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    const lock = FileLock.take(lockOf(path));
    if (lock === undefined) return false;
    const journal = openJournal(`${path}.journal`);
    try {
      const socket = await new StoreServer({ ...options, journal }).open(path);
      this.#kept = { lock, journal, socket };
    } catch (cause) {
      journal.close();
      lock.remove();
      throw cause;
    }
    if (this.#closed) this.close();
    return true;
  }
}
