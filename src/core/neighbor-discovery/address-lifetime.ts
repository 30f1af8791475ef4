import { after, between, type Duration, type Instant, seconds } from '../time.ts';

/** Source: RFC 4862 section 5.5.3 (e). */
const TWO_HOURS: Duration = seconds(7200);

/** The lifetimes that an advertisement gives a prefix, and when it was heard. */
export interface Lifetimes {
  readonly validLifetime: Duration;
  readonly preferredLifetime: Duration;
}

/**
 * How long an address may be used that was made of an advertised prefix.
 *
 *     preferred --preferred lifetime over--> deprecated --valid lifetime over--> over
 *     a new advertisement sets both anew, but cannot cut the valid lifetime to less than two hours
 *
 * The bound is there because advertisements are not authenticated: a forged one would take the
 * address away at once. What a trusted agent says is taken as it is said (`isTrusted`).
 *
 * Source: RFC 4862 sections 5.5.3 and 5.5.4.
 */
export class AddressLifetime {
  #validUntil: Instant;
  #preferredUntil: Instant;
  #deprecationSeen = false;

  constructor(said: Lifetimes, heardAt: Instant) {
    this.#validUntil = after(heardAt, said.validLifetime);
    this.#preferredUntil = after(heardAt, said.preferredLifetime);
  }

  get validUntil(): Instant {
    return this.#validUntil;
  }

  isDeprecated(now: Instant): boolean {
    return now >= this.#preferredUntil;
  }

  isOver(now: Instant): boolean {
    return now >= this.#validUntil;
  }

  renew(said: Lifetimes, now: Instant, isTrusted = false): void {
    const { validLifetime, preferredLifetime } = said;
    this.#preferredUntil = after(now, preferredLifetime);
    this.#deprecationSeen = false;
    const left = between(now, this.#validUntil);
    const taken = isTrusted || validLifetime > TWO_HOURS || validLifetime > left;
    if (taken) this.#validUntil = after(now, validLifetime);
    else if (left > TWO_HOURS) this.#validUntil = after(now, TWO_HOURS);
  }

  /** When it is deprecated, and then when it is over. */
  deadline(): Instant {
    const deprecated = Math.min(this.#preferredUntil, this.#validUntil) as Instant;
    return this.#deprecationSeen ? this.#validUntil : deprecated;
  }

  /** To be called when `deadline()` has come. */
  tick(now: Instant): void {
    if (this.isDeprecated(now)) this.#deprecationSeen = true;
  }
}
