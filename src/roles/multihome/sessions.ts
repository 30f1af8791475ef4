import type { ProbeConfig } from '../../core/config.ts';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, forward, unforward } from '../../core/part.ts';
import type { Output } from '../../core/role.ts';
import { type Instant, sooner } from '../../core/time.ts';
import { type Address, formatAddress } from '../../wire/address.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import { Session, sessionId } from './session.ts';

/**
 * The sessions of a multihomed host: which address of ours and which peer, told by the forwarding
 * table, which counts what they carry.
 *
 * Bounded: when it is full, those that are not in use go, then those that we never sent anything to;
 * a session beyond that goes on as without careof.
 *
 * Source: seed multihome, figure 3.1 (step 303).
 */
export class Sessions {
  readonly #most: number;
  readonly #probe: ProbeConfig;
  readonly #state: NodeState;
  readonly #all = new Map<string, Session>();
  readonly #byPeer = new Map<Address, Set<Session>>();

  constructor(most: number, probe: ProbeConfig, state: NodeState) {
    this.#most = most;
    this.#probe = probe;
    this.#state = state;
  }

  get size(): number {
    return this.#all.size;
  }

  all(): IterableIterator<Session> {
    return this.#all.values();
  }

  get(identity: Address, peer: Address): Session | undefined {
    return this.#all.get(sessionId(identity, peer));
  }

  byId(id: string): Session | undefined {
    return this.#all.get(id);
  }

  /** Are there any of this address of ours? */
  areOf(identity: Address): boolean {
    for (const session of this.#all.values()) if (session.identity === identity) return true;
    return false;
  }

  ofPeer(peer: Address): Session[] {
    return [...(this.#byPeer.get(peer) ?? [])];
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const session of this.#all.values()) {
      deadline = sooner(sooner(deadline, session.lookAt), session.renewAt);
      if (session.by === session.identity) deadline = sooner(deadline, session.usedUntil);
    }
    return deadline;
  }

  /**
   * A new session, and the one that has made room for it; undefined where there is no room.
   * @param mayGo may one be forgotten?
   */
  begin(
    identity: Address,
    peer: Address,
    mayGo: (session: Session) => boolean,
    now: Instant,
  ): { readonly session?: Session; readonly gone?: Session; readonly outputs: Output[] } {
    const outputs: Output[] = [];
    let gone: Session | undefined;
    if (this.#all.size >= this.#most) {
      gone = [...this.#all.values()].find((one) => mayGo(one) || !one.isOurs);
      if (gone === undefined) return { outputs: [count('multihome.session_refused')] };
      outputs.push(...this.end(gone));
    }
    const session = new Session(identity, peer, this.#probe, now);
    this.#all.set(session.id, session);
    this.#byPeer.set(peer, (this.#byPeer.get(peer) ?? new Set()).add(session));
    return {
      session,
      ...(gone !== undefined && { gone }),
      outputs: [
        ...outputs,
        ...this.#state.paths.follow(identity, peer, true),
        ...forward(countingEntry(session)),
      ],
    };
  }

  end(session: Session): Output[] {
    const { identity, peer } = session;
    this.#all.delete(session.id);
    const others = this.#byPeer.get(peer);
    others?.delete(session);
    if (others?.size === 0) this.#byPeer.delete(peer);
    return [
      ...this.#state.paths.follow(identity, peer, false),
      ...unforward(countingEntry(session).id),
    ];
  }

  /** Asks what those have carried that are to be looked at. */
  look(now: Instant): Output[] {
    const outputs: Output[] = [];
    for (const session of this.#all.values()) {
      const { lookAt, id, identity, peer } = session;
      if (lookAt === undefined || now < lookAt) continue;
      const entries = [this.#state.paths.fromHomeId(identity, peer), countingEntry(session).id];
      outputs.push({ kind: 'ask', id, entries });
    }
    return outputs;
  }
}

/** What comes to an address from a peer, headers of bindings taken off by then. */
function countingEntry({ identity, peer }: Session): ForwardingEntry {
  return {
    id: `${arrivingId(identity)}/from/${formatAddress(peer)}`,
    owner: 'multihomed-host',
    at: 'arriving',
    match: { src: { address: peer }, dst: { address: identity }, rest: true },
    // It may have fallen idle.
    do: [{ notify: 'session-from-peer' }],
  };
}

const arrivingId = (identity: Address): string => `session/to/${formatAddress(identity)}`;

/** What comes to an address from peers that are not known yet. */
export function noticingEntry(identity: Address): ForwardingEntry {
  return {
    id: arrivingId(identity),
    owner: 'multihomed-host',
    at: 'arriving',
    match: { dst: { address: identity }, rest: true },
    do: [{ notify: 'session-from-peer' }],
  };
}

/** ICMPv6 begins no session: it is asked and told about paths, also by this host itself. */
export function diagnosticEntries(identity: Address): ForwardingEntry[] {
  const own = { address: identity };
  const { icmpv6: protocol } = PROTOCOL;
  const base = { owner: 'multihomed-host', do: [] } as const;
  return [
    {
      ...{ ...base, id: `${arrivingId(identity)}/icmpv6`, at: 'arriving' },
      match: { dst: own, protocol, rest: true },
    },
    {
      ...{ ...base, id: `session/from/${formatAddress(identity)}/icmpv6`, at: 'leaving' },
      match: { src: own, protocol },
    },
  ];
}
