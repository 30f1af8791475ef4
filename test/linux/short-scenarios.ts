/** Scenarios that are run on real hosts without being named. */
import type { Duration } from '../../src/core/time.ts';
import { loadScenario } from '../../src/lab/load.ts';
import { End } from '../../src/lab/run/end.ts';

/** What lasts longer is no short one, in microseconds of network time. */
const LONG = 45e6;

/** One that cannot be read counts as short: whoever runs it says why. */
export function isShort(file: string): boolean {
  const loaded = loadScenario(file);
  if (!loaded.ok) return true;
  return !loaded.value.long && leastTime(file) <= LONG;
}

/** The microseconds that its network is up at least: real hosts take all of that time. */
export function leastTime(file: string): number {
  const loaded = loadScenario(file);
  return loaded.ok ? new End(loaded.value, 0 as Duration).limit : 0;
}
