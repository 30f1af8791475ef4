import { LIFETIME_UNIT } from '../constants.ts';
import type { Target } from '../signalling/registration.ts';
import { between, type Duration, type Instant } from '../time.ts';

/**
 * No binding outlives its addresses.
 *
 * Source: RFC 6275 section 11.7.1.
 */
export class BoundedLifetime {
  readonly #validUntil: () => Instant;
  readonly #off: boolean;
  /** What `validUntil` said when the last update was made. */
  #askedUntil: Instant | undefined;

  /**
   * @param validUntil until when both home address and care-of address are valid.
   * @param off takes the mechanism `prefix-lifetimes` away.
   */
  constructor(validUntil: () => Instant, off: boolean) {
    this.#validUntil = validUntil;
    this.#off = off;
  }

  /** What may be asked for; undefined: nothing. */
  of(target: Target, now: Instant): Target | undefined {
    if (target.lifetime === 0 || this.#off) return target;
    this.#askedUntil = this.#validUntil();
    const lifetime = Math.min(target.lifetime, between(now, this.#askedUntil)) as Duration;
    // Less than a unit would be a lifetime of 0 on the wire, which takes the binding back.
    return lifetime < LIFETIME_UNIT ? undefined : { ...target, lifetime };
  }

  /** Do addresses end, as we know by now, before what is held until then? Said once of each end. */
  isOutlived(expiresAt: Instant | undefined): boolean {
    const until = this.#validUntil();
    return expiresAt !== undefined && expiresAt > until && until !== this.#askedUntil;
  }
}
