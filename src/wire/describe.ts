/**
 * Layers as plain JSON and back: addresses as text, octets as hex, 64-bit numbers as decimal text,
 * everything else as it stands on the wire.
 */
import { type Json, JsonFault } from './field.ts';
import { LAYERS, type Layer, type LayerInput } from './layer.ts';
import { recordFromJson } from './options.ts';
import { fail, ok, type Result } from './result.ts';

/** What is wrong with JSON that should be layers. */
export interface DescriptionError {
  /** Where, such as `layers[2].options[0].careOfAddress`. */
  readonly path: string;
  /** What would be right there. */
  readonly message: string;
}

/** The layers as JSON, outermost first; keys are the RFC names in camelCase. */
export function layersToJson(layers: readonly Layer[]): Json[] {
  return layers.map((layer) => LAYERS.get(layer.layer)!.declaration.toJson(layer));
}

/** The layers that JSON describes, ready for `serialisePacket`; any field may be absent. */
export function layersFromJson(json: unknown): Result<LayerInput[], DescriptionError> {
  try {
    if (!Array.isArray(json)) throw new JsonFault('layers', 'must be a list of layers');
    return ok(json.map((one: unknown, i) => layerFromJson(one, `layers[${i}]`)));
  } catch (error) {
    if (error instanceof JsonFault) return fail({ path: error.path, message: error.message });
    throw error;
  }
}

function layerFromJson(json: unknown, path: string): LayerInput {
  const fields = recordFromJson(json, path);
  const entry = typeof fields.layer === 'string' ? LAYERS.get(fields.layer) : undefined;
  if (entry === undefined) {
    throw new JsonFault(`${path}.layer`, `must be one of ${[...LAYERS.keys()].join(', ')}`);
  }
  // What a declaration reads from JSON is an input of the declaration's name.
  return entry.declaration.fromJson(fields, path) as unknown as LayerInput;
}
