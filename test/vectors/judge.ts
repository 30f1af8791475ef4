/** What is held against a packet that another implementation made and called good. */
import assert from 'node:assert/strict';
import {
  layersFromJson,
  layersToJson,
  parsePacket,
  receiverFault,
  serialisePacket,
  toHex,
} from '../../src/wire/index.ts';
import { octetsOf, type Vector } from './corpus.ts';
import { toNeutral } from './neutral.ts';

/** Every key of `wanted` is in `got` with the same value; names and judgements are not compared. */
export function includes(got: unknown, wanted: unknown, path: string): void {
  if (typeof wanted !== 'object' || wanted === null) {
    assert.equal(got, wanted, path);
  } else if (Array.isArray(wanted)) {
    assert.equal((got as unknown[])?.length, wanted.length, path);
    for (const [i, one] of wanted.entries()) includes((got as unknown[])[i], one, `${path}[${i}]`);
  } else {
    for (const [key, value] of Object.entries(wanted)) {
      if (['name', 'cksum_ok', 'truncated', 'note'].includes(key)) continue;
      includes((got as Record<string, unknown>)?.[key], value, `${path}.${key}`);
    }
  }
}

/** Throws unless the packet is taken with the fields that it has, and written octet by octet. */
export function accepted(vector: Vector): void {
  const octets = octetsOf(vector);
  const parsed = parsePacket(octets);
  assert.ok(parsed.ok, `${vector.name}: ${parsed.ok ? '' : parsed.error.message}`);
  assert.equal(receiverFault(parsed.value), undefined, vector.name);
  includes(toNeutral(parsed.value), vector.fields, vector.name);
  assert.equal(toHex(serialisePacket(parsed.value)), vector.hex, vector.name);
  const json = layersFromJson(JSON.parse(JSON.stringify(layersToJson(parsed.value))));
  assert.ok(json.ok, vector.name);
  assert.equal(toHex(serialisePacket(json.value)), vector.hex, vector.name);
}
