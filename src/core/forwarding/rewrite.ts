/**
 * The changes that actions make to a packet. Each takes a packet and gives a new one, or says why
 * it cannot; the octets given are never written to, since others may hold them.
 *
 * No upper-layer checksum changes: it covers the identities (RFC 6275 sections 6.3 and 6.4), which
 * move between the IPv6 header and an extension header but stay in the packet.
 */
import { type Address, IPV6_SIZE, writeAddress } from '../../wire/address.ts';
import { IPV6_OPTION, PROTOCOL } from '../../wire/numbers.ts';
import { congestionOf, outerHeader, setCongestion, setLength } from './outer-header.ts';
import {
  extensionSize,
  isOnlyOption,
  MAX_IPV4_PACKET,
  MAX_PACKET,
  type PacketView,
  placeOf,
  placeToInsert,
  wholePacket,
} from './packet-view.ts';

/** Why an action could not be done to a packet. */
export type Fault =
  | 'malformed' // its headers, or those of the packet inside, cannot be read
  | 'missing-header' // there is no header to take off
  | 'fragment' // the packet inside is not all there
  | 'not-ip' // what stands in the UDP datagram is neither an IPv6 nor an IPv4 packet
  | 'not-ipv6' // the header is one of IPv6, and the packet is not
  | 'checksum' // the UDP datagram around the packet has a wrong checksum, or none
  | 'congestion' // congestion marked outside, and the inside cannot carry the mark (RFC 6040 4.2)
  | 'too-long'; // it would grow past what Payload Length or Total Length can say

export type Rewritten = Uint8Array | Fault;

/** Octets that each `insert` adds: both headers have the same size. */
export const INSERTED = 24;

/** Source: RFC 2473 section 3.1, RFC 2003, RFC 4213 section 3. */
export function pushIp(packet: PacketView, ends: { src: Address; dst: Address }): Rewritten {
  const inner = packet.octets;
  const protocol = packet.isIpv4 ? PROTOCOL.ipv4 : PROTOCOL.ipv6;
  const octets = outerHeader(inner, ends, protocol, inner.length);
  if (octets === undefined) return 'too-long';
  octets.set(inner, octets.length - inner.length);
  return octets;
}

/** Source: RFC 2473 section 3.3, RFC 2003, RFC 4213 section 3; RFC 6040 section 4.2. */
export function popIp(packet: PacketView, outer: 'ipv6' | 'ipv4'): Rewritten {
  const { walk, octets } = packet;
  if (walk === undefined) return 'malformed';
  const { protocol, upperAt, end } = walk;
  const inside = protocol === PROTOCOL.ipv6 || protocol === PROTOCOL.ipv4;
  if (!inside || packet.isIpv4 !== (outer === 'ipv4')) return 'missing-header';
  if (packet.isPart) return 'fragment';
  const inner = octets.subarray(upperAt, end);
  const version = protocol === PROTOCOL.ipv4 ? 4 : 6;
  return inner.length > 0 && inner[0]! >> 4 === version ? decapsulated(inner, octets) : 'malformed';
}

/** The packet that a tunnel's headers were taken off, with the congestion that they tell of. */
export function decapsulated(payload: Uint8Array, outer: Uint8Array): Rewritten {
  const inner = wholePacket(payload);
  if (inner === undefined) return 'malformed';
  const before = congestionOf(inner);
  const after = COMBINED[before]![congestionOf(outer)]!;
  if (after === 'drop') return 'congestion';
  if (after === before) return inner;
  const octets = inner.slice();
  setCongestion(octets, after);
  return octets;
}

/** ECN codepoints (RFC 3168 section 5). */
const NOT_ECT = 0;
const ECT_1 = 1;
const ECT_0 = 2;
const CE = 3;

/**
 * What the packet that comes out carries: first index what it carried inside, second what the outer
 * header carries. Source: RFC 6040 section 4.2, Figure 4.
 */
const COMBINED: readonly (readonly (number | 'drop')[])[] = [
  /* outer:     Not-ECT  ECT(1)   ECT(0)   CE */
  /* Not-ECT */ [NOT_ECT, NOT_ECT, NOT_ECT, 'drop'],
  /* ECT(1)  */ [ECT_1, ECT_1, ECT_1, CE],
  /* ECT(0)  */ [ECT_0, ECT_1, ECT_0, CE],
  /* CE      */ [CE, CE, CE, CE],
];

/**
 * Source becomes `careOf`; the old one stands in a Destination Options header of 24 octets: PadN of
 * four, then the option at 8n+6.
 *
 * Source: RFC 6275 section 6.3.
 */
export function insertHomeAddress(packet: PacketView, careOf: Address): Rewritten {
  return insert(packet, PROTOCOL.destinationOptions, (octets, at) => {
    octets[at + 2] = IPV6_OPTION.padN;
    octets[at + 3] = 2;
    octets[at + 6] = IPV6_OPTION.homeAddress;
    octets[at + 7] = IPV6_SIZE;
    writeAddress(octets, at + 8, packet.src);
    writeAddress(octets, 8, careOf);
  });
}

/**
 * Destination becomes `careOf`; the old one stands in a Type 2 Routing header, one segment left.
 * Source: RFC 6275 section 6.4.
 */
export function insertRouting2(packet: PacketView, careOf: Address): Rewritten {
  return insert(packet, PROTOCOL.routing, (octets, at) => {
    octets[at + 2] = 2;
    octets[at + 3] = 1;
    writeAddress(octets, at + 8, packet.dst);
    writeAddress(octets, 24, careOf);
  });
}

/**
 * The option's address becomes the source. The header goes, unless it holds more than that option
 * and padding: then the option becomes padding and the others keep their alignment.
 *
 * Source: RFC 6275 section 9.3.1.
 */
export function applyHomeAddress({ octets: old, walk, home }: PacketView): Rewritten {
  if (walk === undefined) return 'malformed';
  if (home === undefined) return 'missing-header';
  const option = walk.homeAddressAt - 2;
  const alone = isOnlyOption(old, walk.homeOptionsAt, option);
  const octets = alone ? without(old, walk.homeOptionsAt) : old.slice();
  writeAddress(octets, 8, home);
  if (!alone) {
    octets[option] = IPV6_OPTION.padN;
    octets.fill(0, option + 2, option + 2 + IPV6_SIZE);
  }
  return octets;
}

/** The address in the header becomes the destination; the header goes. Source: RFC 6275 6.4. */
export function applyRouting2({ octets: old, walk, routing2 }: PacketView): Rewritten {
  if (walk === undefined) return 'malformed';
  if (routing2 === undefined) return 'missing-header';
  const octets = without(old, walk.routing2At);
  writeAddress(octets, 24, routing2);
  return octets;
}

/** The packet with a header of 24 octets more; `fill` writes all but its first two octets. */
function insert(
  { octets: old, walk, isIpv4 }: PacketView,
  kind: number,
  fill: (octets: Uint8Array, at: number) => void,
): Rewritten {
  if (isIpv4) return 'not-ipv6';
  if (walk === undefined) return 'malformed';
  if (old.length + INSERTED > MAX_PACKET) return 'too-long';
  const { at, link } = placeToInsert(old, walk);
  const octets = new Uint8Array(old.length + INSERTED);
  octets.set(old.subarray(0, at));
  octets.set(old.subarray(at), at + INSERTED);
  octets[at] = old[link]!;
  octets[at + 1] = INSERTED / 8 - 1;
  octets[link] = kind;
  setLength(octets);
  fill(octets, at);
  return octets;
}

/** The octets without one of their extension headers. */
function without(old: Uint8Array, header: number): Uint8Array {
  const { link } = placeOf(old, header);
  const size = extensionSize(old, header);
  const octets = new Uint8Array(old.length - size);
  octets.set(old.subarray(0, header));
  octets.set(old.subarray(header + size), header);
  octets[link] = old[header]!;
  setLength(octets);
  return octets;
}

/**
 * The packet with another upper layer behind the same headers. Throws RangeError where its headers
 * cannot be read, or where it would grow past what its length can say.
 */
export function withUpper(
  { octets: old, walk, isIpv4 }: PacketView,
  protocol: number,
  upper: Uint8Array,
): Uint8Array {
  if (walk === undefined) throw new RangeError('a packet whose headers can be read');
  const size = walk.upperAt + upper.length;
  if (size > (isIpv4 ? MAX_IPV4_PACKET : MAX_PACKET))
    throw new RangeError(`a packet of ${size} octets`);
  const octets = new Uint8Array(size);
  octets.set(old.subarray(0, walk.upperAt));
  octets.set(upper, walk.upperAt);
  octets[walk.nextHeaderAt] = protocol;
  setLength(octets);
  return octets;
}
