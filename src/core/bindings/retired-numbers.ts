import type { Address } from '../../wire/address.ts';
import type { Instant } from '../time.ts';

/** Bindings that are gone and remembered. */
const MAX_RETIRED = 4096;

interface Retired {
  readonly sequence: number;
  readonly until: Instant;
}

/**
 * The last sequence numbers of bindings that are gone, by home address: an update that is under way
 * still, or played back, must not bring them back. Source: RFC 6275 sections 5.2.8, 9.5.1 and 10.3.2.
 */
export class RetiredNumbers {
  /** Oldest first. */
  readonly #numbers = new Map<Address, Retired>();

  get size(): number {
    return this.#numbers.size;
  }

  /** @returns whether there was room; what is over has made some. */
  remember(home: Address, sequence: number, until: Instant, now: Instant): boolean {
    for (const [other, { until: over }] of this.#numbers) {
      if (now < over) break;
      this.#numbers.delete(other);
    }
    if (this.#numbers.size >= MAX_RETIRED) return false;
    this.#numbers.delete(home);
    this.#numbers.set(home, { sequence, until });
    return true;
  }

  last(home: Address, now: Instant): number | undefined {
    const retired = this.#numbers.get(home);
    return retired !== undefined && now < retired.until ? retired.sequence : undefined;
  }

  forgetOldest(): void {
    for (const oldest of this.#numbers.keys()) {
      this.#numbers.delete(oldest);
      break;
    }
  }

  clear(): void {
    this.#numbers.clear();
  }
}
