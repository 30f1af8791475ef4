import type { Address } from '../../../wire/address.ts';
import type { AnycastServerConfig } from '../../config.ts';
import { homeAgentsAnycast } from '../../home-agents-anycast.ts';
import { AgentDiscovery, type Discovery } from '../../home-registration/agent-discovery.ts';
import type { NodeState } from '../../node-state.ts';
import { count, type Received } from '../../part.ts';
import type { Output } from '../../role.ts';
import { type Instant, sooner } from '../../time.ts';
import { Join } from '../join.ts';
import { type AgentJoins, type AgentJoinsOptions, MAX_FOUND_AGENTS } from './agent-joins.ts';

/**
 * Agents that are asked for as a mobile node asks for its home agents: at the Home-Agents anycast address of the
 * service's prefix. One of those that the answer lists is joined, the next where that one refuses or is silent;
 * when none is left they are asked for again. Anybody can answer, but only who has accepted an update counts.
 *
 * Bounded: the first 8 of an answer are tried.
 *
 * Supported standards: RFC 6275 sections 10.5, 11.4.1; after the anycast seed's claim 13.
 */
export class DiscoveredAgents implements AgentJoins {
  readonly hasNext = true;
  readonly #options: AgentJoinsOptions;
  readonly #join: Join;
  readonly #discovery: AgentDiscovery;
  #careOf: Address;
  /** The one that is tried, or has accepted. */
  #tried: Address | undefined;
  #accepted: Address | undefined;

  constructor(config: AnycastServerConfig, options: AgentJoinsOptions, state: NodeState) {
    this.#options = options;
    this.#careOf = options.careOf;
    const { told, onFailure, careOf } = options;
    const onGivenUp = (now: Instant) => this.#givenUp(now);
    const ends = { holder: undefined, careOf };
    this.#join = new Join(config, ends, state, { told, onFailure, onGivenUp });
    this.#discovery = new AgentDiscovery(
      homeAgentsAnycast(config.service),
      state,
      MAX_FOUND_AGENTS,
    );
  }

  get agents(): readonly Address[] {
    return this.#accepted === undefined ? [] : [this.#accepted, ...this.#join.vouchedFor];
  }

  get agent(): Address | undefined {
    return this.#accepted;
  }

  deadline(): Instant | undefined {
    return sooner(this.#join.deadline(), this.#discovery.deadline());
  }

  tick(now: Instant): Output[] {
    return [...this.#join.tick(now), ...this.#discovery.tick(now)];
  }

  renew(now: Instant, clients: readonly Address[] = []): Output[] {
    if (this.#tried !== undefined) return this.#join.renew(now, clients);
    return this.#discovery.begin(this.#careOf, now);
  }

  moveTo(careOf: Address, now: Instant): Output[] {
    this.#careOf = careOf;
    if (this.#tried !== undefined) return this.#join.moveTo(careOf, now);
    this.#join.standAt(careOf);
    return this.#discovery.asking ? this.#discovery.begin(careOf, now) : [];
  }

  leave(now: Instant): Output[] {
    this.#discovery.stop();
    this.#tried = undefined;
    this.#accepted = undefined;
    return this.#join.leave(now);
  }

  next(now: Instant): Output[] {
    this.#join.rest();
    this.#tried = undefined;
    this.#accepted = undefined;
    return this.#begin(this.#discovery.next(this.#careOf, now), now);
  }

  received(received: Received, now: Instant): Output[] | undefined {
    if (received.message.layer === 'home-agent-address-discovery-reply') {
      return this.#begin(this.#discovery.received(received), now);
    }
    const answered = this.#join.answered(received, now);
    const { by } = this.#join;
    if (answered === undefined || by !== received.source || by === this.#accepted) return answered;
    this.#accepted = by;
    this.#discovery.succeeded();
    return [...answered, count('service.agent_found')];
  }

  #begin({ outputs, agent }: Discovery, now: Instant): Output[] {
    if (agent === undefined) return outputs;
    this.#tried = agent;
    return [...outputs, ...this.#join.follow(agent, this.#options.clients(), now)];
  }

  #givenUp(now: Instant): Output[] {
    this.#accepted = undefined;
    const { outputs, agent, pause } = this.#discovery.next(this.#careOf, now);
    this.#tried = agent;
    if (agent === undefined || pause === undefined) return outputs;
    return [...outputs, ...this.#join.tryNext(agent, this.#options.clients(), pause, now)];
  }
}
