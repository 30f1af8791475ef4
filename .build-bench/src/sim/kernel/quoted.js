import { readAddress } from '../../wire/address.js';
import { PROTOCOL } from '../../wire/numbers.js';
import { walkHeaders } from '../../wire/walk.js';
import { destinationOf, sourceOf } from './ipv6-fields.js';
/** What an error quotes, headers that entries added left aside; undefined where it is unreadable. */
export function quotedPacket(octets) {
    const walk = walkHeaders(octets);
    if (walk === undefined || !walk.firstFragment)
        return undefined;
    const { protocol, upperAt: at, homeAddressAt, routing2At } = walk;
    const source = homeAddressAt < 0 ? sourceOf(octets) : readAddress(octets, homeAddressAt);
    const destination = routing2At < 0 ? destinationOf(octets) : readAddress(octets, routing2At + 8);
    return { octets, source, destination, protocol, at };
}
/** The packet inside a quoted tunnel packet; undefined where it is none or is cut too short. */
export function quotedInside(quoted) {
    if (quoted.protocol !== PROTOCOL.ipv6)
        return undefined;
    return quotedPacket(quoted.octets.subarray(quoted.at));
}
/** The two ports of a quoted packet; undefined where they are cut off. */
export function quotedPorts({ octets, at }) {
    if (at + 4 > octets.length)
        return undefined;
    return {
        from: (octets[at] << 8) | octets[at + 1],
        to: (octets[at + 2] << 8) | octets[at + 3],
    };
}
