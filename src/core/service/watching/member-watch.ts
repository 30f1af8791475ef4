import type { Address } from '../../../wire/address.ts';
import type { ServiceConfig } from '../../config.ts';
import type { NodeState } from '../../node-state.ts';
import { count, type PartInput } from '../../part.ts';
import type { Output } from '../../role.ts';
import {
  type Asking,
  Heartbeats,
  MISSING_HEARTBEATS_ALLOWED,
} from '../../signalling/heartbeats.ts';
import { askAgain } from '../../signalling/signalling.ts';
import type { Instant } from '../../time.ts';
import type { Member } from '../member.ts';
import type { ServiceHolder } from '../service-holder.ts';

/**
 * Are the servers of an address there? Its holder asks each that is registered, and removes who is not:
 * after five intervals at the most. Servers that know no heartbeats are asked by echo requests, and all where the
 * operator wants it so.
 *
 *     registered -> asked each SERVICE_HEARTBEAT_INTERVAL
 *     two unanswered  -> suspected: asked to register again (Binding Refresh Request); the next that
 *                        is unanswered too, and it gets no new clients
 *     four unanswered -> removed, unless it has registered again
 *     doubted, since its answers to clients do not come -> as if two were unanswered, asked each second
 *
 * Of several agents the one that a server has joined asks it; the others only when they are told of it no
 * longer, and once more where it is said to be silent: it may be that agent that was cut off.
 *
 * Supported standards: RFC 5847; RFC 4443 section 4; RFC 6275 section 6.1.2, after the anycast seed, p. 11.
 */
export class MemberWatch {
  readonly heartbeats: Heartbeats;
  readonly #self: Address;
  readonly #state: NodeState;
  readonly #holder: () => ServiceHolder;
  /** By address, the number of the binding that a suspected server had. */
  readonly #suspected = new Map<Address, number>();

  constructor({ address, watch }: ServiceConfig, state: NodeState, holder: () => ServiceHolder) {
    this.#self = address;
    this.#state = state;
    this.#holder = holder;
    this.heartbeats = new Heartbeats(address, state, {
      interval: state.constants.SERVICE_HEARTBEAT_INTERVAL,
      ...(watch && { asking: watch }),
      ...(!state.env.without.has('echo-watch') && { otherwise: 'echo' as const }),
      onSuspicion: (peer) => this.#suspect(peer),
      onSilent: (peer, now) => this.#silent(peer, now),
    });
  }

  isSuspected({ address }: Member): boolean {
    return this.heartbeats.isSuspected(address);
  }

  /** Does a server answer, or was it not asked long enough to know? Only who is watched is asked. */
  isThere({ address }: Member): boolean {
    return !this.#state.env.without.has('member-watch') && !this.heartbeats.isSuspected(address);
  }

  /** How a server is asked; undefined: another agent asks it. */
  askingOf({ address }: Member): Asking | undefined {
    return this.heartbeats.askingOf(address);
  }

  /** What a server is to answer comes to nothing. */
  doubt({ address }: Member, now: Instant): Output[] {
    return this.heartbeats.doubt(address, now);
  }

  /** To be given what the holder was given, after it. */
  handle(input: PartInput, now: Instant): Output[] {
    return [...this.heartbeats.handle(input, now), ...this.#follow(now)];
  }

  /** Whoever is registered is watched, and nobody else. */
  #follow(now: Instant): Output[] {
    if (this.#state.env.without.has('member-watch')) return [];
    const { members } = this.#holder();
    const watched = members.all().filter((member) => members.isWatched(member));
    const there = new Set(watched.map(({ address }) => address));
    for (const peer of [...this.heartbeats.watched()]) {
      if (!there.has(peer)) this.heartbeats.unwatch(peer);
    }
    return watched.flatMap((member) => this.#watch(member, now));
  }

  /** Who is missed by the agent that has asked it so far is asked once more. */
  #watch(member: Member, now: Instant): Output[] {
    const { address } = member;
    if (!this.#holder().members.isDoubted(member)) return this.heartbeats.watch(address, now);
    if (!this.#suspected.has(address)) this.#suspected.set(address, this.#numberOf(member));
    return this.heartbeats.watch(address, now, MISSING_HEARTBEATS_ALLOWED);
  }

  #suspect(peer: Address): Output[] {
    const member = this.#memberAt(peer);
    if (member === undefined) return [];
    this.#suspected.set(peer, this.#numberOf(member));
    return [count('service.member_suspected'), ...askAgain(this.#self, peer)];
  }

  #silent(peer: Address, now: Instant): Output[] {
    const member = this.#memberAt(peer);
    const before = this.#suspected.get(peer);
    this.#suspected.delete(peer);
    // It answers no heartbeats, but it has registered: it is there.
    if (member === undefined || this.#numberOf(member) !== before) return [];
    return [count('service.member_removed'), ...this.#holder().remove(member, now)];
  }

  #memberAt(peer: Address): Member | undefined {
    return this.#holder()
      .members.all()
      .find(({ address }) => address === peer);
  }

  #numberOf({ registrant }: Member): number {
    return this.#holder().members.numberOf(registrant);
  }
}
