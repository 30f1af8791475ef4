import { AddressLifetime, type Lifetimes } from '../../core/neighbor-discovery/address-lifetime.ts';
import { maskAddress } from '../../core/neighbor-discovery/router-advertisement.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type Received } from '../../core/part.ts';
import { RateLimit } from '../../core/rate-limit.ts';
import type { Output } from '../../core/role.ts';
import { signal, taken } from '../../core/signalling/signalling.ts';
import { after, between, type Duration, type Instant, seconds, sooner } from '../../core/time.ts';
import { type Address, formatAddress, isUnicastRoutable } from '../../wire/address.ts';
import type { LayerOf } from '../../wire/packet.ts';

const FOREVER = Number.POSITIVE_INFINITY as Instant;
/** Home addresses are made of prefixes of this many bits. */
const PREFIX_LENGTH = 64;
/** Before a prefix is invalid, its lifetime is asked for anew. Source: RFC 6275 section 11.4.2. */
const RENEWAL_TIME = seconds(60);
/** What anybody can forge makes us ask no more often. */
const PROMPT_INTERVAL = seconds(1);

/** Both ends of what is sent while the node is away and registered. */
export interface Ends {
  readonly careOf: Address;
  readonly agent: Address;
}

/** A prefix of the home network that the home agent told of. */
export interface LearntPrefix extends Lifetimes {
  readonly prefix: Address;
  /** The home agent's own address in it, where the R bit said so. */
  readonly agent: Address | undefined;
}

/** What came of an input; `prefixes` beside the one of the home address itself. */
export interface Learnt {
  readonly outputs: Output[];
  readonly prefixes: readonly LearntPrefix[];
}

interface Asking {
  readonly identifier: number;
  readonly wait: Duration;
  readonly at: Instant;
}

/**
 * What a mobile node knows of its home address's prefix, and how it asks its home agent when away.
 *
 *     told to (status 1, an unsolicited advertisement), or the prefix is deprecated, or soon invalid
 *         -> solicitation (3 s, doubled up to MaxMobPfxAdvInterval) -> advertisement -> lifetimes
 *     valid lifetime over -> the home address may not be used any more
 *
 * Without ESP the identifier alone tells an answer from a forgery made by whoever cannot see it.
 *
 * Supported standards: RFC 6275 sections 11.4.2 and 11.4.3.
 */
export class PrefixDiscovery {
  readonly #home: Address;
  readonly #state: NodeState;
  readonly #ends: (now: Instant) => Ends | undefined;
  readonly #prompts = new RateLimit(PROMPT_INTERVAL, 1);
  /** Absent while nobody has said anything. */
  #lifetime: AddressLifetime | undefined;
  #asking: Asking | undefined;
  #isHome = false;
  /** The end of the valid lifetime that the home agent was asked about. */
  #askedAbout: Instant | undefined;
  /** The answer was that it ends soon: there is some time to the next question. */
  #notBefore = 0 as Instant;

  /** @param ends undefined while the node is at home, nowhere, or not registered. */
  constructor(home: Address, ends: (now: Instant) => Ends | undefined, state: NodeState) {
    this.#home = home;
    this.#ends = ends;
    this.#state = state;
  }

  get validUntil(): Instant {
    return this.#lifetime?.validUntil ?? FOREVER;
  }

  isDeprecated(now: Instant): boolean {
    return this.#lifetime?.isDeprecated(now) ?? false;
  }

  isOver(now: Instant): boolean {
    return this.#lifetime?.isOver(now) ?? false;
  }

  deadline(): Instant | undefined {
    const renewal = this.#asking === undefined ? this.#renewAt() : undefined;
    return sooner(sooner(this.#asking?.at, renewal), this.#lifetime?.deadline());
  }

  /** When the prefix is about to be invalid, and nobody was asked about that yet. */
  #renewAt(): Instant | undefined {
    const until = this.#isHome ? undefined : this.#lifetime?.validUntil;
    if (until === undefined || until === this.#askedAbout) return undefined;
    return Math.max(until - RENEWAL_TIME, this.#notBefore) as Instant;
  }

  /** A home address in a prefix that was just learnt. */
  begin(lifetime: AddressLifetime): void {
    this.#lifetime = lifetime;
  }

  /** At home nobody is asked: the link's advertisements say it. */
  arriveHome(): void {
    this.#isHome = true;
    this.#asking = undefined;
  }

  leaveHome(): void {
    this.#isHome = false;
  }

  /** The home link's advertisements have said so. */
  advertised(said: Lifetimes, now: Instant): void {
    this.#renew(said, now, false);
  }

  /** There is something to be asked for, unless it is asked for already. */
  solicit(now: Instant): Output[] {
    if (this.#asking !== undefined || this.#state.env.without.has('prefix-discovery')) return [];
    const [high = 0, low = 0] = this.#state.env.secrets(2);
    const wait = this.#state.constants.INITIAL_SOLICIT_TIMER;
    return this.#send({ identifier: (high << 8) | low, wait, at: now }, now);
  }

  tick(now: Instant): Output[] {
    const outputs: Output[] = [];
    const lifetime = this.#lifetime;
    if (lifetime !== undefined && now >= lifetime.deadline()) {
      lifetime.tick(now);
      if (!lifetime.isOver(now) && !this.#isHome) outputs.push(...this.solicit(now));
    }
    const renewal = this.#renewAt();
    if (renewal !== undefined && now >= renewal) {
      this.#askedAbout = lifetime?.validUntil;
      outputs.push(...this.solicit(now));
    }
    const asking = this.#asking;
    if (asking === undefined || now < asking.at) return outputs;
    return [...outputs, ...this.#send(asking, now)];
  }

  /** Source: RFC 6275 section 11.4.3. */
  received(received: Received, now: Instant): Learnt {
    const { message, source, tunnel } = received;
    const refused = { outputs: [count('prefix.advertisement_refused')], prefixes: [] };
    if (message.layer !== 'mobile-prefix-advertisement') return refused;
    // Its Type 2 Routing header may have been taken off by the forwarding entry for it.
    const routed = (received.routing2 ?? received.destination) === this.#home;
    const ends = this.#ends(now);
    const tunnelled = tunnel !== undefined && tunnel.udp === undefined;
    if (source !== ends?.agent || !routed || tunnelled) return refused;
    if (message.identifier !== this.#asking?.identifier) {
      const prompted = this.#prompts.take(now) ? this.solicit(now) : [];
      return { outputs: [...refused.outputs, ...prompted], prefixes: [] };
    }
    this.#asking = undefined;
    const outputs = [count('prefix.advertisement_received'), taken(received)];
    return { outputs, prefixes: this.#learn(message, now) };
  }

  /** As if they had been advertised on the home link. */
  #learn({ options }: LayerOf<'mobile-prefix-advertisement'>, now: Instant): LearntPrefix[] {
    const own = maskAddress(this.#home, PREFIX_LENGTH);
    const others: LearntPrefix[] = [];
    for (const option of options) {
      if (option.option !== 'prefix-information' || !option.autonomous) continue;
      if (option.prefixLength !== PREFIX_LENGTH || !isUnicastRoutable(option.prefix)) continue;
      const prefix = maskAddress(option.prefix, PREFIX_LENGTH);
      const validLifetime = seconds(option.validLifetime);
      const preferred = Math.min(option.preferredLifetime, option.validLifetime);
      const lifetimes = { validLifetime, preferredLifetime: seconds(preferred) };
      if (prefix === own) this.#renew(lifetimes, now, true);
      else if (validLifetime > 0) {
        const agent = option.routerAddress ? option.prefix : undefined;
        others.push({ prefix, agent, ...lifetimes });
      }
    }
    return others;
  }

  #renew(lifetimes: Lifetimes, now: Instant, isTrusted: boolean): void {
    if (this.#lifetime === undefined) this.#lifetime = new AddressLifetime(lifetimes, now);
    else this.#lifetime.renew(lifetimes, now, isTrusted);
    // What is known needs no asking at once.
    if (now >= this.#lifetime.deadline()) this.#lifetime.tick(now);
    const half = between(now, this.#lifetime.validUntil) / 2;
    const pause = Math.max(half, this.#state.constants.INITIAL_SOLICIT_TIMER);
    this.#notBefore = after(now, Math.round(pause) as Duration);
  }

  /** The Home Address option is there even at the home agent: it says who asks (11.4.2). */
  #send(asking: Asking, now: Instant): Output[] {
    const ends = this.#ends(now);
    const { identifier, wait } = asking;
    const most = this.#state.constants.MAX_MOB_PFX_ADV_INTERVAL;
    const slower = Math.min(2 * wait, most) as Duration;
    this.#asking = { identifier, wait: slower, at: after(now, wait) };
    if (ends === undefined) return [];
    const option = { option: 'home-address', homeAddress: this.#home } as const;
    return [
      count('prefix.solicitation_sent'),
      ...signal({
        source: ends.careOf,
        destination: ends.agent,
        layers: [
          { layer: 'destination-options', options: [option] },
          { layer: 'mobile-prefix-solicitation', identifier },
        ],
        detail: `which prefixes has the home network of ${formatAddress(this.#home)}?`,
      }),
    ];
  }
}
