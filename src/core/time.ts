/** A moment: whole microseconds since the run began. Only drivers know what the wall clock says. */
export type Instant = number & { readonly unit: 'us since start' };
/** A span of time in whole microseconds, never negative. */
export type Duration = number & { readonly unit: 'us' };

export const START = 0 as Instant;
export const NO_TIME = 0 as Duration;

export const microseconds = (count: number): Duration => Math.round(count) as Duration;
export const milliseconds = (count: number): Duration => Math.round(count * 1e3) as Duration;
export const seconds = (count: number): Duration => Math.round(count * 1e6) as Duration;

/** The moment `wait` after `now`. */
export const after = (now: Instant, wait: Duration): Instant => (now + wait) as Instant;
/** How long from `earlier` to `later`; zero when `later` is not later. */
export const between = (earlier: Instant, later: Instant): Duration =>
  Math.max(0, later - earlier) as Duration;
/** The sooner of two deadlines, where undefined means never. */
export function sooner(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  if (a === undefined) return b;
  return b === undefined || a <= b ? a : b;
}
