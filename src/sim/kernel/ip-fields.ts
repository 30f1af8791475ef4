/** Fields of the IP header in a packet's octets that routers and stacks read and write, beside its addresses. */
import { isIpv4Packet } from '../../wire/ip-fields.ts';
import { ipv4Header } from '../../wire/ipv4/ipv4-header.ts';
import { ipv6Header } from '../../wire/ipv6-header.ts';

export const IPV6_HEADER: number = ipv6Header.size;
const NEXT_HEADER = ipv6Header.offsetOf('nextHeader');
const HOP_LIMIT = ipv6Header.offsetOf('hopLimit');

const TIME_TO_LIVE = ipv4Header.offsetOf('timeToLive');
const HEADER_CHECKSUM = ipv4Header.offsetOf('headerChecksum');

/** Of an IPv6 packet. */
export const nextHeaderOf = (octets: Uint8Array): number => octets[NEXT_HEADER]!;
/** Or the Time to Live. */
export const hopLimitOf = (octets: Uint8Array): number =>
  octets[isIpv4Packet(octets) ? TIME_TO_LIVE : HOP_LIMIT]!;

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

const readShort = (octets: Uint8Array, at: number): number => (octets[at]! << 8) | octets[at + 1]!;
