import type { Address } from '../../wire/address.ts';
import { isUnicastRoutable } from '../../wire/address.ts';
import type { Counter } from '../counters.ts';
import type { Random } from '../role.ts';
import { after, type Instant, sooner } from '../time.ts';
import type { Advertisement } from './router-advertisement.ts';

/** Home agents remembered on one link, and global addresses of each. */
export const MAX_HOME_AGENTS = 128;
export const MAX_ADDRESSES_OF_AGENT = 8;
/** Home agent addresses in one reply: more would not fit the least MTU (RFC 6275 section 10.5.1). */
export const MAX_LISTED_ADDRESSES = 77;

interface HomeAgentEntry {
  readonly preference: number;
  readonly expiresAt: Instant;
  readonly addresses: ReadonlySet<Address>;
}

/**
 * The other home agents of a home link, as their Router Advertisements describe them; or the other agents of
 * an anycast address, as they tell each other.
 *
 *     H bit set, lifetime > 0   made or renewed; further addresses are added
 *     H bit clear, lifetime 0   deleted at once
 *     lifetime over             deleted
 *
 * Bounded: when it is full, one that is preferred more takes the place of the least preferred, and
 * any other is not taken. So a flood of invented agents cannot grow it.
 *
 * Source: RFC 6275 sections 10.1 and 10.5.1.
 */
export class HomeAgentsList {
  readonly #agents = new Map<Address, HomeAgentEntry>();

  get size(): number {
    return this.#agents.size;
  }

  /** Takes an advertisement heard on the home link; says what it had to leave out, if anything. */
  hear(advertisement: Advertisement, now: Instant): Counter | undefined {
    const { router, homeAgentPreference: preference, homeAgentLifetime } = advertisement;
    if (!advertisement.homeAgent || homeAgentLifetime === 0) {
      this.#agents.delete(router);
      return undefined;
    }
    const told = advertisement.prefixes.map(({ routerAddress }) => routerAddress);
    const expiresAt = after(now, homeAgentLifetime);
    return this.note(router, { preference, expiresAt, addresses: told });
  }

  /** Takes what is known of an agent in another way; says what it had to leave out, if anything. */
  note(
    agent: Address,
    told: {
      readonly preference: number;
      readonly expiresAt: Instant;
      readonly addresses: readonly (Address | undefined)[];
    },
  ): Counter | undefined {
    const { preference, expiresAt } = told;
    const known = this.#agents.get(agent);
    const addresses = new Set(known?.addresses);
    let left: Counter | undefined;
    for (const address of told.addresses) {
      if (address === undefined || !isUnicastRoutable(address)) continue;
      if (addresses.has(address)) continue;
      if (addresses.size >= MAX_ADDRESSES_OF_AGENT) left = 'discovery.agents_list_full';
      else addresses.add(address);
    }
    if (known === undefined && !this.#makeRoom(preference)) return 'discovery.agents_list_full';
    this.#agents.set(agent, { preference, expiresAt, addresses });
    return left;
  }

  /** One address of each, those that were heard of first before others. */
  addresses(): Address[] {
    return [...this.#agents.values()].flatMap(({ addresses }) => [...addresses].slice(0, 1));
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { expiresAt } of this.#agents.values()) deadline = sooner(deadline, expiresAt);
    return deadline;
  }

  expire(now: Instant): void {
    for (const [router, { expiresAt }] of this.#agents) {
      if (expiresAt <= now) this.#agents.delete(router);
    }
  }

  /**
   * What a reply lists: the most preferred first, equals in an order drawn anew each time, so that
   * they share the load. Source: RFC 6275 section 10.5.1.
   * @param own this node as a home agent.
   */
  ordered(
    own: { readonly preference: number; readonly addresses: readonly Address[] },
    random: Random,
  ): Address[] {
    const all = new Map<Address, Ranked>();
    for (const { preference, addresses } of this.#agents.values()) {
      for (const address of addresses) {
        all.set(address, { address, preference, draw: random() });
      }
    }
    for (const address of own.addresses) {
      all.set(address, { address, preference: own.preference, draw: random() });
    }
    return [...all.values()]
      .sort((a, b) => b.preference - a.preference || a.draw - b.draw)
      .slice(0, MAX_LISTED_ADDRESSES)
      .map(({ address }) => address);
  }

  #makeRoom(preference: number): boolean {
    if (this.#agents.size < MAX_HOME_AGENTS) return true;
    let least: [Address, number] | undefined;
    for (const [router, entry] of this.#agents) {
      if (least === undefined || entry.preference < least[1]) least = [router, entry.preference];
    }
    if (least === undefined || least[1] >= preference) return false;
    return this.#agents.delete(least[0]);
  }
}

interface Ranked {
  readonly address: Address;
  readonly preference: number;
  readonly draw: number;
}
