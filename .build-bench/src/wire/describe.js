/**
 * Layers as plain JSON and back: addresses as text, octets as hex, 64-bit numbers as decimal text,
 * everything else as it stands on the wire.
 */
import { JsonFault } from './field.js';
import { LAYERS } from './layer.js';
import { recordFromJson } from './options.js';
import { fail, ok } from './result.js';
/** The layers as JSON, outermost first; keys are the RFC names in camelCase. */
export function layersToJson(layers) {
    return layers.map((layer) => LAYERS.get(layer.layer).declaration.toJson(layer));
}
/** The layers that JSON describes, ready for `serialisePacket`; any field may be absent. */
export function layersFromJson(json) {
    try {
        if (!Array.isArray(json))
            throw new JsonFault('layers', 'must be a list of layers');
        return ok(json.map((one, i) => layerFromJson(one, `layers[${i}]`)));
    }
    catch (error) {
        if (error instanceof JsonFault)
            return fail({ path: error.path, message: error.message });
        throw error;
    }
}
function layerFromJson(json, path) {
    const fields = recordFromJson(json, path);
    const entry = typeof fields.layer === 'string' ? LAYERS.get(fields.layer) : undefined;
    if (entry === undefined) {
        throw new JsonFault(`${path}.layer`, `must be one of ${[...LAYERS.keys()].join(', ')}`);
    }
    // What a declaration reads from JSON is an input of the declaration's name.
    return entry.declaration.fromJson(fields, path);
}
