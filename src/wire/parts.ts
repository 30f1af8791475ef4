/**
 * Octets to JSON and back for whole packets and for parts of them: the codec of `careof packet`.
 */
import { type DescriptionError, layersFromJson, layersToJson } from './describe.ts';
import { dhcpv6Declaration } from './dhcpv6/dhcpv6-message.ts';
import { type Fault, type Json, JsonFault, type TailField } from './field.ts';
import { ndOptions } from './icmpv6/nd-options.ts';
import type { Layer } from './layer.ts';
import { mobilityOptions } from './mobility/mobility-options.ts';
import { PROTOCOL } from './numbers.ts';
import { recordFromJson } from './options.ts';
import { parsePacket, parseUpperLayer } from './parse-packet.ts';
import { fail, ok, type Result, type WireError } from './result.ts';
import { serialisePacket } from './serialise-packet.ts';

/**
 * What octets are taken for: a packet from its IPv6 header; a Mobility Header or ICMPv6 message
 * without one, whose checksum is not judged; mobility options; Neighbor Discovery options; the payload of a
 * DHCPv6 datagram.
 */
export const PARTS = ['packet', 'mobility', 'icmpv6', 'option', 'nd-option', 'dhcpv6'] as const;
export type Part = (typeof PARTS)[number];

/** Octets as JSON: `{ layers: [...] }`, or `{ options: [...] }` for the two kinds of option. */
export function decodePart(part: Part, octets: Uint8Array): Result<{ [key: string]: Json }> {
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
    case 'dhcpv6':
      return dhcpv6Described(octets);
  }
}

/**
 * The octets of what `decodePart` gave, or of less: absent lengths and checksums are computed. An
 * option list by itself stands exactly as given, and a message without addresses has no checksum.
 */
export function encodePart(part: Part, json: unknown): Result<Uint8Array, DescriptionError> {
  try {
    const object = recordFromJson(json, 'the description');
    if (part === 'option') return ok(optionOctets(mobilityOptions, object.options));
    if (part === 'nd-option') return ok(optionOctets(ndOptions, object.options));
    if (part === 'dhcpv6') return ok(dhcpv6Octets(object.layers));
    const layers = layersFromJson(object.layers);
    return layers.ok ? ok(serialisePacket(layers.value)) : layers;
  } catch (error) {
    if (error instanceof JsonFault) return fail({ path: error.path, message: error.message });
    // What serialising throws where a value does not fit, such as an option of 300 octets.
    if (error instanceof RangeError) return fail({ path: 'layers', message: error.message });
    throw error;
  }
}

function described(parsed: Result<Layer[]>): Result<{ [key: string]: Json }> {
  return parsed.ok ? ok({ layers: layersToJson(parsed.value) }) : parsed;
}

function dhcpv6Described(octets: Uint8Array): Result<{ [key: string]: Json }> {
  const declaration = dhcpv6Declaration(octets[0]);
  const parsed = declaration.parse(octets);
  return parsed.ok ? ok({ layers: [declaration.toJson(parsed.value)] }) : parsed;
}

function dhcpv6Octets(layers: unknown): Uint8Array {
  if (!Array.isArray(layers) || layers.length !== 1) {
    throw new JsonFault('layers', 'must be a list of one message');
  }
  const object = recordFromJson(layers[0], 'layers[0]');
  const declaration = dhcpv6Declaration(object.messageType);
  const message = declaration.fromJson(object, 'layers[0]');
  const octets = new Uint8Array(declaration.sizeOf(message));
  declaration.write(octets, 0, message);
  return octets;
}

function optionsDescribed<T, I>(
  list: TailField<T, I>,
  octets: Uint8Array,
  part: Part,
): Result<{ [key: string]: Json }, WireError> {
  const parsed: Result<T, Fault> = list.parse(octets, 0, octets.length, 0);
  return parsed.ok
    ? ok({ options: list.toJson(parsed.value) })
    : fail({ ...parsed.error, layer: part });
}

function optionOctets<T, I>(list: TailField<T, I>, json: unknown): Uint8Array {
  const options = list.fromJson(json, 'options');
  const octets = new Uint8Array(list.sizeOf(options, 0, true));
  list.write(octets, 0, options, 0, true);
  return octets;
}
