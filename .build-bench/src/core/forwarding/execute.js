import { PROTOCOL } from '../../wire/numbers.js';
import { after, seconds } from '../time.js';
import { PacketView, wholePacket } from './packet-view.js';
import { applyHomeAddress, applyRouting2, INSERTED, insertHomeAddress, insertRouting2, popIpv6, pushIpv6, } from './rewrite.js';
/** Entries that one arriving packet may meet: tunnel, routing header, option, and one more. */
const MAX_DEPTH = 4;
/** An entry tells the control side of a pair of addresses no more often than this. */
const NOTICE_INTERVAL = seconds(1);
/** Pairs of addresses that an entry remembers for that; the oldest is forgotten. */
const MAX_NOTICED = 256;
/** A packet on its way through the table; its headers are read only where somebody asks. */
class Passage {
    octets;
    tunnel;
    notices = [];
    #packet;
    constructor(octets) {
        this.octets = octets;
    }
    get packet() {
        if (this.#packet?.octets !== this.octets)
            this.#packet = new PacketView(this.octets);
        return this.#packet;
    }
}
/**
 * The data plane: does to one packet what the table says.
 *
 * At `leaving` one entry is executed, with its whole list. At `arriving` a packet from which a
 * header came off meets the table again, as if it had just arrived, up to four times; so a packet
 * with a Home Address option inside a tunnel needs no entry of its own. `octets` is not written to,
 * and an outcome may share its memory.
 */
export function execute(table, hook, octets, now) {
    const whole = wholePacket(octets);
    if (whole === undefined) {
        const foreign = octets.length > 0 && octets[0] >> 4 !== 6;
        return foreign ? UNMATCHED : { kind: 'drop', reason: 'malformed', notices: [] };
    }
    const passage = new Passage(whole);
    let last;
    for (let depth = 0;; depth++) {
        const row = table.find(hook, passage.packet, now);
        if (row === undefined) {
            if (last === undefined)
                return UNMATCHED;
            return { kind: 'continue', octets: passage.octets, ...ending(last, passage) };
        }
        last = row.entry;
        if (depth === MAX_DEPTH) {
            return { kind: 'drop', reason: 'too-deep', entry: last, notices: passage.notices };
        }
        const end = follow(row, passage, now);
        if (end !== undefined)
            return end;
        if (hook === 'leaving' || !last.do.some(takesOff)) {
            return { kind: 'continue', octets: passage.octets, ...ending(last, passage) };
        }
    }
}
const UNMATCHED = { kind: 'unmatched' };
/** The entry that a leaving packet would meet, so that a host can reckon what it may send. */
export function leavingEntry(table, octets, now) {
    const whole = wholePacket(octets);
    return whole && table.find('leaving', new PacketView(whole), now)?.entry;
}
/** Octets by which an entry makes a packet longer: what a path MTU loses by it. */
export function overhead(entry) {
    let octets = 0;
    for (const action of entry.do) {
        if ('push' in action)
            octets += 40;
        if ('insert' in action)
            octets += INSERTED;
    }
    return octets;
}
const takesOff = (action) => 'pop' in action || 'apply' in action;
function ending(entry, { tunnel, notices }) {
    return {
        entry,
        ...(entry.out && { out: entry.out }),
        ...(tunnel && { tunnel }),
        notices,
    };
}
/** Counts the packet and does the entry's actions; an outcome where one of them ends its way. */
function follow(row, passage, now) {
    const { entry } = row;
    row.packets += 1;
    row.octets += passage.octets.length;
    for (const action of entry.do) {
        if ('drop' in action)
            return dropped(action.drop, entry, passage);
        if ('divert' in action) {
            const { octets, tunnel, notices } = passage;
            const { reason } = action;
            return {
                kind: 'divert',
                octets,
                reason,
                entry,
                ...(tunnel && { tunnel }),
                notices,
            };
        }
        if ('notify' in action) {
            notify(row, action.notify, passage, now);
            continue;
        }
        const rewritten = rewrite(passage.packet, action);
        if (typeof rewritten === 'string')
            return dropped(rewritten, entry, passage);
        if ('pop' in action)
            passage.tunnel = { src: passage.packet.src, dst: passage.packet.dst };
        passage.octets = rewritten;
    }
    return undefined;
}
function dropped(reason, entry, { notices }) {
    return { kind: 'drop', reason, entry, notices };
}
function notify(row, reason, passage, now) {
    const { home, dst, protocol } = passage.packet;
    // A peer that is away itself is known by its home address, not by where it is just now.
    const src = home ?? passage.packet.src;
    // Signalling is no flow: nobody is to be told where we are for having tested that we are there.
    if (protocol === PROTOCOL.mobility)
        return;
    const ends = src + dst;
    const last = row.noticed.get(ends);
    if (last !== undefined && now < after(last, NOTICE_INTERVAL))
        return;
    row.noticed.delete(ends); // so that the map stays in order of time
    row.noticed.set(ends, now);
    if (row.noticed.size > MAX_NOTICED)
        row.noticed.delete(row.noticed.keys().next().value);
    passage.notices.push({ entry: row.entry.id, reason, src, dst });
}
function rewrite(packet, action) {
    if ('push' in action)
        return pushIpv6(packet, action.src, action.dst);
    if ('pop' in action)
        return popIpv6(packet);
    if ('apply' in action) {
        return action.apply === 'home-address' ? applyHomeAddress(packet) : applyRouting2(packet);
    }
    return action.insert === 'home-address'
        ? insertHomeAddress(packet, action.careOf)
        : insertRouting2(packet, action.careOf);
}
