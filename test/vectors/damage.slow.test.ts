/**
 * Damage on a large scale: each vector cut at each octet and with each bit turned over, and a
 * million packets of dice. Whatever they are, there is a value that re-serialises to the same
 * octets, or an error whose offset lies inside.
 */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { namedRandom } from '../../src/sim/random.ts';
import { toHex } from '../../src/wire/index.ts';
import { lines, list, noVectors, octetsOf, type Vector } from './corpus.ts';
import { diced } from './diced.ts';
import { mend, sane, shortened } from './sane.ts';

const skip = noVectors;

/** Vectors longer than this are damaged in so many places only. */
const WHOLE = 2048;
const PLACES = 2000;
const DICED = 1_000_000;
/** Milliseconds that no input may take: a thousand times what the slowest needs. */
const HANG = 2000;

/** Judges inputs, counts them and remembers the one that took longest. */
class Judge {
  #count = 0;
  #slowest = 0;
  #what = '';

  judge(octets: Uint8Array, what: () => string): void {
    const began = performance.now();
    try {
      sane(octets, '');
    } catch (cause) {
      throw new Error(`${what()}: ${toHex(octets.subarray(0, WHOLE))}`, { cause });
    }
    const took = performance.now() - began;
    this.#count += 1;
    if (took <= this.#slowest) return;
    this.#slowest = took;
    this.#what = `${what()}, ${octets.length} octets`;
  }

  report(context: TestContext, atLeast: number): void {
    const slowest = `the slowest took ${this.#slowest.toFixed(2)} ms (${this.#what})`;
    context.diagnostic(`${this.#count} inputs, ${slowest}`);
    assert.ok(this.#count >= atLeast, `${this.#count} inputs`);
    assert.ok(this.#slowest < HANG, slowest);
  }
}

function vectors(): Vector[] {
  return [
    ...['vectors/gen_public.jsonl', 'vectors/mip4.jsonl', 'bad/malformed_public.jsonl'],
    'bad/captured.jsonl',
  ]
    .flatMap(lines)
    .concat(...['vectors/captures.json', 'vectors/scapy_uts.json'].map(list))
    .filter(({ layer }) => layer === undefined || layer === 'ipv6');
}

/** Every place of a short vector, so many of a long one. */
function places(vector: Vector, count: number): Iterable<number> {
  if (octetsOf(vector).length <= WHOLE) return Array(count).keys();
  const random = namedRandom(1, vector.name);
  return Array.from({ length: PLACES }, () => Math.floor(random() * count));
}

test('every truncation of every vector is a value or an error', { skip }, (context) => {
  const judge = new Judge();
  for (const vector of vectors()) {
    const octets = octetsOf(vector);
    for (const size of places(vector, octets.length)) {
      const what = () => `${vector.name} cut at ${size}`;
      judge.judge(octets.slice(0, size), what);
      const cut = shortened(octets, size);
      judge.judge(cut, () => `${what()}, length mended`);
      if (mend(cut)) judge.judge(cut, () => `${what()}, checksum mended`);
    }
  }
  judge.report(context, 300_000);
});

test('every single-bit flip of every vector is a value or an error', { skip }, (context) => {
  const judge = new Judge();
  for (const vector of vectors()) {
    const octets = octetsOf(vector);
    const flipped = octets.slice();
    for (const bit of places(vector, 8 * octets.length)) {
      const what = () => `${vector.name} bit ${bit}`;
      flipped[bit >> 3]! ^= 0x80 >> (bit & 7);
      judge.judge(flipped, what);
      // With the checksum mended the flip gets past it; what was bad before is past it already.
      if (vector.must === undefined && mend(flipped))
        judge.judge(flipped, () => `${what()}, checksum mended`);
      flipped.set(octets);
    }
  }
  judge.report(context, 1_000_000);
});

test('a million packets of dice are values or errors', (context) => {
  const judge = new Judge();
  const random = namedRandom(1, 'dice');
  for (let i = 0; i < DICED; i++) judge.judge(diced(random), () => `packet ${i} of the dice`);
  judge.report(context, DICED);
});
