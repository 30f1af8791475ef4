import { homeAddressEntryId } from '../../core/bindings/home-address-entries.ts';
import type { EntryUse, ForwardingEntry } from '../../core/forwarding/entry.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, forward, type Received, unforward } from '../../core/part.ts';
import type { Output } from '../../core/role.ts';
import { signal } from '../../core/signalling/signalling.ts';
import {
  after,
  between,
  type Duration,
  type Instant,
  milliseconds,
  seconds,
  sooner,
} from '../../core/time.ts';
import { type Address, address, formatAddress, readAddress } from '../../wire/address.ts';

/** Nodes that are watched at once; one that is idle makes room, else further ones are not watched. */
const MAX_WATCHED = 256;
/** How often is looked at what is in use, and at what is not. */
const LOOK: Duration = milliseconds(250);
const SELDOM: Duration = seconds(1);
/** So long nothing may come of a node that something is sent to before it is asked. */
const QUIET: Duration = seconds(1);
/** Nothing was sent to it and nothing came: longer than a node keeps a session that is not used. */
const IDLE: Duration = seconds(330);
/** So long one must have been idle to make room for another. */
const MAY_MAKE_ROOM: Duration = seconds(10);
/** Questions without an answer, one at each look, before nothing counts as delivered. */
const MAX_PROBES = 3;

interface Watched {
  readonly home: Address;
  /** The address of ours that it knows. */
  local: Address;
  /** Packets at the last look; undefined: none was made. */
  use: { readonly sent: number; readonly came: number } | undefined;
  lookAt: Instant;
  /** When something was last sent or came, or it told of its addresses. */
  usedAt: Instant;
  /** When something was first sent since something came. */
  owedSince: Instant | undefined;
  /** Questions that are not answered. */
  probes: number;
  /** An error says that it cannot be reached: it is asked without waiting. */
  doubted: boolean;
  silent: boolean;
}

/** What a look shows. */
export interface Found {
  readonly outputs: Output[];
  /**
   * Nothing that is sent to this address is delivered; or, `heard`, something comes from it again;
   * or, `idle`, nothing has passed for long, and nothing is bound.
   */
  readonly home: Address;
  readonly local: Address;
  readonly state: 'silent' | 'heard' | 'idle' | undefined;
}

/**
 * Does what is sent to nodes with several addresses get there? Those are watched that have told us of
 * their addresses, by what entries of the forwarding table count.
 *
 *     something is sent, and nothing comes for a second (or an ICMPv6 error says why) -> asked (echo)
 *     three questions unanswered -> silent        anything comes -> heard
 *
 * An error alone says nothing, since anybody can make it up.
 *
 * Source: seed multihome, figure 3.3 step 360; RFC 4443 section 5.2.
 */
export class DeliveryWatch {
  readonly #state: NodeState;
  readonly #watched = new Map<Address, Watched>();

  constructor(state: NodeState) {
    this.#state = state;
  }

  get size(): number {
    return this.#watched.size;
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { lookAt } of this.#watched.values()) deadline = sooner(deadline, lookAt);
    return deadline;
  }

  isWatched(home: Address): boolean {
    return this.#watched.has(home);
  }

  /** A node has told of its addresses, at this one of ours. @returns the one that made room, too. */
  follow(
    home: Address,
    local: Address,
    now: Instant,
  ): { readonly gone?: Address; readonly outputs: Output[] } {
    const known = this.#watched.get(home);
    if (known !== undefined) {
      known.local = local;
      known.usedAt = now;
      return { outputs: [] };
    }
    const gone = this.#watched.size < MAX_WATCHED ? undefined : this.#longestIdle(now);
    if (gone === undefined && this.#watched.size >= MAX_WATCHED) {
      return { outputs: [count('mobility.watch_full')] };
    }
    const forgotten = gone === undefined ? [] : this.forget(gone);
    const base = { owedSince: undefined, probes: 0, doubted: false, silent: false };
    const lookAt = after(now, SELDOM);
    this.#watched.set(home, { home, local, use: undefined, lookAt, usedAt: now, ...base });
    const outputs = [...forgotten, ...forward(...countingEntries(home))];
    return gone === undefined ? { outputs } : { gone, outputs };
  }

  #longestIdle(now: Instant): Address | undefined {
    let found: Watched | undefined;
    for (const one of this.#watched.values()) {
      if (!this.#isIdle(one, MAY_MAKE_ROOM, now)) continue;
      if (found === undefined || one.usedAt < found.usedAt) found = one;
    }
    return found?.home;
  }

  #isIdle({ home, usedAt }: Watched, time: Duration, now: Instant): boolean {
    return between(usedAt, now) >= time && this.#state.bindings.get(home) === undefined;
  }

  /** It is of no use any more. */
  forget(home: Address): Output[] {
    if (!this.#watched.delete(home)) return [];
    return unforward(...countingEntries(home).map(({ id }) => id));
  }

  /** Another try: what has not been delivered so far counts from now on. */
  again(home: Address, now: Instant): void {
    const watched = this.#watched.get(home);
    if (watched === undefined) return;
    watched.silent = false;
    watched.probes = 0;
    watched.owedSince = undefined;
    watched.lookAt = after(now, LOOK);
  }

  /** An error about a packet that went to a node's own address: the node is asked. */
  hinted({ message, destination }: Received, now: Instant): Output[] {
    if (message.layer !== 'destination-unreachable' || message.invoking.length < 40) return [];
    const watched = this.#watched.get(readAddress(message.invoking, 24));
    if (watched === undefined || readAddress(message.invoking, 8) !== destination) return [];
    if (watched.owedSince === undefined || watched.doubted) return [];
    watched.doubted = true;
    watched.lookAt = now;
    return [count('mobility.delivery_doubted')];
  }

  /** Asks what those have carried that are to be looked at. */
  tick(now: Instant): Output[] {
    const outputs: Output[] = [];
    for (const watched of this.#watched.values()) {
      if (watched.lookAt > now) continue;
      watched.lookAt = after(now, SELDOM); // until the answer says more
      const id = PREFIX + formatAddress(watched.home);
      const { paths } = this.#state;
      const entries = [
        homeAddressEntryId(watched.home, watched.home),
        leavingId(watched.home),
        ...paths.toPeerIds(watched.home),
      ];
      outputs.push({ kind: 'ask', id, entries });
    }
    return outputs;
  }

  answered(
    id: string,
    [arriving, ...leaving]: readonly EntryUse[],
    now: Instant,
  ): Found | undefined {
    if (!id.startsWith(PREFIX)) return undefined;
    const watched = this.#watched.get(address(id.slice(PREFIX.length)));
    if (watched === undefined) return undefined;
    const before = watched.use;
    const sent = leaving.reduce((sum, { packets }) => sum + packets, 0);
    watched.use = { sent, came: arriving?.packets ?? 0 };
    const { home, local } = watched;
    if (before === undefined) return { outputs: [], home, local, state: undefined };
    if (watched.use.came !== before.came || sent !== before.sent) watched.usedAt = now;
    else if (this.#isIdle(watched, IDLE, now)) return { outputs: [], home, local, state: 'idle' };
    if (watched.use.came !== before.came) return this.#heard(watched, now);
    // An entry that is gone begins anew.
    if (sent !== before.sent) watched.owedSince ??= now;
    return this.#quiet(watched, now);
  }

  #heard(watched: Watched, now: Instant): Found {
    const { home, local, silent } = watched;
    watched.owedSince = undefined;
    watched.probes = 0;
    watched.doubted = false;
    watched.silent = false;
    watched.lookAt = after(now, LOOK);
    return { outputs: [], home, local, state: silent ? 'heard' : undefined };
  }

  #quiet(watched: Watched, now: Instant): Found {
    const { home, local, owedSince } = watched;
    const found = { outputs: [], home, local, state: undefined };
    if (owedSince === undefined) return found;
    watched.lookAt = after(now, LOOK);
    const waits = !watched.doubted && between(owedSince, now) < QUIET;
    if (watched.silent || waits) return found;
    if (watched.probes >= MAX_PROBES) {
      watched.silent = true;
      return { ...found, state: 'silent' };
    }
    watched.probes += 1;
    return { ...found, outputs: [count('mobility.delivery_probed'), ...probe(watched)] };
  }
}

const PREFIX = 'delivery/';

const probe = ({ home, local, probes }: Watched): Output[] =>
  signal({
    source: local,
    destination: home,
    layers: [{ layer: 'echo-request', identifier: 0, sequence: probes, data: new Uint8Array() }],
    detail: 'does anything get there?',
  });

const leavingId = (home: Address): string => `delivery/to/${formatAddress(home)}`;

/** They change nothing: they count what goes to an address, and what comes from it, as it stands. */
function countingEntries(home: Address): ForwardingEntry[] {
  const base = { owner: 'delivery-watch', priority: -1, do: [] } as const;
  return [
    {
      ...{ ...base, id: leavingId(home), at: 'leaving' },
      match: { dst: { address: home } },
    },
    {
      ...{ ...base, id: homeAddressEntryId(home, home), at: 'arriving' },
      match: { src: { address: home }, local: true },
    },
  ];
}
