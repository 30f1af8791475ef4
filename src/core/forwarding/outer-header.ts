/**
 * Headers of IPv6 and IPv4 that tunnels put around packets, and the congestion that they tell of.
 *
 * Supported standards: RFC 2473 (IPv6 outside), RFC 2003 and RFC 4213 (IPv4 outside), RFC 6040, RFC 2983.
 */
import { type Address, isIpv4, writeAddress } from '../../wire/address.ts';
import { isIpv4Packet, trafficClassOf } from '../../wire/ip-fields.ts';
import {
  DONT_FRAGMENT,
  FLAGS_AT,
  fixHeaderChecksum,
  IPV4_HEADER,
  setIpv4Length,
} from '../../wire/walk-ipv4.ts';
import { IPV6_HEADER, MAX_IPV4_PACKET, MAX_PACKET } from './packet-view.ts';

/** Hop limit of the header that `push` makes (RFC 2473 section 6.3: what the node itself uses). */
const TUNNEL_HOP_LIMIT = 64;

/** Octets of the header that a tunnel to an address puts around a packet. */
export const outerSize = (dst: Address): number => (isIpv4(dst) ? IPV4_HEADER : IPV6_HEADER);

/**
 * A tunnel's header, of the version that its addresses have, and room for `payload` octets behind it;
 * undefined where the packet would grow past what its length can say. The DSCP and ECN of the packet
 * inside stand in it.
 *
 * Source: RFC 2473 section 3.1, RFC 2003 section 3.1; RFC 6040 section 4.1, normal mode; RFC 2983.
 */
export function outerHeader(
  inner: Uint8Array,
  { src, dst }: { readonly src: Address; readonly dst: Address },
  next: number,
  payload: number,
): Uint8Array | undefined {
  if (isIpv4(dst)) return outerIpv4(inner, src, dst, next, payload);
  if (IPV6_HEADER + payload > MAX_PACKET) return undefined;
  const octets = new Uint8Array(IPV6_HEADER + payload);
  const trafficClass = trafficClassOf(inner);
  octets[0] = 0x60 | (trafficClass >> 4);
  octets[1] = trafficClass << 4;
  octets[4] = payload >> 8;
  octets[5] = payload;
  octets[6] = next;
  octets[7] = TUNNEL_HOP_LIMIT;
  writeAddress(octets, 8, src);
  writeAddress(octets, 24, dst);
  return octets;
}

/**
 * No router may cut it: its Identification says nothing then (RFC 6864 section 4.1), and the path's MTU
 * shows. Where the node that made it must cut it itself, it gives one.
 */
function outerIpv4(
  inner: Uint8Array,
  src: Address,
  dst: Address,
  protocol: number,
  payload: number,
): Uint8Array | undefined {
  if (IPV4_HEADER + payload > MAX_IPV4_PACKET) return undefined;
  const octets = new Uint8Array(IPV4_HEADER + payload);
  octets[0] = 0x45;
  octets[1] = trafficClassOf(inner);
  octets[FLAGS_AT] = DONT_FRAGMENT;
  octets[8] = TUNNEL_HOP_LIMIT;
  octets[9] = protocol;
  writeAddress(octets, 12, src);
  writeAddress(octets, 16, dst);
  setIpv4Length(octets);
  return octets;
}

/** Writes the length of the packet as it is now into its header. */
export function setLength(octets: Uint8Array): void {
  if (isIpv4Packet(octets)) {
    setIpv4Length(octets);
    return;
  }
  const length = octets.length - IPV6_HEADER;
  octets[4] = length >> 8;
  octets[5] = length;
}

/** The ECN field: the last two bits of Traffic Class or Type of Service (RFC 3168 section 5). */
export const congestionOf = (octets: Uint8Array): number => trafficClassOf(octets) & 3;

/** Writes the ECN field. */
export function setCongestion(octets: Uint8Array, codepoint: number): void {
  if (isIpv4Packet(octets)) {
    octets[1] = (octets[1]! & 0xfc) | codepoint;
    fixHeaderChecksum(octets);
  } else octets[1] = (octets[1]! & 0xcf) | (codepoint << 4);
}
