/** Writes octets of a stream from a given offset on: what stands there is a function of the offset. */
export type Fill = (into: Uint8Array, offset: number) => void;

interface Chunk {
  readonly start: number;
  readonly end: number;
  readonly octets: Uint8Array | Fill;
}

/**
 * What is to be sent, from the first octet that is not acknowledged on. A generated chunk holds no
 * octets, so that a transfer of gigabytes costs nothing to keep.
 */
export class SendStream {
  #chunks: Chunk[] = [];
  #length = 0;

  /** Octets that were ever written to it. */
  get length(): number {
    return this.#length;
  }

  /** What stands before this offset was sent by another node. */
  startAt(offset: number): void {
    this.#length = offset;
  }

  write(octets: Uint8Array): void {
    this.#append(octets.length, octets);
  }

  /** Appends octets that `fill` makes when they are sent; its offsets count from the stream's start. */
  generate(length: number, fill: Fill): void {
    this.#append(length, fill);
  }

  #append(length: number, octets: Uint8Array | Fill): void {
    if (length === 0) return;
    this.#chunks.push({ start: this.#length, end: this.#length + length, octets });
    this.#length += length;
  }

  /** Copies the octets [offset, offset + into.length) into `into`. */
  read(offset: number, into: Uint8Array): void {
    const end = offset + into.length;
    for (const chunk of this.#chunks) {
      if (chunk.end <= offset) continue;
      if (chunk.start >= end) break;
      const from = Math.max(chunk.start, offset);
      const to = Math.min(chunk.end, end);
      const part = into.subarray(from - offset, to - offset);
      if (typeof chunk.octets === 'function') chunk.octets(part, from);
      else part.set(chunk.octets.subarray(from - chunk.start, to - chunk.start));
    }
  }

  /** Forgets what stands before an offset. */
  release(offset: number): void {
    let done = 0;
    while (done < this.#chunks.length && this.#chunks[done]!.end <= offset) done++;
    if (done > 0) this.#chunks = this.#chunks.slice(done);
  }
}

/** What a bulk transfer carries at an offset: a hash of it, so that no two windows look alike. */
const patternAt = (offset: number): number => Math.imul(offset, 0x9e3779b1) >>> 24;

/** Fills in what a bulk transfer carries from an offset on. */
export const pattern: Fill = (into, offset) => {
  for (let i = 0; i < into.length; i++) into[i] = patternAt(offset + i);
};

/** Is this what `pattern` writes from an offset on? */
export function isPattern(octets: Uint8Array, offset: number): boolean {
  for (let i = 0; i < octets.length; i++) {
    if (octets[i] !== patternAt(offset + i)) return false;
  }
  return true;
}
