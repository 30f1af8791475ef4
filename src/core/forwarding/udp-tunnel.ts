/**
 * IPv6 packets inside UDP: what gets through where a middlebox knows nothing but TCP, UDP and ICMPv6, or
 * translates addresses.
 *
 *     +-------------------------------+-------------------------------+
 *     |  outer IPv6 header            |  Source Port   Dest. Port     |
 *     |  (care-of address,            |  Length        Checksum       |
 *     |   home agent)                 +-------------------------------+
 *     |                               |  a whole IPv6 packet
 *
 * The port is that of RFC 5555, which has it for UDP over IPv4; over IPv6 it is careof's own use. What
 * is inside tells data, signalling and keep-alives apart, and anything but IPv6 is refused.
 *
 * The checksum is always there. RFC 6935 lets tunnels go without where both ends have shown that they
 * can do with it, and middleboxes drop such datagrams more readily.
 *
 * Source: RFC 768, RFC 8200 section 8.1; RFC 2473 and RFC 6040 for the rest of a tunnel.
 */
import { type Address, writeAddress } from '../../wire/address.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import { checksumOk, fixUpperChecksum } from '../../wire/walk.ts';
import { IPV6_HEADER, MAX_PACKET, type PacketView, UDP_HEADER } from './packet-view.ts';
import { decapsulated, outerHeader, type Rewritten } from './rewrite.ts';

/** Octets that the tunnel adds. */
export const UDP_TUNNEL_OVERHEAD: number = IPV6_HEADER + UDP_HEADER;

/** The two ends of a tunnel. */
export interface UdpEnds {
  readonly src: Address;
  readonly dst: Address;
  readonly sport: number;
  readonly dport: number;
}

export function pushUdp(packet: PacketView, { src, dst, sport, dport }: UdpEnds): Rewritten {
  const inner = packet.octets;
  const length = UDP_HEADER + inner.length;
  if (IPV6_HEADER + length > MAX_PACKET) return 'too-long';
  const octets = outerHeader(inner, PROTOCOL.udp, length);
  writeAddress(octets, 8, src);
  writeAddress(octets, 24, dst);
  new DataView(octets.buffer).setUint32(IPV6_HEADER, sport * 2 ** 16 + dport);
  octets[IPV6_HEADER + 4] = length >> 8;
  octets[IPV6_HEADER + 5] = length;
  octets.set(inner, IPV6_HEADER + UDP_HEADER);
  fixUpperChecksum(octets);
  return octets;
}

export function popUdp(packet: PacketView): Rewritten {
  const { walk, octets } = packet;
  if (walk === undefined) return 'malformed';
  if (walk.protocol !== PROTOCOL.udp) return 'missing-header';
  if (packet.isPart) return 'fragment';
  const { upperAt, end } = walk;
  if (upperAt + UDP_HEADER > end) return 'malformed';
  const length = (octets[upperAt + 4]! << 8) | octets[upperAt + 5]!;
  if (length < UDP_HEADER || upperAt + length > end) return 'malformed';
  const without = octets[upperAt + 6] === 0 && octets[upperAt + 7] === 0;
  if (without || !checksumOk(octets)) return 'checksum';
  const inner = octets.subarray(upperAt + UDP_HEADER, upperAt + length);
  if (inner.length === 0 || inner[0]! >> 4 !== 6) return 'not-ipv6';
  return decapsulated(inner, octets);
}
