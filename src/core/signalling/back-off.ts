/**
 * How long an unanswered message waits before it goes again: twice as long each time, up to a longest
 * wait. DHCPv6 spreads each wait, so that clients that began together do not stay together.
 *
 * Supported standards: RFC 6275 section 11.8 (no spread), RFC 8415 section 15 (a spread of 0.1).
 */
import type { Random } from '../role.ts';
import type { Duration } from '../time.ts';

export interface BackOff {
  readonly initial: Duration;
  /** Absent: the wait grows without end. */
  readonly longest?: Duration | undefined;
  /** Each wait is drawn from this share below and above its length; 0 where it is exact. */
  readonly spread: number;
}

/** The wait behind the first transmission. @param longer draws above the length only. */
export function firstWait({ initial, spread }: BackOff, random: Random, longer = false): Duration {
  const share = longer ? random() : 2 * random() - 1;
  return Math.round(initial * (1 + spread * share)) as Duration;
}

/** The wait behind the next transmission, after one of `before`. */
export function nextWait(
  before: Duration,
  { longest, spread }: Omit<BackOff, 'initial'>,
  random: Random,
): Duration {
  const share = spread === 0 ? 0 : spread * (2 * random() - 1);
  const wait = before * (2 + share);
  if (longest === undefined || wait <= longest) return Math.round(wait) as Duration;
  return Math.round(longest * (1 + share)) as Duration;
}
