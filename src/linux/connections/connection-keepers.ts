/**
 * The programs of this host whose connections can go to another host, as the daemon sees them. Each is
 * asked by what it is told, and answers with the number that it was asked with:
 *
 *     <- { "detach": 5, "local": "2001:db8::80", "remote": "2001:db8:f::1" }
 *     -> { "answers": 5, "connections": [{ "local_port", "remote_port", "state" }] }   held; null: not now
 *     <- { "release": 5, "gone": true }            they are elsewhere; false: they go on here
 *     <- { "attach": 6, "local", "remote", "connections": [...] }
 *     -> { "answers": 6, "attached": true }
 */
import { type Address, formatAddress } from '../../wire/address.ts';
import {
  type ClientState,
  type GivenConnection,
  parseClient,
  serialiseClient,
} from './client-state.ts';
import { kernelConnections, type Ports } from './kernel-connections.ts';

/** Programs at once. */
export const MAX_KEEPERS = 48;
/** Connections that one of them gives at once. */
const MAX_CONNECTIONS = 1024;
/** A program that does not answer by then keeps its connections. */
const PATIENCE_MS = 1000;

/** Takes connections out of this host's kernel, and puts them in. */
export interface ConnectionOwner {
  /** All between two addresses, in at most so many octets; undefined: they stay. */
  detach(local: Address, remote: Address, most: number): Promise<Uint8Array | undefined>;
  /** All of them, or none and false. */
  attach(local: Address, remote: Address, state: Uint8Array): Promise<boolean>;
}

type Said = Readonly<Record<string, unknown>>;

export interface Keeper {
  readonly ports: ReadonlySet<number>;
  readonly tell: (event: object) => void;
}

interface Question {
  readonly keeper: Keeper;
  readonly answer: (said: Said | undefined) => void;
}

export class ConnectionKeepers implements ConnectionOwner {
  readonly #keepers = new Set<Keeper>();
  readonly #questions = new Map<number, Question>();
  readonly #kernel: (local: Address, remote: Address) => Ports[];
  #next = 1;

  /** @param kernel for tests: the connections that there are. */
  constructor(kernel = kernelConnections) {
    this.#kernel = kernel;
  }

  /** Another program; undefined: there is no room. It is gone when the function that it gets is called. */
  add(keeper: Keeper): (() => void) | undefined {
    if (this.#keepers.size >= MAX_KEEPERS) return undefined;
    this.#keepers.add(keeper);
    return () => {
      this.#keepers.delete(keeper);
      for (const question of this.#questions.values()) {
        if (question.keeper === keeper) question.answer(undefined);
      }
    };
  }

  /** A program answers; false: nobody has asked that. */
  answered(said: Said): boolean {
    const question = this.#questions.get(Number(said.answers));
    question?.answer(said);
    return question !== undefined;
  }

  async detach(local: Address, remote: Address, most: number): Promise<Uint8Array | undefined> {
    const ends = { local: formatAddress(local), remote: formatAddress(remote) };
    const asked = await this.#askAll([...this.#keepers], () => ({ detach: true, ...ends }));
    const given = asked.map(({ said }) => connectionsOf(said?.connections));
    const connections = given.flatMap((one) => one ?? []);
    const whole = given.every((one) => one !== undefined);
    const covered = whole && this.#covers(local, remote, connections);
    const state = covered ? serialiseClient({ local, remote, connections }) : undefined;
    const gone = state !== undefined && state.length <= most;
    for (const { keeper, number } of asked) keeper.tell({ release: number, gone });
    return gone ? state : undefined;
  }

  async attach(local: Address, remote: Address, state: Uint8Array): Promise<boolean> {
    const client = parseClient(state);
    if (client?.local !== local || client.remote !== remote) return false;
    const shares = this.#shares(client);
    if (shares === undefined) return false;
    const ends = { local: formatAddress(local), remote: formatAddress(remote) };
    const asked = await this.#askAll([...shares.keys()], (keeper) => ({
      ...{ attach: true, ...ends },
      connections: shares.get(keeper)!.map(jsonOf),
    }));
    const all = asked.every(({ said }) => said?.attached === true);
    // Those that are in belong to nobody, where others are not.
    for (const { keeper, number } of asked) keeper.tell({ release: number, gone: !all });
    return all;
  }

  /** Are these all that the kernel has? An ordinary program's would be lost. */
  #covers(local: Address, remote: Address, given: readonly GivenConnection[]): boolean {
    const known = new Set(given.map((one) => `${one.localPort} ${one.remotePort}`));
    return this.#kernel(local, remote).every(([one, other]) => known.has(`${one} ${other}`));
  }

  /** Which program goes on with what; undefined: there is none for some of it. */
  #shares({ connections }: ClientState): Map<Keeper, GivenConnection[]> | undefined {
    const shares = new Map<Keeper, GivenConnection[]>();
    for (const one of connections) {
      const keeper = [...this.#keepers].find(({ ports }) => ports.has(one.localPort));
      if (keeper === undefined) return undefined;
      shares.set(keeper, [...(shares.get(keeper) ?? []), one]);
    }
    return shares;
  }

  #askAll(keepers: readonly Keeper[], question: (keeper: Keeper) => { [what: string]: unknown }) {
    return Promise.all(
      keepers.map(async (keeper) => {
        const number = this.#next++;
        const { detach, ...more } = question(keeper);
        const numbered = detach === true ? { detach: number } : { attach: number };
        const said = await this.#ask(keeper, number, { ...more, ...numbered });
        return { keeper, number, said };
      }),
    );
  }

  #ask(keeper: Keeper, number: number, event: object): Promise<Said | undefined> {
    return new Promise((resolve) => {
      const answer = (said: Said | undefined) => {
        clearTimeout(timer);
        this.#questions.delete(number);
        resolve(said);
      };
      const timer = setTimeout(() => answer(undefined), PATIENCE_MS);
      this.#questions.set(number, { keeper, answer });
      keeper.tell(event);
    });
  }
}

/** How connections stand on the control socket. */
export const jsonOf = ({ localPort, remotePort, octets }: GivenConnection) => ({
  local_port: localPort,
  remote_port: remotePort,
  state: Buffer.from(octets).toString('base64'),
});

/** What a list on the control socket says; undefined: nothing that can be. */
export function connectionsOf(data: unknown): GivenConnection[] | undefined {
  if (!Array.isArray(data) || data.length > MAX_CONNECTIONS) return undefined;
  const given: GivenConnection[] = [];
  for (const one of data as readonly Said[]) {
    const { local_port: localPort, remote_port: remotePort, state } = one ?? {};
    if (!isPort(localPort) || !isPort(remotePort) || typeof state !== 'string') return undefined;
    given.push({ localPort, remotePort, octets: new Uint8Array(Buffer.from(state, 'base64')) });
  }
  return given;
}

export const isPort = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) > 0 && Number(value) < 0x10000;
