/** A stream of octets from one end to the other, with a digest of it at both. */
import { createHash } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { pattern } from '../../../sim/kernel/tcp/send-stream.ts';
import { Dialling } from '../../dialling.ts';
import { addressesOf, dialHost } from './dial-host.ts';
import type { AgentFlow, SendingFlow } from './protocol.ts';
import type { Reporter } from './reporter.ts';
import { sourceAddress } from './source-address.ts';
import { versionOf } from './version.ts';

/** How often a flow that lasts some time writes, in milliseconds. */
const WRITE_INTERVAL = 500;
const CHUNK = 1 << 16;

const errorName = (error: NodeJS.ErrnoException): string => error.code ?? error.message;

/** Receives; the reporter is there when instant 0 is known. */
export function receiveStream(
  { flow, port, ...order }: AgentFlow,
  reporter: () => Reporter | undefined,
): Promise<void> {
  const { any } = versionOf(order);
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const to = reporter();
    if (to === undefined) {
      socket.destroy();
      return;
    }
    const hash = createHash('sha256');
    socket.on('data', (octets) => {
      to.received(flow, octets.length);
      hash.update(octets);
    });
    socket.on('end', () => {
      to.tell({ flow, receivedAll: hash.digest('hex') });
      socket.end();
    });
    socket.on('error', (error) => to.tell({ flow, failed: errorName(error) }));
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen({ port, host: any, ipv6Only: true }, resolve);
  });
}

/** Connects at its instant, sends all octets of the pattern, and ends. */
export function sendStream(order: SendingFlow<'tcp'>, reporter: Reporter): void {
  const { flow, start } = order;
  const failed = (reason: string) => reporter.tell({ flow, failed: reason });
  const opened = (socket: Socket) => {
    socket.on('error', (error) => failed(errorName(error)));
    // What comes back is nothing; read, so that the end of it is seen.
    socket.resume();
    const writer = new PatternWriter(order, socket, reporter);
    // The other end is gone, and what is still to be sent would be refused.
    socket.on('end', () => writer.isOver || failed('ECONNRESET'));
    writer.write();
  };
  const begin = () => {
    if (order.name !== undefined) dial(order.name, order.port, opened, failed);
    else opened(open(order));
  };
  setTimeout(begin, Math.max(0, (start - reporter.now()) / 1000));
}

function open({ to, port, from, ...order }: SendingFlow<'tcp'>): Socket {
  const { family } = versionOf(order);
  const address = sourceAddress(from);
  const local = address === undefined ? {} : { localAddress: address };
  return connect({ host: to, port, family, noDelay: true, ...local });
}

/** Asks for the addresses of a name, and tries them. */
async function dial(
  name: string,
  port: number,
  connected: (socket: Socket) => void,
  failed: (reason: string) => void,
): Promise<void> {
  const addresses = await addressesOf(name);
  new Dialling(dialHost(port), addresses, {
    connected: ({ socket }) => connected(socket),
    failed: (reason = 'EHOSTUNREACH') => failed(reason),
  });
}

type Pattern = Pick<SendingFlow<'tcp'>, 'flow' | 'start' | 'size' | 'over'>;

/** Writes what is due of the pattern, as fast as the socket takes it. */
export class PatternWriter {
  readonly #order: Pattern;
  readonly #socket: Writable;
  readonly #reporter: Reporter;
  readonly #hash = createHash('sha256');
  #done = 0;

  constructor(order: Pattern, socket: Writable, reporter: Reporter) {
    this.#order = order;
    this.#socket = socket;
    this.#reporter = reporter;
    socket.on('drain', () => this.write());
  }

  /** All of it was given to the socket. */
  get isOver(): boolean {
    return this.#done === this.#order.size;
  }

  write(): void {
    const { flow, start, size, over } = this.#order;
    if (this.#socket.destroyed || this.#done === size) return;
    const passed = this.#reporter.now() - start + WRITE_INTERVAL * 1000;
    const due = over === undefined ? size : Math.min(size, Math.ceil((size * passed) / over));
    while (this.#done < due) {
      const octets = new Uint8Array(Math.min(CHUNK, due - this.#done));
      pattern(octets, this.#done);
      this.#hash.update(octets);
      this.#done += octets.length;
      this.#reporter.sent(flow, octets.length);
      if (!this.#socket.write(octets)) break;
    }
    if (this.#done < size) {
      // Else `drain` comes back for the rest.
      if (this.#done === due) setTimeout(() => this.write(), WRITE_INTERVAL);
      return;
    }
    this.#reporter.tell({ flow, sentAll: this.#hash.digest('hex') });
    this.#socket.end();
  }
}
