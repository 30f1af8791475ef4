/**
 * What anycast agents on real hosts share: a store in the lab's own process and memory, with a socket for each
 * agent. An agent that is isolated finds its socket gone.
 */
import { join } from 'node:path';
import type { ControlServer } from '../../linux/control/control-server.ts';
import { StoreServer } from '../../linux/store/store-server.ts';
import type { Plan } from '../plan.ts';

export interface AgentsStoreOptions {
  /** The run's, with a folder for each node. */
  readonly folder: string;
  /** Whoever writes last is right. */
  readonly anyVersion: boolean;
  readonly onFailure: (cause: unknown) => void;
}

export class AgentsStore {
  readonly #options: AgentsStoreOptions;
  readonly #server: StoreServer;
  /** Agents by name; where there is no socket, an agent is isolated, or its socket is being made. */
  readonly #agents: ReadonlyMap<string, { socket?: ControlServer; isolated: boolean }>;

  constructor({ nodes }: Plan, options: AgentsStoreOptions) {
    this.#options = options;
    const { anyVersion, onFailure: onFault } = options;
    this.#server = new StoreServer({ wallClock: Date.now, anyVersion, onFault });
    const sharing = nodes.filter(({ config }) => config?.anycastAgent?.shared === true);
    this.#agents = new Map(sharing.map(({ name }) => [name, { isolated: false }]));
  }

  /** The socket of an agent; undefined where the node shares nothing. */
  pathOf(name: string): string | undefined {
    return this.#agents.has(name) ? join(this.#options.folder, name, 'store.sock') : undefined;
  }

  async open(): Promise<void> {
    await Promise.all([...this.#agents.keys()].map((name) => this.#let(name)));
  }

  setIsolated(name: string, isolated: boolean): void {
    const agent = this.#agents.get(name)!;
    if (agent.isolated === isolated) return;
    agent.isolated = isolated;
    if (!isolated) this.#let(name).catch(this.#options.onFailure);
    else {
      agent.socket?.close('isolated');
      delete agent.socket;
    }
  }

  close(): void {
    for (const agent of this.#agents.values()) {
      agent.isolated = true;
      agent.socket?.close('the run is over');
    }
  }

  async #let(name: string): Promise<void> {
    const agent = this.#agents.get(name)!;
    const socket = await this.#server.open(this.pathOf(name)!);
    if (agent.isolated) socket.close('isolated');
    else agent.socket = socket;
  }
}
