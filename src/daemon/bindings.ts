/** Bindings as the daemon shows them: those that others told it of, and its own at others. */
import type { Instant } from '../core/time.ts';
import { formatAddress } from '../wire/address.ts';
import type { Daemon } from './daemon.ts';

/** The keys are those of `bindings` in `careof lab run --json`, and what a live node knows more. */
export interface BindingJson {
  /** `home` and `peer`: in the binding cache; `registration`: ours, at `peer`. */
  readonly scope: 'home' | 'peer' | 'registration';
  readonly home: string;
  readonly careof: string;
  readonly peer?: string;
  readonly lifetime_s: number;
  readonly remaining_s: number;
  readonly sequence?: number;
}

export function bindingsOf({ role, ledger, clock }: Daemon): BindingJson[] {
  const now = clock.now();
  const own = [...ledger.registrations.values()].flatMap((one) => {
    const { home, careof, peer, until, lifetimeSeconds = 0, sequence } = one;
    if (until === undefined || until <= now) return [];
    const addresses = { home: formatAddress(home), careof: formatAddress(careof) };
    const times = { lifetime_s: rounded(lifetimeSeconds), remaining_s: secondsTo(until, now) };
    const ends = { ...addresses, peer: formatAddress(peer) };
    const number = sequence === undefined ? {} : { sequence };
    return [{ scope: 'registration', ...ends, ...times, ...number } as const];
  });
  const told = [...(role?.inspect?.().bindings ?? [])].map((one) => ({
    scope: one.scope,
    home: formatAddress(one.home),
    careof: formatAddress(one.careOf),
    lifetime_s: rounded(one.lifetime / 1e6),
    remaining_s: secondsTo(one.expiresAt, now),
    sequence: one.sequence,
  }));
  return [...own, ...told];
}

const rounded = (seconds: number): number => Math.round(seconds * 10) / 10;

/** Seconds from now to then, with one decimal; 0 where it is over. */
export const secondsTo = (then: Instant, now: Instant): number =>
  rounded(Math.max(0, then - now) / 1e6);

/** Seconds since then, with one decimal. */
export const secondsSince = (then: Instant, now: Instant): number =>
  rounded(Math.max(0, now - then) / 1e6);
