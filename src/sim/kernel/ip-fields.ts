/** Fields of the IP header in a packet's octets that routers and stacks read and write, beside its addresses. */
import { type Address, isIpv4 } from '../../wire/address.ts';
import { isIpv4Packet } from '../../wire/ip-fields.ts';
import { ipv4Header } from '../../wire/ipv4/ipv4-header.ts';
import { ipv6Header } from '../../wire/ipv6-header.ts';
import type { LayerInput } from '../../wire/packet.ts';
import { IPV4_HEADER } from '../../wire/walk-ipv4.ts';

export const IPV6_HEADER: number = ipv6Header.size;
const PAYLOAD_LENGTH = ipv6Header.offsetOf('payloadLength');
const NEXT_HEADER = ipv6Header.offsetOf('nextHeader');
const HOP_LIMIT = ipv6Header.offsetOf('hopLimit');

const TOTAL_LENGTH = ipv4Header.offsetOf('totalLength');
const TIME_TO_LIVE = ipv4Header.offsetOf('timeToLive');
const HEADER_CHECKSUM = ipv4Header.offsetOf('headerChecksum');

/** Of an IPv6 packet. */
export const nextHeaderOf = (octets: Uint8Array): number => octets[NEXT_HEADER]!;
/** Or the Time to Live. */
export const hopLimitOf = (octets: Uint8Array): number =>
  octets[isIpv4Packet(octets) ? TIME_TO_LIVE : HOP_LIMIT]!;

/** Octets of the whole packet, by its header; a quoted one may be cut shorter. */
export const lengthOf = (octets: Uint8Array): number =>
  isIpv4Packet(octets)
    ? readShort(octets, TOTAL_LENGTH)
    : IPV6_HEADER + readShort(octets, PAYLOAD_LENGTH);

/** With IPv4 the header's checksum follows. Source: RFC 1141. */
export function decrementHopLimit(octets: Uint8Array): void {
  if (!isIpv4Packet(octets)) {
    octets[HOP_LIMIT] = octets[HOP_LIMIT]! - 1;
    return;
  }
  octets[TIME_TO_LIVE] = octets[TIME_TO_LIVE]! - 1;
  const sum = readShort(octets, HEADER_CHECKSUM) + 0x100;
  const carried = (sum & 0xffff) + (sum >> 16);
  octets[HEADER_CHECKSUM] = carried >> 8;
  octets[HEADER_CHECKSUM + 1] = carried;
}

/** Octets of the shortest header of the version that a packet's first octet names. */
export const leastHeader = (octets: Uint8Array): number =>
  octets.length > 0 && isIpv4Packet(octets) ? IPV4_HEADER : IPV6_HEADER;

/** The header of what a node sends itself: of IPv4, nobody on the way cuts it (RFC 1191 section 6). */
export const ipHeader = (source: Address, destination: Address): LayerInput =>
  isIpv4(source)
    ? { layer: 'ipv4', dontFragment: true, source, destination }
    : { layer: 'ipv6', source, destination };

const readShort = (octets: Uint8Array, at: number): number => (octets[at]! << 8) | octets[at + 1]!;
