import { type Address, readAddress, readIpv4Address } from '../../wire/address.ts';
import { destinationOf, isIpv4Packet, sourceOf } from '../../wire/ip-fields.ts';
import { ipv6Header } from '../../wire/ipv6-header.ts';
import { ICMPV4, IPV6_OPTION, PROTOCOL, UDP_PORT } from '../../wire/numbers.ts';
import { udp } from '../../wire/transport/udp.ts';
import { type HeaderWalk, walkHeaders } from '../../wire/walk.ts';
import { IPV4_HEADER, walkIpv4, wholeIpv4 } from '../../wire/walk-ipv4.ts';

/** Octets of the IPv6 header. */
export const IPV6_HEADER = ipv6Header.size;
/** Octets of the UDP header. */
export const UDP_HEADER: number = udp.size;
/** The longest packet whose length the Payload Length field can say. */
export const MAX_PACKET = IPV6_HEADER + 0xffff;
/** The longest one of IPv4: Total Length counts the header too. */
export const MAX_IPV4_PACKET = 0xffff;
/** Where the IPv6 header has its Next Header field. */
const NEXT_HEADER = ipv6Header.offsetOf('nextHeader');

/** Types of ICMPv6 messages below this are errors (RFC 4443 section 2.1). */
const FIRST_INFORMATIONAL = 128;
/** Those of ICMP; Source Quench, 4, is obsolete (RFC 792, RFC 6633). */
const ICMPV4_ERRORS: ReadonlySet<number | undefined> = new Set([
  ICMPV4.destinationUnreachable,
  ICMPV4.redirect,
  ICMPV4.timeExceeded,
  ICMPV4.parameterProblem,
  4,
]);

/** Upper layers that begin with two port numbers: TCP, UDP, DCCP, SCTP, UDP-Lite. */
const WITH_PORTS: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp, 33, 132, 136]);

/** A place between headers, and `link`, the offset of the Next Header octet that leads there. */
export interface Place {
  readonly at: number;
  readonly link: number;
}

/**
 * What the table asks of a packet, by the names that matches use.
 *
 * A chain of headers that cannot be read is no reason to refuse the packet: whoever it is for
 * answers for that. It leaves `protocol` undefined and has no options, so only entries that ask for
 * nothing behind the IPv6 header match.
 */
export class PacketView {
  readonly octets: Uint8Array;
  readonly isIpv4: boolean;
  readonly src: Address;
  readonly dst: Address;
  readonly flowLabel: number;
  /** Undefined where the headers cannot be read. */
  readonly walk: HeaderWalk | undefined;
  readonly protocol: number | undefined;
  readonly sport: number | undefined;
  readonly dport: number | undefined;
  /** The address in the Home Address option. */
  readonly home: Address | undefined;
  /** The address in a Type 2 Routing header with a segment left. */
  readonly routing2: Address | undefined;

  /** @param octets one whole packet, IPv6 or IPv4, as `wholePacket` gives it. */
  constructor(octets: Uint8Array) {
    const ipv4 = isIpv4Packet(octets);
    const walk = ipv4 ? walkIpv4(octets) : walkHeaders(octets);
    this.octets = octets;
    this.isIpv4 = ipv4;
    this.src = ipv4 ? readIpv4Address(octets, 12) : readAddress(octets, 8);
    this.dst = ipv4 ? readIpv4Address(octets, 16) : readAddress(octets, 24);
    this.flowLabel = ipv4 ? 0 : ((octets[1]! & 0x0f) << 16) | (octets[2]! << 8) | octets[3]!;
    this.walk = walk;
    this.protocol = walk?.protocol;
    if (walk === undefined) return;
    const { upperAt, homeAddressAt, routing2At } = walk;
    if (homeAddressAt >= 0 && isBeforeFragment(walk.homeOptionsAt, walk)) {
      this.home = readAddress(octets, homeAddressAt);
    }
    if (routing2At >= 0 && isBeforeFragment(routing2At, walk)) {
      this.routing2 = readAddress(octets, routing2At + 8);
    }
    const ports = walk.firstFragment && WITH_PORTS.has(walk.protocol);
    if (!ports || upperAt + 4 > octets.length) return;
    this.sport = (octets[upperAt]! << 8) | octets[upperAt + 1]!;
    this.dport = (octets[upperAt + 2]! << 8) | octets[upperAt + 3]!;
  }

  /** Source of the packet inside, where this is a tunnel packet: IPv6 or IPv4, in IP or in UDP. */
  get innerSrc(): Address | undefined {
    const at = this.#innerAt();
    return at < 0 ? undefined : sourceOf(this.octets, at);
  }

  /** Destination of the packet inside. */
  get innerDst(): Address | undefined {
    const at = this.#innerAt();
    return at < 0 ? undefined : destinationOf(this.octets, at);
  }

  /** Is this an error of ICMPv6, or of ICMP in an IPv4 packet? */
  get isError(): boolean {
    const { walk, octets } = this;
    if (walk === undefined || !walk.firstFragment) return false;
    const type = octets[walk.upperAt];
    if (this.isIpv4) return walk.protocol === PROTOCOL.icmpv4 && ICMPV4_ERRORS.has(type);
    return walk.protocol === PROTOCOL.icmpv6 && type! < FIRST_INFORMATIONAL;
  }

  /** Is this a part of a packet, first or later? One fragment may be the whole (RFC 6946). */
  get isPart(): boolean {
    return this.walk?.isPart ?? false;
  }

  #innerAt(): number {
    const { walk, octets } = this;
    return walk === undefined ? -1 : innerAt(octets, walk);
  }
}

/** Where the IPv6 or IPv4 packet inside a tunnel packet begins; -1 where there is none. */
export function innerAt(
  octets: Uint8Array,
  { protocol, upperAt, firstFragment }: HeaderWalk,
): number {
  if (!firstFragment) return -1;
  if (protocol === PROTOCOL.ipv6) return hasHeader(octets, upperAt, 6) ? upperAt : -1;
  if (protocol === PROTOCOL.ipv4) return hasHeader(octets, upperAt, 4) ? upperAt : -1;
  if (protocol !== PROTOCOL.udp || !hasTunnelPort(octets, upperAt)) return -1;
  const at = upperAt + UDP_HEADER;
  return hasHeader(octets, at, 6) || hasHeader(octets, at, 4) ? at : -1;
}

/** Does a packet of this version begin here, its header not cut? */
const hasHeader = (octets: Uint8Array, at: number, version: 4 | 6): boolean =>
  at + (version === 4 ? IPV4_HEADER : IPV6_HEADER) <= octets.length && octets[at]! >> 4 === version;

/** One end is known by its port; the other may have been given any by a translator. */
function hasTunnelPort(octets: Uint8Array, at: number): boolean {
  if (at + 4 > octets.length) return false;
  const from = (octets[at]! << 8) | octets[at + 1]!;
  const to = (octets[at + 2]! << 8) | octets[at + 3]!;
  return from === UDP_PORT.mobility || to === UDP_PORT.mobility;
}

/**
 * Behind the Fragment header neither has a place: what is there belongs to the packet that is put
 * together from the fragments. Source: RFC 6275 sections 6.3 and 6.4.
 */
function isBeforeFragment(at: number, { fragmentAt }: HeaderWalk): boolean {
  return fragmentAt < 0 || at < fragmentAt;
}

/**
 * The packet, IPv6 or IPv4, without what a link may have put behind it; undefined where it is cut short, or
 * has a wrong Header Checksum.
 * Source: RFC 8200 section 3, Payload Length; RFC 791 section 3.1.
 */
export function wholePacket(octets: Uint8Array): Uint8Array | undefined {
  if (octets.length > 0 && isIpv4Packet(octets)) return wholeIpv4(octets);
  if (octets.length < IPV6_HEADER || octets[0]! >> 4 !== 6) return undefined;
  const end = IPV6_HEADER + ((octets[4]! << 8) | octets[5]!);
  if (end > octets.length) return undefined;
  return end === octets.length ? octets : octets.subarray(0, end);
}

/**
 * Where a Type 2 Routing header or a Destination Options header with a home address is inserted:
 * behind Hop-by-Hop Options and Routing headers, and what stands before those; before all else.
 *
 * Source: RFC 8200 section 4.1, RFC 6275 sections 6.3 and 6.4.
 */
export function placeToInsert(octets: Uint8Array, walk: HeaderWalk): Place {
  let place: Place = { at: IPV6_HEADER, link: NEXT_HEADER };
  let { at, link } = place;
  while (at < walk.upperAt && at !== walk.fragmentAt) {
    const isOptions = octets[link] === PROTOCOL.destinationOptions;
    link = at;
    at += extensionSize(octets, at);
    if (!isOptions) place = { at, link };
  }
  return place;
}

/** The place of an extension header that stands before any Fragment header. */
export function placeOf(octets: Uint8Array, header: number): Place {
  let link = NEXT_HEADER;
  for (let at = IPV6_HEADER; at < header; at += extensionSize(octets, at)) link = at;
  return { at: header, link };
}

/** Octets of an extension header that is not a Fragment header. Source: RFC 8200 section 4. */
export const extensionSize = (octets: Uint8Array, at: number) => 8 * (octets[at + 1]! + 1);

/** Does a Destination Options header hold nothing but one option, at `option`, and padding? */
export function isOnlyOption(octets: Uint8Array, header: number, option: number): boolean {
  const end = header + extensionSize(octets, header);
  let at = header + 2;
  while (at < end) {
    const type = octets[at]!;
    if (at !== option && type !== IPV6_OPTION.pad1 && type !== IPV6_OPTION.padN) return false;
    at += type === IPV6_OPTION.pad1 ? 1 : 2 + octets[at + 1]!;
  }
  return true;
}
