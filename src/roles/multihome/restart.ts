import { AddressLifetime } from '../../core/neighbor-discovery/address-lifetime.ts';
import type { NodeState } from '../../core/node-state.ts';
import { homeOfPeer } from '../../core/peers/peer-journal.ts';
import type { Output } from '../../core/role.ts';
import { after, between, type Duration, type Instant, NO_TIME, seconds } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import {
  forgetSession,
  isOfSession,
  PREFERRED,
  type RememberedSession,
  rememberedSession,
  rememberSession,
} from './host-journal.ts';
import type { Identities } from './identities.ts';
import type { ProviderChoice } from './provider-choice.ts';
import type { ProviderPaths } from './provider-paths.ts';
import type { Session } from './session.ts';
import type { SessionMoves } from './session-moves.ts';
import type { Sessions } from './sessions.ts';

/** So long a session waits for its address to be there again: a router and DAD take about two seconds. */
const PATIENCE: Duration = seconds(4);

/** What is taken up again of an earlier life. */
export interface Tables {
  readonly choice: ProviderChoice;
  readonly identities: Identities;
  readonly sessions: Sessions;
  readonly paths: ProviderPaths;
  readonly moves: SessionMoves;
}

/**
 * Keeps what a multihomed host must know of its sessions after a restart, and takes it up again.
 *
 *     restored values --next input--> sessions as they were --their address is there--> confirmed
 *                                                           --it does not come--> moved
 *
 * Source: RFC 6275 section 11.1 for what outlives a node's sleep.
 */
export class Restart {
  readonly #tables: Tables;
  readonly #state: NodeState;
  readonly #restored = new Map<string, string>();
  /** Sessions of an earlier life whose address has not been seen yet. */
  readonly #awaited = new Set<Session>();
  #until: Instant | undefined;

  constructor(tables: Tables, state: NodeState) {
    this.#tables = tables;
    this.#state = state;
  }

  deadline(): Instant | undefined {
    return this.#until;
  }

  /** What is kept of a session now. */
  keep({ identity, peer, by, port }: Session): Output {
    const { identities, paths } = this.#tables;
    const token = paths.get(peer, identity)?.token('home');
    const validUntil = identities.lifetimeOf(identity)?.validUntil ?? (0 as Instant);
    const known = { ...{ identity, peer, by, port, validUntil }, ...(token && { token }) };
    return rememberSession(known, this.#state.env);
  }

  /** The session is over. */
  forget(session: Session): Output {
    this.#awaited.delete(session);
    return forgetSession(session.identity, session.peer);
  }

  /** Something stored in an earlier life; what belongs together may come in any order. */
  take(key: string, value: string): void {
    if (this.#state.env.without.has('journal')) return;
    if (key === PREFERRED) this.#tables.choice.prefer(value);
    else this.#restored.set(key, value);
  }

  /** All has been restored. @param want makes the paths to a peer what its sessions need. */
  resume(want: (peer: Address) => void, now: Instant): Output[] {
    if (this.#restored.size === 0) return [];
    const { identities, moves } = this.#tables;
    const values = [...this.#restored];
    this.#restored.clear();
    const outputs: Output[] = [];
    for (const [key, value] of values) {
      const session = rememberedSession(key, value, this.#state.env);
      if (session !== undefined) outputs.push(...this.#begin(session, want, now));
    }
    outputs.push(...this.#leftovers(values));
    for (const { list } of identities.all()) {
      for (const [key, value] of values) outputs.push(...list.restore(key, value, true, now));
    }
    for (const session of this.#awaited) outputs.push(...moves.resume(session, now));
    if (this.#awaited.size > 0) this.#until = after(now, PATIENCE);
    return outputs;
  }

  /** What cannot be read, and peers of addresses that no session is left of, would stay for ever. */
  #leftovers(values: readonly (readonly [string, string])[]): Output[] {
    const { identities } = this.#tables;
    return values.flatMap(([key, value]): Output[] => {
      const home = homeOfPeer(key);
      const isOver = isOfSession(key)
        ? rememberedSession(key, value, this.#state.env) === undefined
        : home !== undefined && identities.get(home) === undefined;
      return isOver ? [{ kind: 'store', key }] : [];
    });
  }

  #begin(
    { identity, peer, by, port, validUntil, token }: RememberedSession,
    want: (peer: Address) => void,
    now: Instant,
  ): Output[] {
    const { identities, sessions, paths } = this.#tables;
    const said = { validLifetime: between(now, validUntil), preferredLifetime: NO_TIME };
    const added = identities.add(identity, new AddressLifetime(said, now));
    const { session, outputs } = sessions.begin(identity, peer, () => false, now);
    if (session === undefined) return [...added, ...outputs, forgetSession(identity, peer)];
    session.resume(by, port, now);
    this.#awaited.add(session);
    want(peer);
    const path = paths.get(peer, identity);
    if (token !== undefined) path?.learn('home', token);
    // The session had left it: it carries again when it has answered for a while.
    const left = by === identity ? undefined : path?.die('left before the restart', now);
    return [...added, ...outputs, ...(left ?? [])];
  }

  /** Is it too early to say that an address of an earlier life is gone? */
  awaits(address: Address): boolean {
    for (const { by } of this.#awaited) if (by === address) return true;
    return false;
  }

  /** True, once: the session's address is there again, or does not come. */
  isDone(session: Session, isThere: boolean): boolean {
    return isThere && this.#awaited.delete(session);
  }

  /** True: what has not come by now does not come. */
  tick(now: Instant): boolean {
    if (this.#until === undefined || now < this.#until) return false;
    this.#until = undefined;
    this.#awaited.clear();
    return true;
  }
}
