import { readAddress } from '../../wire/address.js';
import { ipv6Header } from '../../wire/ipv6-header.js';
import { IPV6_OPTION, PROTOCOL } from '../../wire/numbers.js';
import { walkHeaders } from '../../wire/walk.js';
/** Octets of the IPv6 header. */
export const IPV6_HEADER = ipv6Header.size;
/** The longest packet whose length the Payload Length field can say. */
export const MAX_PACKET = IPV6_HEADER + 0xffff;
/** Where the IPv6 header has its Next Header field. */
const NEXT_HEADER = ipv6Header.offsetOf('nextHeader');
/** Upper layers that begin with two port numbers: TCP, UDP, DCCP, SCTP, UDP-Lite. */
const WITH_PORTS = new Set([PROTOCOL.tcp, PROTOCOL.udp, 33, 132, 136]);
/**
 * What the table asks of a packet, by the names that matches use.
 *
 * A chain of headers that cannot be read is no reason to refuse the packet: whoever it is for
 * answers for that. It leaves `protocol` undefined and has no options, so only entries that ask for
 * nothing behind the IPv6 header match.
 */
export class PacketView {
    octets;
    src;
    dst;
    flowLabel;
    /** Undefined where the headers cannot be read. */
    walk;
    protocol;
    sport;
    dport;
    /** The address in the Home Address option. */
    home;
    /** The address in a Type 2 Routing header with a segment left. */
    routing2;
    /** @param octets one whole IPv6 packet, as `wholePacket` gives it. */
    constructor(octets) {
        const walk = walkHeaders(octets);
        this.octets = octets;
        this.src = readAddress(octets, 8);
        this.dst = readAddress(octets, 24);
        this.flowLabel = ((octets[1] & 0x0f) << 16) | (octets[2] << 8) | octets[3];
        this.walk = walk;
        this.protocol = walk?.protocol;
        if (walk === undefined)
            return;
        const { upperAt, homeAddressAt, routing2At } = walk;
        if (homeAddressAt >= 0 && isBeforeFragment(walk.homeOptionsAt, walk)) {
            this.home = readAddress(octets, homeAddressAt);
        }
        if (routing2At >= 0 && isBeforeFragment(routing2At, walk)) {
            this.routing2 = readAddress(octets, routing2At + 8);
        }
        const ports = walk.firstFragment && WITH_PORTS.has(walk.protocol);
        if (!ports || upperAt + 4 > octets.length)
            return;
        this.sport = (octets[upperAt] << 8) | octets[upperAt + 1];
        this.dport = (octets[upperAt + 2] << 8) | octets[upperAt + 3];
    }
    /** Source of the packet inside, where this is an IPv6-in-IPv6 tunnel packet. */
    get innerSrc() {
        return this.#innerAddress(8);
    }
    /** Destination of the packet inside. */
    get innerDst() {
        return this.#innerAddress(24);
    }
    /** Is this a part of a packet, first or later? One fragment may be the whole (RFC 6946). */
    get isPart() {
        const at = this.walk?.fragmentAt ?? -1;
        return at >= 0 && (((this.octets[at + 2] << 8) | this.octets[at + 3]) & 0xfff9) !== 0;
    }
    #innerAddress(offset) {
        const { walk, octets } = this;
        if (walk?.protocol !== PROTOCOL.ipv6 || !walk.firstFragment)
            return undefined;
        const at = walk.upperAt;
        if (at + IPV6_HEADER > octets.length || octets[at] >> 4 !== 6)
            return undefined;
        return readAddress(octets, at + offset);
    }
}
/**
 * Behind the Fragment header neither has a place: what is there belongs to the packet that is put
 * together from the fragments. Source: RFC 6275 sections 6.3 and 6.4.
 */
function isBeforeFragment(at, { fragmentAt }) {
    return fragmentAt < 0 || at < fragmentAt;
}
/**
 * The packet without what a link may have put behind it; undefined where it is cut short.
 * Source: RFC 8200 section 3, Payload Length.
 */
export function wholePacket(octets) {
    if (octets.length < IPV6_HEADER || octets[0] >> 4 !== 6)
        return undefined;
    const end = IPV6_HEADER + ((octets[4] << 8) | octets[5]);
    if (end > octets.length)
        return undefined;
    return end === octets.length ? octets : octets.subarray(0, end);
}
/**
 * Where a Type 2 Routing header or a Destination Options header with a home address is inserted:
 * behind Hop-by-Hop Options and Routing headers, and what stands before those; before all else.
 *
 * Source: RFC 8200 section 4.1, RFC 6275 sections 6.3 and 6.4.
 */
export function placeToInsert(octets, walk) {
    let place = { at: IPV6_HEADER, link: NEXT_HEADER };
    let { at, link } = place;
    while (at < walk.upperAt && at !== walk.fragmentAt) {
        const isOptions = octets[link] === PROTOCOL.destinationOptions;
        link = at;
        at += extensionSize(octets, at);
        if (!isOptions)
            place = { at, link };
    }
    return place;
}
/** The place of an extension header that stands before any Fragment header. */
export function placeOf(octets, header) {
    let link = NEXT_HEADER;
    for (let at = IPV6_HEADER; at < header; at += extensionSize(octets, at))
        link = at;
    return { at: header, link };
}
/** Octets of an extension header that is not a Fragment header. Source: RFC 8200 section 4. */
export const extensionSize = (octets, at) => 8 * (octets[at + 1] + 1);
/** Does a Destination Options header hold nothing but one option, at `option`, and padding? */
export function isOnlyOption(octets, header, option) {
    const end = header + extensionSize(octets, header);
    let at = header + 2;
    while (at < end) {
        const type = octets[at];
        if (at !== option && type !== IPV6_OPTION.pad1 && type !== IPV6_OPTION.padN)
            return false;
        at += type === IPV6_OPTION.pad1 ? 1 : 2 + octets[at + 1];
    }
    return true;
}
