import { type Quoted, quotedPorts } from '../../../core/forwarding/quoted.ts';
import type { NetworkError } from '../../../core/icmp-messages.ts';
import type { Address } from '../../../wire/address.ts';
import type { Delivery } from '../ip-input.ts';
import type { Kernel } from '../kernel.ts';
import { allotPort } from '../ports.ts';
import { Channel } from './channel.ts';
import { TcpConnection } from './connection.ts';
import type { TcpHandlers } from './handlers.ts';
import { type MovedConnection, parseMoved, serialiseMoved } from './moved-connections.ts';
import { type End, parseSegment, type Segment, segmentPacket } from './segment.ts';

/** Connections of one node; more are refused. */
const MAX_CONNECTIONS = 65_536;

/** Given a connection whose handshake has begun; sets its handlers. */
export type OnConnection = (connection: TcpConnection) => void;

/** What `listen` gives. */
export interface TcpListener {
  /** No new connections from now on; those that stand go on. */
  close(): void;
}

export interface ConnectOptions extends TcpHandlers {
  /** Absent: chosen (RFC 6724). */
  readonly source?: Address;
  /** Absent: a free one. */
  readonly sourcePort?: number;
  /** How often unanswered data is sent again before the connection is given up. */
  readonly retries?: number;
}

/** All TCP connections of a node. Source: RFC 9293. */
export class Tcp {
  readonly #kernel: Kernel;
  readonly #listeners = new Map<number, OnConnection>();
  readonly #connections = new Map<string, TcpConnection>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Takes connections to a port, on every address. Throws RangeError where it is taken. */
  listen(port: number, onConnection: OnConnection): TcpListener {
    if (this.#listeners.has(port)) {
      throw new RangeError(`TCP port ${port} of ${this.#kernel.name} is taken`);
    }
    this.#listeners.set(port, onConnection);
    return { close: () => this.#listeners.delete(port) };
  }

  /**
   * Begins a connection. What becomes of it, the handlers are told; never before this returns. Throws RangeError
   * where its port is taken.
   */
  connect(address: Address, port: number, options: ConnectOptions = {}): TcpConnection {
    const kernel = this.#kernel;
    const { source, sourcePort, retries, ...handlers } = options;
    const remote: End = { address, port };
    const from = source ?? kernel.output.sourceFor(address);
    const at = (own: number): End => ({ address: from ?? address, port: own });
    const isTaken = (own: number) => this.isTaken(at(own), remote);
    if (sourcePort !== undefined && isTaken(sourcePort)) {
      throw new RangeError(`TCP port ${sourcePort} of ${kernel.name} is taken`);
    }
    const local = at(sourcePort ?? allotPort(kernel.random, isTaken));
    const made = this.#create(local, remote, 'syn-sent', retries);
    made.handlers = handlers;
    kernel.simulation.at(kernel.simulation.now, () => {
      if (from === undefined) made.finish('unreachable');
      else if (this.#connections.get(keyOf(local, remote)) === made) made.start();
    });
    return made;
  }

  /** Does something listen there, or stand between the two? */
  isTaken(local: End, remote: End): boolean {
    return this.#listeners.has(local.port) || this.#connections.has(keyOf(local, remote));
  }

  receive(delivery: Delivery): void {
    const parsed = parseSegment(delivery);
    if (parsed === undefined) {
      this.#kernel.count('kernel.malformed');
      return;
    }
    const { segment, local, remote } = parsed;
    const known = this.#connections.get(keyOf(local, remote));
    if (known !== undefined) known.receive(segment);
    else if (segment.syn && !segment.ack && !segment.rst) this.#accept(segment, local, remote);
    else this.#reject(segment, local, remote);
  }

  /** An error about a segment; false where no connection sent it. */
  failed(quoted: Quoted, error: NetworkError): boolean {
    const found = this.#quoted(quoted);
    found?.connection.failed(error, found.sequence);
    return found !== undefined;
  }

  /** Is a quoted segment one that a connection has sent, and that is not acknowledged? */
  isUnderWay(quoted: Quoted): boolean {
    const found = this.#quoted(quoted);
    return found?.sequence !== undefined && found.connection.isUnderWay(found.sequence);
  }

  /** The connection that a quoted segment is of, and its sequence number. */
  #quoted(quoted: Quoted) {
    const ports = quotedPorts(quoted);
    if (ports === undefined) return undefined;
    const local = { address: quoted.source, port: ports.from };
    const remote = { address: quoted.destination, port: ports.to };
    const connection = this.#connections.get(keyOf(local, remote));
    if (connection === undefined) return undefined;
    const { octets, at } = quoted;
    const whole = at + 8 <= octets.length;
    const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
    return { connection, sequence: whole ? view.getUint32(at + 4) : undefined };
  }

  /**
   * Takes all connections between two addresses out, as octets for another node. Undefined: one of them
   * cannot be moved just now, or they are more than `most` octets; then all stay.
   */
  detach(local: Address, remote: Address, most: number): Uint8Array | undefined {
    const all = [...this.#connections].filter(
      ([, one]) => one.local.address === local && one.remote.address === remote,
    );
    const connections: MovedConnection[] = [];
    for (const [, one] of all) {
      const moved = one.snapshot(most);
      if (moved === undefined) return undefined;
      connections.push(moved);
    }
    const octets = serialiseMoved({ local, remote, connections });
    if (octets.length > most) return undefined;
    for (const [key, one] of all) {
      one.halt();
      this.#connections.delete(key);
    }
    return octets;
  }

  /**
   * Goes on with connections of another node between these two, all of them or none: there must be
   * programs for them, and room.
   */
  attach(from: Address, to: Address, octets: Uint8Array): boolean {
    const moved = parseMoved(octets);
    const isOurs = moved?.local === from && moved.remote === to;
    const { connections = [] } = isOurs ? moved : {};
    const room = this.#connections.size + connections.length <= MAX_CONNECTIONS;
    const ends = connections.map((one) => ({
      local: { address: from, port: one.localPort },
      remote: { address: to, port: one.remotePort },
    }));
    const isTaken = ({ local, remote }: { local: End; remote: End }) =>
      !this.#listeners.has(local.port) || this.#connections.has(keyOf(local, remote));
    if (!isOurs || !room || ends.some(isTaken)) {
      this.#kernel.count('kernel.tcp_refused');
      return false;
    }
    for (const [index, { local, remote }] of ends.entries()) {
      const made = this.#create(local, remote, 'syn-received');
      this.#listeners.get(local.port)!(made);
      made.resume(connections[index]!);
    }
    return true;
  }

  /** The programs of the node end: nobody listens, and their connections are torn down. */
  endPrograms(): void {
    this.#listeners.clear();
    for (const connection of [...this.#connections.values()]) connection.abort();
  }

  halt(): void {
    for (const connection of this.#connections.values()) connection.halt();
    this.#connections.clear();
    this.#listeners.clear();
  }

  #accept(syn: Segment, local: End, remote: End): void {
    const onConnection = this.#listeners.get(local.port);
    if (onConnection === undefined) {
      this.#reject(syn, local, remote);
      return;
    }
    if (this.#connections.size >= MAX_CONNECTIONS) {
      this.#kernel.count('kernel.tcp_refused');
      return;
    }
    const made = this.#create(local, remote, 'syn-received');
    onConnection(made);
    made.start(syn);
  }

  #create(
    local: End,
    remote: End,
    state: 'syn-sent' | 'syn-received',
    retries?: number,
  ): TcpConnection {
    const key = keyOf(local, remote);
    const ended = (one: TcpConnection) => {
      if (this.#connections.get(key) === one) this.#connections.delete(key);
    };
    const made = new TcpConnection(
      this.#kernel,
      new Channel(this.#kernel, local, remote),
      state,
      ended,
      retries,
    );
    this.#connections.set(key, made);
    return made;
  }

  /** Answers a segment to no connection. Source: RFC 9293 section 3.10.7.1. */
  #reject(segment: Segment, local: End, remote: End): void {
    this.#kernel.count('kernel.tcp_no_port');
    if (segment.rst) return;
    const { syn, fin, ack, payload, acknowledgement } = segment;
    const behind = segment.sequence + payload.length + (syn ? 1 : 0) + (fin ? 1 : 0);
    const answer = ack
      ? { sequence: acknowledgement, rst: true }
      : { sequence: 0, rst: true, ack: true, acknowledgement: behind >>> 0 };
    this.#kernel.output.send(segmentPacket(local, remote, answer));
  }
}

const keyOf = (local: End, remote: End): string =>
  `${local.address}${remote.address}${local.port}/${remote.port}`;
