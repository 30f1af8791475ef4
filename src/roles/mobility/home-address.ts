import type { MobileNodeConfig } from '../../core/config.ts';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import { homeAgentsAnycast } from '../../core/home-agents-anycast.ts';
import { type Place, routes } from '../../core/neighbor-discovery/place.ts';
import { neighborAdvertisement } from '../../core/neighbor-discovery/proxy.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, forward, type PartInput, type Received, tell, unforward } from '../../core/part.ts';
import type { LinkAddress, Output } from '../../core/role.ts';
import { type Instant, sooner } from '../../core/time.ts';
import { type Address, ALL_NODES } from '../../wire/address.ts';
import { AgentDiscovery, type Discovery } from './agent-discovery.ts';
import { type HomeProgress, HomeRegistration } from './home-registration.ts';
import { entriesAt } from './mobile-node-entries.ts';
import { RouteOptimisation } from './route-optimisation.ts';

const FOREVER = Number.POSITIVE_INFINITY as Instant;
/** Where an identity lives while no link of its own network is there. */
const ANCHOR = 'careof0';

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
  readonly #linkAddresses: ReadonlyMap<string, LinkAddress>;
  readonly #registration: HomeRegistration;
  /** Absent where the home agent is configured. */
  readonly #discovery: AgentDiscovery | undefined;
  readonly #peers: RouteOptimisation;
  /** The place that is in use. */
  #place: Place | undefined;
  /** The home link that the home address has routes on. */
  #routed: Place | undefined;
  /** Where the home address is given to the kernel. */
  #identityOn: { readonly link: string; readonly prefixLength: number } | undefined;
  /** Care-of addresses whose packets are taken. */
  readonly #taken = new Set<Address>();

  constructor(
    config: MobileNodeConfig,
    state: NodeState,
    linkAddresses: ReadonlyMap<string, LinkAddress>,
  ) {
    this.#config = config;
    this.#state = state;
    this.#linkAddresses = linkAddresses;
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
    const signalling = sooner(this.#registration.deadline(), this.#discovery?.deadline());
    return sooner(signalling, this.#peers.deadline());
  }

  /** The kernel gets the address before anything else. */
  start(): Output[] {
    return this.#keepIdentity(ANCHOR, 128);
  }

  restore(key: string, value: string): void {
    this.#registration.restore(key, value);
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
        return this.#heardOf(inbound ? input.src : input.dst, now);
      }
      case 'answer':
        return this.#peers.answered(input.id, input.use[0]?.packets ?? 0, now);
      case 'tick':
        return [
          ...this.#progress(this.#registration.tick(now), now),
          ...(this.#discovery?.tick(now) ?? []),
          ...this.#peers.tick(now),
        ];
      default:
        return [];
    }
  }

  #received(received: Received, now: Instant): Output[] {
    const { message, source } = received;
    if (message.layer === 'home-agent-address-discovery-reply') {
      return this.#found(this.#discovery?.received(received), now);
    }
    const { routing2 } = received;
    if (message.layer === 'binding-acknowledgement') {
      // What it acknowledges is another node's, or a home address that is none of ours.
      const foreign = routing2 !== undefined && routing2 !== this.#config.home;
      if (foreign) return [count('mobility.ba_unauthenticated')];
    }
    if (source === this.#registration.agent) {
      if (message.layer === 'binding-acknowledgement') {
        return this.#progress(this.#registration.acknowledged(received, message, now), now);
      }
      if (message.layer === 'binding-revocation-indication') {
        return this.#progress(this.#registration.revoked(received, message, now), now);
      }
      if (message.layer === 'binding-error' && message.status === 1) {
        const ours = received.destination === this.#place?.address;
        return ours ? this.#progress(this.#registration.unknownToAgent(now), now) : [];
      }
    }
    return this.#peers.received(received, now);
  }

  #heardOf(peer: Address, now: Instant): Output[] {
    const place = this.#place;
    if (place === undefined || place.atHome) return [];
    if (this.#registration.remaining(place.address, now) === 0) return [];
    return this.#peers.heardOf(peer, place.address, now);
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
    const rerouted = place.atHome && place !== this.#place ? this.#routeHome(place) : [];
    this.#place = place;
    if (place.atHome) return rerouted;
    return [...rerouted, ...this.#progress(this.#registration.shorten(now), now)];
  }

  /** Until when the home address and the care-of address are both valid. */
  #validUntil(): Instant {
    return this.#place?.lifetime.validUntil ?? FOREVER;
  }

  /** There is no place any more. */
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
    if (!bridge) outputs.push(...this.#sendFrom(place.address), ...this.#peers.tunnelMeanwhile());
    const held = this.#registration.held;
    outputs.push(...this.#progress(this.#registration.move(place.address, undefined, now), now));
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
    return [
      ...paths.setOwn(home, { careOf, homeAgent, notify: routeOptimisation }),
      ...protection.follow(home, careOf),
    ];
  }

  /** RFC 6275 section 11.5.5. */
  #arriveHome(place: Place, now: Instant): Output[] {
    const { home, homePrefixLength } = this.#config;
    const outputs: Output[] = [];
    this.#discovery?.stop();
    const { without } = this.#state.env;
    const { pending } = this.#registration;
    if (!pending) this.#registration.rest();
    else if (!without.has('returning-home')) {
      outputs.push(...this.#progress(this.#registration.move(home, place.link, now), now));
    }
    outputs.push(
      ...this.#state.paths.setOwn(home, undefined),
      ...this.#state.protection.follow(home, undefined),
      ...this.#keepIdentity(place.link, homePrefixLength),
      ...this.#routeHome(place),
      tell({ kind: 'home.returned', home, link: place.link }),
      // From another interface, say: with nothing to take back, no answer is to be waited for.
      ...(pending ? [] : this.#claimHome(place)),
      ...this.#peers.move(home, now),
    );
    return outputs;
  }

  #leaveHome(place: Place): Output[] {
    const { home } = this.#config;
    return [
      ...this.#routeHome(undefined),
      ...this.#keepIdentity(ANCHOR, 128),
      tell({ kind: 'home.left', home, link: place.link }),
    ];
  }

  /** Routes for what the home address sends at home, in the stead of those that it had. */
  #routeHome(place: Place | undefined): Output[] {
    const { home } = this.#config;
    const before = this.#routed;
    this.#routed = place;
    return [
      ...(before === undefined ? [] : routes('remove', before, home)),
      ...(place === undefined ? [] : routes('add', place, home)),
    ];
  }

  /** Gives the kernel the home address on a link, and takes it from the last one after that. */
  #keepIdentity(link: string, prefixLength: number): Output[] {
    const before = this.#identityOn;
    if (before?.link === link) return [];
    const address = this.#config.home;
    this.#identityOn = { link, prefixLength };
    return [
      { kind: 'address', action: 'add', link, address, prefixLength, preferred: true },
      ...(before === undefined
        ? []
        : [{ kind: 'address', action: 'remove', address, ...before } as const]),
    ];
  }

  #progress({ outputs, result }: HomeProgress, now: Instant): Output[] {
    const place = this.#place;
    if (result === undefined || place === undefined) return outputs;
    if (result === 'released' && place.atHome) {
      return [...outputs, ...this.#claimHome(place), this.#ended(place.address)];
    }
    if (place.atHome) return outputs;
    if (result === 'failed') {
      return [...outputs, ...this.#found(this.#discovery?.next(place.address, now), now)];
    }
    if (result !== 'bound') return outputs;
    this.#discovery?.succeeded();
    const moved = this.#state.paths.own(this.#config.home)?.careOf !== place.address;
    return [
      ...outputs,
      ...(moved ? this.#sendFrom(place.address) : []),
      this.#ended(place.address),
      ...this.#peers.move(place.address, now),
      ...this.#peers.proceed(now),
    ];
  }

  /** A home agent is to be tried: the tunnel to the last one, if there was one, is of no use. */
  #found(discovery: Discovery | undefined, now: Instant): Output[] {
    if (discovery === undefined) return [count('discovery.reply_refused')];
    const { outputs, agent } = discovery;
    const place = this.#place;
    if (agent === undefined || place === undefined) return outputs;
    const closed = [...this.#taken].flatMap((careOf) => unforward(...this.#idsAt(careOf)));
    const progress = this.#registration.useAgent(agent, now);
    return [
      ...outputs,
      ...closed,
      ...[...this.#taken].flatMap((careOf) => forward(...this.#entriesAt(careOf))),
      ...this.#sendFrom(place.address),
      ...this.#progress(progress, now),
    ];
  }

  /** The home agent stands in no more: whoever has its address cached is told ours. */
  #claimHome(place: Place): Output[] {
    const linkAddress = this.#linkAddresses.get(place.link);
    if (linkAddress === undefined) return [];
    const { home } = this.#config;
    return neighborAdvertisement(
      {
        link: place.link,
        source: home,
        target: home,
        to: ALL_NODES,
        linkAddress,
        solicited: false,
        override: true,
      },
      'home again',
    );
  }

  #ended(careof: Address): Output {
    return tell({ kind: 'handover.ended', careof });
  }

  /**
   * Takes packets at every place that works, so that nothing under way is lost in a move.
   * @param best the one that is or will be in use.
   */
  takeAt(places: readonly Place[], best: Place | undefined, now: Instant): Output[] {
    const { without } = this.#state.env;
    const wanted = new Set<Address>();
    for (const place of places) {
      if (place.atHome) continue;
      const late = without.has('tunnel-while-registering');
      if (late && this.#registration.remaining(place.address, now) === 0) continue;
      if (without.has('make-before-break') && place !== best) continue;
      wanted.add(place.address);
    }
    const outputs: Output[] = [];
    for (const careOf of this.#taken) {
      if (wanted.has(careOf)) continue;
      this.#taken.delete(careOf);
      outputs.push(...unforward(...this.#idsAt(careOf)));
    }
    for (const careOf of wanted) {
      if (this.#taken.has(careOf)) continue;
      this.#taken.add(careOf);
      outputs.push(...forward(...this.#entriesAt(careOf)));
    }
    return outputs;
  }

  #entriesAt(careOf: Address): ForwardingEntry[] {
    return entriesAt(careOf, this.#registration.agent, this.#config);
  }

  #idsAt(careOf: Address): string[] {
    return this.#entriesAt(careOf).map(({ id }) => id);
  }
}
