import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  checksumOk,
  decodePart,
  findMobilityOption,
  fixUpperChecksum,
  layersToJson,
  PARTS,
  parsePacket,
  summarise,
  toHex,
  unknownOptionFault,
  walkHeaders,
} from '../../src/wire/index.ts';
import { lines, list, noVectors, octetsOf, type Vector } from './corpus.ts';
import { sane } from './sane.ts';

const skip = noVectors;

/** Some of each kind, so that all formats are damaged and the run stays short. */
function sample(count: number): Vector[] {
  const all = [...lines('vectors/gen_public.jsonl'), ...list('vectors/captures.json')];
  const step = Math.max(Math.floor(all.length / count), 1);
  return all.filter((_, i) => i % step === 0);
}

test('every truncation of good packets is a value or an error', { skip }, () => {
  for (const vector of sample(200)) {
    const octets = octetsOf(vector);
    for (let size = 0; size < octets.length; size++) {
      const cut = octets.slice(0, size);
      sane(cut, `${vector.name} cut at ${size}`);
      if (size < 40) continue;
      // The same with a Payload Length that fits, so that the faults lie deeper.
      cut[4] = (size - 40) >> 8;
      cut[5] = size - 40;
      sane(cut, `${vector.name} cut at ${size}, length mended`);
      fixUpperChecksum(cut);
      sane(cut, `${vector.name} cut at ${size}, length and checksum mended`);
    }
  }
});

test('every single-bit flip of good packets is a value or an error', { skip }, () => {
  for (const vector of sample(120)) {
    const octets = octetsOf(vector);
    for (let bit = 0; bit < 8 * octets.length; bit++) {
      const flipped = octets.slice();
      flipped[bit >> 3]! ^= 0x80 >> (bit & 7);
      sane(flipped, `${vector.name} bit ${bit}`);
      // With the checksum mended the flip gets past it.
      if (fixUpperChecksum(flipped)) sane(flipped, `${vector.name} bit ${bit}, checksum mended`);
    }
  }
});

test('malformed packets, their checksums mended, are values or errors', { skip }, () => {
  for (const vector of lines('bad/malformed_public.jsonl')) {
    const octets = octetsOf(vector);
    sane(octets, vector.name);
    fixUpperChecksum(octets);
    sane(octets, `${vector.name}, checksum mended`);
  }
});

/** An IPv6 header with any content behind it: what random octets alone seldom get to. */
const packets = fc
  .tuple(
    fc.constantFrom(0, 6, 17, 41, 43, 44, 58, 59, 60, 135),
    fc.uint8Array({ minLength: 32, maxLength: 32 }),
    fc.uint8Array({ maxLength: 120 }),
  )
  .map(([protocol, ends, content]) =>
    Uint8Array.of(0x60, 0, 0, 0, 0, content.length, protocol, 64, ...ends, ...content),
  );

test('arbitrary octets never throw and never hang, whichever function reads them', () => {
  const property = (octets: Uint8Array) => {
    sane(octets, toHex(octets));
    fixUpperChecksum(octets);
    sane(octets, toHex(octets));
    checksumOk(octets);
    unknownOptionFault(octets);
    for (const at of [0, 1, 40, octets.length - 1, octets.length]) {
      walkHeaders(octets, at);
      for (const type of [0, 1, 5]) findMobilityOption(octets, at, type);
    }
    for (const part of PARTS) decodePart(part, octets);
    const parsed = parsePacket(octets);
    if (parsed.ok) {
      layersToJson(parsed.value);
      assert.match(summarise(parsed.value), /^IPv[46] /);
    }
  };
  fc.assert(fc.property(packets, property), { numRuns: 3000 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), property), { numRuns: 1000 });
});
