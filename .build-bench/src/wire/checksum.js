import { writeAddress } from './address.js';
/**
 * One's complement sum of octets, for chaining: give the sum of what came before. An odd last octet
 * counts as if a zero followed. Not folded; `foldChecksum` ends it.
 */
function sum(octets, from, to, before) {
    let total = before;
    const even = to - ((to - from) & 1);
    for (let i = from; i < even; i += 2)
        total += (octets[i] << 8) | octets[i + 1];
    if (even < to)
        total += octets[even] << 8;
    return total;
}
function fold(total) {
    let folded = total;
    while (folded > 0xffff)
        folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
    return ~folded & 0xffff;
}
/**
 * The Internet checksum of octets[from, to). Over octets that already hold a right checksum it is
 * zero.
 *
 * Source: RFC 1071 section 1.
 */
export function internetChecksum(octets, from = 0, to = octets.length) {
    return fold(sum(octets, from, to, 0));
}
/**
 * The checksum of an upper-layer packet octets[from, to) with IPv6's pseudo-header before it. The
 * addresses are those of the communication's ends: the Home Address option's in place of the source
 * and the Type 2 Routing header's in place of the destination, where they are there.
 *
 * Source: RFC 8200 section 8.1, RFC 6275 sections 6.1.1, 6.3 and 6.4.
 */
export function upperLayerChecksum(source, destination, protocol, octets, from, to) {
    writeAddress(PAIR, 0, source);
    writeAddress(PAIR, 16, destination);
    return checksumBetween(PAIR, 0, PAIR, 16, protocol, octets, from, to);
}
/** Room for two addresses; never read after the call that wrote it. */
const PAIR = new Uint8Array(32);
/** `upperLayerChecksum` for addresses that stand in octets: nothing is allocated. */
export function checksumBetween(sourceIn, sourceAt, destinationIn, destinationAt, protocol, octets, from, to) {
    const length = to - from;
    let total = (length >>> 16) + (length & 0xffff) + protocol;
    total = sum(sourceIn, sourceAt, sourceAt + 16, total);
    total = sum(destinationIn, destinationAt, destinationAt + 16, total);
    return fold(sum(octets, from, to, total));
}
