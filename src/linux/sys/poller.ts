/**
 * File descriptors in Node's own event loop.
 *
 * They are members of an epoll set, and the set is itself watched by the loop that Node waits in
 * (libuv's uv_poll, which koffi hands out). So there is no thread that waits and nothing to be woken
 * up, and a Poller without watches lets the process exit. One watched set, not a uv_poll for each
 * descriptor: koffi 3.3 ends the process where uv_poll refuses a descriptor, and uv_poll gives one
 * up at EPOLLERR, which sockets show for any pending error. It works in a Worker too, but koffi ends
 * the whole process when `terminate` or `process.exit` meets a callback there: for the main thread.
 *
 * koffi calls back outside of Node's callback scope. So what a callback throws is thrown again from
 * where `uncaughtException` sees it; promises and ticks go on at the end of the loop's round.
 *
 * Source: epoll(7); <linux/eventpoll.h>.
 */
import koffi from 'koffi';
import { close, epollCreate1, epollCtl, epollWait, O_CLOEXEC } from './libc.ts';
import { allocate } from './memory.ts';
import { check } from './sys-error.ts';

// <linux/eventpoll.h>
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const EPOLLIN = 0x001;
const EPOLLOUT = 0x004;
const EPOLLERR = 0x008;
const EPOLLHUP = 0x010;
// struct epoll_event: `events`, then 64 bits that are ours; packed on x86-64 alone.
const EVENT =
  process.arch === 'x64' ? { size: 12, events: 0, data: 4 } : { size: 16, events: 0, data: 8 };
/** Descriptors that are told in one round; the others have their turn in the next. */
const ROUND = 64;

/** What a descriptor is ready for. */
export interface Readiness {
  readonly readable: boolean;
  readonly writable: boolean;
  /** An error is pending, which the next read or write reports and takes away. */
  readonly error: boolean;
}

export interface Wanted {
  readonly readable?: boolean;
  readonly writable?: boolean;
}

/** One watched descriptor. Close it before the descriptor itself is closed. */
export interface Watch {
  /** Changes what is waited for; errors are always told. */
  want(wanted: Wanted): void;
  /** Whether it keeps the process alive; at first it does. */
  keepAlive(yes: boolean): void;
  close(): void;
}

type Ready = (readiness: Readiness) => void;

interface Entry {
  readonly ready: Ready;
  alive: boolean;
}

const maskOf = ({ readable, writable }: Wanted): number =>
  (readable === true ? EPOLLIN : 0) | (writable === true ? EPOLLOUT : 0);

/** Descriptors that are watched together. */
export class Poller {
  readonly #epoll = check(epollCreate1(O_CLOEXEC), 'epoll_create1');
  readonly #handle: ReturnType<typeof koffi.node.poll>;
  readonly #event = allocate(EVENT.size).octets;
  readonly #events = allocate(EVENT.size * ROUND).octets;
  /** By a number of their own, since the number of a closed descriptor soon names another one. */
  readonly #entries = new Map<number, Entry>();
  #next = 1;
  #alive = 0;
  #open = true;

  constructor() {
    this.#handle = koffi.node.poll(this.#epoll, () => this.#round());
    this.#handle.unref();
  }

  /**
   * Calls back whenever the descriptor is ready (level-triggered: until what is there was read). A
   * callback reads a bounded number of times, so that others have their turn. The descriptor must be
   * non-blocking. Throws SysError where it cannot be polled: EPERM (a plain file), EEXIST (it is
   * watched already), EBADF.
   */
  watch(fd: number, ready: Ready, wanted: Wanted = { readable: true }): Watch {
    const id = this.#next++;
    this.#control(EPOLL_CTL_ADD, fd, id, wanted);
    const entry: Entry = { ready, alive: false };
    this.#entries.set(id, entry);
    this.#setAlive(entry, true);
    return {
      want: (changed) => {
        if (this.#entries.has(id)) this.#control(EPOLL_CTL_MOD, fd, id, changed);
      },
      keepAlive: (yes) => {
        if (this.#entries.has(id)) this.#setAlive(entry, yes);
      },
      close: () => {
        if (!this.#entries.delete(id)) return;
        this.#setAlive(entry, false);
        // A descriptor that was closed too soon has left the set by itself.
        if (this.#open) epollCtl(this.#epoll, EPOLL_CTL_DEL, fd, this.#event);
      },
    };
  }

  /** Ends all watches; the descriptors stay open. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#entries.clear();
    this.#handle.close();
    close(this.#epoll);
  }

  #control(what: number, fd: number, id: number, wanted: Wanted): void {
    this.#event.writeUInt32LE(maskOf(wanted), EVENT.events);
    this.#event.writeUInt32LE(id, EVENT.data);
    check(epollCtl(this.#epoll, what, fd, this.#event), `epoll_ctl on descriptor ${fd}`);
  }

  #setAlive(entry: Entry, alive: boolean): void {
    if (entry.alive === alive) return;
    entry.alive = alive;
    this.#alive += alive ? 1 : -1;
    if (!this.#open) return;
    if (this.#alive > 0) this.#handle.ref();
    else this.#handle.unref();
  }

  #round(): void {
    const count = epollWait(this.#epoll, this.#events, ROUND, 0);
    for (let i = 0; i < count && this.#open; i++) {
      const at = i * EVENT.size;
      const entry = this.#entries.get(this.#events.readUInt32LE(at + EVENT.data));
      if (entry !== undefined) tell(entry.ready, this.#events.readUInt32LE(at + EVENT.events));
    }
  }
}

function tell(ready: Ready, events: number): void {
  try {
    ready({
      readable: (events & EPOLLIN) !== 0,
      writable: (events & EPOLLOUT) !== 0,
      error: (events & (EPOLLERR | EPOLLHUP)) !== 0,
    });
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
  }
}
