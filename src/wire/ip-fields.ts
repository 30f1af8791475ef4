/**
 * What the headers of IPv6 (RFC 8200 section 3) and IPv4 (RFC 791 section 3.1) say alike, from a packet's octets:
 * its first four bits tell them apart.
 */
import { type Address, readAddress, readIpv4Address } from './address.ts';

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
