/** The octets of a packet as an attacker writes it down: layers with names, repeats, variations. */
import { type Address, formatAddress } from '../wire/address.ts';
import type { DescriptionError } from '../wire/describe.ts';
import { JsonFault } from '../wire/field.ts';
import { toHex } from '../wire/hex.ts';
import { encodePart } from '../wire/parts.ts';
import { fail, type Result } from '../wire/result.ts';
import { type LayerText, type Variation, varied } from './scenario/attacks.ts';

export interface Writing {
  /** The address that a name stands for; undefined where the text is no name. */
  readonly address: (text: string) => Address | undefined;
  readonly vary: Readonly<Record<string, Variation>>;
  /** Which packet it is, from 0 on. */
  readonly index: number;
  /** Writes what `times` repeats once only, so that paths of faults are those of the file. */
  readonly once?: boolean;
}

/** More copies of one header or option than any packet holds. */
const MOST_TIMES = 2000;

/**
 * The packet. Beside what `careof packet encode` takes: a name in the place of an address; `times: N`
 * in a layer or an option, which stands N times then; layers in the place of the octets that an ICMPv6
 * error quotes.
 */
export function craftedPacket(
  layers: readonly LayerText[],
  writing: Writing,
): Result<Uint8Array, DescriptionError> {
  try {
    return encodePart('packet', { layers: listWritten(layers, 'layers', writing) });
  } catch (error) {
    if (error instanceof JsonFault) return fail({ path: error.path, message: error.message });
    throw error;
  }
}

function listWritten(items: readonly unknown[], path: string, writing: Writing): unknown[] {
  return items.flatMap((item, index) => {
    const at = `${path}[${index}]`;
    if (!isRecord(item) || item.times === undefined) return [written(item, at, writing)];
    const { times, ...rest } = item;
    if (!Number.isInteger(times) || (times as number) < 1 || (times as number) > MOST_TIMES) {
      throw new JsonFault(`${at}.times`, `must be a whole number from 1 to ${MOST_TIMES}`);
    }
    const one = written(rest, at, writing);
    return writing.once ? [one] : Array.from({ length: times as number }, () => one);
  });
}

function written(value: unknown, path: string, writing: Writing): unknown {
  if (typeof value === 'string') {
    const address = writing.address(value);
    return address === undefined ? value : formatAddress(address);
  }
  if (Array.isArray(value)) return listWritten(value, path, writing);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, fieldWritten(key, one, path, writing)]),
  );
}

function fieldWritten(key: string, value: unknown, path: string, writing: Writing): unknown {
  const variation = Object.hasOwn(writing.vary, key) ? writing.vary[key] : undefined;
  if (variation !== undefined) {
    const one = varied(variation, writing.index);
    return typeof one === 'number' ? one : formatAddress(one);
  }
  // What these keys hold are the names of declarations, never of nodes.
  if (key === 'layer' || key === 'option') return value;
  if (key === 'invoking' && Array.isArray(value)) return quoted(value, `${path}.${key}`, writing);
  return written(value, `${path}.${key}`, writing);
}

function quoted(layers: readonly unknown[], path: string, writing: Writing): string {
  const octets = encodePart('packet', { layers: listWritten(layers, path, writing) });
  if (octets.ok) return toHex(octets.value);
  throw new JsonFault(octets.error.path.replace('layers', path), octets.error.message);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
