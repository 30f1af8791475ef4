/** What somebody who overhears a packet reads in it, tunnels or none. */
import type { Address } from '../../../wire/address.ts';
import { type Layer, parsePacket } from '../../../wire/packet.ts';

export interface Overheard {
  /** Of the innermost IPv6 header. */
  readonly source: Address;
  readonly destination: Address;
  /** The last layer that says anything. */
  readonly message: Layer;
}

/** The innermost packet; undefined where nobody could read it. */
export function innermost(octets: Uint8Array): Overheard | undefined {
  const parsed = parsePacket(octets);
  if (!parsed.ok) return undefined;
  const layers = parsed.value.filter(({ layer }) => !SILENT.has(layer));
  const header = layers.findLast((one) => one.layer === 'ipv6');
  const message = layers.at(-1);
  if (header?.layer !== 'ipv6' || message === undefined) return undefined;
  return { source: header.source, destination: header.destination, message };
}

const SILENT: ReadonlySet<string> = new Set(['trailer', 'no-next-header']);
