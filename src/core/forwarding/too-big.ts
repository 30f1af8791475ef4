import { MINIMUM_MTU } from './path-mtus.ts';

/**
 * What becomes of a packet that is too long where it leaves. Its sender is told what is left for it;
 * where headers have made a packet too long that its sender may rely on, it goes in fragments.
 *
 * @param made the packet as it came to the table
 * @param octets what it has become
 * @param mtu what the path takes
 * @returns the octets that the sender is told, 1280 at least
 *
 * Source: RFC 2473 section 7.1, RFC 8200 section 5.
 */
export function tooBig(made: Uint8Array, octets: Uint8Array, mtu: number): number | 'fragment' {
  const room = roomLeft(made, octets, mtu);
  if (room < MINIMUM_MTU && made.length <= MINIMUM_MTU) return 'fragment';
  return Math.max(room, MINIMUM_MTU);
}

/** What an MTU leaves for packets that grow as this one did. */
export const roomLeft = (made: Uint8Array, octets: Uint8Array, mtu: number): number =>
  mtu - (octets.length - made.length);
