/** Runs all items, each on an implementation of its own, and says what became of each. */
import { driveCorrespondent } from './correspondent-driver.ts';
import { driveHomeAgent } from './home-agent-driver.ts';
import { type Driver, Failed, type Item, NotRun, readItems } from './items.ts';
import { driveMobileNode } from './mobile-node-driver.ts';
import { notDone } from './not-done.ts';
import { readingOf } from './readings.ts';

export interface Outcome {
  readonly item: Item;
  readonly verdict: 'passed' | 'failed' | 'not run';
  /** Why it failed or was not run. */
  readonly reason: string;
  /** Conditions that were taken for remarks, and how slips were read. */
  readonly remarks: readonly string[];
}

const DRIVERS: { readonly [Role in Item['role']]?: Driver } = {
  'correspondent node': driveCorrespondent,
  'home agent': driveHomeAgent,
  'mobile node': driveMobileNode,
};

export function runItem(described: Item): Outcome {
  const { item, why } = readingOf(described);
  const read = why === undefined ? [] : [`read so: ${why}`];
  const driver = DRIVERS[item.role];
  const outcome = (verdict: Outcome['verdict'], reason = '', remarks: readonly string[] = []) => ({
    item,
    verdict,
    reason,
    remarks,
  });
  const missing = notDone(item);
  if (item.uses_ipsec && item.role !== 'home agent') return outcome('not run', 'asks for IPsec');
  if (driver === undefined) return outcome('not run', `no driver for a ${item.role}`);
  try {
    const remarks = [...read, ...driver(item)];
    if (missing === undefined) return outcome('passed', '', remarks);
    return outcome('failed', `it passes, and test/tahi/not-done.ts says: ${missing}`);
  } catch (error) {
    if (error instanceof NotRun) return outcome('not run', error.message);
    if (!(error instanceof Failed)) throw error;
    // What is known not to be there is driven too, so that the list does not outlive its reasons.
    return missing === undefined ? outcome('failed', error.message) : outcome('not run', missing);
  }
}

export const runAll = (): Outcome[] => readItems().map(runItem);
