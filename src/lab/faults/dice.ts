/** Dice with which a random network is thrown: the same from the same seed. */
import type { Random } from '../../core/role.ts';

export class Dice {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  /** A whole number, both ends included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  between(least: number, most: number): number {
    return least + this.#random() * (most - least);
  }

  /** One of several, all as likely; one that stands there twice is twice as likely. */
  pick<T>(from: readonly T[]): T {
    return from[this.whole(0, from.length - 1)]!;
  }
}
