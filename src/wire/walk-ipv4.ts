/**
 * The fast path over an IPv4 packet's octets.
 *
 * Supported standards: RFC 791 section 3.1.
 */
import { internetChecksum } from './checksum.ts';
import { ipv4Header } from './ipv4/ipv4-header.ts';
import type { HeaderWalk } from './walk.ts';

/** Octets of the IPv4 header without options. */
export const IPV4_HEADER: number = ipv4Header.size;
const TOTAL_LENGTH = ipv4Header.offsetOf('totalLength');
const PROTOCOL_AT = ipv4Header.offsetOf('protocol');
const HEADER_CHECKSUM = ipv4Header.offsetOf('headerChecksum');
/** Where the flags stand, and the Fragment Offset behind them. */
export const FLAGS_AT = 6;
export const DONT_FRAGMENT = 0x40;
/** Of the 16 bits there: More Fragments and Fragment Offset. */
const PART = 0x3fff;
const OFFSET = 0x1fff;

/** Options of one octet. Source: RFC 791 section 3.1. */
const END_OF_OPTIONS = 0;
export const NO_OPERATION = 1;

/**
 * Walks over the IPv4 header at `at`. Undefined where it is malformed or cut. A packet shorter than its
 * Total Length is walked too, since ICMP errors quote packets so, and its checksum is not looked at.
 */
export function walkIpv4(octets: Uint8Array, at = 0): HeaderWalk | undefined {
  if (at + IPV4_HEADER > octets.length || octets[at]! >> 4 !== 4) return undefined;
  const upperAt = at + headerLength(octets, at);
  const end = at + totalLength(octets, at);
  if (upperAt < at + IPV4_HEADER || upperAt > end || upperAt > octets.length) return undefined;
  if (!areOptions(octets, at + IPV4_HEADER, upperAt)) return undefined;
  const fragment = (octets[at + FLAGS_AT]! << 8) | octets[at + FLAGS_AT + 1]!;
  return {
    protocol: octets[at + PROTOCOL_AT]!,
    upperAt,
    end: Math.min(end, octets.length),
    nextHeaderAt: at + PROTOCOL_AT,
    homeAddressAt: -1,
    homeOptionsAt: -1,
    routing2At: -1,
    fragmentAt: -1,
    firstFragment: (fragment & OFFSET) === 0,
    isPart: (fragment & PART) !== 0,
  };
}

/**
 * The packet without what a link may have put behind it; undefined where it is cut short, or its
 * header is not as it was sent.
 */
export function wholeIpv4(octets: Uint8Array): Uint8Array | undefined {
  if (octets.length < IPV4_HEADER) return undefined;
  const end = totalLength(octets, 0);
  const behind = headerLength(octets, 0);
  if (behind < IPV4_HEADER || behind > end || end > octets.length) return undefined;
  if (internetChecksum(octets, 0, behind) !== 0) return undefined;
  return end === octets.length ? octets : octets.subarray(0, end);
}

/** May routers cut the packet into fragments, as its sender says? */
export const mayBeCut = (octets: Uint8Array): boolean => (octets[FLAGS_AT]! & DONT_FRAGMENT) === 0;

/** Writes what the octets as they are now ask for: Total Length and Header Checksum. */
export function setIpv4Length(octets: Uint8Array): void {
  octets[TOTAL_LENGTH] = octets.length >> 8;
  octets[TOTAL_LENGTH + 1] = octets.length;
  fixHeaderChecksum(octets);
}

/** Writes the Header Checksum of the IPv4 header at `at`. */
export function fixHeaderChecksum(octets: Uint8Array, at = 0): void {
  const field = at + HEADER_CHECKSUM;
  octets[field] = 0;
  octets[field + 1] = 0;
  const sum = internetChecksum(octets, at, at + headerLength(octets, at));
  octets[field] = sum >> 8;
  octets[field + 1] = sum;
}

/** Octets of an IPv4 header with its options, as it says itself. */
export const headerLength = (octets: Uint8Array, at: number): number => 4 * (octets[at]! & 0x0f);

const totalLength = (octets: Uint8Array, at: number): number =>
  (octets[at + TOTAL_LENGTH]! << 8) | octets[at + TOTAL_LENGTH + 1]!;

function areOptions(octets: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to && octets[at] !== END_OF_OPTIONS) {
    if (octets[at] === NO_OPERATION) at += 1;
    else {
      const length = at + 1 < to ? octets[at + 1]! : 0;
      if (length < 2 || at + length > to) return false;
      at += length;
    }
  }
  return true;
}
