/**
 * A socket of the file system that answers requests, JSON objects one a line:
 *
 *     -> { "id": 1, "do": "status", ... }          <- { "id": 1, "ok": ... }
 *                                                  <- { "id": 1, "error": { "id", "message", "hint" } }
 *     -> { "id": 2, "do": "watch" }                <- { "id": 2, "ok": ... }, then { "id": 2, "event": ... } ...
 *                                                  <- { "id": 2, "end": "why nothing more comes" }
 *
 * What requests mean is the owner's business. Everybody who may open the socket may ask everything:
 * its permissions are the only guard.
 */
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { LineReader, objectIn } from './lines.ts';

/** Clients at the same moment; one more is turned away. */
const MOST_CLIENTS = 64;
/** Octets that wait for a slow reader at most; then it is left. */
const MOST_WAITING = 1 << 23;
/** Time for whoever is hung up on to read the reason. */
const GRACE_MS = 5000;
/** Watches of one client. */
const MOST_WATCHES = 16;
/** Characters of a request: the text of a whole configuration fits. */
const MOST_REQUEST = 1 << 21;

/** What the client is told in place of an answer. */
export class ControlError extends Error {
  /** A word for scripts, such as `unknown-request`. */
  readonly id: string;
  readonly hint: string | undefined;

  constructor(id: string, message: string, hint?: string) {
    super(message);
    this.name = 'ControlError';
    this.id = id;
    this.hint = hint;
  }
}

export interface Request {
  readonly do: string;
  /** All that the client said, `do` and `id` too. */
  readonly said: Readonly<Record<string, unknown>>;
  /** Makes the request a watch: gives what sends an event, which is deaf once the client is gone. */
  watch(onEnd: () => void): Watch;
}

export interface Watch {
  send(event: object): void;
}

export interface ControlServerOptions {
  readonly path: string;
  /** Its members may use the socket too; else its owner alone. */
  readonly group?: string | undefined;
  /** Gives the answer, or throws a ControlError. */
  readonly answer: (request: Request) => unknown;
  /** Told of our own mistakes: an answer that threw something else. */
  readonly onFault: (fault: Error) => void;
}

export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #server: Server;
  readonly #clients = new Set<Client>();

  private constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Throws ControlError where another daemon answers on that socket, or it cannot be made. */
  static async open(options: ControlServerOptions): Promise<ControlServer> {
    const { path, group } = options;
    const gid = group === undefined ? undefined : groupNumber(group);
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    if (await answers(path)) {
      const message = `somebody answers on ${path} already`;
      throw new ControlError('runs-already', message, 'careof down ends it');
    }
    // A socket that nobody answers on was left by a daemon that was killed.
    rmSync(path, { force: true });
    const server = new ControlServer(options);
    await server.#listen(path);
    if (gid !== undefined) {
      chownSync(path, process.getuid!(), gid);
      chmodSync(path, 0o660);
    }
    return server;
  }

  /** Ends all watches with a reason, and removes the socket. */
  close(reason: string): void {
    for (const client of this.#clients) client.end(reason);
    this.#server.close();
    rmSync(this.#options.path, { force: true });
  }

  async #listen(path: string): Promise<void> {
    // The socket is made within `listen`: there is no moment at which others may open it.
    const mask = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', (cause) => {
          reject(new ControlError('no-socket', `${path} cannot be made: ${cause.message}`));
        });
        this.#server.listen(path, resolve);
        process.umask(mask);
      });
    } finally {
      process.umask(mask);
    }
  }

  #accept(socket: Socket): void {
    const client = new Client(socket, this.#options, () => this.#clients.delete(client));
    if (this.#clients.size >= MOST_CLIENTS) client.end(`${MOST_CLIENTS} clients are here already`);
    else this.#clients.add(client);
  }
}

/** One who asks. */
class Client {
  readonly #socket: Socket;
  readonly #options: ControlServerOptions;
  readonly #reader = new LineReader(MOST_REQUEST);
  readonly #watches = new Map<unknown, () => void>();
  readonly #onGone: () => void;
  #gone = false;

  constructor(socket: Socket, options: ControlServerOptions, onGone: () => void) {
    this.#socket = socket;
    this.#options = options;
    this.#onGone = onGone;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('close', () => this.#leave());
    // A client that dies in the middle is gone, and no fault of ours.
    socket.on('error', () => this.#leave());
  }

  /** Tells all watches why nothing more comes, and hangs up. */
  end(reason: string): void {
    if (this.#gone) return;
    const ids = this.#watches.size === 0 ? [null] : [...this.#watches.keys()];
    for (const id of ids) this.#socket.write(`${JSON.stringify({ id, end: reason })}\n`);
    this.#socket.end();
    this.#leave();
    // Whoever does not read does not hang up either.
    setTimeout(() => this.#socket.destroy(), GRACE_MS).unref();
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#onGone();
    for (const onEnd of this.#watches.values()) onEnd();
    this.#watches.clear();
  }

  #take(text: string): void {
    const lines = this.#reader.take(text);
    if (lines === undefined) this.end('a line is too long');
    for (const line of lines ?? []) void this.#request(line);
  }

  async #request(line: string): Promise<void> {
    const said = objectIn(line);
    const id = said?.id ?? null;
    if (said === undefined || typeof said.do !== 'string') {
      const message = 'a request is a JSON object such as { "id": 1, "do": "status" }';
      this.#write({ id, error: { id: 'no-request', message } });
      return;
    }
    try {
      const watch = (onEnd: () => void) => this.#watch(id, onEnd);
      const ok = (await this.#options.answer({ do: said.do, said, watch })) ?? null;
      this.#write({ id, ok });
    } catch (fault) {
      if (!(fault instanceof ControlError)) this.#options.onFault(fault as Error);
      const error =
        fault instanceof ControlError ? fault : new ControlError('fault', String(fault));
      const { hint } = error;
      this.#write({ id, error: { id: error.id, message: error.message, ...(hint && { hint }) } });
    }
  }

  #watch(id: unknown, onEnd: () => void): Watch {
    if (this.#watches.size >= MOST_WATCHES || this.#watches.has(id)) {
      const message = `a client has ${MOST_WATCHES} watches at most, each with an id of its own`;
      throw new ControlError('too-many-watches', message);
    }
    this.#watches.set(id, onEnd);
    return {
      send: (event) => {
        if (this.#watches.has(id)) this.#write({ id, event });
      },
    };
  }

  #write(object: object): void {
    if (this.#gone) return;
    if (this.#socket.writableLength > MOST_WAITING) {
      this.end('too slow: what was to be told did not fit the buffer any more');
      return;
    }
    this.#socket.write(`${JSON.stringify(object)}\n`);
  }
}

/** Does somebody listen there? */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** The number of a group of this machine. */
function groupNumber(name: string): number {
  const groups = readFileSync('/etc/group', 'utf8').split('\n');
  const [, , number] = groups.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
  if (number !== undefined) return Number(number);
  const hint = `groupadd ${name}, or name another in control-group`;
  throw new ControlError('no-such-group', `this machine has no group "${name}"`, hint);
}
