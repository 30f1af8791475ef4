/**
 * What both authenticators of mobility messages have in common: the data that they cover.
 *
 * Source: RFC 6275 section 6.2.7, RFC 4285 section 5.1.
 */
import { writeAddress } from '../../wire/address.js';
import { IPV6_OPTION, PROTOCOL } from '../../wire/numbers.js';
import { findMobilityOption, walkHeaders } from '../../wire/walk.js';
/** Octets of an authenticator: First (96, ...). */
export const AUTHENTICATOR_SIZE = 12;
/**
 * The last option of a type in the Mobility Header message of a packet; undefined where there is
 * none, or where anything but padding follows it. An authenticator stands last, and what is behind
 * it would not be proved by it.
 */
export function signedPart(packet, type) {
    const walk = walkHeaders(packet);
    if (walk?.protocol !== PROTOCOL.mobility || !walk.firstFragment)
        return undefined;
    const mobilityAt = walk.upperAt;
    const optionAt = findMobilityOption(packet, mobilityAt, type);
    if (optionAt < 0)
        return undefined;
    const mobilityEnd = mobilityAt + 8 * (packet[mobilityAt + 1] + 1);
    const optionEnd = optionAt + 2 + packet[optionAt + 1];
    for (let at = optionEnd; at < mobilityEnd;) {
        const padding = packet[at];
        if (padding !== IPV6_OPTION.pad1 && padding !== IPV6_OPTION.padN)
            return undefined;
        at += padding === IPV6_OPTION.pad1 ? 1 : 2 + packet[at + 1];
    }
    return { mobilityAt, mobilityEnd, optionAt, optionEnd };
}
/** Two addresses and the octets [from, to) of a packet's Mobility Header, its checksum as zero. */
export function mobilityData(first, second, packet, from, to) {
    const data = new Uint8Array(32 + to - from);
    writeAddress(data, 0, first);
    writeAddress(data, 16, second);
    data.set(packet.subarray(from, to), 32);
    data.fill(0, 32 + 4, 32 + 6);
    return data;
}
