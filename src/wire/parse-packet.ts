/**
 * Takes a packet apart, from the IPv6 or IPv4 header inwards.
 *
 * Refuses what its RFC says is refused by everybody who processes the header: lengths that cannot
 * be, wrong checksums of Mobility Header, ICMP, IPv4 and GRE, a Payload Proto other than 59. What
 * only the receiver of the packet refuses is in `receiver.ts`; everything odd that is allowed is
 * kept. Never throws, and its work is bounded by the packet's length.
 *
 * Supported standards: RFC 8200 sections 3 and 4, RFC 6275 section 9.2, RFC 4443 section 2, RFC 791
 * section 3.1, RFC 2784 section 2, RFC 2890 section 2.
 */
import { UNSPECIFIED } from './address.ts';
import { internetChecksum, upperLayerChecksum } from './checksum.ts';
import { otherIcmpv6 } from './icmpv6/icmpv6-message.ts';
import { otherIcmpv4 } from './ipv4/icmpv4.ts';
import { ipv4Header } from './ipv4/ipv4-header.ts';
import { ipv6Header } from './ipv6-header.ts';
import { ICMPV4_BY_TYPE, ICMPV6_BY_TYPE, type Layer, mobilityDeclaration } from './layer.ts';
import { MAX_EXTENSION_HEADERS, MAX_TUNNEL_DEPTH } from './limits.ts';
import type { AnyDeclaration } from './message.ts';
import { ETHER_TYPE, PROTOCOL } from './numbers.ts';
import { EXTENSIONS, headerEnd, PROBLEM, type Progress, type Verdict } from './parse-extensions.ts';
import { fail, ok, type Result, type WireError } from './result.ts';
import { esp } from './transport/esp.ts';
import { tcp } from './transport/tcp.ts';
import { udp } from './transport/udp.ts';
import { gre, RFC_1701_BITS } from './tunnel/gre.ts';
import { noNextHeader, payload, trailer } from './unclaimed.ts';

/**
 * The layers of a packet, outermost first. `octets` begin with the IP header; octets behind the
 * length that it gives become a `trailer`. The error's offset counts from the outermost header; an error
 * inside a tunnel has no reply, since only who takes the packet out of the tunnel may answer it.
 *
 * Source: RFC 8200 section 4.
 */
export function parsePacket(octets: Uint8Array): Result<Layer[]> {
  const layers: Layer[] = [];
  const parse = octets.length > 0 && octets[0]! >> 4 === 4 ? parseIpv4 : parseIpv6;
  const error = parse(octets, 0, octets.length, layers, 0);
  return error === undefined ? ok(layers) : fail(error);
}

/**
 * The layers of a message without its packet: `protocol` says which. There are no addresses, so
 * its checksum is not verified.
 */
export function parseUpperLayer(octets: Uint8Array, protocol: number): Result<Layer[]> {
  const layers: Layer[] = [];
  const where = { octets, layers, depth: 0, end: octets.length, at: 0, protocol, headers: 0 };
  const ends = { source: UNSPECIFIED, destination: UNSPECIFIED, addressed: false };
  const error = parseUpper({ ...where, ...ends, cut: false, later: false });
  return error === undefined ? ok(layers) : fail(error);
}

function parseIpv6(
  octets: Uint8Array,
  at: number,
  limit: number,
  layers: Layer[],
  depth: number,
): Verdict {
  if (depth > MAX_TUNNEL_DEPTH) return tooDeep(at, 'ipv6');
  const parsed = ipv6Header.parse(octets, at, limit);
  if (!parsed.ok) return parsed.error;
  const header = parsed.value;
  if (header.version !== 6) {
    const message = `the version is ${header.version}; it must be 6`;
    return { reason: 'bad-value', offset: at, layer: 'ipv6', field: 'version', message };
  }
  const start = at + ipv6Header.size;
  const end = start + header.payloadLength;
  if (end > limit) {
    const message = `${header.payloadLength} octets are announced and ${limit - start} are there`;
    return { reason: 'truncated', offset: limit, layer: 'ipv6', field: 'payloadLength', message };
  }
  layers.push(header);
  const { source, destination, nextHeader: protocol } = header;
  const error = parseChain({
    octets,
    layers,
    depth,
    end,
    at: start,
    protocol,
    headers: 0,
    source,
    destination,
    addressed: true,
    cut: false,
    later: false,
  });
  if (error === undefined) {
    if (end < limit) layers.push({ layer: 'trailer', octets: octets.slice(end, limit) });
    return undefined;
  }
  if (depth === 0) return error;
  const { reply: _, ...silent } = error;
  return silent;
}

function tooDeep(offset: number, layer: 'ipv4' | 'ipv6'): WireError {
  const message = `at most ${MAX_TUNNEL_DEPTH} IP headers may be inside the first`;
  return { reason: 'too-deep', offset, layer, field: 'version', message };
}

function parseIpv4(
  octets: Uint8Array,
  at: number,
  limit: number,
  layers: Layer[],
  depth: number,
): Verdict {
  const layer = ipv4Header.name;
  if (depth > MAX_TUNNEL_DEPTH) return tooDeep(at, layer);
  const parsed = ipv4Header.parse(octets, at, limit);
  if (!parsed.ok) return parsed.error;
  const header = parsed.value;
  if (header.version !== 4) {
    const message = `the version is ${header.version}; it must be 4`;
    return { reason: 'bad-value', offset: at, layer, field: 'version', message };
  }
  const start = at + ipv4Header.size + header.options.length;
  const end = at + header.totalLength;
  if (end < start || end > limit) {
    const message = `a total length of ${header.totalLength}; it must be ${start - at} to ${limit - at}`;
    const where = { offset: at + 2, layer, field: 'totalLength' };
    return { reason: end > limit ? 'truncated' : 'bad-length', ...where, message };
  }
  if (internetChecksum(octets, at, start) !== 0) {
    return wrongChecksum(at + 10, layer, 'headerChecksum');
  }
  layers.push(header);
  const { source, destination, protocol } = header;
  const where = { octets, layers, depth, end, at: start, protocol, headers: 0 };
  const p = { ...where, source, destination, addressed: true, cut: false, later: false };
  // A fragment is kept as it is, also the first: who puts them together judges the whole.
  const fragment = header.more || header.offset > 0;
  const error = ((fragment ? undefined : UPPER_IPV4.get(protocol)) ?? parsePayload)(p);
  if (error === undefined && end < limit) {
    layers.push({ layer: trailer.name, octets: octets.slice(end, limit) });
  }
  return error;
}

/** Extension headers, then whatever they lead to. */
function parseChain(p: Progress): Verdict {
  for (;;) {
    const parse = p.later ? undefined : EXTENSIONS.get(p.protocol);
    if (parse === undefined) return parseUpper(p);
    p.headers += 1;
    if (p.headers > MAX_EXTENSION_HEADERS) {
      const message = `more than ${MAX_EXTENSION_HEADERS} extension headers`;
      return { reason: 'too-deep', offset: p.at, layer: 'ipv6', field: 'nextHeader', message };
    }
    const error = parse(p);
    if (error !== undefined) return error;
  }
}

function parseUpper(p: Progress): Verdict {
  const before = p.layers.length;
  const error = p.later ? parsePayload(p) : (UPPER.get(p.protocol) ?? parsePayload)(p);
  if (error === undefined || !p.cut) return error;
  // A first fragment may end anywhere; who puts the fragments together judges the whole.
  p.layers.length = before;
  return parsePayload(p);
}

type Parse = (p: Progress) => Verdict;

/** What both versions of IP carry. */
const ANYWHERE: readonly (readonly [number, Parse])[] = [
  [PROTOCOL.udp, parseUdp],
  [PROTOCOL.tcp, (p) => parseLast(p, tcp)],
  [PROTOCOL.esp, (p) => parseLast(p, esp)],
  [PROTOCOL.ipv6, (p) => parseIpv6(p.octets, p.at, p.end, p.layers, p.depth + 1)],
  [PROTOCOL.ipv4, (p) => parseIpv4(p.octets, p.at, p.end, p.layers, p.depth + 1)],
  [PROTOCOL.gre, parseGre],
];

const UPPER: ReadonlyMap<number, Parse> = new Map<number, Parse>([
  ...ANYWHERE,
  [PROTOCOL.mobility, parseMobility],
  [PROTOCOL.icmpv6, parseIcmpv6],
  [PROTOCOL.noNextHeader, (p) => (p.at < p.end ? parseLast(p, noNextHeader) : undefined)],
]);

const UPPER_IPV4: ReadonlyMap<number, Parse> = new Map<number, Parse>([
  ...ANYWHERE,
  [PROTOCOL.icmpv4, parseIcmpv4],
]);

function parsePayload(p: Progress): Verdict {
  const octets = p.octets.slice(p.at, p.end);
  p.layers.push({ layer: payload.name, protocol: p.protocol, octets });
  return undefined;
}

function parseLast(p: Progress, declaration: AnyDeclaration, end = p.end): Verdict {
  const parsed = declaration.parse(p.octets, p.at, end);
  if (!parsed.ok) return parsed.error;
  // A declaration's value is a Layer of the declaration's name.
  p.layers.push(parsed.value as unknown as Layer);
  return undefined;
}

function parseMobility(p: Progress): Verdict {
  const { octets, at } = p;
  const declaration = mobilityDeclaration(octets, at, p.end);
  const end = headerEnd(p, declaration);
  if (!end.ok) return end.error;
  const layer = declaration.name;
  if (!checksumRight(p, PROTOCOL.mobility, end.value)) return wrongChecksum(at + 4, layer);
  if (octets[at] !== PROTOCOL.noNextHeader) {
    const message = `the payload protocol is ${octets[at]}; it must be 59, nothing follows`;
    const where = { offset: at, layer, field: 'payloadProto' };
    return { reason: 'bad-value', ...where, message, reply: PROBLEM };
  }
  const least = Math.ceil(declaration.size / 8) * 8;
  if (end.value - at < least) {
    const message = `${layer} has ${end.value - at} octets by its length; it needs ${least}`;
    const where = { offset: at + 1, layer, field: 'headerLen' };
    return { reason: 'bad-length', ...where, message, reply: PROBLEM };
  }
  const error = parseLast(p, declaration, end.value);
  if (error === undefined && end.value < p.end) {
    p.layers.push({ layer: noNextHeader.name, octets: octets.slice(end.value, p.end) });
  }
  return error;
}

function parseIcmpv6(p: Progress): Verdict {
  const known = p.at < p.end ? ICMPV6_BY_TYPE.get(p.octets[p.at]!) : undefined;
  const declaration = known ?? otherIcmpv6;
  const error = parseLast(p, declaration);
  if (error !== undefined || checksumRight(p, PROTOCOL.icmpv6, p.end)) return error;
  return wrongChecksum(p.at + 2, declaration.name);
}

function parseIcmpv4(p: Progress): Verdict {
  const known = p.at < p.end ? ICMPV4_BY_TYPE.get(p.octets[p.at]!) : undefined;
  const declaration = known ?? otherIcmpv4;
  const error = parseLast(p, declaration);
  if (error !== undefined || internetChecksum(p.octets, p.at, p.end) === 0) return error;
  return wrongChecksum(p.at + 2, declaration.name);
}

/** GRE and the IP packet inside; other content, and other versions of GRE, are kept. */
function parseGre(p: Progress): Verdict {
  const { octets, at, end, layers, depth } = p;
  if (at + 2 <= end && (octets[at + 1]! & 7) !== 0) return parsePayload(p);
  const parsed = gre.parse(octets, at, end);
  if (!parsed.ok) return parsed.error;
  const header = parsed.value;
  if ((octets[at]! & RFC_1701_BITS) !== 0) {
    const message = 'bits 1, 4 and 5 must be zero: source routes are not processed';
    return { reason: 'bad-value', offset: at, layer: gre.name, field: 'routingPresent', message };
  }
  if (header.checksumPresent && !p.cut && internetChecksum(octets, at, end) !== 0) {
    return wrongChecksum(at + 4, gre.name);
  }
  layers.push(header);
  const from = at + gre.sizeOf(header);
  const { protocolType } = header;
  if (protocolType === ETHER_TYPE.ipv6) return parseIpv6(octets, from, end, layers, depth + 1);
  if (protocolType === ETHER_TYPE.ipv4) return parseIpv4(octets, from, end, layers, depth + 1);
  layers.push({ layer: payload.name, protocol: protocolType, octets: octets.slice(from, end) });
  return undefined;
}

function parseUdp(p: Progress): Verdict {
  const have = p.end - p.at;
  const length = have < udp.size ? udp.size : (p.octets[p.at + 4]! << 8) | p.octets[p.at + 5]!;
  const wrong = length < udp.size || (length > have && !p.cut);
  if (wrong && have >= udp.size) {
    const message = `a length of ${length} octets; it must be ${udp.size} to ${have}`;
    const where = { offset: p.at + 4, layer: udp.name, field: 'length' };
    return { reason: 'bad-length', ...where, message };
  }
  const end = Math.min(p.at + length, p.end);
  const error = parseLast(p, udp, end);
  if (error === undefined && end < p.end) {
    p.layers.push({ layer: trailer.name, octets: p.octets.slice(end, p.end) });
  }
  return error;
}

function checksumRight(p: Progress, protocol: number, end: number): boolean {
  if (p.cut || !p.addressed) return true;
  return upperLayerChecksum(p.source, p.destination, protocol, p.octets, p.at, end) === 0;
}

function wrongChecksum(offset: number, layer: string, field = 'checksum'): WireError {
  const message = 'the checksum does not fit the octets that it covers';
  return { reason: 'bad-checksum', offset, layer, field, message };
}
