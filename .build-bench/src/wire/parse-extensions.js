/**
 * Takes apart the extension headers between an IPv6 header and the upper layer.
 *
 * Supported standards: RFC 8200 section 4, RFC 6275 sections 6.3 and 6.4.
 */
import { readAddress } from './address.js';
import { fragmentHeader } from './extension/fragment-header.js';
import { destinationOptions, hopByHopOptions } from './extension/options-headers.js';
import { routingHeader, TYPE_2, type2RoutingHeader } from './extension/routing-headers.js';
import { PROTOCOL } from './numbers.js';
import { fail, ok } from './result.js';
/** The answer to a header that is wrong. Source: RFC 4443 section 3.4. */
export const PROBLEM = { kind: 'parameter-problem', code: 0 };
/** What takes an extension header apart, by the number that announces it. */
export const EXTENSIONS = new Map([
    [PROTOCOL.hopByHopOptions, parseHopByHop],
    [PROTOCOL.destinationOptions, parseDestinationOptions],
    [PROTOCOL.routing, parseRouting],
    [PROTOCOL.fragment, parseFragment],
]);
/** End of a header whose second octet counts units of 8 octets after the first 8. */
export function headerEnd(p, declaration) {
    const { octets, at, end } = p;
    const size = at + 2 <= end ? 8 * (octets[at + 1] + 1) : 8;
    if (at + size <= end)
        return ok(at + size);
    const message = `${declaration.name} needs ${size} octets and ${end - at} are there`;
    const offset = at + 2 <= end ? at + 1 : end;
    return fail({
        reason: 'truncated',
        offset,
        layer: declaration.name,
        field: 'headerLen',
        message,
    });
}
function parseHopByHop(p) {
    return parseExtension(p, hopByHopOptions);
}
function parseDestinationOptions(p) {
    const error = parseExtension(p, destinationOptions);
    const header = p.layers.at(-1);
    if (error !== undefined || header?.layer !== 'destination-options')
        return error;
    for (const option of header.options) {
        if (option.option === 'home-address')
            p.source = option.homeAddress;
    }
    return undefined;
}
function parseRouting(p) {
    const { octets, at } = p;
    if (at + 4 > p.end || octets[at + 2] !== TYPE_2) {
        const error = parseExtension(p, routingHeader);
        if (error !== undefined)
            return error;
        // Type 0 ends at its last address. Nobody may forward it, yet its checksum counts with it.
        const visits = octets[at + 2] === 0 && octets[at + 3] !== 0 && p.at - at >= 24;
        if (visits)
            p.destination = readAddress(octets, p.at - 16);
        return undefined;
    }
    if (octets[at + 1] !== 2) {
        const message = `the length of a Type 2 Routing header is ${octets[at + 1]}; it must be 2`;
        const where = { offset: at + 1, layer: type2RoutingHeader.name, field: 'headerLen' };
        return { reason: 'bad-length', ...where, message, reply: PROBLEM };
    }
    const error = parseExtension(p, type2RoutingHeader);
    const header = p.layers.at(-1);
    if (error === undefined && header?.layer === 'routing-type-2' && header.segmentsLeft > 0) {
        p.destination = header.homeAddress;
    }
    return error;
}
function parseFragment(p) {
    const parsed = fragmentHeader.parse(p.octets, p.at, p.end);
    if (!parsed.ok)
        return parsed.error;
    const header = parsed.value;
    p.layers.push(header);
    p.protocol = header.nextHeader;
    p.at += fragmentHeader.size;
    p.later = header.offset > 0;
    p.cut ||= header.more;
    return undefined;
}
function parseExtension(p, declaration) {
    const end = headerEnd(p, declaration);
    if (!end.ok)
        return end.error;
    const parsed = declaration.parse(p.octets, p.at, end.value);
    if (!parsed.ok)
        return parsed.error;
    // A declaration's value is a Layer of the declaration's name.
    p.layers.push(parsed.value);
    p.protocol = p.octets[p.at];
    p.at = end.value;
    return undefined;
}
