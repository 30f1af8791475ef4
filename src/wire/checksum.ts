import { type Address, IPV6_SIZE, writeAddress } from './address.ts';

/**
 * One's complement sum of octets, for chaining: give the sum of what came before. An odd last octet
 * counts as if a zero followed. Not folded; `foldChecksum` ends it.
 */
function sum(octets: Uint8Array, from: number, to: number, before: number): number {
  let total = before;
  const even = to - ((to - from) & 1);
  for (let i = from; i < even; i += 2) total += (octets[i]! << 8) | octets[i + 1]!;
  if (even < to) total += octets[even]! << 8;
  return total;
}

function fold(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

/**
 * The Internet checksum of octets[from, to). Over octets that already hold a right checksum it is
 * zero.
 *
 * Source: RFC 1071 section 1.
 */
export function internetChecksum(octets: Uint8Array, from = 0, to = octets.length): number {
  return fold(sum(octets, from, to, 0));
}

/**
 * The checksum of an upper-layer packet octets[from, to) with the pseudo-header of IPv6 or IPv4,
 * as the addresses are, before it. IPv4's adds up to the same words. The addresses are those of the communication's ends: the Home Address option's in place of the source
 * and the Type 2 Routing header's in place of the destination, where they are there.
 *
 * Source: RFC 8200 section 8.1, RFC 6275 sections 6.1.1, 6.3 and 6.4.
 */
export function upperLayerChecksum(
  source: Address,
  destination: Address,
  protocol: number,
  octets: Uint8Array,
  from: number,
  to: number,
): number {
  PAIR.fill(0);
  writeAddress(PAIR, 0, source);
  writeAddress(PAIR, 16, destination);
  return checksumBetween(PAIR, 0, PAIR, 16, protocol, octets, from, to);
}

/** Room for two addresses; never read after the call that wrote it. */
const PAIR = new Uint8Array(32);

/**
 * `upperLayerChecksum` for addresses that stand in octets, `size` of them each: nothing is allocated.
 */
export function checksumBetween(
  sourceIn: Uint8Array,
  sourceAt: number,
  destinationIn: Uint8Array,
  destinationAt: number,
  protocol: number,
  octets: Uint8Array,
  from: number,
  to: number,
  size = IPV6_SIZE,
): number {
  const length = to - from;
  let total = (length >>> 16) + (length & 0xffff) + protocol;
  total = sum(sourceIn, sourceAt, sourceAt + size, total);
  total = sum(destinationIn, destinationAt, destinationAt + size, total);
  return fold(sum(octets, from, to, total));
}
