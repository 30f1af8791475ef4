/**
 * What a packet's receiver refuses although everybody else must let it pass.
 *
 * Supported standards: RFC 8200 section 4.2 (action bits), RFC 6275 sections 6.2.5, 6.3, 6.4, 9.2,
 * 9.3.1 and 9.3.3, RFC 5095 (Type 0 Routing headers).
 */
import { isMulticast, isUnicastRoutable, UNSPECIFIED } from './address.js';
import { ipv6Header } from './ipv6-header.js';
import { LAYERS } from './layer.js';
import { PROBLEM } from './parse-extensions.js';
import { parsePacket } from './parse-packet.js';
/**
 * Why the receiver of a parsed packet must refuse it, if it must. Looks at the outermost IPv6 header
 * and what belongs to it; a packet inside is looked at when it comes out of the tunnel.
 *
 * Source: RFC 8200 section 4.2, RFC 6275 sections 9.2 and 9.3.
 */
export function receiverFault(layers) {
    const seen = { destination: UNSPECIFIED, announcedAt: -1, homeAddressOptions: 0 };
    let at = 0;
    for (const [i, layer] of layers.entries()) {
        if (layer.layer === 'ipv6') {
            if (i > 0)
                return undefined;
            seen.destination = layer.destination;
        }
        const fault = layerFault(layer, at, seen);
        if (fault !== undefined)
            return fault;
        seen.announcedAt = layer.layer === 'ipv6' ? at + 6 : at;
        at += LAYERS.get(layer.layer).declaration.sizeOf(layer, true);
    }
    return undefined;
}
/**
 * `receiverFault` for unknown IPv6 options alone, from the packet's octets: what a router owes for
 * the Hop-by-Hop options of a packet that passes. Undefined also where the packet is malformed.
 *
 * Source: RFC 8200 section 4.2.
 */
export function unknownOptionFault(octets) {
    const parsed = parsePacket(octets);
    const fault = parsed.ok ? receiverFault(parsed.value) : undefined;
    return fault?.reason === 'unknown-type' && fault.field === 'options' ? fault : undefined;
}
function layerFault(layer, at, seen) {
    switch (layer.layer) {
        case 'hop-by-hop-options':
            return at > ipv6Header.size ? misplaced(seen) : optionsFault(layer, at, seen);
        case 'destination-options':
            return optionsFault(layer, at, seen);
        case 'routing-type-2':
            return type2Fault(layer, at);
        case 'routing': {
            if (layer.segmentsLeft === 0)
                return undefined;
            const message = `a Routing header of type ${layer.routingType} still has segments left`;
            const where = { offset: at + 2, layer: layer.layer, field: 'routingType' };
            return { reason: 'unknown-type', ...where, message, reply: PROBLEM };
        }
        case 'mobility': {
            const message = `Mobility Header type ${layer.mhType} (${layer.name}) is not processed here`;
            const where = { offset: at + 2, layer: layer.layer, field: 'mhType' };
            return { reason: 'unknown-type', ...where, message, reply: UNRECOGNISED };
        }
        case 'binding-update':
            return alternateFault(layer, at);
        default:
            return undefined;
    }
}
const UNRECOGNISED = { kind: 'binding-error', status: 2 };
function misplaced({ announcedAt: offset }) {
    const message = 'Hop-by-Hop Options stand right behind the IPv6 header or not at all';
    const where = { offset, layer: 'hop-by-hop-options', field: 'nextHeader' };
    return { reason: 'bad-value', ...where, message, reply: { kind: 'parameter-problem', code: 1 } };
}
function optionsFault(header, at, seen) {
    let offset = at + 2;
    const { layer } = header;
    for (const option of header.options) {
        if (option.option === 'unknown') {
            const fault = actionFault(option.type, offset, layer, seen.destination);
            if (fault !== undefined)
                return fault;
        }
        if (option.option === 'home-address') {
            seen.homeAddressOptions += 1;
            const where = { offset, layer, field: 'options' };
            if (seen.homeAddressOptions > 1) {
                const message = 'a second Home Address option; a packet has at most one';
                return { reason: 'bad-value', ...where, message, reply: PROBLEM };
            }
            if (!isUnicastRoutable(option.homeAddress)) {
                const message = 'the home address must be unicast and routable';
                return { reason: 'bad-value', ...where, offset: offset + 2, message };
            }
        }
        offset += optionSize(option);
    }
    return undefined;
}
function optionSize(option) {
    switch (option.option) {
        case 'pad1':
            return 1;
        case 'padn':
        case 'unknown':
            return 2 + option.data.length;
        case 'home-address':
            return 18;
        case 'router-alert':
            return 4;
        case 'tunnel-encapsulation-limit':
            return 3;
    }
}
/** The two highest bits of an unknown option's type say what becomes of the packet. */
function actionFault(type, offset, layer, destination) {
    const action = type >> 6;
    if (action === 0)
        return undefined;
    const message = `option ${type} is not known in ${layer}, and it says not to skip it`;
    const fault = { reason: 'unknown-type', offset, layer, field: 'options', message };
    if (action === 1 || (action === 3 && isMulticast(destination)))
        return fault;
    return { ...fault, reply: { kind: 'parameter-problem', code: 2 } };
}
function type2Fault(header, at) {
    const { layer, segmentsLeft, homeAddress } = header;
    if (segmentsLeft > 1) {
        const message = `${segmentsLeft} segments left; a Type 2 Routing header has 1`;
        const where = { offset: at + 3, layer, field: 'segmentsLeft' };
        return { reason: 'bad-value', ...where, message, reply: PROBLEM };
    }
    if (isUnicastRoutable(homeAddress))
        return undefined;
    const message = 'the home address must be unicast and routable';
    return { reason: 'bad-value', offset: at + 8, layer, field: 'homeAddress', message };
}
function alternateFault(update, at) {
    for (const option of update.options) {
        if (option.option !== 'alternate-care-of-address')
            continue;
        if (isUnicastRoutable(option.careOfAddress))
            continue;
        const message = 'the alternate care-of address must be unicast and routable';
        const where = { offset: at, layer: update.layer, field: 'options' };
        return { reason: 'bad-value', ...where, message };
    }
    return undefined;
}
