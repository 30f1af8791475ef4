/** Numbers as people read them. */

/** A time in microseconds, such as `4s`, `250ms` or `12.4ms`. */
export function timeText(microseconds: number): string {
  if (microseconds >= 10_000_000) return `${trimmed(microseconds / 1e6, 3)}s`;
  if (microseconds >= 1_000_000 && microseconds % 1000 === 0) return `${microseconds / 1e6}s`;
  if (microseconds >= 1000) return `${trimmed(microseconds / 1000, 1)}ms`;
  return microseconds === 0 ? '0ms' : `${Math.round(microseconds)}us`;
}

/** A moment of the run, such as `4.076s`. */
export const clockText = (microseconds: number): string => `${(microseconds / 1e6).toFixed(3)}s`;

/** Milliseconds with one decimal, for columns; `-` for what did not happen. */
export function millisecondsText(microseconds: number | null): string {
  return microseconds === null ? '-' : (microseconds / 1000).toFixed(1);
}

/** Milliseconds as a number for JSON: exact, at most three decimals. */
export function jsonMilliseconds(microseconds: number | null): number | null {
  return microseconds === null ? null : Math.round(microseconds) / 1000;
}

/** Digits in groups of three, with spaces that do not break: `1 234 567`. */
export function grouped(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** Such as `1 session` or `12 sessions`. */
export const counted = (count: number, what: string): string =>
  `${grouped(count)} ${what}${count === 1 ? '' : 's'}`;

/** A size in octets, such as `20MB` or `64B`. */
export function sizeText(octets: number): string {
  for (const [unit, factor] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (octets >= factor) return `${trimmed(octets / factor, 2)}${unit}`;
  }
  return `${octets}B`;
}

/** A measured value in the unit of its expectation. */
export function boundText(value: number, unit: 'time' | 'size' | undefined): string {
  if (unit === 'time') return timeText(value);
  return unit === 'size' ? sizeText(value) : String(value);
}

function trimmed(value: number, decimals: number): string {
  return String(Number(value.toFixed(decimals)));
}
