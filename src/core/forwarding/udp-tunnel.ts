/**
 * IPv6 and IPv4 packets inside UDP: what gets through where a middlebox knows nothing but TCP, UDP and ICMPv6, or
 * translates addresses.
 *
 *     +-------------------------------+-------------------------------+
 *     |  outer IPv6 or IPv4 header    |  Source Port   Dest. Port     |
 *     |  (care-of address,            |  Length        Checksum       |
 *     |   home agent)                 +-------------------------------+
 *     |                               |  a whole IPv6 or IPv4 packet
 *
 * The port is that of RFC 5555, which has it for UDP over IPv4; over IPv6 it is careof's own use. What
 * is inside tells data, signalling and keep-alives apart, and anything but IPv6 and IPv4 is refused.
 *
 * We always send a checksum, and over IPv4 take datagrams that have none (RFC 768). RFC 6935 lets tunnels go without where both ends have shown that they
 * can do with it, and middleboxes drop such datagrams more readily.
 *
 * Source: RFC 5555 section 4.1, RFC 768, RFC 8200 section 8.1; RFC 2473 and RFC 6040 for the rest of a tunnel.
 */
import type { Address } from '../../wire/address.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import { checksumOk, fixUpperChecksum } from '../../wire/walk.ts';
import { outerHeader } from './outer-header.ts';
import { type PacketView, UDP_HEADER } from './packet-view.ts';
import { decapsulated, type Rewritten } from './rewrite.ts';

/** The two ends of a tunnel. */
export interface UdpEnds {
  readonly src: Address;
  readonly dst: Address;
  readonly sport: number;
  readonly dport: number;
}

export function pushUdp(packet: PacketView, ends: UdpEnds): Rewritten {
  const inner = packet.octets;
  const length = UDP_HEADER + inner.length;
  const octets = length > 0xffff ? undefined : outerHeader(inner, ends, PROTOCOL.udp, length);
  if (octets === undefined) return 'too-long';
  const at = octets.length - length;
  new DataView(octets.buffer).setUint32(at, ends.sport * 2 ** 16 + ends.dport);
  octets[at + 4] = length >> 8;
  octets[at + 5] = length;
  octets.set(inner, at + UDP_HEADER);
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
  if ((without && !packet.isIpv4) || !checksumOk(octets)) return 'checksum';
  const inner = octets.subarray(upperAt + UDP_HEADER, upperAt + length);
  const version = inner.length === 0 ? 0 : inner[0]! >> 4;
  if (version !== 6 && version !== 4) return 'not-ip';
  return decapsulated(inner, octets);
}
