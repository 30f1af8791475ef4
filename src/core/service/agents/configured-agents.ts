import type { Address } from '../../../wire/address.ts';
import type { AnycastServerConfig } from '../../config.ts';
import type { NodeState } from '../../node-state.ts';
import type { Received } from '../../part.ts';
import type { Output } from '../../role.ts';
import { type Instant, sooner } from '../../time.ts';
import { Join } from '../join.ts';
import type { AgentJoins, AgentJoinsOptions } from './agent-joins.ts';

/** Agents that the operator names: all are joined, or one of those that share what they know. */
export class ConfiguredAgents implements AgentJoins {
  readonly agents: readonly Address[];
  agent: Address | undefined;
  readonly hasNext: boolean;
  readonly #joins: readonly Join[];
  readonly #options: AgentJoinsOptions;

  constructor(config: AnycastServerConfig, options: AgentJoinsOptions, state: NodeState) {
    const { agents, agentsShare } = config;
    this.agents = agents;
    this.agent = agents[0];
    this.hasNext = agentsShare === true && agents.length > 1;
    this.#options = options;
    const { careOf } = options;
    const joined = agentsShare ? agents.slice(0, 1) : agents;
    this.#joins = joined.map((holder) => new Join(config, { holder, careOf }, state, options));
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const join of this.#joins) deadline = sooner(deadline, join.deadline());
    return deadline;
  }

  tick(now: Instant): Output[] {
    return this.#joins.flatMap((join) => join.tick(now));
  }

  renew(now: Instant, clients: readonly Address[] = []): Output[] {
    return this.#joins.flatMap((join) => join.renew(now, clients));
  }

  moveTo(careOf: Address, now: Instant): Output[] {
    return this.#joins.flatMap((join) => join.moveTo(careOf, now));
  }

  leave(now: Instant): Output[] {
    return this.#joins.flatMap((join) => join.leave(now));
  }

  /** The others know of us, but not for long, unless we say that we are here. */
  next(now: Instant): Output[] {
    const { agents } = this;
    this.agent = agents[(agents.indexOf(this.agent!) + 1) % agents.length]!;
    const clients = this.#options.clients();
    return this.#joins.flatMap((join) => join.follow(this.agent!, clients, now));
  }

  received(received: Received, now: Instant): Output[] | undefined {
    for (const join of this.#joins) {
      const answered = join.answered(received, now);
      if (answered !== undefined) return answered;
    }
    return undefined;
  }
}
