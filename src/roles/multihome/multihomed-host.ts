import type { MultihomedHostConfig } from '../../core/config.ts';
import type { Place } from '../../core/neighbor-discovery/place.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type Part, type PartInput, type Received } from '../../core/part.ts';
import type { Output, RoleView } from '../../core/role.ts';
import type { TableSizes } from '../../core/tables.ts';
import { type Instant, sooner } from '../../core/time.ts';
import { type Address, isUnicastRoutable } from '../../wire/address.ts';
import { rememberPreferred } from './host-journal.ts';
import { viewOf } from './host-view.ts';
import { Identities } from './identities.ts';
import { Introductions } from './introductions.ts';
import { OwnAddresses } from './own-addresses.ts';
import { type Noticed, portOf } from './port-rules.ts';
import { ProviderAddresses } from './provider-addresses.ts';
import { ProviderChoice } from './provider-choice.ts';
import type { ProviderPath } from './provider-path.ts';
import { ProviderPaths } from './provider-paths.ts';
import { quotedPath } from './quoted-session.ts';
import { Restart, type Tables } from './restart.ts';
import type { Session } from './session.ts';
import { SessionMoves } from './session-moves.ts';
import { Sessions } from './sessions.ts';
import { StandingAddresses } from './standing-addresses.ts';

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
  readonly #identities: Identities;
  readonly #sessions: Sessions;
  readonly #paths: ProviderPaths;
  readonly #moves: SessionMoves;
  readonly #introductions: Introductions;
  readonly #tables: Tables;
  readonly #restart: Restart;
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
    this.#identities = new Identities(config, this.#own, isCutOff, state);
    this.#moves = new SessionMoves(this.#identities, this.#paths, isCutOff, state);
    this.#tables = {
      choice: this.#choice,
      identities: this.#identities,
      sessions: this.#sessions,
      paths: this.#paths,
      moves: this.#moves,
    };
    this.#restart = new Restart(this.#tables, state);
  }

  deadline(): Instant | undefined {
    let deadline = sooner(this.#sessions.deadline(), this.#paths.deadline(this.#isTested));
    deadline = sooner(deadline, this.#introductions.deadline());
    deadline = sooner(deadline, this.#restart.deadline());
    for (const one of this.#links.values()) deadline = sooner(deadline, one.deadline());
    return sooner(deadline, this.#identities.deadline());
  }

  sizes(): TableSizes {
    const { peers } = this.#identities;
    let routers = 0;
    for (const one of this.#links.values()) routers += one.routers;
    return { peers, routers, sessions: this.#sessions.size, 'tested-paths': this.#paths.size };
  }

  inspect(): Omit<RoleView, 'bindings'> {
    const [places, sessions] = [this.#places, this.#sessions.all()];
    return { multihoming: viewOf({ ...this.#tables, places, sessions }) };
  }

  handle(input: PartInput, now: Instant): Output[] {
    const outputs: Output[] = [];
    if (input.kind === 'restored') this.#restart.take(input.key, input.value);
    else if (input.kind !== 'start') {
      outputs.push(...this.#restart.resume((peer) => this.#want(peer, now), now));
    }
    for (const one of this.#links.values()) outputs.push(...one.handle(input, now));
    outputs.push(...this.#follow(now), ...this.#take(input, now));
    if (input.kind !== 'answer' && input.kind !== 'notice') outputs.push(...this.#stand(now));
    if (this.#isDue) outputs.push(...this.#settle(now));
    return outputs;
  }

  #take(input: PartInput, now: Instant): Output[] {
    switch (input.kind) {
      case 'command':
        if (input.command.do !== 'prefer' || !this.#choice.prefer(input.command.link)) return [];
        this.#isDue = true;
        return [rememberPreferred(input.command.link)];
      case 'notice': {
        const outbound = input.reason === 'session-to-peer';
        if (!outbound && input.reason !== 'session-from-peer') return [];
        const [own, peer] = outbound ? [input.src, input.dst] : [input.dst, input.src];
        return this.#noticed({ own, peer, outbound, port: portOf(input.entry) }, now);
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
    const outputs = this.#identities.learn(places, (one) => this.#sessions.areOf(one));
    const gone = before.filter(({ address }) => this.#placeOf(address) === undefined);
    for (const { address } of gone) outputs.push(...this.#paths.providerGone(address, now));
    for (const { address } of places) {
      if (before.some((one) => one.address === address)) continue;
      for (const path of this.#paths.all()) if (path.own === address) path.revive(now);
    }
    for (const session of this.#sessions.all()) this.#want(session.peer, now);
    return outputs;
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
    const kept = this.#identities
      .addresses()
      .filter((one) => this.#sessions.areOf(one) && !this.#restart.awaits(one));
    return this.#standing.follow(wanted, new Set(kept));
  }

  #noticed({ own, peer, outbound, port }: Noticed, now: Instant): Output[] {
    const isOurs = this.#identities.get(own) !== undefined;
    const isLoop = this.#identities.get(peer) !== undefined;
    if (!isOurs || isLoop || !isUnicastRoutable(peer)) return [];
    const known = this.#sessions.get(own, peer);
    const unused = (one: Session) => one.by === one.identity && !one.isInUse(now);
    const { session, gone, outputs } =
      known === undefined
        ? this.#sessions.begin(own, peer, unused, now)
        : { session: known, gone: undefined, outputs: [] };
    if (gone !== undefined) outputs.push(...this.#over(gone, now));
    if (session === undefined) return outputs;
    session.touch(outbound, now);
    if (known === undefined) {
      session.port = port;
      this.#want(peer, now);
      this.#isDue = true;
    }
    return outputs;
  }

  /** Which tokens of a peer sessions may need. */
  #want(peer: Address, now: Instant): void {
    const identities = this.#sessions.ofPeer(peer).map(({ identity }) => identity);
    const wanted = new Map(
      (identities.length === 0 ? [] : this.#identities.addresses()).map((own) => [
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
      return this.#identities.answered(id, use, now);
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
    this.#paths.heard(received, now);
    if (message.layer === 'home-test' || message.layer === 'care-of-test') {
      const dead = this.#paths.dead(received.destination);
      const path = this.#paths.answered(received, now);
      if (path !== undefined) {
        // Where none carried, the first that answers twice is taken.
        this.#isDue ||=
          path.health !== 'up' ||
          this.#sessions.ofPeer(path.peer).some(({ by }) => by !== path.own);
        this.#moves.learnt(path);
        const again = dead.has(path) ? this.#moves.retell(path, this.#sessions, now) : [];
        return [...path.hasHeld(now), ...again, ...this.#keep(path), ...this.#introduce(path, now)];
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

  /** A new home token outlives a restart, where the session is one that we wanted too. */
  #keep({ own, peer }: ProviderPath): Output[] {
    const session = this.#sessions.get(own, peer);
    return session?.isOurs === true ? [this.#restart.keep(session)] : [];
  }

  /** In peace a peer is told of our other addresses, and tells of its own. */
  #introduce(path: ProviderPath, now: Instant): Output[] {
    const session = this.#sessions.get(path.own, path.peer);
    const token = path.token('home');
    if (session === undefined || session.by !== path.own || token === undefined) return [];
    const list = this.#identities.get(path.own)?.list;
    return list === undefined ? [] : this.#introductions.begin(session, token, list, now);
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
    if (before !== after || this.#restart.tick(now)) this.#isDue = true;
    outputs.push(...this.#identities.tick(now));
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
    return [...this.#sessions.end(session), ...this.#over(session, now)];
  }

  #over(session: Session, now: Instant): Output[] {
    this.#introductions.end(session);
    this.#want(session.peer, now);
    return [this.#restart.forget(session)];
  }

  /** Each session goes by the best of our addresses. */
  #settle(now: Instant): Output[] {
    this.#isDue = false;
    // No peer lets an address lead to one that leads elsewhere: who is back says so before others follow.
    const [back, outputs]: [Output[], Output[]] = [[], []];
    for (const session of this.#sessions.all()) {
      if (this.#restart.isDone(session, this.#placeOf(session.by) !== undefined))
        outputs.push(...this.#moves.confirm(session, now));
      else if (this.#restart.awaits(session.by)) continue;
      const found = this.#choice.forSession(session, this.#places, this.#paths, now);
      const chosen = found ?? this.#elsewhere(session, now);
      if (chosen !== undefined && chosen !== session.by) {
        this.#introductions.end(session);
        const told = chosen === session.identity ? back : outputs;
        told.push(...this.#moves.move(session, chosen, now), this.#restart.keep(session));
      } else if (session.by !== session.identity) outputs.push(...this.#moves.plan(session, now));
    }
    return [...back, ...outputs];
  }

  /** Where no path carries, a peer may be met between two addresses that neither had in use. */
  #elsewhere(session: Session, now: Instant): Address | undefined {
    if (!this.#moves.mustMeetElsewhere(session, now)) return undefined;
    const others = this.#places.filter(({ address }) => address !== session.identity);
    return this.#choice.ranked(others, session, now)[0]?.address;
  }

  readonly #isTested = (path: ProviderPath): boolean => {
    const inPeace = !this.#state.env.without.has('tokens-kept-fresh');
    return this.#placeOf(path.own) !== undefined && (inPeace || path.health !== 'up');
  };

  #placeOf(address: Address): Place | undefined {
    return this.#places.find((place) => place.address === address);
  }

  isCutOff(identity: Address, peer: Address): boolean {
    if (this.#placeOf(identity) === undefined) return true;
    return this.#paths.get(peer, identity)?.health === 'dead';
  }
}
