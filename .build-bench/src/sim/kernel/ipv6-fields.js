/** Fields of the IPv6 header in a packet's octets, for the path that every packet takes. */
import { readAddress } from '../../wire/address.js';
import { ipv6Header } from '../../wire/ipv6-header.js';
export const IPV6_HEADER = ipv6Header.size;
const PAYLOAD_LENGTH = ipv6Header.offsetOf('payloadLength');
const NEXT_HEADER = ipv6Header.offsetOf('nextHeader');
const HOP_LIMIT = ipv6Header.offsetOf('hopLimit');
const SOURCE = ipv6Header.offsetOf('source');
const DESTINATION = ipv6Header.offsetOf('destination');
export const sourceOf = (octets) => readAddress(octets, SOURCE);
export const destinationOf = (octets) => readAddress(octets, DESTINATION);
export const nextHeaderOf = (octets) => octets[NEXT_HEADER];
export const hopLimitOf = (octets) => octets[HOP_LIMIT];
/** Octets of the whole packet, by its header; a quoted one may be cut shorter. */
export const lengthOf = (octets) => IPV6_HEADER + ((octets[PAYLOAD_LENGTH] << 8) | octets[PAYLOAD_LENGTH + 1]);
export function decrementHopLimit(octets) {
    octets[HOP_LIMIT] = octets[HOP_LIMIT] - 1;
}
