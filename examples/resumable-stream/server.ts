/**
 * Streams files that follow from a seed, and lets its connections go to the same server on another host:
 *
 *     node --import tsx examples/resumable-stream/server.ts PORT [/run/careof/NAME.sock]
 *
 * A client sends a line, "SEED SIZE RATE", and gets SIZE octets at RATE octets a second. With the control
 * socket of this host's careof daemon (role content-slave) the connections can be handed on: the kernel's
 * part of them goes by TCP_REPAIR, ours is the line and how far we are.
 */
// In a program of your own: from 'careof/linux'.
import { type Connection, MovableServer, type Session } from '../../src/linux/index.ts';
import { seededOctets } from './seeded-stream.ts';

const INTERVAL_MS = 10;
const CHUNK = 1 << 14;
/** Characters of a request. */
const MOST_REQUEST = 100;

interface Request {
  readonly seed: number;
  readonly size: number;
  /** Octets a second. */
  readonly rate: number;
}

class Stream implements Session {
  readonly #connection: Connection;
  #text = '';
  #request: Request | undefined;
  #sent = 0;
  /** When the rate began to count, and how much was sent then. */
  #since = { at: 0, sent: 0 };
  #timer: NodeJS.Timeout | undefined;

  constructor(connection: Connection, state: Uint8Array | undefined) {
    this.#connection = connection;
    if (state === undefined) return;
    const { text, request, sent } = JSON.parse(Buffer.from(state).toString());
    this.#text = text;
    this.#sent = sent;
    if (request !== null) this.#begin(request);
  }

  state(): Uint8Array {
    const [text, request, sent] = [this.#text, this.#request ?? null, this.#sent];
    return Buffer.from(JSON.stringify({ text, request, sent }));
  }

  data(octets: Uint8Array): void {
    if (this.#request !== undefined) return;
    this.#text += Buffer.from(octets).toString('latin1');
    const [line, rest] = this.#text.split('\n');
    if (rest === undefined && this.#text.length <= MOST_REQUEST) return;
    const [seed = NaN, size = NaN, rate = NaN] = line!.trim().split(' ').map(Number);
    const wrong = [seed, size, rate].some((one) => !Number.isSafeInteger(one) || one < 0);
    if (wrong || rest === undefined || rate === 0) this.#connection.close();
    else this.#begin({ seed, size, rate });
  }

  writable(): void {
    this.#write();
  }

  /** Whoever says nothing more has heard enough. */
  ended(): void {
    clearTimeout(this.#timer);
    this.#connection.end();
  }

  moved(): void {
    clearTimeout(this.#timer);
  }

  closed(): void {
    clearTimeout(this.#timer);
  }

  #begin(request: Request): void {
    this.#request = request;
    this.#since = { at: performance.now(), sent: this.#sent };
    this.#timer = setTimeout(() => this.#write(), 0);
  }

  #write(): void {
    clearTimeout(this.#timer);
    const { seed, size, rate } = this.#request!;
    const passed = performance.now() - this.#since.at;
    const due = Math.min(size, this.#since.sent + Math.floor((rate * passed) / 1000));
    while (this.#sent < due) {
      const octets = seededOctets(seed, this.#sent, Math.min(CHUNK, due - this.#sent));
      const taken = this.#connection.write(octets);
      this.#sent += taken;
      // `writable` comes when there is room again.
      if (taken < octets.length) return;
    }
    if (this.#sent === size) this.#connection.end();
    else this.#timer = setTimeout(() => this.#write(), INTERVAL_MS);
  }
}

const [port, control] = process.argv.slice(2);
if (port === undefined) {
  console.error('server.ts PORT [CONTROL-SOCKET]');
  process.exit(2);
}
await MovableServer.open({
  port: Number(port),
  ...(control !== undefined && { control }),
  application: (connection, state) => new Stream(connection, state),
});
console.log(`listens on port ${port}`);
