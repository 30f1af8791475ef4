/** Fields of the IPv6 header in a packet's octets, for the path that every packet takes. */
import { type Address, readAddress } from '../../wire/address.ts';
import { ipv6Header } from '../../wire/ipv6-header.ts';

export const IPV6_HEADER: number = ipv6Header.size;
const PAYLOAD_LENGTH = ipv6Header.offsetOf('payloadLength');
const NEXT_HEADER = ipv6Header.offsetOf('nextHeader');
const HOP_LIMIT = ipv6Header.offsetOf('hopLimit');
const SOURCE = ipv6Header.offsetOf('source');
const DESTINATION = ipv6Header.offsetOf('destination');

export const sourceOf = (octets: Uint8Array): Address => readAddress(octets, SOURCE);
export const destinationOf = (octets: Uint8Array): Address => readAddress(octets, DESTINATION);
export const nextHeaderOf = (octets: Uint8Array): number => octets[NEXT_HEADER]!;
export const hopLimitOf = (octets: Uint8Array): number => octets[HOP_LIMIT]!;

/** Octets of the whole packet, by its header; a quoted one may be cut shorter. */
export const lengthOf = (octets: Uint8Array): number =>
  IPV6_HEADER + ((octets[PAYLOAD_LENGTH]! << 8) | octets[PAYLOAD_LENGTH + 1]!);

export function decrementHopLimit(octets: Uint8Array): void {
  octets[HOP_LIMIT] = octets[HOP_LIMIT]! - 1;
}
