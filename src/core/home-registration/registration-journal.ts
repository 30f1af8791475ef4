import { type Address, formatAddress, parseAddress } from '../../wire/address.ts';
import type { NodeState } from '../node-state.ts';
import type { Output } from '../role.ts';
import type { Instant } from '../time.ts';

/** In the place of a care-of address: all was taken back. */
const NOTHING = 'none';
/** In the place of anything else that is not known. */
const UNKNOWN = '-';

/** What the home agent holds as far as it has said. */
export interface HeldAtAgent {
  readonly careOf: Address;
  readonly agent: Address;
  /** Undefined: not to be relied on in another life. */
  readonly until: Instant | undefined;
}

/**
 * What a restart must not make a mobile node forget: the last number that it used, so that numbers go
 * on upward, and what its home agent holds, which is used on where the node is at the same place, and
 * else renewed, or taken back at home (RFC 6275 sections 11.1, 11.5.5). One stored value:
 *
 *     2001:db8:2::5 2001:db8:1::1 4711 1700000420000000    care-of address, home agent, number, until when
 *     - 2001:db8:1::1 4712 -                               another was asked for and not answered yet
 *     none 2001:db8:1::1 4713 -                            taken back
 */
export class HomeRegistrationJournal {
  /**
   * May the home agent hold what an earlier life registered? Unless the journal says that this was
   * taken back, it may: a home agent that tunnels for a node at home cuts it off.
   */
  heldBefore = true;
  readonly #key: string;
  readonly #env: NodeState['env'];
  #held: HeldAtAgent | typeof NOTHING | undefined;
  /** The home agent that answered last. */
  #agent: Address | undefined;
  #sequence: number | undefined;

  constructor(home: Address, env: NodeState['env']) {
    this.#key = `home-registration/${formatAddress(home)}`;
    this.#env = env;
  }

  /** Takes up a stored value after a restart; the home agent and the last number that it names. */
  restore(key: string, value: string): { agent?: Address; sequence?: number } {
    if (key !== this.#key || this.#env.without.has('journal')) return {};
    const [held, agentText = '', sequence = '', until = ''] = value.split(' ');
    const [careOf, agent] = [parseAddress(held ?? ''), parseAddress(agentText)];
    this.heldBefore = held !== NOTHING;
    if (held === NOTHING) this.#held = NOTHING;
    if (/^\d{1,5}$/.test(sequence)) this.#sequence = Number(sequence) & 0xffff;
    if (agent !== undefined) this.#agent = agent;
    if (careOf !== undefined && agent !== undefined && /^\d{1,16}$/.test(until)) {
      this.#held = { careOf, agent, until: (Number(until) - this.#env.epoch) as Instant };
    }
    return {
      ...(agent && { agent }),
      ...(this.#sequence !== undefined && { sequence: this.#sequence }),
    };
  }

  /** Until when the home agent holds this for an earlier life. Told once. */
  stillHeld(careOf: Address, agent: Address | undefined, now: Instant): Instant | undefined {
    const held = this.#held;
    if (!this.heldBefore || held === undefined || held === NOTHING) return undefined;
    if (held.careOf !== careOf || held.agent !== agent) return undefined;
    if (held.until === undefined || held.until <= now) return undefined;
    this.heldBefore = false;
    return held.until;
  }

  /** An update for this care-of address goes out: which one the home agent holds, it will say. */
  asked(careOf: Address, sequence: number): Output {
    this.#sequence = sequence;
    if (this.#held === NOTHING || this.#held?.careOf !== careOf) this.#held = undefined;
    return this.#store();
  }

  /** The home agent has answered. @param held undefined: all was taken back. */
  remember(held: HeldAtAgent | undefined): Output {
    this.heldBefore = false;
    this.#held = held ?? NOTHING;
    this.#agent = held?.agent ?? this.#agent;
    return this.#store();
  }

  #store(): Output {
    const held = this.#held === NOTHING ? undefined : this.#held;
    const careOf = held === undefined ? (this.#held ?? UNKNOWN) : formatAddress(held.careOf);
    const agent = this.#agent === undefined ? UNKNOWN : formatAddress(this.#agent);
    const until = held?.until === undefined ? UNKNOWN : this.#env.epoch + held.until;
    const value = [careOf, agent, this.#sequence ?? UNKNOWN, until].join(' ');
    return { kind: 'store', key: this.#key, value };
  }
}
