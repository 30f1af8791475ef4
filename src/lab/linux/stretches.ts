/** A stream that several servers received one after the other: is it the pattern that was sent? */
import { createHash } from 'node:crypto';
import { pattern } from '../../sim/index.ts';

/** What one of them received. */
export interface Stretch {
  /** Where it begins in the stream, in octets. */
  readonly from: number;
  readonly size: number;
  /** SHA-256 of it. */
  readonly digest: string;
  /** The stream ends with it. */
  readonly last: boolean;
}

const STEP = 1 << 16;

export class Stretches {
  readonly #all: Stretch[] = [];

  add(stretch: Stretch): void {
    this.#all.push(stretch);
  }

  /** The digest of the whole, where all of it is there; of nothing that was sent, where it is another. */
  digest(): string | undefined {
    const sorted = this.#all.toSorted((a, b) => a.from - b.from || a.size - b.size);
    let end = 0;
    for (const { from, size } of sorted) {
      if (from > end) return undefined;
      // Octets that two have received are twice in the stream.
      if (from < end) return 'octets came twice';
      end += size;
    }
    if (!sorted.some(({ last }) => last)) return undefined;
    const right = sorted.every(({ from, size, digest }) => digestOf(from, size) === digest);
    return right ? digestOf(0, end) : 'other octets than were sent';
  }
}

/** Of so many octets of the pattern. */
function digestOf(from: number, size: number): string {
  const hash = createHash('sha256');
  for (let at = 0; at < size; at += STEP) {
    const octets = new Uint8Array(Math.min(STEP, size - at));
    pattern(octets, from + at);
    hash.update(octets);
  }
  return hash.digest('hex');
}
