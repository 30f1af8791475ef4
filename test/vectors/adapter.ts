/**
 * Our codec behind the JSON-lines pipe of the vector collection's `tools/run_impl.py`: decodes and
 * encodes in its neutral schema. `npm run --silent vectors:adapter`.
 */
import { createInterface } from 'node:readline';
import {
  fromHex,
  parsePacket,
  receiverFault,
  serialisePacket,
  toHex,
} from '../../src/wire/index.ts';
import { fromNeutral, toNeutral } from './neutral.ts';

/** The answer to one line; whatever the line is, there is one. */
function answer(line: string): object {
  let id: unknown = null;
  try {
    const request = JSON.parse(line) as {
      id?: unknown;
      op?: unknown;
      hex?: unknown;
      fields?: unknown;
    };
    id = request.id ?? null;
    if (request.op === 'decode') return { id, ...decode(request.hex) };
    if (request.op === 'encode') {
      return { id, ok: true, hex: toHex(serialisePacket(fromNeutral(request.fields))) };
    }
    return { id, ok: false, error: `not supported: op ${JSON.stringify(request.op)}` };
  } catch (error) {
    return { id, ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

function decode(hex: unknown): object {
  const octets = typeof hex === 'string' ? fromHex(hex) : undefined;
  if (octets === undefined) return { ok: false, error: 'hex must be text, two digits an octet' };
  const parsed = parsePacket(octets);
  const error = parsed.ok ? receiverFault(parsed.value) : parsed.error;
  if (parsed.ok && parsed.value[0]?.layer !== 'ipv6') {
    return { ok: false, error: 'not supported: the schema begins with an IPv6 header' };
  }
  if (error !== undefined) {
    const { layer, field, offset, message } = error;
    return { ok: false, error: `${layer}.${field} at ${offset}: ${message}`, detail: error };
  }
  return { ok: true, fields: parsed.ok ? toNeutral(parsed.value) : {} };
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() !== '') process.stdout.write(`${JSON.stringify(answer(line))}\n`);
}
