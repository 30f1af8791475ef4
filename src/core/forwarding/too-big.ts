import { destinationOf, isIpv4Packet } from '../../wire/ip-fields.ts';
import { mayBeCut } from '../../wire/walk-ipv4.ts';
import { minimumMtu } from './path-mtus.ts';

/**
 * What becomes of a packet that is too long where it leaves. Its sender is told what is left for it;
 * where headers have made a packet too long that its sender may rely on, it goes in fragments. So
 * does an IPv4 packet that may be cut: what is around it is cut where there is such a header.
 *
 * @param made the packet as it came to the table
 * @param octets what it has become
 * @param mtu what the path takes
 * @returns the octets that the sender is told: 1280 at least, 68 where it speaks IPv4
 *
 * Source: RFC 2473 sections 7.1 and 7.2, RFC 8200 section 5, RFC 1191 section 4.
 */
export function tooBig(made: Uint8Array, octets: Uint8Array, mtu: number): number | 'fragment' {
  if (isIpv4Packet(made) && mayBeCut(made)) return 'fragment';
  const room = roomLeft(made, octets, mtu);
  const least = minimumMtu(destinationOf(made));
  if (room < least && made.length <= least) return 'fragment';
  return Math.max(room, least);
}

/** What an MTU leaves for packets that grow as this one did. */
export const roomLeft = (made: Uint8Array, octets: Uint8Array, mtu: number): number =>
  mtu - (octets.length - made.length);
