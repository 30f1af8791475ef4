/**
 * A TCP server whose connections can go to the same server on another host, with what their application
 * knows. It takes its connections out of the kernel itself and tells the careof daemon of this host, which
 * takes them to the other one (`connection-keepers.ts`).
 */
import { type Address, parseAddress } from '../../wire/address.ts';
import { ControlClient } from '../control/control-client.ts';
import { Poller, type Watch } from '../sys/poller.ts';
import { makeTcp, parseHeld } from '../sys/tcp-repair.ts';
import { acceptTcp, closeTcp, listenTcp, setMostUnsent, setNoDelay } from '../sys/tcp-socket.ts';
import type { ClientState } from './client-state.ts';
import { connectionsOf, jsonOf } from './connection-keepers.ts';
import { Connection, parseGiven, type Session } from './movable-connection.ts';

export interface MovableServerOptions {
  readonly port: number;
  /** Control socket of this host's daemon; absent: connections stay here. */
  readonly control?: string;
  /** A connection began here, or goes on here with what another one's `state` gave. */
  readonly application: (connection: Connection, state: Uint8Array | undefined) => Session;
}

const ANY = parseAddress('::')!;
/** Connections that are taken in a row, so that others have their turn. */
const MAX_ACCEPTED = 16;
/** What was never sent goes along when a connection moves: the kernel is given little ahead of time. */
const MOST_UNSENT = 1 << 14;
/** A daemon that was there is looked for so often. */
const AGAIN_MS = 500;

export class MovableServer {
  readonly #options: MovableServerOptions;
  readonly #poller: Poller;
  readonly #listener: number;
  readonly #watch: Watch;
  readonly #connections = new Set<Connection>();
  /** Held or made for a question of the daemon that is not over. */
  readonly #asked = new Map<number, readonly Connection[]>();
  #control: ControlClient | undefined;
  #again: NodeJS.Timeout | undefined;

  /** Throws SysError where it cannot listen, ControlError where no daemon answers. */
  static async open(options: MovableServerOptions): Promise<MovableServer> {
    const server = new MovableServer(options);
    try {
      await server.#keep();
      return server;
    } catch (cause) {
      server.close();
      throw cause;
    }
  }

  private constructor(options: MovableServerOptions) {
    this.#options = options;
    this.#listener = listenTcp({ address: ANY, port: options.port });
    this.#poller = new Poller();
    this.#watch = this.#poller.watch(this.#listener, () => this.#accept());
  }

  get connections(): number {
    return this.#connections.size;
  }

  close(): void {
    clearTimeout(this.#again);
    this.#control?.close();
    this.#watch.close();
    closeTcp(this.#listener);
    for (const one of this.#connections) one.close();
    this.#poller.close();
  }

  async #keep(): Promise<void> {
    const { control, port } = this.#options;
    if (control === undefined) return;
    const client = await ControlClient.open(control);
    this.#control = client;
    const onEvent = (event: Readonly<Record<string, unknown>>) => this.#told(event);
    const onEnd = () => this.#lost();
    await client.watch('keep-connections', { ports: [port] }, { onEvent, onEnd });
  }

  /** A daemon that is gone has forgotten its questions. The next one is offered our connections too. */
  #lost(): void {
    for (const number of [...this.#asked.keys()]) this.#release(number, false);
    this.#control = undefined;
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#keep().catch(() => this.#lost()), AGAIN_MS);
    this.#again.unref();
  }

  #accept(): void {
    for (let count = 0; count < MAX_ACCEPTED; count++) {
      const fd = acceptTcp(this.#listener);
      if (fd === undefined) return;
      this.#begin(fd, undefined);
    }
  }

  #begin(fd: number, state: Uint8Array | undefined): Connection | undefined {
    let made: Connection;
    try {
      setNoDelay(fd);
      setMostUnsent(fd, MOST_UNSENT);
      made = new Connection(fd, this.#poller, (one) => this.#connections.delete(one));
    } catch {
      // It has ended in the meantime.
      closeTcp(fd);
      return undefined;
    }
    this.#connections.add(made);
    made.begin(this.#options.application(made, state));
    return made;
  }

  #told(event: Readonly<Record<string, unknown>>): void {
    const [local, remote] = [addressIn(event.local), addressIn(event.remote)];
    if (typeof event.release === 'number') this.#release(event.release, event.gone === true);
    else if (local === undefined || remote === undefined) return;
    else if (typeof event.detach === 'number') this.#detach(event.detach, local, remote);
    else if (typeof event.attach === 'number') {
      const connections = connectionsOf(event.connections) ?? [];
      this.#attach(event.attach, { local, remote, connections });
    }
  }

  #detach(number: number, local: Address, remote: Address): void {
    const all = [...this.#connections].filter((one) => one.isBetween(local, remote));
    const given = all.map((one) => one.hold());
    this.#asked.set(number, all);
    const whole = given.every((one) => one !== undefined);
    this.#answer({ answers: number, connections: whole ? given.map((one) => jsonOf(one!)) : null });
  }

  #attach(number: number, { local, remote, connections }: ClientState): void {
    const made: Connection[] = [];
    for (const { octets } of connections) {
      const one = this.#make(octets, local, remote);
      if (one === undefined) break;
      made.push(one);
    }
    const attached = made.length === connections.length;
    if (!attached) for (const one of made) one.vanish();
    this.#asked.set(number, attached ? made : []);
    this.#answer({ answers: number, attached });
  }

  #make(octets: Uint8Array, local: Address, remote: Address): Connection | undefined {
    const given = parseGiven(octets);
    const held = given && parseHeld(given.held);
    if (held?.local.address !== local || held.remote.address !== remote) return undefined;
    if (held.local.port !== this.#options.port) return undefined;
    try {
      return this.#begin(makeTcp(held), given!.state);
    } catch {
      return undefined;
    }
  }

  #release(number: number, gone: boolean): void {
    for (const one of this.#asked.get(number) ?? []) {
      if (gone) one.vanish();
      else one.letGo();
    }
    this.#asked.delete(number);
  }

  #answer(said: { readonly answers: number; readonly [what: string]: unknown }): void {
    // Where it is not taken, nobody waits for it, and what is held goes on.
    const { answers } = said;
    this.#control?.request('connections', said).catch(() => this.#release(answers, false));
  }
}

const addressIn = (value: unknown): Address | undefined =>
  typeof value === 'string' ? parseAddress(value) : undefined;
