import type { Address } from '../../../wire/address.ts';
import { BINDING_STATUS } from '../../../wire/numbers.ts';
import type { ServerConfig } from '../../config.ts';
import { AgentClock } from '../../home-registration/agent-clock.ts';
import type { NodeState } from '../../node-state.ts';
import { count, type Received } from '../../part.ts';
import type { Output } from '../../role.ts';
import { checkHomeProof, homeProof, timestampOf } from '../../signalling/home-authentication.ts';
import { bindingUpdate } from '../../signalling/signalling.ts';
import type { Instant } from '../../time.ts';
import { agentGroup } from './agent-group.ts';
import { type AgentSays, agentIn } from './agent-option.ts';

/**
 * A server asks the group of its address which agents there are, by an update that binds nothing. Each that
 * hears it and knows the server answers from an address of its own, for no time at all.
 *
 * An answer is believed that is proved by the server's key, carries the stamp of the last question, and comes from
 * the agent that it names.
 *
 * Supported standards: after the anycast seed, p. 8 and its claim 12; RFC 4285.
 */
export class AgentSearch {
  readonly #config: ServerConfig;
  readonly #state: NodeState;
  readonly #clock: AgentClock;
  readonly #group: Address;
  #sequence: number;
  #careOf: Address | undefined;

  constructor(config: ServerConfig, state: NodeState) {
    this.#config = config;
    this.#state = state;
    this.#clock = new AgentClock(state.env.epoch);
    this.#group = agentGroup(config.service);
    this.#sequence = Math.floor(state.env.random() * 0x10000);
  }

  /** Asks on the link that an address stands on. */
  ask(careOf: Address, link: string, now: Instant): Output[] {
    const { service: home, authentication, lifetime } = this.#config;
    const { env } = this.#state;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#careOf = careOf;
    const stamp = this.#clock.stamp(now);
    const proof = homeProof(authentication, env.crypto, { careOf, home }, stamp);
    const sequence = this.#sequence;
    const asked = { careOf, home, to: this.#group, sequence, lifetime, homeRegistration: true };
    return [count('service.search_sent'), ...bindingUpdate({ ...asked, proof, link })];
  }

  /** The agent that answers the last question; undefined where a message is no such answer. */
  answered(received: Received, now: Instant): AgentSays | undefined {
    const { message, source } = received;
    if (message.layer !== 'binding-acknowledgement' || this.#careOf === undefined) return undefined;
    const says = agentIn(message.options);
    if (says === undefined || message.sequence !== this.#sequence) return undefined;
    if (!this.#isProved(received)) return undefined;
    if (message.status === BINDING_STATUS.mipv6IdMismatch) {
      this.#clock.adjust(timestampOf(message), now);
      return undefined;
    }
    const credulous = this.#state.env.without.has('acknowledgement-check');
    const isOurs = credulous || this.#clock.hasOurStamp(message, this.#config.authentication);
    const isFromThere = says.address === source;
    return isOurs && isFromThere && message.status < 128 ? says : undefined;
  }

  #isProved(received: Received): boolean {
    const { service: home, authentication } = this.#config;
    const { env } = this.#state;
    if (env.without.has('acknowledgement-check')) return true;
    const subject = { careOf: this.#careOf!, home };
    return checkHomeProof(authentication, env, subject, received) === 'proved';
  }
}
