import type { Address } from '../../../wire/address.ts';
import type { AnycastServerConfig } from '../../config.ts';
import type { NodeState } from '../../node-state.ts';
import { count, type Received } from '../../part.ts';
import type { Output } from '../../role.ts';
import { after, type Duration, type Instant, seconds, sooner } from '../../time.ts';
import { Join } from '../join.ts';
import { type AgentJoins, type AgentJoinsOptions, MAX_FOUND_AGENTS } from './agent-joins.ts';
import { agentIn } from './agent-option.ts';
import { AgentSearch } from './agent-search.ts';

/** Questions come after a second at first, then after twice as long, up to this. */
const FIRST_WAIT: Duration = seconds(1);
const INTERVAL: Duration = seconds(10);
/** An agent that answers none of so many is there no more. */
const MAX_UNANSWERED = 3;

interface Found {
  /** Absent: it shares what it knows with the agent that is joined. */
  join: Join | undefined;
  readonly shares: boolean;
  /** Questions since its last answer. */
  unanswered: number;
}

/**
 * Agents that hear the group of the address. Each that answers is joined by unicast; of those that share what they
 * know one is, and the next when that one is silent.
 *
 *     asked (1, 2, 4, 8, 10, 10 ... s) -> answers -> joined
 *     three questions unanswered        -> forgotten
 *
 * Bounded: 8 agents; further ones are counted and not joined, until one of the eight is gone.
 *
 * Supported standards: after the anycast seed, p. 8 and its claim 12.
 */
export class SearchedAgents implements AgentJoins {
  readonly #config: AnycastServerConfig;
  readonly #options: AgentJoinsOptions;
  readonly #state: NodeState;
  readonly #search: AgentSearch;
  readonly #found = new Map<Address, Found>();
  #careOf: Address;
  #agent: Address | undefined;
  #nextAt: Instant | undefined;
  #wait = FIRST_WAIT;

  constructor(config: AnycastServerConfig, options: AgentJoinsOptions, state: NodeState) {
    this.#config = config;
    this.#options = options;
    this.#state = state;
    this.#careOf = options.careOf;
    this.#search = new AgentSearch(config, state);
  }

  get agents(): readonly Address[] {
    const vouchedFor = this.#joins().flatMap((join) => join.vouchedFor);
    return [...new Set([...this.#found.keys(), ...vouchedFor])];
  }

  get agent(): Address | undefined {
    return this.#agent;
  }

  /** Those that share nothing are all joined, and forgotten one by one. */
  get hasNext(): boolean {
    return this.#agent !== undefined && this.#found.get(this.#agent)?.shares === true;
  }

  deadline(): Instant | undefined {
    let deadline = this.#nextAt;
    for (const join of this.#joins()) deadline = sooner(deadline, join.deadline());
    return deadline;
  }

  tick(now: Instant): Output[] {
    const outputs = this.#joins().flatMap((join) => join.tick(now));
    if (this.#nextAt === undefined || now < this.#nextAt) return outputs;
    const gone = [...this.#found].filter(([, one]) => one.unanswered >= MAX_UNANSWERED);
    outputs.push(...gone.flatMap(([address]) => this.#lose(address, now)));
    return [...outputs, ...this.#ask(now)];
  }

  renew(now: Instant, clients: readonly Address[] = []): Output[] {
    const joined = this.#joins().flatMap((join) => join.renew(now, clients));
    return this.#nextAt === undefined ? [...joined, ...this.#askAnew(now)] : joined;
  }

  moveTo(careOf: Address, now: Instant): Output[] {
    this.#careOf = careOf;
    return [...this.#joins().flatMap((join) => join.moveTo(careOf, now)), ...this.#askAnew(now)];
  }

  leave(now: Instant): Output[] {
    this.#nextAt = undefined;
    return this.#joins().flatMap((join) => join.leave(now));
  }

  next(now: Instant): Output[] {
    const silent = this.#agent;
    return [...(silent === undefined ? [] : this.#lose(silent, now)), ...this.#askAnew(now)];
  }

  received(received: Received, now: Instant): Output[] | undefined {
    const says = this.#search.answered(received, now);
    if (says !== undefined) return this.#note(says.address, says.shares, now);
    for (const join of this.#joins()) {
      const answered = join.answered(received, now);
      if (answered !== undefined) return answered;
    }
    const { message } = received;
    if (message.layer !== 'binding-acknowledgement') return undefined;
    // Who says that it is an agent, and cannot prove it.
    return agentIn(message.options) === undefined ? undefined : [count('service.agent_unproved')];
  }

  #note(address: Address, shares: boolean, now: Instant): Output[] {
    const known = this.#found.get(address);
    if (known !== undefined) {
      known.unanswered = 0;
      return [];
    }
    if (this.#found.size >= MAX_FOUND_AGENTS) return [count('service.agents_full')];
    this.#found.set(address, { join: undefined, shares, unanswered: 0 });
    return [count('service.agent_found'), ...this.#joinAll(now)];
  }

  /** All that share nothing, and one of those that do. */
  #joinAll(now: Instant): Output[] {
    const outputs: Output[] = [];
    let isShared = false;
    for (const [address, one] of this.#found) {
      const isNeeded = !(one.shares && isShared);
      isShared ||= one.shares;
      if (one.join !== undefined || !isNeeded) continue;
      const ends = { holder: address, careOf: this.#careOf };
      one.join = new Join(this.#config, ends, this.#state, this.#options);
      outputs.push(...one.join.renew(now, this.#options.clients()));
    }
    this.#agent = [...this.#found].find(([, { join }]) => join !== undefined)?.[0];
    return outputs;
  }

  #lose(address: Address, now: Instant): Output[] {
    this.#found.get(address)?.join?.rest();
    this.#found.delete(address);
    return [count('service.agent_gone'), ...this.#joinAll(now)];
  }

  #joins(): Join[] {
    return [...this.#found.values()].flatMap(({ join }) => join ?? []);
  }

  #askAnew(now: Instant): Output[] {
    this.#wait = FIRST_WAIT;
    return this.#ask(now);
  }

  #ask(now: Instant): Output[] {
    const link = this.#options.linkOf(this.#careOf);
    this.#nextAt = after(now, this.#wait);
    this.#wait = Math.min(2 * this.#wait, INTERVAL) as Duration;
    if (link === undefined || this.#state.env.without.has('agent-search')) return [];
    for (const one of this.#found.values()) one.unanswered += 1;
    return this.#search.ask(this.#careOf, link, now);
  }
}
