import type { Address } from '../../wire/address.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import { Heap } from '../bindings/heap.ts';
import type { Instant } from '../time.ts';
import type { EntryUse, ForwardingEntry, Hook } from './entry.ts';
import { overhead } from './overhead.ts';
import type { PacketView } from './packet-view.ts';
import {
  checkActions,
  isForIpv4,
  keyOf,
  rankOf,
  type Shape,
  shapeCode,
  shapeOf,
  valuesOf,
} from './shape.ts';

/** The most entries that a table holds where nobody says otherwise: some 1 000 000. */
export const MAX_FORWARDING_ENTRIES = 2 ** 20;

/** Source: RFC 2473 section 6.6. */
const ENCAPSULATION_LIMIT = 4;

/** An entry in the table, what it has carried, and when it last told the control side. */
export interface Row extends EntryUse {
  entry: ForwardingEntry;
  packets: number;
  octets: number;
  readonly noticed: Map<string, Instant>;
  /** The next one that asks for the very same fields and values, in order of precedence. */
  next: Row | undefined;
}

/** All entries of one hook that ask for the same fields and prefix lengths. */
interface Tuple {
  readonly shape: Shape;
  readonly rank: number;
  readonly rows: Map<string, Row>;
}

/** The tuples that a packet of one version may meet at a hook, most specific first. */
interface Space {
  tuples: readonly Tuple[];
  readonly byShape: Map<number, Tuple>;
}

const newSpace = (): Space => ({ tuples: [], byShape: new Map() });

function tupleFor(space: Space, shape: Shape): Tuple {
  const code = shapeCode(shape);
  const known = space.byShape.get(code);
  if (known !== undefined) return known;
  const tuple: Tuple = { shape, rank: rankOf(shape), rows: new Map() };
  space.byShape.set(code, tuple);
  space.tuples = [...space.tuples, tuple].sort((a, b) => b.rank - a.rank);
  return tuple;
}

/**
 * The forwarding table: which entry is for a packet.
 *
 * Tuple-space search (Srinivasan, Suri, Varghese 1999): entries that ask for the same fields and
 * prefix lengths share one hash table, so a look-up costs one probe for each combination in use
 * however many entries there are. The combinations are tried most specific first.
 *
 * Bounded: a full table refuses new entries and keeps what it has, so that a flood of new bindings
 * cannot displace those that carry packets.
 */
export class ForwardingTable {
  readonly #rows = new Map<string, Row>();
  readonly #spaces: Record<Hook, Space> = { arriving: newSpace(), leaving: newSpace() };
  readonly #ipv4Spaces: Record<Hook, Space> = { arriving: newSpace(), leaving: newSpace() };
  readonly #expiries = new Heap<{ readonly at: Instant; readonly id: string }>(
    (a, b) => a.at < b.at,
  );
  readonly #bound: number;
  readonly #mobilityExemption: boolean;
  readonly #isOurs: (destination: Address) => boolean;
  /** Tunnels that a packet may be in before it is put in one more. */
  readonly encapsulationLimit: number;

  /**
   * @param options `bound`: the most entries. `mobilityExemption: false` lets entries touch
   * Mobility Header messages, to show what becomes of return routability then. `isOurs`: is it an
   * address of this node, or a group? Absent: all are.
   */
  constructor(
    options: {
      readonly bound?: number;
      readonly mobilityExemption?: boolean;
      readonly encapsulationLimit?: number;
      readonly isOurs?: (destination: Address) => boolean;
    } = {},
  ) {
    this.#bound = options.bound ?? MAX_FORWARDING_ENTRIES;
    this.#mobilityExemption = options.mobilityExemption ?? true;
    this.#isOurs = options.isOurs ?? (() => true);
    this.encapsulationLimit = options.encapsulationLimit ?? ENCAPSULATION_LIMIT;
  }

  get size(): number {
    return this.#rows.size;
  }

  get bound(): number {
    return this.#bound;
  }

  /** Hash tables that a look-up at a hook may have to ask: combinations of fields in use. */
  combinations(hook: Hook): number {
    return Math.max(this.#spaces[hook].tuples.length, this.#ipv4Spaces[hook].tuples.length);
  }

  get(id: string): ForwardingEntry | undefined {
    return this.#rows.get(id)?.entry;
  }

  *all(): IterableIterator<ForwardingEntry> {
    for (const row of this.#rows.values()) yield row.entry;
  }

  /** What an entry has carried since its id was first added; zeros where there is none. */
  use(id: string): EntryUse {
    const row = this.#rows.get(id);
    return { packets: row?.packets ?? 0, octets: row?.octets ?? 0 };
  }

  /**
   * Adds an entry, or puts it in the place of the one with the same id, whose counters it takes
   * over (a new care-of address is no new flow). `full`: it is new, there is no room, nothing
   * changed. Throws RangeError where the match or an action makes no sense.
   */
  add(entry: ForwardingEntry): 'added' | 'replaced' | 'full' {
    const shape = shapeOf(entry.match);
    checkActions(entry.do);
    const old = this.#rows.get(entry.id);
    if (old === undefined && this.#rows.size >= this.#bound) return 'full';
    const row: Row = {
      entry,
      packets: old?.packets ?? 0,
      octets: old?.octets ?? 0,
      noticed: old?.noticed ?? new Map(),
      next: undefined,
    };
    if (old !== undefined) this.#unlink(old);
    this.#link(shape, row);
    this.#rows.set(entry.id, row);
    if (entry.expiresAt !== undefined) {
      this.#expiries.push({ at: entry.expiresAt, id: entry.id });
      this.#shedStaleExpiries();
    }
    return old === undefined ? 'added' : 'replaced';
  }

  /** Takes an entry out and gives it back. */
  remove(id: string): ForwardingEntry | undefined {
    const row = this.#rows.get(id);
    if (row === undefined) return undefined;
    this.#rows.delete(id);
    this.#unlink(row);
    return row.entry;
  }

  /**
   * The entry for a packet at a hook, expired ones left out.
   *
   * An entry that neither names the Mobility Header nor sets `mobility` never gets one of its
   * messages: Home Test and Care-of Test prove an address only if they go to that very address. Over IPv4
   * there are no such messages, whatever a packet says. Source: RFC 6275 section 6.1.
   */
  find(hook: Hook, packet: PacketView, now: Instant): Row | undefined {
    const isMobility = packet.protocol === PROTOCOL.mobility && !packet.isIpv4;
    const exempt = this.#mobilityExemption && isMobility;
    let best: Row | undefined;
    let bestRank = 0;
    const spaces = packet.isIpv4 ? this.#ipv4Spaces : this.#spaces;
    for (const { shape, rank, rows } of spaces[hook].tuples) {
      if (best !== undefined && rank < bestRank) break;
      const key = keyOf(shape, packet);
      if (key === undefined) continue;
      let row = rows.get(key);
      while (row !== undefined && !this.#holds(row, packet, exempt, now)) row = row.next;
      if (row === undefined || (best !== undefined && !isAhead(row.entry, best.entry))) continue;
      best = row;
      bestRank = rank;
    }
    return best;
  }

  /** When `expire` will next have something to give; undefined means never. */
  deadline(): Instant | undefined {
    for (let top = this.#expiries.peek(); top !== undefined; top = this.#expiries.peek()) {
      if (this.#rows.get(top.id)?.entry.expiresAt === top.at) return top.at;
      this.#expiries.pop(); // left behind by an entry that was replaced or removed
    }
    return undefined;
  }

  /** Takes out and gives back the entries whose time is over. */
  expire(now: Instant): ForwardingEntry[] {
    const gone: ForwardingEntry[] = [];
    for (let at = this.deadline(); at !== undefined && at <= now; at = this.deadline()) {
      gone.push(this.remove(this.#expiries.pop()!.id)!);
    }
    return gone;
  }

  /** May this entry be used now, and for this packet? */
  #holds(row: Row, packet: PacketView, exempt: boolean, now: Instant): boolean {
    const { match, expiresAt, credit } = row.entry;
    if (expiresAt !== undefined && expiresAt <= now) return false;
    if (credit !== undefined && sentWith(row, packet) > credit) return false;
    if (match.local === true && !this.#isOurs(packet.dst)) return false;
    return !exempt || match.mobility === true || match.protocol === PROTOCOL.mobility;
  }

  #link(shape: Shape, row: Row): void {
    const { match } = row.entry;
    const tuple = tupleFor(this.#spaceOf(row.entry), shape);
    const key = keyOf(shape, valuesOf(match))!;
    const first = tuple.rows.get(key);
    if (first === undefined || isAhead(row.entry, first.entry)) {
      row.next = first;
      tuple.rows.set(key, row);
      return;
    }
    let before = first;
    while (before.next !== undefined && isAhead(before.next.entry, row.entry)) before = before.next;
    row.next = before.next;
    before.next = row;
  }

  #unlink(row: Row): void {
    const { match } = row.entry;
    const shape = shapeOf(match);
    const space = this.#spaceOf(row.entry);
    const tuple = tupleFor(space, shape);
    const key = keyOf(shape, valuesOf(match))!;
    let before = tuple.rows.get(key);
    if (before === row) {
      if (row.next !== undefined) tuple.rows.set(key, row.next);
      else tuple.rows.delete(key);
    } else {
      while (before !== undefined && before.next !== row) before = before.next;
      if (before !== undefined) before.next = row.next;
    }
    if (tuple.rows.size > 0) return;
    space.byShape.delete(shapeCode(shape));
    space.tuples = space.tuples.filter((other) => other !== tuple);
  }

  #spaceOf({ at, match }: ForwardingEntry): Space {
    return (isForIpv4(match) ? this.#ipv4Spaces : this.#spaces)[at];
  }

  /** Entries renewed all the time must not grow the heap: it is rebuilt at twice the entries. */
  #shedStaleExpiries(): void {
    if (this.#expiries.size < 2 * this.#rows.size + 64) return;
    while (this.#expiries.size > 0) this.#expiries.pop();
    for (const { entry } of this.#rows.values()) {
      if (entry.expiresAt !== undefined) this.#expiries.push({ at: entry.expiresAt, id: entry.id });
    }
  }
}

/** What the entry will have sent on after this packet, in octets. */
function sentWith({ entry, packets, octets }: Row, packet: PacketView): number {
  return octets + packet.octets.length + (packets + 1) * overhead(entry);
}

/** Among entries of the same rank: higher priority first, then the lower id. */
function isAhead(a: ForwardingEntry, b: ForwardingEntry): boolean {
  const first = a.priority ?? 0;
  const second = b.priority ?? 0;
  return first === second ? a.id < b.id : first > second;
}
