import type { ServiceConfig } from '../../core/config.ts';
import type { NodeState } from '../../core/node-state.ts';
import type { Part, PartInput } from '../../core/part.ts';
import type { Output, RoleView } from '../../core/role.ts';
import { claimOf } from '../../core/service/claim.ts';
import { ServiceHolder } from '../../core/service/service-holder.ts';
import { Heartbeats } from '../../core/signalling/heartbeats.ts';
import type { TableSizes } from '../../core/tables.ts';
import { type Instant, sooner } from '../../core/time.ts';

/**
 * Master content server: holds the address of a site, and hands each client to one of several servers,
 * which then binds the client to itself. The master answers no client, so it may die and come back.
 *
 *     first packet of a client -> a server is picked -> the packet goes to it through a tunnel
 *     further packets -> the same server, until it has bound the client to itself
 *
 * Supported standards: after the multihoming seed's third embodiment (Figs 4, 5); RFC 5847 (answers).
 */
export class ContentMaster implements Part {
  readonly processes = new Set(['heartbeat'] as const);
  readonly #config: ServiceConfig;
  readonly #holder: ServiceHolder;
  readonly #heartbeats: Heartbeats;

  constructor(config: ServiceConfig, state: NodeState) {
    this.#config = config;
    this.#holder = new ServiceHolder(config, state, 'leaving');
    this.#heartbeats = new Heartbeats(config.address, state);
  }

  deadline(): Instant | undefined {
    return sooner(this.#holder.deadline(), this.#heartbeats.deadline());
  }

  sizes(): TableSizes {
    return { bindings: this.#holder.members.all().length, clients: this.#holder.clients.size };
  }

  inspect(): Omit<RoleView, 'bindings'> {
    return { service: this.#holder.view() };
  }

  handle(input: PartInput, now: Instant): Output[] {
    const outputs = [...this.#heartbeats.handle(input, now), ...this.#holder.handle(input, now)];
    const { link } = this.#config;
    if (input.kind === 'link' && input.link === link && input.up) {
      outputs.push(...this.#holder.hold('the master is there', now));
    }
    const claimed = input.kind === 'received' && claimOf(input, this.#config) !== undefined;
    return claimed ? [...outputs, ...this.#holder.insist(now)] : outputs;
  }
}
