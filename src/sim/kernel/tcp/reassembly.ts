import type { Span } from './scoreboard.ts';

interface Piece {
  readonly start: number;
  readonly octets: Uint8Array;
}

/** Pieces that may wait for a gap to be filled; more are dropped and come again. */
const MAX_PIECES = 2048;

/** Puts a stream in order again. Offsets count from the stream's first octet. */
export class Reassembly {
  #next = 0;
  /** Sorted, without overlaps, all behind `#next`. */
  #waiting: Piece[] = [];
  /** Where the last piece began. */
  #newest = 0;
  readonly #deliver: (octets: Uint8Array, offset: number) => void;

  constructor(deliver: (octets: Uint8Array, offset: number) => void) {
    this.#deliver = deliver;
  }

  /** What stands before this offset came to another node. */
  startAt(offset: number): void {
    this.#next = offset;
  }

  /** The first octet that is still missing. */
  get next(): number {
    return this.#next;
  }

  /** Is something there that lies behind a gap? */
  get hasGap(): boolean {
    return this.#waiting.length > 0;
  }

  /** What lies behind gaps, the newest first. */
  spans(): Span[] {
    const merged: Span[] = [];
    for (const { start, octets } of this.#waiting) {
      const last = merged.at(-1);
      const end = start + octets.length;
      if (last === undefined || start > last.end) merged.push({ start, end });
      else merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, end) };
    }
    const newest = merged.findIndex(
      ({ start, end }) => start <= this.#newest && this.#newest < end,
    );
    // RFC 2018 section 4: first the block of the segment that caused the acknowledgement.
    return newest > 0 ? [merged[newest]!, ...merged.filter((_, i) => i !== newest)] : merged;
  }

  /** Takes octets that begin at an offset; what was there before is not taken again. */
  insert(start: number, octets: Uint8Array): void {
    if (start + octets.length <= this.#next) return;
    this.#newest = start;
    if (start > this.#next) {
      this.#keep(start, octets);
      return;
    }
    this.#pass(start, octets);
    let done = 0;
    while (done < this.#waiting.length && this.#waiting[done]!.start <= this.#next) {
      const piece = this.#waiting[done++]!;
      this.#pass(piece.start, piece.octets);
    }
    if (done > 0) this.#waiting = this.#waiting.slice(done);
  }

  #pass(start: number, octets: Uint8Array): void {
    const fresh = octets.subarray(this.#next - start);
    if (start + octets.length <= this.#next) return;
    const offset = this.#next;
    this.#next += fresh.length;
    this.#deliver(fresh, offset);
  }

  /** Keeps a piece in its place; overlaps are left, since `#pass` trims them. */
  #keep(start: number, octets: Uint8Array): void {
    let at = this.#waiting.length;
    while (at > 0 && this.#waiting[at - 1]!.start > start) at--;
    const before = this.#waiting[at - 1];
    if (before !== undefined && before.start + before.octets.length >= start + octets.length)
      return;
    if (this.#waiting.length >= MAX_PIECES) return;
    this.#waiting.splice(at, 0, { start, octets });
  }
}
