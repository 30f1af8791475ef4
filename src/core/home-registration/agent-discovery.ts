import { type Address, isUnicastRoutable } from '../../wire/address.ts';
import { type Constants, DHAAD_RETRIES } from '../constants.ts';
import { MAX_LISTED_ADDRESSES } from '../neighbor-discovery/home-agents-list.ts';
import type { NodeState } from '../node-state.ts';
import { count, type Received } from '../part.ts';
import type { Output } from '../role.ts';
import { signal, taken } from '../signalling/signalling.ts';
import { after, type Duration, type Instant, NO_TIME, seconds } from '../time.ts';

/** A list of which every agent failed is asked for again after this, but at once the first time. */
const PAUSE: Duration = seconds(32);

interface Asking {
  readonly identifier: number;
  readonly sent: number;
  readonly wait: Duration;
  readonly at: Instant;
}

/** What came of an input: what to send, and the home agent to be tried now if it is another one. */
export interface Discovery {
  readonly outputs: Output[];
  readonly agent?: Address;
  /** How long to wait before it is tried, after another one has failed (RFC 6275 section 11.4.1). */
  readonly pause?: Duration;
}

/**
 * Finds a home agent for a mobile node that is away and knows none, or an agent for a server of an anycast
 * address.
 *
 *     begin -> request to the anycast address (3 s, then doubled, DHAAD_RETRIES repeats; then slowly)
 *     reply -> its agents are tried in order; one that refuses or is silent -> the next
 *     none left -> asked again
 *
 * The list is remembered for as long as the node runs. Replies are not authenticated: one that
 * nobody waits for, or with another identifier, is refused, and an agent is believed only when it
 * has proved its acknowledgement.
 *
 * Supported standards: RFC 6275 section 11.4.1.
 */
export class AgentDiscovery {
  readonly #anycast: Address;
  readonly #most: number;
  readonly #constants: Constants;
  readonly #state: NodeState;
  #careOf: Address | undefined;
  #asking: Asking | undefined;
  /** Agents that were not tried yet, best first. */
  #left: readonly Address[] = [];
  /** Lists in a row of which every agent failed. */
  #fruitless = 0;

  /**
   * @param anycast the home agents' anycast address of the home prefix.
   * @param most agents of one reply that are tried.
   */
  constructor(anycast: Address, state: NodeState, most = MAX_LISTED_ADDRESSES) {
    this.#anycast = anycast;
    this.#most = most;
    this.#state = state;
    this.#constants = state.constants;
  }

  deadline(): Instant | undefined {
    return this.#asking?.at;
  }

  get asking(): boolean {
    return this.#asking !== undefined;
  }

  /** A home agent is wanted, or the node has moved while one is: asks from the care-of address. */
  begin(careOf: Address, now: Instant): Output[] {
    const moved = this.#careOf !== careOf;
    this.#careOf = careOf;
    return this.#asking === undefined || moved ? this.#ask(NO_TIME, now) : [];
  }

  /** At home, or nowhere: nobody is to be found. */
  stop(): void {
    this.#asking = undefined;
    this.#careOf = undefined;
  }

  /** The agent in use has accepted. */
  succeeded(): void {
    this.#fruitless = 0;
  }

  /** The agent in use refused, or does not answer. */
  next(careOf: Address, now: Instant): Discovery {
    const failed = count('discovery.agent_given_up');
    const [agent, ...left] = this.#left;
    this.#left = left;
    const pause = this.#constants.INITIAL_BINDACK_TIMEOUT_FIRST_REG;
    if (agent !== undefined) return { outputs: [failed], agent, pause };
    this.#careOf = careOf;
    this.#fruitless += 1;
    const wait = this.#fruitless > 1 ? PAUSE : NO_TIME;
    return { outputs: [failed, ...this.#ask(wait, now)] };
  }

  tick(now: Instant): Output[] {
    const asking = this.#asking;
    if (asking === undefined || now < asking.at) return [];
    const retransmits = !this.#state.env.without.has('retransmission');
    if (asking.sent > 0 && !retransmits) {
      this.#asking = undefined;
      return [];
    }
    return this.#send(asking, now);
  }

  /** Source: RFC 6275 section 11.4.1; the identifier must be the newest request's. */
  received(received: Received): Discovery {
    const { message, destination } = received;
    if (message.layer !== 'home-agent-address-discovery-reply') return { outputs: [] };
    const usable = new Set(message.homeAgentAddresses.filter(isUnicastRoutable));
    const [agent, ...left] = [...usable].slice(0, this.#most);
    const credulous = this.#state.env.without.has('discovery-identifier');
    const awaited =
      this.#asking !== undefined &&
      this.#asking.sent > 0 &&
      (this.#asking.identifier === message.identifier || credulous) &&
      destination === this.#careOf;
    if (!awaited || agent === undefined) return { outputs: [count('discovery.reply_refused')] };
    this.#asking = undefined;
    this.#left = left;
    return { outputs: [count('discovery.reply_received'), taken(received)], agent };
  }

  #ask(pause: Duration, now: Instant): Output[] {
    const [high = 0, low = 0] = this.#state.env.secrets(2);
    const identifier = (high << 8) | low;
    const wait = this.#constants.INITIAL_DHAAD_TIMEOUT;
    this.#asking = { identifier, sent: 0, wait, at: after(now, pause) };
    return this.tick(now);
  }

  #send(asking: Asking, now: Instant): Output[] {
    const { identifier, sent, wait } = asking;
    const slower = sent < DHAAD_RETRIES ? ((wait * 2) as Duration) : wait;
    this.#asking = { identifier, sent: sent + 1, wait: slower, at: after(now, wait) };
    return [
      count('discovery.request_sent'),
      ...signal({
        source: this.#careOf!,
        destination: this.#anycast,
        layers: [{ layer: 'home-agent-address-discovery-request', identifier }],
        detail: 'which home agents are there?',
      }),
    ];
  }
}
