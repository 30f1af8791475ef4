import type { MultihomedHostConfig } from '../../core/config.ts';
import type { AddressLifetime } from '../../core/neighbor-discovery/address-lifetime.ts';
import type { Place } from '../../core/neighbor-discovery/place.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type Part, type PartInput, type Received } from '../../core/part.ts';
import type { Output } from '../../core/role.ts';
import type { TableSizes } from '../../core/tables.ts';
import { type Instant, sooner } from '../../core/time.ts';
import { type Address, isUnicastRoutable } from '../../wire/address.ts';
import { Identity } from './identity.ts';
import { Introductions } from './introductions.ts';
import { OwnAddresses } from './own-addresses.ts';
import { ProviderAddresses } from './provider-addresses.ts';
import { ProviderChoice } from './provider-choice.ts';
import type { ProviderPath } from './provider-path.ts';
import { ProviderPaths } from './provider-paths.ts';
import { quotedPath } from './quoted-session.ts';
import type { Session } from './session.ts';
import { SessionMoves } from './session-moves.ts';
import { Sessions } from './sessions.ts';
import { StandingAddresses } from './standing-addresses.ts';

/** Addresses that are remembered: those that there are, and those of providers that are gone. */
const MAX_ADDRESSES = 32;

/**
 * Multihomed host: has an address of each provider, and keeps a session going when the provider fails
 * that it began with. Every address is the identity of its sessions, and a care-of address for those of
 * the others; there is no home agent.
 *
 *     a provider fails -> its sessions' peers are told of another address (Binding Update)
 *     it has been back for a while -> those bindings are taken back
 *
 * It notices and decides; what a peer is told is `SessionMoves`.
 *
 * Source: RFC 6275 sections 11.6, 11.7.2; seed multihome, figures 3.1 and 3.2.
 */
export class MultihomedHost implements Part {
  readonly #config: MultihomedHostConfig;
  readonly #state: NodeState;
  readonly #links: ReadonlyMap<string, ProviderAddresses>;
  readonly #own: OwnAddresses;
  readonly #standing = new StandingAddresses();
  readonly #choice: ProviderChoice;
  readonly #identities = new Map<Address, Identity>();
  /** Addresses that are or were ours, and how long they are valid; oldest first. */
  readonly #known = new Map<Address, AddressLifetime>();
  readonly #sessions: Sessions;
  readonly #paths: ProviderPaths;
  readonly #moves: SessionMoves;
  readonly #introductions: Introductions;
  #places: readonly Place[] = [];
  /** Something has changed that a choice may depend on. */
  #isDue = false;
  /** How many of the places have a deprecated address. */
  #deprecated = 0;

  constructor(config: MultihomedHostConfig, state: NodeState) {
    this.#config = config;
    this.#state = state;
    this.#own = new OwnAddresses(config, state);
    const make = this.#own.make;
    this.#links = new Map(
      config.links.map((link) => [link, new ProviderAddresses(link, config.dad, make, state)]),
    );
    this.#choice = new ProviderChoice(config.policy, config.links);
    this.#sessions = new Sessions(config.maxSessions, config.probe, state);
    this.#paths = new ProviderPaths(config.probe, state);
    const isCutOff = (own: Address, peer: Address) => this.isCutOff(own, peer);
    this.#introductions = new Introductions(state);
    this.#moves = new SessionMoves(this.#identities, this.#paths, isCutOff, state);
  }

  deadline(): Instant | undefined {
    let deadline = sooner(this.#sessions.deadline(), this.#paths.deadline(this.#isTested));
    deadline = sooner(deadline, this.#introductions.deadline());
    for (const one of this.#links.values()) deadline = sooner(deadline, one.deadline());
    for (const { list } of this.#identities.values()) deadline = sooner(deadline, list.deadline());
    return deadline;
  }

  sizes(): TableSizes {
    let [peers, routers] = [0, 0];
    for (const { list } of this.#identities.values()) peers += list.size;
    for (const one of this.#links.values()) routers += one.routers;
    return { peers, routers, sessions: this.#sessions.size, 'tested-paths': this.#paths.size };
  }

  handle(input: PartInput, now: Instant): Output[] {
    const outputs: Output[] = [];
    for (const one of this.#links.values()) outputs.push(...one.handle(input, now));
    outputs.push(...this.#follow(now), ...this.#take(input, now));
    if (input.kind !== 'answer' && input.kind !== 'notice') outputs.push(...this.#stand(now));
    if (this.#isDue) outputs.push(...this.#settle(now));
    return outputs;
  }

  #take(input: PartInput, now: Instant): Output[] {
    switch (input.kind) {
      case 'command':
        if (input.command.do !== 'prefer') return [];
        this.#choice.prefer(input.command.link);
        this.#isDue = true;
        return [];
      case 'notice': {
        const outbound = input.reason === 'session-to-peer';
        if (!outbound && input.reason !== 'session-from-peer') return [];
        const [own, peer] = outbound ? [input.src, input.dst] : [input.dst, input.src];
        return this.#noticed(own, peer, outbound, now);
      }
      case 'answer':
        return this.#answered(input, now);
      case 'received':
        return this.#received(input, now);
      case 'tick':
        return this.#tick(now);
      default:
        return [];
    }
  }

  /** Places come and go: so do identities and entries. */
  #follow(now: Instant): Output[] {
    const places = [...this.#links.values()].flatMap((one) => one.places());
    const same =
      places.length === this.#places.length && places.every((one, i) => one === this.#places[i]);
    if (same) return [];
    const before = this.#places;
    this.#places = places;
    this.#isDue = true;
    const outputs = this.#learn(places);
    const gone = before.filter(({ address }) => this.#placeOf(address) === undefined);
    for (const { address } of gone) outputs.push(...this.#paths.providerGone(address, now));
    for (const { address } of places) {
      if (before.some((one) => one.address === address)) continue;
      for (const path of this.#paths.all()) if (path.own === address) path.revive(now);
    }
    for (const session of this.#sessions.all()) this.#want(session.peer, now);
    const addresses = places.map(({ address }) => address);
    for (const one of this.#identities.values()) outputs.push(...one.takeAt(addresses));
    return outputs;
  }

  #learn(places: readonly Place[]): Output[] {
    const outputs: Output[] = [];
    for (const { address, lifetime } of places) {
      this.#known.delete(address);
      this.#known.set(address, lifetime);
      if (this.#identities.has(address)) continue;
      const cga = this.#own.cgaOf(address);
      const identity = new Identity(address, this.#config, cga, this, this.#state);
      this.#identities.set(address, identity);
      outputs.push(...identity.begin());
    }
    for (const address of this.#known.keys()) {
      if (this.#known.size <= MAX_ADDRESSES) break;
      if (this.#placeOf(address) === undefined && !this.#hasSessions(address)) {
        outputs.push(...this.#forget(address));
      }
    }
    return outputs;
  }

  #forget(address: Address): Output[] {
    this.#known.delete(address);
    const identity = this.#identities.get(address);
    this.#identities.delete(address);
    return identity?.end() ?? [];
  }

  /** The kernel has the addresses of the places, and those that sessions are left with. */
  #stand(now: Instant): Output[] {
    const ranked = this.#choice.ranked(this.#places, undefined, now);
    const wanted = ranked.map((place, metric) => ({
      place,
      metric,
      optimistic: this.#links.get(place.link)?.isOptimistic(place.address) ?? false,
      deprecated: place.lifetime.isDeprecated(now),
    }));
    const old = wanted.filter(({ deprecated }) => deprecated).length;
    if (old !== this.#deprecated) this.#isDue = true;
    this.#deprecated = old;
    const kept = new Set([...this.#known.keys()].filter((one) => this.#hasSessions(one)));
    return this.#standing.follow(wanted, kept);
  }

  #noticed(own: Address, peer: Address, outbound: boolean, now: Instant): Output[] {
    const isOurs = this.#known.has(peer) || !this.#identities.has(own);
    if (isOurs || !isUnicastRoutable(peer)) return [];
    const known = this.#sessions.get(own, peer);
    const unused = (one: Session) => one.by === one.identity && !one.isInUse(now);
    const { session, gone, outputs } =
      known === undefined
        ? this.#sessions.begin(own, peer, unused, now)
        : { session: known, gone: undefined, outputs: [] };
    if (gone !== undefined) this.#over(gone, now);
    if (session === undefined) return outputs;
    session.touch(outbound, now);
    if (known === undefined) {
      this.#want(peer, now);
      this.#isDue = true;
    }
    return outputs;
  }

  /** Which tokens of a peer sessions may need. */
  #want(peer: Address, now: Instant): void {
    const identities = this.#sessions.ofPeer(peer).map(({ identity }) => identity);
    const wanted = new Map(
      (identities.length === 0 ? [] : [...this.#known.keys()]).map((own) => [
        own,
        new Set([
          ...(identities.includes(own) ? (['home'] as const) : []),
          ...(identities.some((one) => one !== own) ? (['care-of'] as const) : []),
        ]),
      ]),
    );
    this.#paths.follow(peer, wanted, now);
  }

  #answered({ id, use }: Extract<PartInput, { kind: 'answer' }>, now: Instant): Output[] {
    const session = this.#sessions.byId(id);
    if (session === undefined) {
      return [...this.#identities.values()].flatMap(({ list }) => list.answered(id, use, now));
    }
    session.looked(use, now);
    return this.#watch(session, now);
  }

  /** Does what comes of a session in use show that its path carries? If not for long, it is asked. */
  #watch(session: Session, now: Instant): Output[] {
    const path = this.#paths.get(session.peer, session.by);
    if (path === undefined || !session.isActive(now)) return [];
    if (this.#state.env.without.has('provider-probing')) return [];
    if (this.#moves.mustMeetElsewhere(session, now)) this.#isDue = true;
    const quiet = session.quiet(path.answeredAt, now);
    const { patience } = path;
    if (quiet >= this.#config.probe.threshold * patience && path.isSilent(now)) {
      this.#isDue = true;
      return path.die('nothing comes, and no test is answered', now);
    }
    return quiet < session.tolerance(patience, path.answeredAt, now) ? [] : this.#doubt(path, now);
  }

  /** Something speaks against a path: it is asked, and so are those that could carry instead. */
  #doubt(path: ProviderPath, now: Instant): Output[] {
    const others = this.#paths
      .of(path.peer)
      .filter((one) => one !== path && one.health !== 'dead' && this.#isTested(one));
    const asked = this.#paths.ask(path, now);
    if (asked.length === 0) return [];
    return [...asked, ...others.flatMap((other) => this.#paths.ask(other, now))];
  }

  #received(received: Received, now: Instant): Output[] {
    const { message } = received;
    if (message.layer === 'home-test' || message.layer === 'care-of-test') {
      const path = this.#paths.answered(received, now);
      if (path !== undefined) {
        // Where none carried, the first that answers twice is taken.
        this.#isDue ||=
          path.health !== 'up' ||
          this.#sessions.ofPeer(path.peer).some(({ by }) => by !== path.own);
        this.#moves.learnt(path);
        return [...path.hasHeld(now), ...this.#introduce(path, now)];
      }
    }
    if (message.layer === 'binding-acknowledgement') {
      const session = this.#sessions.get(received.destination, received.source);
      const taken = this.#introductions.acknowledged(session, received, message, now);
      if (taken !== undefined) return taken;
    }
    const quoted = quotedPath(received);
    if (quoted !== undefined) return this.#hinted(quoted.own, quoted.peer, now);
    return this.#moves.received(received, this.#sessions, now);
  }

  /** In peace a peer is told of our other addresses, and tells of its own. */
  #introduce(path: ProviderPath, now: Instant): Output[] {
    const session = this.#sessions.get(path.own, path.peer);
    const token = path.token('home');
    if (session === undefined || session.by !== path.own || token === undefined) return [];
    return this.#introductions.begin(session, token, now);
  }

  /** An error about a packet of ours, which anybody could have made. */
  #hinted(own: Address, peer: Address, now: Instant): Output[] {
    const path = this.#paths.get(peer, own);
    const carries = this.#sessions.ofPeer(peer).some((one) => one.by === own && one.isActive(now));
    if (path === undefined || !carries) return [count('multihome.hint_ignored')];
    if (this.#state.env.without.has('hints-are-asked-about')) {
      this.#isDue = true;
      return path.die('an error said so', now);
    }
    return [count('multihome.hint_taken'), ...this.#doubt(path, now)];
  }

  #tick(now: Instant): Output[] {
    const before = [...this.#paths.all()].filter(({ health }) => health === 'up').length;
    const outputs = [...this.#paths.tick(this.#isTested, now), ...this.#introductions.tick(now)];
    const after = [...this.#paths.all()].filter(({ health }) => health === 'up').length;
    if (before !== after) this.#isDue = true;
    for (const { list } of this.#identities.values()) outputs.push(...list.tick(now));
    for (const session of [...this.#sessions.all()]) {
      outputs.push(...this.#moves.renew(session, now), ...this.#end(session, now));
    }
    return [...outputs, ...this.#sessions.look(now)];
  }

  /** What was not used for long, and is not told to the peer any more, is no session of ours. */
  #end(session: Session, now: Instant): Output[] {
    const { identity, peer, by } = session;
    const held = this.#identities.get(identity)?.list.get(peer)?.expiresAt !== undefined;
    if (session.isInUse(now) || (by !== identity && held)) return [];
    const outputs = this.#sessions.end(session);
    this.#over(session, now);
    return outputs;
  }

  #over(session: Session, now: Instant): void {
    this.#introductions.end(session);
    this.#want(session.peer, now);
  }

  /** Each session goes by the best of our addresses. */
  #settle(now: Instant): Output[] {
    this.#isDue = false;
    const outputs: Output[] = [];
    for (const session of this.#sessions.all()) {
      const found = this.#choice.forSession(session, this.#places, this.#paths, now);
      const chosen = found ?? this.#elsewhere(session, now);
      if (chosen !== undefined && chosen !== session.by) {
        this.#introductions.end(session);
        outputs.push(...this.#moves.move(session, chosen, now));
      } else if (session.by !== session.identity) outputs.push(...this.#moves.plan(session, now));
    }
    return outputs;
  }

  /** Where no path carries, a peer may be met between two addresses that neither had in use. */
  #elsewhere(session: Session, now: Instant): Address | undefined {
    if (!this.#moves.mustMeetElsewhere(session, now)) return undefined;
    const others = this.#places.filter(({ address }) => address !== session.identity);
    return this.#choice.ranked(others, session.peer, now)[0]?.address;
  }

  readonly #isTested = (path: ProviderPath): boolean => {
    const inPeace = !this.#state.env.without.has('tokens-kept-fresh');
    return this.#placeOf(path.own) !== undefined && (inPeace || path.health !== 'up');
  };

  #placeOf(address: Address): Place | undefined {
    return this.#places.find((place) => place.address === address);
  }

  #hasSessions(identity: Address): boolean {
    for (const session of this.#sessions.all()) if (session.identity === identity) return true;
    return false;
  }

  lifetimeOf(address: Address): AddressLifetime | undefined {
    return this.#known.get(address);
  }

  isCutOff(identity: Address, peer: Address): boolean {
    if (this.#placeOf(identity) === undefined) return true;
    return this.#paths.get(peer, identity)?.health === 'dead';
  }
}
