/** Binding Updates that were sent again: how soon an answer comes, real hosts decide by their speed. */
import type { Counter } from '../core/counters.ts';
import type { RunRecord } from './run-record.ts';
import type { Path } from './scenario/diagnostic.ts';
import { within } from './scenario/quantity.ts';

/** What counts each of them once more. */
const REPEATED: ReadonlySet<unknown> = new Set<Counter>([
  'mobility.bu_sent',
  'mobility.bu_received',
  'mobility.bu_retransmitted',
]);

export type Counted = Pick<RunRecord, 'scenario' | 'counters'>;

/**
 * Would an expectation of a counter be met if some updates had not been repeated? Each of them may be, once: a
 * machine that stands still for up to a second costs no more, and who takes no answer repeats more.
 */
export function isMetBeforeRepeats(path: Path, { scenario, counters }: Counted): boolean {
  const [, node, section, key] = path;
  if (section !== 'counters' || !REPEATED.has(key)) return false;
  const counter = key as Counter;
  const bound = scenario.expect.nodes.get(String(node))?.counters?.[counter];
  const value = counters.get(String(node))?.get(counter) ?? 0;
  if (bound === undefined || within(value, bound)) return false;
  const sum = (of: Counter) =>
    [...counters.values()].reduce((total, one) => total + (one.get(of) ?? 0), 0);
  const repeats = sum('mobility.bu_retransmitted');
  if (repeats > sum('mobility.bu_sent') - repeats) return false;
  for (let left = 1; left <= repeats; left++) if (within(value - left, bound)) return true;
  return false;
}
