/**
 * What the headers of IPv6 (RFC 8200 section 3) and IPv4 (RFC 791 section 3.1) say alike, from a packet's octets:
 * its first four bits tell them apart.
 */
import { type Address, isIpv4, readAddress, readIpv4Address } from './address.ts';
import type { LayerInput } from './layer.ts';

/** Is it an IPv4 packet? Any other is taken for IPv6 by whoever has seen that it is a packet. */
export const isIpv4Packet = (octets: Uint8Array, at = 0): boolean => octets[at]! >> 4 === 4;

/** Source address of the packet at `at`; the caller has checked that its header is there. */
export const sourceOf = (octets: Uint8Array, at = 0): Address =>
  isIpv4Packet(octets, at) ? readIpv4Address(octets, at + 12) : readAddress(octets, at + 8);

/** Destination address of the packet at `at`, as above. */
export const destinationOf = (octets: Uint8Array, at = 0): Address =>
  isIpv4Packet(octets, at) ? readIpv4Address(octets, at + 16) : readAddress(octets, at + 24);

/** Traffic Class, or Type of Service: DSCP and ECN (RFC 2474, RFC 3168). */
export const trafficClassOf = (octets: Uint8Array): number =>
  isIpv4Packet(octets) ? octets[1]! : ((octets[0]! & 0x0f) << 4) | (octets[1]! >> 4);

/** Octets of the whole packet, by its header; a quoted one may be cut shorter. */
export const lengthOf = (octets: Uint8Array): number =>
  isIpv4Packet(octets) ? (octets[2]! << 8) | octets[3]! : 40 + ((octets[4]! << 8) | octets[5]!);

/** Octets of the shortest header of the version that a packet's first octet names. */
export const leastHeader = (octets: Uint8Array): number =>
  octets.length > 0 && isIpv4Packet(octets) ? 20 : 40;

/** The header of what a node sends itself: of IPv4, nobody on the way cuts it (RFC 1191 section 6). */
export const ipHeader = (source: Address, destination: Address): LayerInput =>
  isIpv4(source)
    ? { layer: 'ipv4', dontFragment: true, source, destination }
    : { layer: 'ipv6', source, destination };
