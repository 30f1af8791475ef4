/**
 * Checks of services that a control side asks for: connections of this host's kernel, that nobody waits for and
 * that are torn down when they have said what was asked.
 *
 * Bounded by who asks: a role has one check of a server under way at a time.
 */
import type { Output } from '../../core/role.ts';
import { type CheckResult, httpRequest, httpResult } from '../../core/service-check.ts';
import { formatAddress } from '../../wire/address.ts';
import { Poller, type Watch } from '../sys/poller.ts';
import { SysError } from '../sys/sys-error.ts';
import { closeTcp, connectTcp, errorOf, receiveSome, sendSome } from '../sys/tcp-socket.ts';
import type { Inside } from './settings.ts';

type Check = Extract<Output, { kind: 'check' }>;

/** Of an answer, more than its first line is not of interest. */
const ANSWER_SIZE = 512;

export class ServiceChecker {
  readonly #inside: Inside;
  /** Opened with the first check: most nodes make none. */
  #poller: Poller | undefined;
  readonly #open = new Set<Connection>();

  /** @param inside runs a function in the network namespace of the node. */
  constructor(inside: Inside) {
    this.#inside = inside;
  }

  /** Makes one; `told` is called once, never before this returns, and not after `close`. */
  check(asked: Check, told: (result: CheckResult) => void): void {
    this.#poller ??= new Poller();
    const poller = this.#poller;
    const ends = {
      local: { address: asked.source, port: asked.sourcePort },
      remote: { address: asked.destination, port: asked.check.port },
    };
    let fd: number;
    try {
      fd = this.#inside(() => connectTcp(ends.local, ends.remote));
    } catch (error) {
      if (!(error instanceof SysError)) throw error;
      queueMicrotask(() => told(error.call.startsWith('connect') ? 'unreachable' : 'not-made'));
      return;
    }
    const connection = new Connection(fd, asked, poller, (result) => {
      this.#open.delete(connection);
      told(result);
    });
    this.#open.add(connection);
  }

  close(): void {
    for (const one of this.#open) one.close();
    this.#open.clear();
    this.#poller?.close();
    this.#poller = undefined;
  }
}

/** One check under way. */
class Connection {
  readonly #fd: number;
  readonly #asked: Check;
  readonly #told: (result: CheckResult) => void;
  readonly #watch: Watch;
  readonly #timer: NodeJS.Timeout;
  #begun = Buffer.alloc(0);
  #isConnected = false;
  #isOpen = true;

  constructor(fd: number, asked: Check, poller: Poller, told: (result: CheckResult) => void) {
    this.#fd = fd;
    this.#asked = asked;
    this.#told = told;
    this.#watch = poller.watch(fd, () => this.#ready(), { writable: true });
    this.#timer = setTimeout(() => this.#late(), asked.within / 1000);
  }

  close(): void {
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#watch.close();
    closeTcp(this.#fd);
  }

  /** This process may have stood still: Node looks at times before it looks at sockets. */
  #late(): void {
    setImmediate(() => {
      if (this.#isOpen) this.#end('silent');
    });
  }

  #end(result: CheckResult): void {
    this.close();
    this.#told(result);
  }

  #ready(): void {
    const error = errorOf(this.#fd);
    if (error !== undefined) this.#end(RESULT[error] ?? 'unreachable');
    else if (this.#isConnected) this.#read();
    else this.#connected();
  }

  #connected(): void {
    const { path, port } = this.#asked.check;
    this.#isConnected = true;
    if (path === undefined) {
      this.#end('well');
      return;
    }
    // It fits what the kernel takes at once.
    sendSome(this.#fd, httpRequest(path, `[${formatAddress(this.#asked.destination)}]:${port}`));
    this.#watch.want({ readable: true });
  }

  #read(): void {
    const octets = Buffer.alloc(ANSWER_SIZE);
    const done = receiveSome(this.#fd, octets);
    if (done === 'EAGAIN') return;
    if (typeof done === 'string') {
      this.#end(RESULT[done] ?? 'unreachable');
      return;
    }
    this.#begun = Buffer.concat([this.#begun, octets.subarray(0, done)]);
    const result = httpResult(this.#begun) ?? (done === 0 ? 'wrong-answer' : undefined);
    if (result !== undefined) this.#end(result);
  }
}

/** What errors of a socket say of the service. */
const RESULT: Readonly<Record<string, CheckResult>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'refused',
  EPIPE: 'refused',
  ETIMEDOUT: 'silent',
};
