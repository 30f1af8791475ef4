import { type Address, formatAddress } from '../../wire/address.ts';
import type { LayerOf } from '../../wire/packet.ts';
import type { ContentSlaveConfig } from '../config.ts';
import { HomeRegistration } from '../home-registration/home-registration.ts';
import type { NodeState } from '../node-state.ts';
import { count, type Received, tell } from '../part.ts';
import type { Output } from '../role.ts';
import { type Instant, sooner } from '../time.ts';
import { MAX_STATE, movedClientOptions } from './moved-client.ts';

/** Moves that wait for their answers at once. */
const MAX_MOVES = 64;
const FOREVER = Number.POSITIVE_INFINITY as Instant;
const ID = 'service/move/';

interface Move {
  readonly to: Address;
  /** Absent while the kernel is asked for the connections. */
  registration?: HomeRegistration;
}

/**
 * Clients on their way from this server to another, with their connections: told in a home registration
 * with that server, which is proved, repeated and answered as all are.
 *
 * Bounded: 64 at once.
 *
 * Supported standards: after the multihoming seed's third embodiment (transfer between slaves).
 */
export class Moves {
  readonly #config: ContentSlaveConfig;
  readonly #state: NodeState;
  readonly #moves = new Map<Address, Move>();

  constructor(config: ContentSlaveConfig, state: NodeState) {
    this.#config = config;
    this.#state = state;
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { registration } of this.#moves.values()) {
      deadline = sooner(deadline, registration?.deadline());
    }
    return deadline;
  }

  /** Takes the client's connections out of the kernel; `detached` goes on. */
  begin(client: Address, to: Address): Output[] {
    const isServer = this.#config.members.some(({ address }) => address === to);
    const other = isServer && to !== this.#config.address;
    if (!other || this.#moves.has(client) || this.#moves.size >= MAX_MOVES) {
      return [count('service.not_moved')];
    }
    this.#moves.set(client, { to });
    const { service: local } = this.#config;
    const id = ID + formatAddress(client);
    return [{ kind: 'detach', id, local, remote: client, most: MAX_STATE }];
  }

  /** The connections are out of the kernel: where they go to, and what is sent there. */
  detached(
    id: string,
    state: Uint8Array | undefined,
    now: Instant,
  ): { readonly outputs: Output[]; readonly client?: Address; readonly to?: Address } {
    const found = [...this.#moves].find(([client]) => id === ID + formatAddress(client));
    if (found === undefined) return { outputs: [] };
    const [client, move] = found;
    if (state === undefined) {
      this.#moves.delete(client);
      return { outputs: [count('service.not_moved')] };
    }
    const { service: home, authentication, lifetime, address } = this.#config;
    const { to } = move;
    const config = { home, homeAgent: to, authentication, lifetime };
    const registration = new HomeRegistration(config, this.#state, () => FOREVER);
    const lost = this.#state.env.without.has('connection-transfer');
    const sent = lost ? new Uint8Array() : state;
    registration.setTold(() => movedClientOptions({ server: to, client, state: sent }));
    move.registration = registration;
    const { outputs } = registration.move(address, undefined, now);
    return { outputs, client, to };
  }

  tick(now: Instant): Output[] {
    return [...this.#moves.values()].flatMap((move) => move.registration?.tick(now).outputs ?? []);
  }

  /** The other server answers; undefined: it is not about a move. */
  acknowledged(
    received: Received,
    message: LayerOf<'binding-acknowledgement'>,
    now: Instant,
  ): Output[] | undefined {
    for (const [client, { to, registration }] of this.#moves) {
      if (to !== received.source || registration === undefined) continue;
      const { outputs, result } = registration.acknowledged(received, message, now);
      if (result !== 'bound') continue;
      this.#moves.delete(client);
      const { service: home } = this.#config;
      return [...outputs, tell({ kind: 'service.client', peer: client, home, careof: to })];
    }
    return undefined;
  }
}
