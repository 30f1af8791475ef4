/**
 * Takes a packet apart, from the IPv6 header inwards.
 *
 * Refuses what its RFC says is refused by everybody who processes the header: lengths that cannot
 * be, wrong checksums of Mobility Header and ICMPv6 messages, a Payload Proto other than 59. What
 * only the receiver of the packet refuses is in `receiver.ts`; everything odd that is allowed is
 * kept. Never throws, and its work is bounded by the packet's length.
 *
 * Supported standards: RFC 8200 sections 3 and 4, RFC 6275 section 9.2, RFC 4443 section 2.
 */
import { UNSPECIFIED } from './address.js';
import { upperLayerChecksum } from './checksum.js';
import { otherIcmpv6 } from './icmpv6/icmpv6-message.js';
import { ipv6Header } from './ipv6-header.js';
import { ICMPV6_BY_TYPE, MOBILITY_BY_TYPE } from './layer.js';
import { MAX_EXTENSION_HEADERS, MAX_TUNNEL_DEPTH } from './limits.js';
import { otherMobilityMessage } from './mobility/mobility-header.js';
import { PROTOCOL } from './numbers.js';
import { EXTENSIONS, headerEnd, PROBLEM } from './parse-extensions.js';
import { fail, ok } from './result.js';
import { tcp } from './transport/tcp.js';
import { udp } from './transport/udp.js';
import { noNextHeader, payload, trailer } from './unclaimed.js';
/**
 * The layers of a packet, outermost first. `octets` begin with the IPv6 header; octets behind its
 * Payload Length become a `trailer`. The error's offset counts from the outermost header; an error
 * inside a tunnel has no reply, since only who takes the packet out of the tunnel may answer it.
 *
 * Source: RFC 8200 section 4.
 */
export function parsePacket(octets) {
    const layers = [];
    const error = parseIpv6(octets, 0, octets.length, layers, 0);
    return error === undefined ? ok(layers) : fail(error);
}
/**
 * The layers of a message without its packet: `protocol` says which. There are no addresses, so
 * its checksum is not verified.
 */
export function parseUpperLayer(octets, protocol) {
    const layers = [];
    const where = { octets, layers, depth: 0, end: octets.length, at: 0, protocol, headers: 0 };
    const ends = { source: UNSPECIFIED, destination: UNSPECIFIED, addressed: false };
    const error = parseUpper({ ...where, ...ends, cut: false, later: false });
    return error === undefined ? ok(layers) : fail(error);
}
function parseIpv6(octets, at, limit, layers, depth) {
    if (depth > MAX_TUNNEL_DEPTH) {
        const message = `at most ${MAX_TUNNEL_DEPTH} IPv6 headers may be inside each other`;
        return { reason: 'too-deep', offset: at, layer: 'ipv6', field: 'version', message };
    }
    const parsed = ipv6Header.parse(octets, at, limit);
    if (!parsed.ok)
        return parsed.error;
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
        if (end < limit)
            layers.push({ layer: 'trailer', octets: octets.slice(end, limit) });
        return undefined;
    }
    if (depth === 0)
        return error;
    const { reply: _, ...silent } = error;
    return silent;
}
/** Extension headers, then whatever they lead to. */
function parseChain(p) {
    for (;;) {
        const parse = p.later ? undefined : EXTENSIONS.get(p.protocol);
        if (parse === undefined)
            return parseUpper(p);
        p.headers += 1;
        if (p.headers > MAX_EXTENSION_HEADERS) {
            const message = `more than ${MAX_EXTENSION_HEADERS} extension headers`;
            return { reason: 'too-deep', offset: p.at, layer: 'ipv6', field: 'nextHeader', message };
        }
        const error = parse(p);
        if (error !== undefined)
            return error;
    }
}
function parseUpper(p) {
    const before = p.layers.length;
    const error = p.later ? parsePayload(p) : (UPPER.get(p.protocol) ?? parsePayload)(p);
    if (error === undefined || !p.cut)
        return error;
    // A first fragment may end anywhere; who puts the fragments together judges the whole.
    p.layers.length = before;
    return parsePayload(p);
}
const UPPER = new Map([
    [PROTOCOL.mobility, parseMobility],
    [PROTOCOL.icmpv6, parseIcmpv6],
    [PROTOCOL.udp, parseUdp],
    [PROTOCOL.tcp, (p) => parseLast(p, tcp)],
    [PROTOCOL.noNextHeader, (p) => (p.at < p.end ? parseLast(p, noNextHeader) : undefined)],
    [PROTOCOL.ipv6, (p) => parseIpv6(p.octets, p.at, p.end, p.layers, p.depth + 1)],
]);
function parsePayload(p) {
    const octets = p.octets.slice(p.at, p.end);
    p.layers.push({ layer: payload.name, protocol: p.protocol, octets });
    return undefined;
}
function parseLast(p, declaration, end = p.end) {
    const parsed = declaration.parse(p.octets, p.at, end);
    if (!parsed.ok)
        return parsed.error;
    // A declaration's value is a Layer of the declaration's name.
    p.layers.push(parsed.value);
    return undefined;
}
function parseMobility(p) {
    const { octets, at } = p;
    const known = at + 3 <= p.end ? MOBILITY_BY_TYPE.get(octets[at + 2]) : undefined;
    const declaration = known ?? otherMobilityMessage;
    const end = headerEnd(p, declaration);
    if (!end.ok)
        return end.error;
    const layer = declaration.name;
    if (!checksumRight(p, PROTOCOL.mobility, end.value))
        return wrongChecksum(at + 4, layer);
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
function parseIcmpv6(p) {
    const known = p.at < p.end ? ICMPV6_BY_TYPE.get(p.octets[p.at]) : undefined;
    const declaration = known ?? otherIcmpv6;
    const error = parseLast(p, declaration);
    if (error !== undefined || checksumRight(p, PROTOCOL.icmpv6, p.end))
        return error;
    return wrongChecksum(p.at + 2, declaration.name);
}
function parseUdp(p) {
    const have = p.end - p.at;
    const length = have < udp.size ? udp.size : (p.octets[p.at + 4] << 8) | p.octets[p.at + 5];
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
function checksumRight(p, protocol, end) {
    if (p.cut || !p.addressed)
        return true;
    return upperLayerChecksum(p.source, p.destination, protocol, p.octets, p.at, end) === 0;
}
function wrongChecksum(offset, layer) {
    const message = 'the checksum does not fit the octets and the addresses';
    return { reason: 'bad-checksum', offset, layer, field: 'checksum', message };
}
