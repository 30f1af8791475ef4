/**
 * How a speed is measured: in turns with its reference, in the same run, in CPU time, since others
 * may be at work on the machine; and the median is taken.
 */

export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is compared with, in the same unit; absent where nothing is comparable. */
  readonly reference?: { readonly name: string; readonly value: number };
  /** What it should reach: of the ratio where there is a reference, else of the value. */
  readonly aim?: { readonly least?: number; readonly most?: number };
}

/** CPU time of this process with all its threads, such as those that collect garbage. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** A rate in runs a second. `run` does its work `count` times. */
export type Work = (count: number) => void;

const ROUNDS = 7;
const ROUND_S = 0.15;
const WARM_UP_S = 0.4;

/**
 * The medians of how often a second each work is done, measured in turns so that what disturbs the
 * machine disturbs both.
 */
export function rates(...works: readonly Work[]): number[] {
  const counts = works.map(countFor);
  const seen: number[][] = works.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    works.forEach((work, i) => {
      const began = cpuSeconds();
      work(counts[i]!);
      seen[i]!.push(counts[i]! / (cpuSeconds() - began));
    });
  }
  return seen.map(median);
}

/** How often a work must be done to fill a round, once it is warm. */
function countFor(work: Work): number {
  const began = cpuSeconds();
  for (let count = 64; ; count *= 2) {
    const before = cpuSeconds();
    work(count);
    const now = cpuSeconds();
    const warm = now - began > WARM_UP_S && now - before > ROUND_S / 8;
    if (warm) return Math.ceil((count * ROUND_S) / (now - before));
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

export const ratioOf = ({ value, reference }: Measurement): number | undefined =>
  reference === undefined ? undefined : value / reference.value;

/** Is the aim reached? Undefined where there is none. */
export function reached(one: Measurement): boolean | undefined {
  if (one.aim === undefined) return undefined;
  const judged = ratioOf(one) ?? one.value;
  return judged >= (one.aim.least ?? -Infinity) && judged <= (one.aim.most ?? Infinity);
}
