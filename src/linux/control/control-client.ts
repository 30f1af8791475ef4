/** Asks a daemon through its control socket (`control-server.ts`). */
import { connect, type Socket } from 'node:net';
import { ControlError } from './control-server.ts';
import { LineReader, objectIn } from './lines.ts';

/** A daemon that is well answers within milliseconds. */
const USUAL_TIMEOUT_MS = 5000;
/** What one answer may hold: tables of ten thousands of bindings. */
const MOST_ANSWER = 1 << 26;

interface Waiting {
  readonly answer: (ok: unknown) => void;
  readonly refuse: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

interface Watcher {
  readonly onEvent: (event: Readonly<Record<string, unknown>>) => void;
  readonly onEnd: (reason: string) => void;
}

export class ControlClient {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #reader = new LineReader(MOST_ANSWER);
  readonly #waiting = new Map<number, Waiting>();
  readonly #watchers = new Map<number, Watcher>();
  #nextId = 1;
  #ended: ControlError | undefined;

  private constructor(socket: Socket, path: string) {
    this.#socket = socket;
    this.#path = path;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('close', () => this.#gone('it ended'));
    socket.on('error', (error) => this.#gone(error.message));
  }

  /** Throws ControlError where nobody listens, or the socket may not be opened. */
  static open(path: string, timeoutMs = USUAL_TIMEOUT_MS): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      const refuse = (error: ControlError) => {
        clearTimeout(timer);
        socket.destroy();
        reject(error);
      };
      const timer = setTimeout(() => refuse(silent(path, timeoutMs)), timeoutMs);
      socket.once('error', (cause: NodeJS.ErrnoException) => refuse(unreachable(path, cause)));
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.removeAllListeners('error');
        resolve(new ControlClient(socket, path));
      });
    });
  }

  /** Asks and gives the answer. Throws ControlError with what the daemon said, or its silence. */
  request(what: string, more: object = {}, timeoutMs = USUAL_TIMEOUT_MS): Promise<unknown> {
    return this.#ask(this.#nextId++, what, more, timeoutMs);
  }

  /** Asks for what happens; gives what the daemon said first. `onEnd`: nothing more comes. */
  async watch(what: string, more: object, watcher: Watcher): Promise<unknown> {
    const id = this.#nextId++;
    this.#watchers.set(id, watcher);
    return await this.#ask(id, what, more, USUAL_TIMEOUT_MS);
  }

  close(): void {
    this.#watchers.clear();
    this.#socket.destroy();
  }

  #ask(id: number, what: string, more: object, timeoutMs: number): Promise<unknown> {
    return new Promise((answer, refuse) => {
      if (this.#ended !== undefined) {
        refuse(this.#ended);
        return;
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        refuse(silent(this.#path, timeoutMs));
      }, timeoutMs);
      this.#waiting.set(id, { answer, refuse, timer });
      this.#socket.write(`${JSON.stringify({ ...more, id, do: what })}\n`);
    });
  }

  #take(text: string): void {
    const lines = this.#reader.take(text);
    if (lines === undefined) {
      this.#gone('it said more than fits a line');
      this.#socket.destroy();
    }
    for (const line of lines ?? []) {
      const said = objectIn(line);
      if (said !== undefined) this.#said(said);
    }
  }

  #said(said: Readonly<Record<string, unknown>>): void {
    const id = Number(said.id);
    if ('event' in said) {
      this.#watchers.get(id)?.onEvent(said.event as Readonly<Record<string, unknown>>);
    } else if ('end' in said) {
      this.#gone(String(said.end));
    } else {
      const waiting = this.#waiting.get(id);
      if (waiting === undefined) return;
      this.#waiting.delete(id);
      clearTimeout(waiting.timer);
      if ('error' in said) waiting.refuse(refusal(said.error));
      else waiting.answer(said.ok);
    }
  }

  #gone(reason: string): void {
    if (this.#ended !== undefined) return;
    const message = `the daemon at ${this.#path} is gone: ${reason}`;
    this.#ended = new ControlError('gone', message);
    for (const { refuse, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      refuse(this.#ended);
    }
    this.#waiting.clear();
    for (const { onEnd } of this.#watchers.values()) onEnd(reason);
    this.#watchers.clear();
  }
}

function refusal(said: unknown): ControlError {
  const { id, message, hint } = (said ?? {}) as Record<string, string | undefined>;
  return new ControlError(id ?? 'fault', message ?? 'refused without a reason', hint);
}

const silent = (path: string, timeoutMs: number): ControlError =>
  new ControlError(
    'silent',
    `the daemon at ${path} did not answer within ${timeoutMs / 1000} s`,
    'Is it stopped, or is the machine very busy? Its log says more.',
  );

function unreachable(path: string, { code, message }: NodeJS.ErrnoException): ControlError {
  if (code === 'EACCES' || code === 'EPERM') {
    const hint = 'Use sudo, or be in the group that the file names in control-group.';
    return new ControlError('not-allowed', `${path} may not be opened by you`, hint);
  }
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    const hint = 'Start it with: careof up -c FILE';
    return new ControlError('not-running', `no careof runs at ${path}`, hint);
  }
  return new ControlError('unreachable', `${path} cannot be opened: ${message}`);
}
