import { type Address, formatAddress } from '../../../wire/address.ts';
import type { LayerOf } from '../../../wire/packet.ts';
import type { ServerConfig } from '../../config.ts';
import { AgentClock } from '../../home-registration/agent-clock.ts';
import type { NodeState } from '../../node-state.ts';
import { count, type Received } from '../../part.ts';
import type { Output } from '../../role.ts';
import { type Instant, sooner } from '../../time.ts';
import { homeOf } from '../service-addresses.ts';
import { ClientTransfer, type Numbers, type TransferProgress } from './client-transfer.ts';
import { MAX_STATE } from './moved-client.ts';

/** Moves that wait for their answers at once. */
const MAX_MOVES = 64;
/** Packets of one client that wait for its connections; later ones are dropped. */
const MAX_HELD = 64;
const ID = 'service/move/';
const BACK = 'service/back/';

interface Move {
  readonly to: Address;
  /** Absent while the kernel is asked for the connections. */
  readonly transfer?: ClientTransfer;
  readonly state?: Uint8Array;
  /** The other server did not take it. */
  readonly returns?: true;
  /** What came from the client meanwhile. */
  readonly held: Uint8Array[];
}

/** What came of a client that was to go to another server. */
export interface MoveProgress {
  readonly outputs: Output[];
  /** It is the server's now that is named; this one's own, where it stays. */
  readonly client?: Address;
  readonly at?: Address;
  /** Packets that have waited, and go there. */
  readonly held?: readonly Uint8Array[];
}

/**
 * Clients on their way from this server to another, with their connections. What the other server does
 * not take is put back where it was.
 *
 * Bounded: 64 at once, 128 KiB and 64 packets each.
 *
 * Supported standards: after the multihoming seed's third embodiment (transfer between slaves).
 */
export class Moves {
  readonly #config: ServerConfig;
  readonly #state: NodeState;
  readonly #moves = new Map<Address, Move>();
  readonly #clocks = new Map<Address, AgentClock>();
  readonly #numbers: Numbers;

  constructor(config: ServerConfig, state: NodeState) {
    this.#config = config;
    this.#state = state;
    let sequence = Math.floor(state.env.random() * 0x10000);
    this.#numbers = {
      next: () => {
        sequence = (sequence + 1) & 0xffff;
        return sequence;
      },
      clockOf: (server) => this.#clockOf(server),
    };
  }

  /** How many are under way. */
  get size(): number {
    return this.#moves.size;
  }

  has(client: Address): boolean {
    return this.#moves.has(client);
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { transfer } of this.#moves.values()) {
      deadline = sooner(deadline, transfer?.deadline());
    }
    return deadline;
  }

  /**
   * Takes the client's connections out of the kernel; `detached` goes on. Undefined: it cannot go there.
   * What comes from the client must not meet the kernel from now on, and is for `hold`.
   */
  begin(client: Address, to: Address): Output[] | undefined {
    const isServer = this.#config.members.some(({ address }) => address === to);
    const other = isServer && to !== this.#config.address;
    if (!other || this.#moves.has(client) || this.#moves.size >= MAX_MOVES) return undefined;
    this.#moves.set(client, { to, held: [] });
    const local = homeOf(client, this.#config);
    const id = ID + formatAddress(client);
    return [{ kind: 'detach', id, local, remote: client, most: MAX_STATE }];
  }

  /** A packet of a client that may be on its way. */
  hold(client: Address, octets: Uint8Array): Output[] {
    const move = this.#moves.get(client);
    if (move === undefined || move.held.length >= MAX_HELD) return [count('service.not_held')];
    move.held.push(octets.slice());
    return [];
  }

  /** The connections are out of the kernel, and go on their way. */
  detached(id: string, state: Uint8Array | undefined, now: Instant): MoveProgress {
    const found = [...this.#moves].find(([client]) => id === ID + formatAddress(client));
    if (found === undefined) return { outputs: [] };
    const [client, { to, held, transfer: begun, returns }] = found;
    if (begun !== undefined || returns === true) return { outputs: [] };
    if (state === undefined) {
      this.#moves.delete(client);
      const at = this.#config.address;
      return { outputs: [count('service.not_moved')], client, at, held };
    }
    const lost = this.#state.env.without.has('connection-transfer');
    const octets = lost ? new Uint8Array() : state;
    const around = { config: this.#config, state: this.#state, numbers: this.#numbers };
    const transfer = new ClientTransfer(around, { client, to, octets }, now);
    this.#moves.set(client, { to, held, transfer, state });
    return { outputs: transfer.send(now) };
  }

  tick(now: Instant): MoveProgress[] {
    return [...this.#moves].flatMap(([client, { transfer }]) =>
      transfer === undefined ? [] : [this.#progress(client, transfer.tick(now))],
    );
  }

  /** The other server answers; undefined: it is not about a move. */
  acknowledged(
    received: Received,
    message: LayerOf<'binding-acknowledgement'>,
    now: Instant,
  ): MoveProgress | undefined {
    for (const [client, { transfer }] of this.#moves) {
      const progress = transfer?.acknowledged(received, message, now);
      if (progress !== undefined) return this.#progress(client, progress);
    }
    return undefined;
  }

  /**
   * The client is here again, before the other server's answer that it had it. Gives the packets that have
   * waited.
   */
  cameBack(client: Address): readonly Uint8Array[] {
    const move = this.#moves.get(client);
    if (move?.transfer === undefined || move.returns === true) return [];
    this.#moves.delete(client);
    return move.held;
  }

  #progress(client: Address, { outputs, result }: TransferProgress): MoveProgress {
    if (result === undefined) return { outputs };
    const { to, state, held } = this.#moves.get(client)!;
    const home = homeOf(client, this.#config);
    if (result === 'taken') {
      this.#moves.delete(client);
      return { outputs, client, at: to, held };
    }
    this.#moves.set(client, { to, held, returns: true });
    const id = BACK + formatAddress(client);
    const back: Output = { kind: 'attach', id, local: home, remote: client, state: state! };
    return { outputs: [...outputs, count('service.not_moved'), back] };
  }

  /** What was not taken is in our kernel again, or is lost; undefined: it is not about that. */
  attached(id: string): MoveProgress | undefined {
    const found = [...this.#moves].find(([client]) => id === BACK + formatAddress(client));
    if (found?.[1].returns !== true) return undefined;
    const [client, { held }] = found;
    this.#moves.delete(client);
    return { outputs: [], client, at: this.#config.address, held };
  }

  /** Bounded by the servers that there are. */
  #clockOf(server: Address): AgentClock {
    const known = this.#clocks.get(server);
    if (known !== undefined) return known;
    const clock = new AgentClock(this.#state.env.epoch);
    this.#clocks.set(server, clock);
    return clock;
  }
}
