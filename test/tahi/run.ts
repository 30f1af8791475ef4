/** Runs all items, each on an implementation of its own, and says what became of each. */
import { driveCorrespondent } from './correspondent-driver.ts';
import { type Driver, Failed, type Item, NotRun, readItems } from './items.ts';
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
  if (item.uses_ipsec) return outcome('not run', 'asks for IPsec');
  if (driver === undefined) return outcome('not run', `no driver for a ${item.role}`);
  try {
    return outcome('passed', '', [...read, ...driver(item)]);
  } catch (error) {
    if (error instanceof NotRun) return outcome('not run', error.message);
    if (error instanceof Failed) return outcome('failed', error.message);
    throw error;
  }
}

export const runAll = (): Outcome[] => readItems().map(runItem);
