/** Sequence numbers that one association has seen, so that no packet is taken twice. */

/** Numbers that may come out of order. Source: RFC 4303 section 3.4.3, the default. */
const SIZE = 64n;
const MASK = (1n << SIZE) - 1n;

/**
 * The newest number and, as bits, which of those shortly before it have come.
 * Source: RFC 4303 section 3.4.3 and appendix A2.
 */
export class ReplayWindow {
  #highest: number;
  /** Bit n: the number `highest - n` has come. */
  #seen: bigint;

  /** @param highest of an earlier life: it and all before it count as seen. */
  constructor(highest = 0) {
    this.#highest = highest;
    this.#seen = MASK;
  }

  get highest(): number {
    return this.#highest;
  }

  /** May a packet of this number be looked at? It is noted only when it has been proved. */
  fresh(sequence: number): boolean {
    if (sequence > this.#highest) return true;
    const before = BigInt(this.#highest - sequence);
    return sequence > 0 && before < SIZE && (this.#seen & (1n << before)) === 0n;
  }

  /** A packet of this number was proved. True where it is the newest of all. */
  note(sequence: number): boolean {
    const ahead = sequence - this.#highest;
    if (ahead <= 0) {
      this.#seen |= 1n << BigInt(-ahead);
      return false;
    }
    this.#seen = ahead >= Number(SIZE) ? 1n : ((this.#seen << BigInt(ahead)) | 1n) & MASK;
    this.#highest = sequence;
    return true;
  }
}
