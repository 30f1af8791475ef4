/**
 * The fast path over a packet's octets: where its headers are, without a value for each.
 *
 * Supported standards: RFC 8200 section 4, RFC 6275 sections 6.3 and 6.4.
 */
import { IPV4_SIZE } from './address.ts';
import { checksumBetween, internetChecksum } from './checksum.ts';
import { isIpv4Packet } from './ip-fields.ts';
import { MAX_EXTENSION_HEADERS } from './limits.ts';
import { IPV6_OPTION, MH_TYPE, PROTOCOL } from './numbers.ts';
import { walkIpv4 } from './walk-ipv4.ts';

/** Where a packet's headers are: offsets from the start of the octets, -1 where there is none. */
export interface HeaderWalk {
  /** The upper-layer protocol number; 41 for an IPv6 header inside, 4 for one of IPv4. */
  protocol: number;
  /** Where the upper layer begins. */
  upperAt: number;
  /** Where the packet ends by its Payload Length or Total Length; not behind the octets. */
  end: number;
  /** The octet that names `protocol`. */
  nextHeaderAt: number;
  /** The 16 octets of the Home Address option's address. */
  homeAddressAt: number;
  /** The Destination Options header that holds it. */
  homeOptionsAt: number;
  /** The Type 2 Routing header, where it has one segment left. */
  routing2At: number;
  fragmentAt: number;
  /** Is the upper layer's header there: no fragment, or the first? */
  firstFragment: boolean;
  /** Is this a part of a packet, first or later? One fragment may be the whole (RFC 6946). */
  isPart: boolean;
}

/** Walks to the upper layer of the packet at `at`, IPv6 or IPv4. */
export function walkPacket(octets: Uint8Array, at = 0): HeaderWalk | undefined {
  if (at >= octets.length) return undefined;
  return isIpv4Packet(octets, at) ? walkIpv4(octets, at) : walkHeaders(octets, at);
}

/**
 * Walks from the IPv6 header at `at` to the upper layer. Undefined where a header is malformed or
 * the packet is cut before its upper layer. A packet shorter than its Payload Length is walked too,
 * since ICMPv6 errors quote packets so.
 *
 * Source: RFC 8200 section 4.
 */
export function walkHeaders(octets: Uint8Array, at = 0): HeaderWalk | undefined {
  if (at + 40 > octets.length || octets[at]! >> 4 !== 6) return undefined;
  const end = Math.min(at + 40 + ((octets[at + 4]! << 8) | octets[at + 5]!), octets.length);
  const walk: HeaderWalk = {
    protocol: octets[at + 6]!,
    upperAt: at + 40,
    end,
    nextHeaderAt: at + 6,
    homeAddressAt: -1,
    homeOptionsAt: -1,
    routing2At: -1,
    fragmentAt: -1,
    firstFragment: true,
    isPart: false,
  };
  for (let headers = 0; walk.firstFragment; headers++) {
    const { protocol, upperAt } = walk;
    if (!isExtension(protocol)) break;
    if (headers >= MAX_EXTENSION_HEADERS || upperAt + 8 > end) return undefined;
    const size = protocol === PROTOCOL.fragment ? 8 : 8 * (octets[upperAt + 1]! + 1);
    if (upperAt + size > end || !step(octets, walk, upperAt + size)) return undefined;
    walk.nextHeaderAt = upperAt;
    walk.protocol = octets[upperAt]!;
    walk.upperAt = upperAt + size;
  }
  return walk;
}

function isExtension(protocol: number): boolean {
  return (
    protocol === PROTOCOL.hopByHopOptions ||
    protocol === PROTOCOL.routing ||
    protocol === PROTOCOL.fragment ||
    protocol === PROTOCOL.destinationOptions
  );
}

/** Takes note of the extension header that ends at `to`; false where it is malformed. */
function step(octets: Uint8Array, walk: HeaderWalk, to: number): boolean {
  const at = walk.upperAt;
  if (walk.protocol === PROTOCOL.fragment) {
    walk.fragmentAt = at;
    const word = (octets[at + 2]! << 8) | octets[at + 3]!;
    walk.firstFragment = word < 8;
    walk.isPart = (word & 0xfff9) !== 0;
  } else if (walk.protocol === PROTOCOL.routing) {
    if (octets[at + 2] !== 2) return true;
    if (octets[at + 1] !== 2) return false;
    if (octets[at + 3] === 1) walk.routing2At = at;
  } else if (walk.protocol === PROTOCOL.destinationOptions) {
    const found = findOption(octets, at + 2, to, IPV6_OPTION.homeAddress);
    if (found === MALFORMED) return false;
    if (found >= 0) {
      if (octets[found + 1] !== 16) return false;
      walk.homeAddressAt = found + 2;
      walk.homeOptionsAt = at;
    }
  }
  return true;
}

const MALFORMED = -2;

/** Offset of the last option of a type in [from, to), -1 without one, MALFORMED where it overruns. */
function findOption(octets: Uint8Array, from: number, to: number, type: number): number {
  let found = -1;
  let at = from;
  while (at < to) {
    if (octets[at] === 0) {
      at += 1;
      continue;
    }
    const next = at + 1 < to ? at + 2 + octets[at + 1]! : to + 1;
    if (next > to) return MALFORMED;
    if (octets[at] === type) found = at;
    at = next;
  }
  return found;
}

/**
 * Fixed octets of Mobility Header messages by their type, before their options. Source: RFC 6275
 * section 6.1, RFC 5847 section 3.3, RFC 5846 section 6.
 */
const MOBILITY_FIXED: Readonly<Record<number, number>> = {
  ...[8, 16, 16, 24, 24, 12, 12, 24],
  [MH_TYPE.heartbeat]: 12,
  [MH_TYPE.bindingRevocation]: 12,
};

/**
 * Offset of the type octet of a mobility option in the Mobility Header at `mobilityAt`; -1 where it
 * is not there, the header is cut or malformed, or its type has no options that are known here.
 *
 * Source: RFC 6275 section 6.2.1.
 */
export function findMobilityOption(
  octets: Uint8Array,
  mobilityAt: number,
  optionType: number,
): number {
  if (mobilityAt + 8 > octets.length) return -1;
  const end = mobilityAt + 8 * (octets[mobilityAt + 1]! + 1);
  const fixed = MOBILITY_FIXED[octets[mobilityAt + 2]!];
  if (fixed === undefined || end > octets.length) return -1;
  return Math.max(findOption(octets, mobilityAt + fixed, end, optionType), -1);
}

/** Where an upper layer has its checksum; -1 where it has none. Each version of IP has its own ICMP. */
function checksumAt(protocol: number, ipv4: boolean): number {
  switch (protocol) {
    case PROTOCOL.tcp:
      return 16;
    case PROTOCOL.udp:
      return 6;
    case PROTOCOL.icmpv4:
      return ipv4 ? 2 : -1;
    case PROTOCOL.icmpv6:
      return ipv4 ? -1 : 2;
    case PROTOCOL.mobility:
      return ipv4 ? -1 : 4;
    default:
      return -1;
  }
}

/**
 * Recomputes in place the checksum of the upper layer of the packet at `at`, IPv6 or IPv4: Mobility
 * Header, ICMPv6, ICMP, UDP or TCP. False where there is none to compute: another protocol, a fragment, or a
 * malformed packet; the octets are then as before.
 *
 * Source: RFC 8200 section 8.1, RFC 6275 sections 6.1.1, 6.3 and 6.4.
 */
export function fixUpperChecksum(octets: Uint8Array, at = 0): boolean {
  const walk = walkPacket(octets, at);
  const end = walk === undefined ? -1 : checksummedEnd(octets, at, walk);
  if (walk === undefined || end < 0) return false;
  const field = walk.upperAt + checksumAt(walk.protocol, isIpv4Packet(octets, at));
  octets[field] = 0;
  octets[field + 1] = 0;
  const sum = sumOf(octets, at, walk, end);
  // A UDP checksum of zero would mean that there is none.
  const shown = sum === 0 && walk.protocol === PROTOCOL.udp ? 0xffff : sum;
  octets[field] = shown >> 8;
  octets[field + 1] = shown;
  return true;
}

/**
 * Is the upper layer's checksum right? True also where there is none to judge, as in UDP over IPv4
 * where it is zero. `parsePacket` leaves TCP and UDP to their protocols; this is their check.
 *
 * Source: RFC 8200 section 8.1, RFC 768, RFC 9293 section 3.1.
 */
export function checksumOk(octets: Uint8Array, at = 0): boolean {
  const walk = walkPacket(octets, at);
  const end = walk === undefined ? -1 : checksummedEnd(octets, at, walk);
  if (walk === undefined || end < 0) return true;
  return hasNone(octets, at, walk) || sumOf(octets, at, walk, end) === 0;
}

/** Does a UDP datagram say that its sender computed no checksum? Over IPv6 it may not. */
const hasNone = (octets: Uint8Array, at: number, { protocol, upperAt }: HeaderWalk) =>
  isIpv4Packet(octets, at) &&
  protocol === PROTOCOL.udp &&
  octets[upperAt + 6] === 0 &&
  octets[upperAt + 7] === 0;

/** Where the octets end that the checksum covers; -1 where none can be computed. */
function checksummedEnd(
  octets: Uint8Array,
  packetAt: number,
  { protocol, upperAt, isPart, end: packetEnd }: HeaderWalk,
) {
  const field = checksumAt(protocol, isIpv4Packet(octets, packetAt));
  if (field < 0 || isPart || upperAt + field + 2 > packetEnd) return -1;
  let end = packetEnd;
  if (protocol === PROTOCOL.mobility) end = upperAt + 8 * (octets[upperAt + 1]! + 1);
  if (protocol === PROTOCOL.udp) {
    end = upperAt + ((octets[upperAt + 4]! << 8) | octets[upperAt + 5]!);
    if (end < upperAt + 8) return -1;
  }
  return end > packetEnd ? -1 : end;
}

function sumOf(octets: Uint8Array, at: number, walk: HeaderWalk, end: number): number {
  const { protocol, upperAt, homeAddressAt, routing2At } = walk;
  if (isIpv4Packet(octets, at)) {
    // ICMP of IPv4 sums up its own octets alone (RFC 792).
    if (protocol === PROTOCOL.icmpv4) return internetChecksum(octets, upperAt, end);
    const [from, to] = [at + 12, at + 16];
    return checksumBetween(octets, from, octets, to, protocol, octets, upperAt, end, IPV4_SIZE);
  }
  const source = homeAddressAt >= 0 ? homeAddressAt : at + 8;
  const destination = routing2At >= 0 ? routing2At + 8 : at + 24;
  return checksumBetween(octets, source, octets, destination, protocol, octets, upperAt, end);
}
