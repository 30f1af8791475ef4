/**
 * Octets to JSON and back for whole packets and for parts of them: the codec of `careof packet`.
 */
import { layersFromJson, layersToJson } from './describe.js';
import { JsonFault } from './field.js';
import { ndOptions } from './icmpv6/nd-options.js';
import { mobilityOptions } from './mobility/mobility-options.js';
import { PROTOCOL } from './numbers.js';
import { recordFromJson } from './options.js';
import { parsePacket, parseUpperLayer } from './parse-packet.js';
import { fail, ok } from './result.js';
import { serialisePacket } from './serialise-packet.js';
/**
 * What octets are taken for: a packet from its IPv6 header; a Mobility Header or ICMPv6 message
 * without one, whose checksum is not judged; mobility options; Neighbor Discovery options.
 */
export const PARTS = ['packet', 'mobility', 'icmpv6', 'option', 'nd-option'];
/** Octets as JSON: `{ layers: [...] }`, or `{ options: [...] }` for the two kinds of option. */
export function decodePart(part, octets) {
    switch (part) {
        case 'packet':
            return described(parsePacket(octets));
        case 'mobility':
            return described(parseUpperLayer(octets, PROTOCOL.mobility));
        case 'icmpv6':
            return described(parseUpperLayer(octets, PROTOCOL.icmpv6));
        case 'option':
            return optionsDescribed(mobilityOptions, octets, part);
        case 'nd-option':
            return optionsDescribed(ndOptions, octets, part);
    }
}
/**
 * The octets of what `decodePart` gave, or of less: absent lengths and checksums are computed. An
 * option list by itself stands exactly as given, and a message without addresses has no checksum.
 */
export function encodePart(part, json) {
    try {
        const object = recordFromJson(json, 'the description');
        if (part === 'option')
            return ok(optionOctets(mobilityOptions, object.options));
        if (part === 'nd-option')
            return ok(optionOctets(ndOptions, object.options));
        const layers = layersFromJson(object.layers);
        return layers.ok ? ok(serialisePacket(layers.value)) : layers;
    }
    catch (error) {
        if (error instanceof JsonFault)
            return fail({ path: error.path, message: error.message });
        // What serialising throws where a value does not fit, such as an option of 300 octets.
        if (error instanceof RangeError)
            return fail({ path: 'layers', message: error.message });
        throw error;
    }
}
function described(parsed) {
    return parsed.ok ? ok({ layers: layersToJson(parsed.value) }) : parsed;
}
function optionsDescribed(list, octets, part) {
    const parsed = list.parse(octets, 0, octets.length, 0);
    return parsed.ok
        ? ok({ options: list.toJson(parsed.value) })
        : fail({ ...parsed.error, layer: part });
}
function optionOctets(list, json) {
    const options = list.fromJson(json, 'options');
    const octets = new Uint8Array(list.sizeOf(options, 0, true));
    list.write(octets, 0, options, 0, true);
    return octets;
}
