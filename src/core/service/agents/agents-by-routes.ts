import type { Address } from '../../../wire/address.ts';
import { PROTOCOL } from '../../../wire/numbers.ts';
import type { AnycastServerConfig } from '../../config.ts';
import type { NodeState } from '../../node-state.ts';
import { count, forward, type Received } from '../../part.ts';
import type { Output } from '../../role.ts';
import { after, type Instant, sooner } from '../../time.ts';
import { Join } from '../join.ts';
import { type AgentJoins, type AgentJoinsOptions, MAX_FOUND_AGENTS } from './agent-joins.ts';

const PAST = 'service/past-itself';

/**
 * Updates go to the anycast address itself: the agent to which routes lead takes them, and answers from an
 * address of its own. When routes lead to another agent, that one gets the next update.
 *
 * The server has the address on a device of its own. So an entry says by which link its updates leave, past
 * whatever its kernel would deliver to itself.
 *
 * Bounded: 8 agents that have answered lately, until the registration there ends; the oldest goes.
 *
 * Supported standards: after the anycast seed, p. 8 and its claim 11.
 */
export class AgentsByRoutes implements AgentJoins {
  readonly hasNext = true;
  readonly #config: AnycastServerConfig;
  readonly #options: AgentJoinsOptions;
  readonly #state: NodeState;
  readonly #join: Join;
  #careOf: Address;
  /** Agents that have answered, the last one last, and when their word ends. */
  readonly #lately = new Map<Address, Instant>();

  constructor(config: AnycastServerConfig, options: AgentJoinsOptions, state: NodeState) {
    this.#config = config;
    this.#options = options;
    this.#state = state;
    this.#careOf = options.careOf;
    const ends = { holder: config.service, careOf: options.careOf };
    const { told, onFailure } = options;
    this.#join = new Join(config, ends, state, { told, onFailure, anyHolder: true });
  }

  get agents(): readonly Address[] {
    const lately = [...this.#lately.keys()].reverse();
    return [...new Set([...lately, ...this.#join.vouchedFor])];
  }

  get agent(): Address | undefined {
    return [...this.#lately.keys()].at(-1);
  }

  deadline(): Instant | undefined {
    let deadline = this.#join.deadline();
    for (const until of this.#lately.values()) deadline = sooner(deadline, until);
    return deadline;
  }

  tick(now: Instant): Output[] {
    const outputs = this.#join.tick(now);
    for (const [agent, until] of this.#lately) if (until <= now) this.#lately.delete(agent);
    return outputs;
  }

  renew(now: Instant, clients: readonly Address[] = []): Output[] {
    return [...this.#past(), ...this.#join.renew(now, clients)];
  }

  moveTo(careOf: Address, now: Instant): Output[] {
    this.#careOf = careOf;
    return [...this.#past(), ...this.#join.moveTo(careOf, now)];
  }

  leave(now: Instant): Output[] {
    return this.#join.leave(now);
  }

  /** Routes may lead to another by now, or will. */
  next(now: Instant): Output[] {
    if (this.agent !== undefined) this.#lately.delete(this.agent);
    return this.#join.follow(this.#config.service, this.#options.clients(), now);
  }

  received(received: Received, now: Instant): Output[] | undefined {
    const answered = this.#join.answered(received, now);
    const { by } = this.#join;
    if (answered === undefined || by !== received.source) return answered;
    const isNew = !this.#lately.has(by);
    this.#lately.delete(by);
    const [oldest] = this.#lately.keys();
    if (this.#lately.size >= MAX_FOUND_AGENTS) this.#lately.delete(oldest!);
    this.#lately.set(by, after(now, this.#config.lifetime));
    if (!isNew) return answered;
    const clients = this.#options.clients();
    const told = clients.length === 0 ? [] : this.#join.renew(now, clients);
    return [...answered, count('service.agent_found'), ...told];
  }

  #past(): Output[] {
    const link = this.#options.linkOf(this.#careOf);
    if (link === undefined || this.#state.env.without.has('past-itself')) return [];
    const { service } = this.#config;
    return forward({
      ...{ id: PAST, owner: 'service', at: 'leaving' },
      match: {
        src: { address: this.#careOf },
        dst: { address: service },
        protocol: PROTOCOL.mobility,
      },
      do: [],
      out: { link },
    });
  }
}
