/** Headers by the names that scenarios give them. */

import { LAYERS, type Layer } from '../../wire/layer.ts';
import { UDP_PORT } from '../../wire/numbers.ts';
import { parsePacket } from '../../wire/packet.ts';

/** Short names that people use, beside the names of the layers themselves. */
const SHORT: Readonly<Record<string, string>> = { 'routing-type-2': 'routing-2' };

/** Layers that say nothing of how a packet travels. */
const UNSAID: ReadonlySet<string> = new Set(['payload', 'trailer', 'no-next-header']);

/**
 * `home-address` stands for Destination Options with a Home Address option, which is the only thing
 * that anybody wants to know of that header.
 */
const HOME_ADDRESS = 'home-address';

/** All names that `headers` may have. */
export const HEADER_NAMES: readonly string[] = [
  ...[...LAYERS.keys()].filter((name) => !UNSAID.has(name)).map((name) => SHORT[name] ?? name),
  HOME_ADDRESS,
];

/** The headers of a packet by those names; none where it is malformed. */
export function headersIn(octets: Uint8Array): readonly string[] {
  const parsed = parsePacket(octets);
  return parsed.ok ? headersOf(parsed.value) : [];
}

/** The headers of a packet by those names, outermost first; a packet inside UDP counts (RFC 5555 section 4.1). */
export function headersOf(layers: readonly Layer[]): string[] {
  return layers
    .filter(({ layer }) => !UNSAID.has(layer))
    .flatMap((layer) => [headerName(layer), ...headersInside(layer)]);
}

function headersInside(layer: Layer): readonly string[] {
  if (layer.layer !== 'udp') return [];
  const { sourcePort, destinationPort, payload } = layer;
  const isTunnel = sourcePort === UDP_PORT.mobility || destinationPort === UDP_PORT.mobility;
  return isTunnel && payload.length > 0 ? headersIn(payload) : [];
}

function headerName(layer: Layer): string {
  if (layer.layer === 'destination-options') {
    const holds = layer.options.some((option) => option.option === 'home-address');
    if (holds) return HOME_ADDRESS;
  }
  return SHORT[layer.layer] ?? layer.layer;
}
