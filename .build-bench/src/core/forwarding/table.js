import { PROTOCOL } from '../../wire/numbers.js';
import { Heap } from '../heap.js';
import { keyOf, rankOf, shapeCode, shapeOf, valuesOf } from './shape.js';
/** The most entries that a table holds where nobody says otherwise: some 1 000 000. */
export const MAX_FORWARDING_ENTRIES = 2 ** 20;
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
    #rows = new Map();
    #tuples = { arriving: [], leaving: [] };
    #byShape = {
        arriving: new Map(),
        leaving: new Map(),
    };
    #expiries = new Heap((a, b) => a.at < b.at);
    #bound;
    #mobilityExemption;
    /**
     * @param options `bound`: the most entries. `mobilityExemption: false` lets entries touch
     * Mobility Header messages, to show what becomes of return routability then.
     */
    constructor(options = {}) {
        this.#bound = options.bound ?? MAX_FORWARDING_ENTRIES;
        this.#mobilityExemption = options.mobilityExemption ?? true;
    }
    get size() {
        return this.#rows.size;
    }
    get bound() {
        return this.#bound;
    }
    /** Hash tables that a look-up at a hook may have to ask: combinations of fields in use. */
    combinations(hook) {
        return this.#tuples[hook].length;
    }
    get(id) {
        return this.#rows.get(id)?.entry;
    }
    *all() {
        for (const row of this.#rows.values())
            yield row.entry;
    }
    /** What an entry has carried since its id was first added; zeros where there is none. */
    use(id) {
        const row = this.#rows.get(id);
        return { packets: row?.packets ?? 0, octets: row?.octets ?? 0 };
    }
    /**
     * Adds an entry, or puts it in the place of the one with the same id, whose counters it takes
     * over (a new care-of address is no new flow). `full`: it is new, there is no room, nothing
     * changed. Throws RangeError where the match makes no sense.
     */
    add(entry) {
        const shape = shapeOf(entry.match);
        const old = this.#rows.get(entry.id);
        if (old === undefined && this.#rows.size >= this.#bound)
            return 'full';
        const row = {
            entry,
            packets: old?.packets ?? 0,
            octets: old?.octets ?? 0,
            noticed: old?.noticed ?? new Map(),
            next: undefined,
        };
        if (old !== undefined)
            this.#unlink(old);
        this.#link(shape, row);
        this.#rows.set(entry.id, row);
        if (entry.expiresAt !== undefined) {
            this.#expiries.push({ at: entry.expiresAt, id: entry.id });
            this.#shedStaleExpiries();
        }
        return old === undefined ? 'added' : 'replaced';
    }
    /** Takes an entry out and gives it back. */
    remove(id) {
        const row = this.#rows.get(id);
        if (row === undefined)
            return undefined;
        this.#rows.delete(id);
        this.#unlink(row);
        return row.entry;
    }
    /**
     * The entry for a packet at a hook, expired ones left out.
     *
     * An entry that neither names the Mobility Header nor sets `mobility` never gets one of its
     * messages: Home Test and Care-of Test prove an address only if they go to that very address.
     * Source: RFC 6275 section 6.1.
     */
    find(hook, packet, now) {
        const exempt = this.#mobilityExemption && packet.protocol === PROTOCOL.mobility;
        let best;
        let bestRank = 0;
        for (const { shape, rank, rows } of this.#tuples[hook]) {
            if (best !== undefined && rank < bestRank)
                break;
            const key = keyOf(shape, packet);
            if (key === undefined)
                continue;
            let row = rows.get(key);
            while (row !== undefined && !holds(row.entry, exempt, now))
                row = row.next;
            if (row === undefined || (best !== undefined && !isAhead(row.entry, best.entry)))
                continue;
            best = row;
            bestRank = rank;
        }
        return best;
    }
    /** When `expire` will next have something to give; undefined means never. */
    deadline() {
        for (let top = this.#expiries.peek(); top !== undefined; top = this.#expiries.peek()) {
            if (this.#rows.get(top.id)?.entry.expiresAt === top.at)
                return top.at;
            this.#expiries.pop(); // left behind by an entry that was replaced or removed
        }
        return undefined;
    }
    /** Takes out and gives back the entries whose time is over. */
    expire(now) {
        const gone = [];
        for (let at = this.deadline(); at !== undefined && at <= now; at = this.deadline()) {
            gone.push(this.remove(this.#expiries.pop().id));
        }
        return gone;
    }
    #link(shape, row) {
        const { at, match } = row.entry;
        const tuple = this.#tupleFor(at, shape);
        const key = keyOf(shape, valuesOf(match));
        const first = tuple.rows.get(key);
        if (first === undefined || isAhead(row.entry, first.entry)) {
            row.next = first;
            tuple.rows.set(key, row);
            return;
        }
        let before = first;
        while (before.next !== undefined && isAhead(before.next.entry, row.entry))
            before = before.next;
        row.next = before.next;
        before.next = row;
    }
    #unlink(row) {
        const { at, match } = row.entry;
        const shape = shapeOf(match);
        const tuple = this.#tupleFor(at, shape);
        const key = keyOf(shape, valuesOf(match));
        let before = tuple.rows.get(key);
        if (before === row) {
            if (row.next !== undefined)
                tuple.rows.set(key, row.next);
            else
                tuple.rows.delete(key);
        }
        else {
            while (before !== undefined && before.next !== row)
                before = before.next;
            if (before !== undefined)
                before.next = row.next;
        }
        if (tuple.rows.size > 0)
            return;
        this.#byShape[at].delete(shapeCode(shape));
        this.#tuples[at] = this.#tuples[at].filter((other) => other !== tuple);
    }
    #tupleFor(hook, shape) {
        const code = shapeCode(shape);
        const known = this.#byShape[hook].get(code);
        if (known !== undefined)
            return known;
        const tuple = { shape, rank: rankOf(shape), rows: new Map() };
        this.#byShape[hook].set(code, tuple);
        this.#tuples[hook] = [...this.#tuples[hook], tuple].sort((a, b) => b.rank - a.rank);
        return tuple;
    }
    /** Entries renewed all the time must not grow the heap: it is rebuilt at twice the entries. */
    #shedStaleExpiries() {
        if (this.#expiries.size < 2 * this.#rows.size + 64)
            return;
        while (this.#expiries.size > 0)
            this.#expiries.pop();
        for (const { entry } of this.#rows.values()) {
            if (entry.expiresAt !== undefined)
                this.#expiries.push({ at: entry.expiresAt, id: entry.id });
        }
    }
}
/** May this entry be used now, and for this kind of packet? */
function holds(entry, exempt, now) {
    if (entry.expiresAt !== undefined && entry.expiresAt <= now)
        return false;
    return !exempt || entry.match.mobility === true || entry.match.protocol === PROTOCOL.mobility;
}
/** Among entries of the same rank: higher priority first, then the lower id. */
function isAhead(a, b) {
    const first = a.priority ?? 0;
    const second = b.priority ?? 0;
    return first === second ? a.id < b.id : first > second;
}
