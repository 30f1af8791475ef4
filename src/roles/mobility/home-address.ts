import { TakenPackets } from '../../core/bindings/taken-packets.ts';
import type { MobileNodeConfig } from '../../core/config.ts';
import { homeAgentsAnycast } from '../../core/home-agents-anycast.ts';
import { AgentDiscovery, type Discovery } from '../../core/home-registration/agent-discovery.ts';
import { fromAgent } from '../../core/home-registration/agent-messages.ts';
import { HomeRegistration } from '../../core/home-registration/home-registration.ts';
import type { HomeProgress } from '../../core/home-registration/registration-events.ts';
import type { AddressLifetime, Lifetimes } from '../../core/neighbor-discovery/address-lifetime.ts';
import type { Place } from '../../core/neighbor-discovery/place.ts';
import { maskAddress } from '../../core/neighbor-discovery/router-advertisement.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type PartInput, type Received, tell } from '../../core/part.ts';
import type { LinkAddress, Output } from '../../core/role.ts';
import { after, type Instant, sooner } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import { type AgentBinding, AgentPath } from './agent-path.ts';
import { HomePresence } from './home-presence.ts';
import { type Ends, type LearntPrefix, PrefixDiscovery } from './prefix-discovery.ts';
import { RouteOptimisation } from './route-optimisation.ts';

const FOREVER = Number.POSITIVE_INFINITY as Instant;

/**
 * One home address of a mobile node, kept in use at whatever place the node settles on.
 *
 *     away  home registration, then peers are told (return routability each)
 *     home  home registration and peers' bindings are taken back
 *
 * The home agent is `HomeRegistration`, the peers are `RouteOptimisation`; this is what a home
 * address needs of the kernel: where it stands, its routes, what is taken for it, how it is sent from.
 *
 * Supported standards: RFC 6275 sections 6.4, 11.3.1, 11.3.3, 11.5.5.
 */
export class HomeAddress {
  readonly #config: MobileNodeConfig;
  readonly #state: NodeState;
  readonly #registration: HomeRegistration;
  /** Absent where the home agent is configured. */
  readonly #discovery: AgentDiscovery | undefined;
  readonly #peers: RouteOptimisation;
  /** The place that is in use. */
  #place: Place | undefined;
  readonly #presence: HomePresence;
  readonly #agentPath: AgentPath;
  readonly prefixes: PrefixDiscovery;
  #learnt: readonly LearntPrefix[] = [];
  /** Care-of addresses whose packets are taken. */
  readonly #taken: TakenPackets;

  constructor(
    config: MobileNodeConfig,
    state: NodeState,
    linkAddresses: ReadonlyMap<string, LinkAddress>,
  ) {
    this.#config = config;
    this.#state = state;
    this.#taken = new TakenPackets(config, state.env.without);
    this.#agentPath = new AgentPath(config.home, state.paths);
    this.#presence = new HomePresence(config, linkAddresses, state.constants);
    this.prefixes = new PrefixDiscovery(config.home, (now) => this.#ends(now), state);
    this.#registration = new HomeRegistration(config, state, () => this.#validUntil());
    if (config.homeAgent === undefined) {
      this.#discovery = new AgentDiscovery(homeAgentsAnycast(config.home), state);
    }
    const identity = {
      home: config.home,
      lifetime: config.lifetime,
      allowed: (careOf: Address, now: Instant) => this.#registration.remaining(careOf, now),
      agent: () => this.#registration.agent,
    };
    this.#peers = new RouteOptimisation(config, identity, state);
  }

  /** Peers that are registered with. */
  get peers(): number {
    return this.#peers.size;
  }

  deadline(): Instant | undefined {
    const others = sooner(this.prefixes.deadline(), this.#presence.deadline());
    const signalling = sooner(this.#registration.deadline(), this.#discovery?.deadline());
    return sooner(sooner(signalling, others), this.#peers.deadline());
  }

  /** The kernel gets the address before anything else. */
  start(): Output[] {
    return this.#presence.start();
  }

  /**
   * A home address in a prefix that was just learnt.
   * @param agent the home agent that told of it, or its address in that prefix.
   */
  begin(agent: Address, lifetime: AddressLifetime, now: Instant): Output[] {
    this.#registration.useAgent(agent, now);
    this.prefixes.begin(lifetime);
    return this.#presence.start();
  }

  isIn(prefix: Address): boolean {
    return maskAddress(this.#config.home, this.#config.homePrefixLength) === prefix;
  }

  get address(): Address {
    return this.#config.home;
  }

  get agent(): Address | undefined {
    return this.#registration.agent;
  }

  /** Prefixes of the home network that the last input told of; they are given once. */
  takeLearnt(): readonly LearntPrefix[] {
    const learnt = this.#learnt;
    this.#learnt = [];
    return learnt;
  }

  /** At home: what the link's advertisements say of its prefix. */
  advertised(said: Lifetimes, now: Instant): Output[] {
    this.prefixes.advertised(said, now);
    return this.#presence.setDeprecated(this.prefixes.isDeprecated(now));
  }

  /** Its prefix is not valid any more: nothing is sent from it or taken for it. */
  end(): Output[] {
    const { home } = this.#config;
    const { paths, protection } = this.#state;
    return [
      ...this.#taken.set(new Set(), undefined),
      ...this.#peers.tunnelMeanwhile(),
      ...this.#agentPath.follow(undefined),
      ...paths.setOwn(home, undefined),
      ...protection.follow(home, undefined),
      ...this.#presence.end(),
      tell({ kind: 'home.ended', home, reason: 'its prefix is not valid any more' }),
    ];
  }

  restore(key: string, value: string, now: Instant): Output[] {
    this.#registration.restore(key, value);
    return this.#peers.restore(key, value, now);
  }

  setLinkLocal(address: Address): void {
    this.#registration.setLinkLocal(address);
  }

  handle(input: PartInput, now: Instant): Output[] {
    switch (input.kind) {
      case 'received':
        return this.#received(input, now);
      case 'notice': {
        const inbound = input.reason === 'tunnelled-from-peer';
        const [home, peer] = inbound ? [input.dst, input.src] : [input.src, input.dst];
        return home === this.#config.home ? this.#heardOf(peer, inbound, now) : [];
      }
      case 'answer':
        return this.#peers.answered(input.id, input.use, now);
      case 'tick':
        return [
          ...this.#progress(this.#registration.tick(now), now),
          ...(this.#discovery?.tick(now) ?? []),
          ...this.prefixes.tick(now),
          ...this.#presence.tick(this.prefixes.isDeprecated(now), now),
          ...this.#peers.tick(now),
        ];
      default:
        return [];
    }
  }

  #received(received: Received, now: Instant): Output[] {
    const { message } = received;
    if (message.layer === 'home-agent-address-discovery-reply') {
      return this.#found(this.#discovery?.received(received), now);
    }
    const { routing2 } = received;
    if (message.layer === 'binding-acknowledgement') {
      // What it acknowledges is another node's, or a home address that is none of ours.
      const foreign = routing2 !== undefined && routing2 !== this.#config.home;
      if (foreign) return [count('mobility.ba_unauthenticated')];
    }
    if (message.layer === 'mobile-prefix-advertisement') return this.#told(received, now);
    const at = { home: this.#config.home, careOf: this.#place?.address };
    const progress = fromAgent(received, this.#registration, at, now);
    if (progress !== undefined) return this.#progress(progress, now);
    return this.#peers.received(received, now);
  }

  /** What the home agent says of the home network; others than our own prefix are for the node. */
  #told(received: Received, now: Instant): Output[] {
    const { outputs, prefixes } = this.prefixes.received(received, now);
    this.#learnt = prefixes;
    return [
      ...outputs,
      ...this.#presence.setDeprecated(this.prefixes.isDeprecated(now)),
      ...this.#progress(this.#registration.shorten(now), now),
    ];
  }

  /** How what is for the home agent itself goes, as things stand now. */
  toAgent(now: Instant): Output[] {
    const ends = this.#ends(now);
    const udp = ends !== undefined && this.#registration.isUdp(ends.careOf);
    return this.#agentPath.follow(ends, udp);
  }

  #ends(now: Instant): (Ends & AgentBinding) | undefined {
    const { agent } = this.#registration;
    const place = this.#place;
    if (place === undefined || place.atHome || agent === undefined) return undefined;
    const left = this.#registration.remaining(place.address, now);
    return left > 0 ? { careOf: place.address, agent, until: after(now, left) } : undefined;
  }

  #heardOf(peer: Address, inbound: boolean, now: Instant): Output[] {
    const ends = this.#ends(now);
    return ends === undefined ? [] : this.#peers.heardOf(peer, ends.careOf, inbound, now);
  }

  /** The node is at another place now. @param beforeWorks the place before can still be used. */
  arrive(place: Place, beforeWorks: boolean, now: Instant): Output[] {
    const before = this.#place;
    this.#place = place;
    if (place.atHome) return this.#arriveHome(place, now);
    return this.#arriveAway(place, before, beforeWorks, now);
  }

  /** The same place, as it is described now: at home the router may be another one. */
  stay(place: Place, now: Instant): Output[] {
    const rerouted = place.atHome && place !== this.#place ? this.#presence.route(place) : [];
    this.#place = place;
    return place.atHome ? rerouted : this.#progress(this.#registration.shorten(now), now);
  }

  /** Until when the home address and the care-of address are both valid. */
  #validUntil(): Instant {
    const careOf = this.#place?.lifetime.validUntil ?? FOREVER;
    return Math.min(careOf, this.prefixes.validUntil) as Instant;
  }

  nowhere(): Output[] {
    const before = this.#place;
    this.#place = undefined;
    this.#discovery?.stop();
    return before?.atHome === true ? this.#leaveHome(before) : [];
  }

  #arriveAway(
    place: Place,
    before: Place | undefined,
    beforeWorks: boolean,
    now: Instant,
  ): Output[] {
    const outputs = before?.atHome === true ? this.#leaveHome(before) : [];
    // While the last place works, packets leave from there until the home agent knows the new one.
    const bridge = before !== undefined && !before.atHome && beforeWorks;
    if (!bridge) outputs.push(...this.#peers.tunnelMeanwhile());
    const held = this.#registration.held;
    // The update goes first: what is tunnelled from there before it the home agent refuses.
    outputs.push(...this.#progress(this.#registration.move(place.address, undefined, now), now));
    if (!bridge) outputs.push(...this.#sendFrom(place.address));
    const unknown = this.#registration.agent === undefined;
    if (this.#discovery !== undefined && (unknown || this.#discovery.asking)) {
      outputs.push(...this.#discovery.begin(place.address, now));
    }
    // The tests run beside the registration, except where the tunnel does not exist yet.
    if (held) outputs.push(...this.#peers.move(place.address, now));
    return outputs;
  }

  #sendFrom(careOf: Address): Output[] {
    const { home, routeOptimisation } = this.#config;
    const homeAgent = this.#registration.agent;
    const { paths, protection } = this.#state;
    const udp = this.#registration.isUdp(careOf);
    return [
      ...paths.setOwn(home, { careOf, homeAgent, notify: routeOptimisation, udp }),
      ...protection.follow(home, careOf),
    ];
  }

  /** RFC 6275 section 11.5.5. */
  #arriveHome(place: Place, now: Instant): Output[] {
    const { home } = this.#config;
    this.prefixes.arriveHome();
    const outputs: Output[] = [];
    this.#discovery?.stop();
    const { pending } = this.#registration;
    if (!pending) this.#registration.rest();
    else if (!this.#state.env.without.has('returning-home')) {
      outputs.push(...this.#progress(this.#registration.move(home, place.link, now), now));
    }
    outputs.push(
      ...this.#state.paths.setOwn(home, undefined),
      ...this.#state.protection.follow(home, undefined),
      ...this.#presence.arrive(place),
      // From another interface, say: with nothing to take back, no answer is to be waited for.
      ...(pending ? [] : this.#presence.claim(now)),
      ...this.#peers.move(home, now),
    );
    return outputs;
  }

  #leaveHome(place: Place): Output[] {
    this.prefixes.leaveHome();
    return this.#presence.leave(place);
  }

  #progress(progress: HomeProgress, now: Instant): Output[] {
    const news = progress.outdated === true ? this.prefixes.solicit(now) : [];
    return [...this.#followed(progress, now), ...news];
  }

  #followed({ outputs, result }: HomeProgress, now: Instant): Output[] {
    const place = this.#place;
    if (result === undefined || place === undefined) return outputs;
    if (result === 'released' && place.atHome) {
      return [
        ...outputs,
        ...this.#presence.claim(now),
        tell({ kind: 'handover.ended', careof: place.address }),
      ];
    }
    if (place.atHome) return outputs;
    if (result === 'failed') {
      return [...outputs, ...this.#found(this.#discovery?.next(place.address, now), now)];
    }
    const own = this.#state.paths.own(this.#config.home);
    // It takes nothing out of a tunnel whose other end it has refused (RFC 6275 section 10.4.5).
    if (result === 'refused' && own !== undefined && !this.#registration.held) {
      return [...outputs, ...this.#state.paths.setOwn(own.home, { ...own, homeAgent: undefined })];
    }
    if (result !== 'bound') return outputs;
    this.#discovery?.succeeded();
    const udp = this.#registration.isUdp(place.address);
    const elsewhere = own?.careOf !== place.address || (own.udp ?? false) !== udp;
    const moved = elsewhere || own?.homeAgent === undefined;
    return [
      ...outputs,
      ...(moved ? this.#sendFrom(place.address) : []),
      tell({ kind: 'handover.ended', careof: place.address }),
      ...this.#peers.move(place.address, now),
      ...this.#peers.proceed(now),
    ];
  }

  /** A home agent is to be tried: the tunnel to the last one, if there was one, is of no use. */
  #found(discovery: Discovery | undefined, now: Instant): Output[] {
    if (discovery === undefined) return [count('discovery.reply_refused')];
    const { outputs, agent, pause } = discovery;
    const place = this.#place;
    if (agent === undefined || place === undefined) return outputs;
    const progress = this.#registration.useAgent(agent, now, pause);
    return [
      ...outputs,
      ...this.#taken.from(agent),
      ...this.#sendFrom(place.address),
      ...this.#progress(progress, now),
    ];
  }

  /** Takes packets at the places that work. @param best the one that is or will be in use. */
  takeAt(places: readonly Place[], best: Place | undefined, now: Instant): Output[] {
    const isBound = (careOf: Address) => this.#registration.remaining(careOf, now) > 0;
    return this.#taken.follow(places, best, this.#registration.agent, isBound);
  }
}
