import type { Dhcpv6MessageName } from '../../wire/dhcpv6/dhcpv6-numbers.ts';
import type { Constants } from '../constants.ts';
import type { Random } from '../role.ts';
import { type BackOff, firstWait, nextWait } from '../signalling/back-off.ts';
import { after, between, type Duration, type Instant, milliseconds, seconds } from '../time.ts';

/** How often and how long a message is sent while no answer comes. */
interface Timing extends BackOff {
  /** The first one waits for a time drawn up to this. */
  readonly delay?: Duration;
  /** Transmissions in all; absent: no bound. */
  readonly attempts?: number;
  /** Time in all; absent: no bound. */
  readonly total?: Duration;
}

/** Messages that a client sends and repeats. */
export type Asking = Extract<
  Dhcpv6MessageName,
  'solicit' | 'request' | 'confirm' | 'renew' | 'rebind' | 'release' | 'decline'
>;

const spread = 0.1;
/** REQ_, CNF_, REN_, REB_, REL_ and DEC_ constants. Source: RFC 8415 section 7.6. */
const TIMINGS: Readonly<Record<Asking, Timing>> = {
  solicit: { initial: seconds(1), longest: seconds(3600), spread },
  request: { initial: seconds(1), longest: seconds(30), attempts: 10, spread },
  confirm: { initial: seconds(1), longest: seconds(4), total: seconds(10), spread },
  renew: { initial: seconds(10), longest: seconds(600), spread },
  rebind: { initial: seconds(10), longest: seconds(600), spread },
  release: { initial: seconds(1), attempts: 4, spread },
  decline: { initial: seconds(1), attempts: 4, spread },
};

/** The longest that Elapsed Time can say. */
const MAX_ELAPSED = 0xffff;

export interface ExchangeOptions {
  readonly transactionId: number;
  readonly constants: Constants;
  readonly random: Random;
  /** False takes the mechanism `retransmission` away. */
  readonly repeats: boolean;
  /** The longest wait between Solicits, where a server has set one (RFC 8415 section 21.24). */
  readonly longest?: Duration | undefined;
  /** From when on it makes no sense any more. */
  readonly until?: Instant | undefined;
}

/**
 * One message of a DHCPv6 client, from its first transmission to its answer or its end.
 * Source: RFC 8415 section 15.
 */
export class Exchange {
  readonly asking: Asking;
  readonly transactionId: number;
  readonly #timing: Timing;
  readonly #random: Random;
  readonly #repeats: boolean;
  readonly #until: Instant | undefined;
  #began: Instant;
  #sent = 0;
  #wait: Duration | undefined;
  #nextAt: Instant | undefined;

  constructor(asking: Asking, options: ExchangeOptions, now: Instant) {
    const { transactionId, constants, random, repeats, longest, until } = options;
    this.asking = asking;
    this.transactionId = transactionId;
    const timing = TIMINGS[asking];
    this.#timing = longest === undefined ? timing : { ...timing, longest };
    this.#random = random;
    this.#repeats = repeats;
    this.#until = until;
    const delays = { solicit: constants.SOL_MAX_DELAY, confirm: constants.CNF_MAX_DELAY };
    const delay = asking === 'solicit' || asking === 'confirm' ? delays[asking] : 0;
    this.#began = after(now, Math.round(delay * random()) as Duration);
    this.#nextAt = this.#began;
  }

  /** Transmissions so far. */
  get sent(): number {
    return this.#sent;
  }

  deadline(): Instant | undefined {
    return this.#nextAt;
  }

  /** Since the first transmission, in hundredths of a second. Source: RFC 8415 section 21.9. */
  elapsed(now: Instant): number {
    return Math.min(MAX_ELAPSED, Math.floor(between(this.#began, now) / milliseconds(10)));
  }

  /** What is to be done now: `failed` when it has been sent often or long enough. */
  due(now: Instant): 'send' | 'failed' | undefined {
    if (this.#nextAt === undefined || now < this.#nextAt) return undefined;
    const { attempts = Number.POSITIVE_INFINITY } = this.#timing;
    const end = this.#end();
    if (this.#sent >= attempts || (this.#sent > 0 && end !== undefined && now >= end)) {
      this.#nextAt = undefined;
      return 'failed';
    }
    if (this.#sent > 0 && !this.#repeats) {
      this.#nextAt = end;
      return undefined;
    }
    this.#sent += 1;
    // RFC 8415 section 18.2.1: the first wait for advertisements is never shorter than its length.
    const solicit = this.asking === 'solicit';
    this.#wait =
      this.#wait === undefined
        ? firstWait(this.#timing, this.#random, solicit)
        : nextWait(this.#wait, this.#timing, this.#random);
    const next = after(now, this.#wait);
    this.#nextAt = end !== undefined && end < next ? end : next;
    return 'send';
  }

  #end(): Instant | undefined {
    const { total } = this.#timing;
    return total === undefined ? this.#until : after(this.#began, total);
  }
}
