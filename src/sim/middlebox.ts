/**
 * What stands on real paths between two ends and takes offence at headers: a link may drop packets by
 * what stands behind their outermost IPv6 or IPv4 header. What is inside a tunnel is not looked at.
 *
 * RFC 7872 measured how many paths do that.
 */
import { isIpv4Packet } from '../wire/ip-fields.ts';
import { ICMPV4, ICMPV6, PROTOCOL } from '../wire/numbers.ts';
import { walkIpv4 } from '../wire/walk-ipv4.ts';

/** What may be dropped. */
export const DROPPABLE = [
  'hop-by-hop',
  'destination-options',
  'routing',
  'fragment',
  'mobility',
  'ipv6',
  'esp',
  'gre',
  'udp',
  'tcp',
  'packet-too-big',
  'unusual',
] as const;
/**
 * A header by its name; `packet-too-big`: that message of ICMPv6 (of ICMP "fragmentation needed"), as firewalls
 * drop it that know no better; `unusual`: whatever is not TCP, UDP or ICMP right behind the IP header.
 */
export type Droppable = (typeof DROPPABLE)[number];

export interface HeaderDrop {
  readonly header: Droppable;
  /** Only of what this node sends on the link; absent: of what anybody sends. */
  readonly from?: string;
}

const NUMBER: Readonly<Record<Exclude<Droppable, 'unusual' | 'packet-too-big'>, number>> = {
  'hop-by-hop': PROTOCOL.hopByHopOptions,
  'destination-options': PROTOCOL.destinationOptions,
  routing: PROTOCOL.routing,
  fragment: PROTOCOL.fragment,
  mobility: PROTOCOL.mobility,
  ipv6: PROTOCOL.ipv6,
  esp: PROTOCOL.esp,
  gre: PROTOCOL.gre,
  udp: PROTOCOL.udp,
  tcp: PROTOCOL.tcp,
};

const EXTENSIONS: ReadonlySet<number> = new Set([
  PROTOCOL.hopByHopOptions,
  PROTOCOL.routing,
  PROTOCOL.destinationOptions,
]);
const USUAL: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.icmpv6]);
const USUAL_IPV4: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.icmpv4]);

/** Does a packet that a node sends meet with one of the rules? */
export function isDropped(
  octets: Uint8Array,
  sender: string,
  drops: readonly HeaderDrop[],
): boolean {
  const rules = drops.filter(({ from }) => from === undefined || from === sender);
  if (rules.length === 0 || octets.length === 0) return false;
  if (isIpv4Packet(octets)) return rules.some(({ header }) => isIpv4With(octets, header));
  if (octets.length < 40) return false;
  const headers = headersBehind(octets);
  return rules.some(({ header }) => {
    if (header === 'unusual') return !USUAL.has(octets[6]!);
    if (header === 'packet-too-big') return isPacketTooBig(octets);
    return headers.has(NUMBER[header]);
  });
}

/** ICMP's Destination Unreachable with this code. Source: RFC 1191 section 4. */
const FRAGMENTATION_NEEDED = 4;

function isIpv4With(octets: Uint8Array, header: Droppable): boolean {
  const walk = walkIpv4(octets);
  if (walk === undefined) return false;
  const { protocol, upperAt, isPart, firstFragment } = walk;
  if (header === 'unusual') return !USUAL_IPV4.has(protocol);
  if (header === 'fragment') return isPart;
  if (header !== 'packet-too-big') return protocol === NUMBER[header];
  const [type, code] = octets.subarray(upperAt);
  const told = type === ICMPV4.destinationUnreachable && code === FRAGMENTATION_NEEDED;
  return protocol === PROTOCOL.icmpv4 && firstFragment && told;
}

/** Right behind the IPv6 header, where all routers put it. */
const isPacketTooBig = (octets: Uint8Array): boolean =>
  octets[6] === PROTOCOL.icmpv6 && octets[40] === ICMPV6.packetTooBig;

/** Protocol numbers of the extension headers and of what they lead to, as far as they can be read. */
function headersBehind(octets: Uint8Array): Set<number> {
  const headers = new Set<number>();
  let at = 40;
  let next = octets[6]!;
  headers.add(next);
  while ((EXTENSIONS.has(next) || next === PROTOCOL.fragment) && at + 8 <= octets.length) {
    const size = next === PROTOCOL.fragment ? 8 : 8 * (octets[at + 1]! + 1);
    next = octets[at]!;
    headers.add(next);
    at += size;
  }
  return headers;
}
