import { isMulticast, readAddress, UNSPECIFIED } from '../wire/address.js';
import { serialisePacket } from '../wire/packet.js';
import { walkHeaders } from '../wire/walk.js';
/** An error quotes as much as fits in the smallest IPv6 MTU (RFC 4443 section 2.4 (c)). */
const MAX_ERROR_SIZE = 1280;
const ERROR_HEADERS = 48;
/**
 * An ICMPv6 Parameter Problem about a packet sent to this node, or nothing where RFC 4443 section
 * 2.4 (e) forbids one: about an error, to or from a multicast or unspecified address, too often.
 * @param pointer offset in octets of what is wrong, from the start of the packet.
 */
export function parameterProblem(packet, code, pointer, limit, now) {
    if (packet.length < 40)
        return [];
    const source = readAddress(packet, 8);
    const destination = readAddress(packet, 24);
    const walk = walkHeaders(packet);
    const isError = walk?.protocol === 58 && (packet[walk.upperAt] ?? 0) < 128;
    if (isError || source === UNSPECIFIED || isMulticast(source) || isMulticast(destination)) {
        return [];
    }
    if (!limit.take(now))
        return [];
    const octets = serialisePacket([
        { layer: 'ipv6', source: destination, destination: source, hopLimit: 64 },
        {
            layer: 'parameter-problem',
            code,
            pointer,
            invoking: packet.slice(0, MAX_ERROR_SIZE - ERROR_HEADERS),
        },
    ]);
    return [{ kind: 'transmit', octets }];
}
