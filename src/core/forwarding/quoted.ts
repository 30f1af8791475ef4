import { type Address, readAddress, writeAddress } from '../../wire/address.ts';
import { destinationOf, isIpv4Packet, sourceOf } from '../../wire/ip-fields.ts';
import { ipv6Header } from '../../wire/ipv6-header.ts';
import { walkPacket } from '../../wire/walk.ts';
import { IPV6_HEADER, innerAt } from './packet-view.ts';

const SOURCE = ipv6Header.offsetOf('source');
const DESTINATION = ipv6Header.offsetOf('destination');
const PAYLOAD_LENGTH = ipv6Header.offsetOf('payloadLength');
const NEXT_HEADER = ipv6Header.offsetOf('nextHeader');

/** A packet that an error of ICMPv6 or ICMP is about, as the socket that sent it knows it. */
export interface Quoted {
  readonly octets: Uint8Array;
  /** Identities: addresses in a Home Address option or Type 2 Routing header count. */
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  /** Where the upper layer begins; the packet may end soon after, or before. */
  readonly at: number;
}

/** What an error quotes, headers that entries added left aside; undefined where it is unreadable. */
export function quotedPacket(octets: Uint8Array): Quoted | undefined {
  const walk = walkPacket(octets);
  if (walk === undefined || !walk.firstFragment) return undefined;
  const { protocol, upperAt: at, homeAddressAt, routing2At } = walk;
  const source = homeAddressAt < 0 ? sourceOf(octets) : readAddress(octets, homeAddressAt);
  const destination = routing2At < 0 ? destinationOf(octets) : readAddress(octets, routing2At + 8);
  return { octets, source, destination, protocol, at };
}

/** The packet inside a quoted tunnel packet; undefined where it is none or is cut too short. */
export function quotedInside({ octets }: Quoted): Quoted | undefined {
  const walk = walkPacket(octets);
  const at = walk === undefined ? -1 : innerAt(octets, walk);
  return at < 0 ? undefined : quotedPacket(octets.subarray(at));
}

/** The two ports of a quoted packet; undefined where they are cut off. */
export function quotedPorts({ octets, at }: Quoted): { from: number; to: number } | undefined {
  if (at + 4 > octets.length) return undefined;
  return {
    from: (octets[at]! << 8) | octets[at + 1]!,
    to: (octets[at + 2]! << 8) | octets[at + 3]!,
  };
}

/**
 * The packet as its sender made it, as far as it was quoted: with identities as its addresses, and
 * without extension headers. `shorter`: by so many octets the quoted one is longer.
 *
 * Source: RFC 6275 section 9.3.4 (the addresses in such a packet are to be swapped back).
 */
export function asSent(quoted: Quoted): { readonly octets: Uint8Array; readonly shorter: number } {
  const { octets: old, source, destination, protocol, at } = quoted;
  // Nobody puts anything into an IPv4 header on the way.
  if (isIpv4Packet(old)) return { octets: old, shorter: 0 };
  const shorter = at - IPV6_HEADER;
  const octets = new Uint8Array(old.length - shorter);
  octets.set(old.subarray(0, IPV6_HEADER));
  octets.set(old.subarray(at), IPV6_HEADER);
  const length = ((old[PAYLOAD_LENGTH]! << 8) | old[PAYLOAD_LENGTH + 1]!) - shorter;
  octets[PAYLOAD_LENGTH] = length >> 8;
  octets[PAYLOAD_LENGTH + 1] = length;
  octets[NEXT_HEADER] = protocol;
  writeAddress(octets, SOURCE, source);
  writeAddress(octets, DESTINATION, destination);
  return { octets, shorter };
}
