import type { NodeState } from '../../core/node-state.ts';
import { count, type Received, tell } from '../../core/part.ts';
import type { BindingUpdateList } from '../../core/peers/binding-update-list.ts';
import type { PeerRegistration } from '../../core/peers/peer-registration.ts';
import type { TimedToken } from '../../core/peers/routability-test.ts';
import type { Output } from '../../core/role.ts';
import { after, between, type Duration, type Instant, seconds } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import type { Identities } from './identities.ts';
import type { ProviderPath } from './provider-path.ts';
import type { ProviderPaths } from './provider-paths.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

/** So long before a home token runs out it proves its last binding. */
const LAST_PROOF: Duration = seconds(10);
/** So long nothing comes before a peer is told elsewhere: by then it has told us, if it can. */
const MEETING_PATIENCE: Duration = seconds(2);
/** The share of a binding's time after which it is renewed, where the session is in use. */
const RENEWAL = 0.75;

/** What could not be told, or is told no more, is tried again no more often than this. */
const TRY_AGAIN: Duration = seconds(5);

/** Is it known that nothing of this peer comes to this identity? */
export type IsCutOff = (identity: Address, peer: Address) => boolean;

/**
 * What peers are told of sessions that go another way, with the tokens that the paths have ready.
 *
 * Sessions that return routability alone proves have an end while their identity is cut off: the last
 * home token proves one more binding, just before it runs out.
 *
 * Source: RFC 6275 sections 5.2.6, 5.2.7, 11.7.2.
 */
export class SessionMoves {
  readonly #identities: Identities;
  readonly #paths: ProviderPaths;
  readonly #isCutOff: IsCutOff;
  readonly #state: NodeState;

  constructor(identities: Identities, paths: ProviderPaths, isCutOff: IsCutOff, state: NodeState) {
    this.#identities = identities;
    this.#paths = paths;
    this.#isCutOff = isCutOff;
    this.#state = state;
  }

  /** From now on the session goes by this address of ours. */
  move(session: Session, to: Address, now: Instant): Output[] {
    const { identity: home, peer, by: from } = session;
    const list = this.#identities.get(home)?.list;
    if (list === undefined || this.#state.env.without.has('fail-over')) return [];
    session.moved(to, now);
    const outputs = [
      count('multihome.moved'),
      tell({ kind: 'session.moved', home, peer, from, to }),
    ];
    if (to === home) {
      session.renewAt = undefined;
      session.boundedUntil = undefined;
      // What stands in the open needs no binding, so nothing waits for its end (protocol 9.5.1).
      const plain = this.#state.paths.unsetRegistered(home, peer);
      return [...outputs, ...plain, ...(list.get(peer)?.move(home, now) ?? [])];
    }
    const registration = list.get(peer) ?? list.add(peer);
    this.#teach(registration, home);
    if (this.#isCutOff(home, peer) && registration.proof.needsHomeTest(now)) {
      return [...outputs, count('multihome.no_proof')];
    }
    return [...outputs, ...registration.move(to, now)];
  }

  /**
   * Nothing comes from a peer that has told of other addresses, by none of ours: it may have lost the one
   * that we know it by in the same moment, and is to be told at another.
   */
  mustMeetElsewhere(session: Session, now: Instant): boolean {
    const { peer, identity, by } = session;
    const paths = this.#paths.of(peer);
    const told = this.#state.sets.of(peer)?.addresses ?? [];
    const mayCarry = paths.some((one) => one.health !== 'dead' && !one.isDoubtful(now));
    if (by !== identity || told.length === 0 || mayCarry) return false;
    return session.quiet(undefined, now) >= MEETING_PATIENCE;
  }

  /** A path has a new token. */
  learnt({ peer }: ProviderPath): void {
    for (const { address, list } of this.#identities.all()) {
      const registration = list.get(peer);
      if (registration !== undefined) this.#teach(registration, address);
    }
  }

  #teach({ peer, proof }: PeerRegistration, home: Address): void {
    for (const path of this.#paths.of(peer)) {
      const kind = path.own === home ? 'home' : 'care-of';
      const token = path.token(kind);
      if (token !== undefined) proof.learn(kind, path.own, token);
    }
  }

  received(received: Received, sessions: Sessions, now: Instant): Output[] {
    const { message, routing2, destination, source } = received;
    const named = message.layer === 'binding-error' ? message.homeAddress : routing2;
    const identity = this.#identities.get(named ?? destination);
    switch (message.layer) {
      case 'binding-acknowledgement': {
        const outputs = identity?.list.received(received, now) ?? [];
        const session = sessions.get(named ?? destination, source);
        return session === undefined ? outputs : [...outputs, ...this.plan(session, now)];
      }
      case 'home-test':
      case 'binding-error':
      case 'binding-refresh-request':
        return identity?.list.received(received, now) ?? [];
      case 'care-of-test':
      case 'parameter-problem':
        return this.#offer(received, now);
      default:
        return [];
    }
  }

  /** For one identity: the one that makes something of it. */
  #offer(received: Received, now: Instant): Output[] {
    let refused: Output[] = [];
    for (const { list } of this.#identities.all()) {
      const outputs = list.received(received, now);
      if (outputs.some(({ kind }) => kind !== 'count')) return outputs;
      refused = outputs;
    }
    return refused;
  }

  /** In an earlier life the session went as it says: what its peer holds is used again. */
  resume(session: Session, now: Instant): Output[] {
    const { identity: home, peer, by } = session;
    const registration = this.#identities.get(home)?.list.get(peer);
    if (registration === undefined) return [];
    this.#teach(registration, home);
    if (by === home || registration.expiresAt === undefined) return [];
    return [...registration.move(by, now), ...this.plan(session, now)];
  }

  /** It can be sent from where it goes again: what was under way in an earlier life is told again. */
  confirm(session: Session, now: Instant): Output[] {
    const { identity: home, peer, by } = session;
    const list = this.#identities.get(home)?.list;
    if (by === home) return list?.get(peer)?.move(home, now) ?? [];
    return list === undefined ? [] : this.#tell(session, list, now);
  }

  /** A path carries again: a peer that nothing came to for a while may have forgotten what it was told. */
  retell({ own, peer }: ProviderPath, sessions: Sessions, now: Instant): Output[] {
    return sessions.ofPeer(peer).flatMap(({ identity: home, by }) => {
      const registration = this.#identities.get(home)?.list.get(peer);
      if (by !== own || by === home || registration === undefined) return [];
      this.#teach(registration, home);
      return registration.refresh(now);
    });
  }

  /** When its binding is to be renewed, and whether it has an end. */
  plan(session: Session, now: Instant): Output[] {
    const { identity: home, peer } = session;
    const registration = this.#identities.get(home)?.list.get(peer);
    const until = registration?.expiresAt;
    session.renewAt = undefined;
    if (registration === undefined || until === undefined || session.by === home) return [];
    session.renewAt = after(now, Math.round(RENEWAL * between(now, until)) as Duration);
    const lasts = registration.proof.longest().alone || !this.#isCutOff(home, peer);
    if (lasts) return this.#bounded(session, undefined);
    const token = this.#paths.get(peer, home)?.token('home');
    const lastProof = token === undefined ? now : ((token.until - LAST_PROOF) as Instant);
    if (lastProof <= now) return this.#bounded(session, until);
    session.renewAt = Math.min(session.renewAt, lastProof) as Instant;
    return this.#bounded(session, token && this.#lastEnd(token));
  }

  /** When a session would end whose own address failed now; undefined: it would not, or has left it. */
  wouldEndAt({ identity: home, peer, by }: Session): Instant | undefined {
    const means = this.#identities.get(home)?.list.means(peer);
    const token = this.#paths.get(peer, home)?.token('home');
    if (by !== home || means !== 'return-routability' || token === undefined) return undefined;
    return this.#lastEnd(token);
  }

  #lastEnd({ until }: TimedToken): Instant {
    const { MAX_RR_BINDING_LIFETIME } = this.#state.constants;
    return after((until - LAST_PROOF) as Instant, MAX_RR_BINDING_LIFETIME);
  }

  #bounded(session: Session, until: Instant | undefined): Output[] {
    const { identity: home, peer, boundedUntil: before } = session;
    session.boundedUntil = until;
    // A renewal's answer shifts it by a moment, which is no news.
    const isNews = before === undefined || between(before, until ?? before) > seconds(5);
    if (until === undefined || !isNews) return [];
    return [count('multihome.bounded'), tell({ kind: 'session.bounded', home, peer, until })];
  }

  /** Renews the binding when it is time, if it is of use. */
  renew(session: Session, now: Instant): Output[] {
    const { renewAt, identity: home, peer } = session;
    if (renewAt === undefined) return this.#again(session, now);
    if (now < renewAt) return [];
    session.renewAt = undefined;
    const registration = this.#identities.get(home)?.list.get(peer);
    if (registration === undefined || !session.isInUse(now)) return [];
    this.#teach(registration, home);
    return registration.refresh(now);
  }

  /** What could not be proved, was not answered, or has run out is told anew when it can be. */
  #again(session: Session, now: Instant): Output[] {
    const { identity: home, peer, by, triedAt } = session;
    const list = this.#identities.get(home)?.list;
    if (list === undefined || by === home || !session.isInUse(now)) return [];
    // One that is left alone is not idle.
    const isIdle = list.get(peer)?.idle(now) ?? true;
    if (!isIdle || between(triedAt, now) < TRY_AGAIN) return [];
    return this.#tell(session, list, now);
  }

  #tell(session: Session, list: BindingUpdateList, now: Instant): Output[] {
    const { identity: home, peer, by } = session;
    session.triedAt = now;
    const registration = list.add(peer);
    this.#teach(registration, home);
    if (this.#isCutOff(home, peer) && registration.proof.needsHomeTest(now)) return [];
    return registration.move(by, now);
  }
}
