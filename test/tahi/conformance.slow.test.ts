/** No item of the conformance suites fails, and none that was driven once is given up. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Item, noItems } from './items.ts';
import { countOf, document } from './report.ts';
import { type Outcome, runAll } from './run.ts';

/** Items that pass; may rise, never fall. */
const RECORDED: Readonly<Record<Item['role'], number>> = {
  'correspondent node': 131,
  'home agent': 217,
  'mobile node': 156,
};

let outcomes: readonly Outcome[] | undefined;
const run = () => (outcomes ??= runAll());

test('no conformance item fails', { skip: noItems }, () => {
  const failed = run().filter(({ verdict }) => verdict === 'failed');
  const lines = failed.map(({ item, reason }) => `${item.id} (${item.about}): ${reason}`);
  assert.deepEqual(lines, []);
});

test('as many conformance items pass as ever', { skip: noItems }, () => {
  for (const [role, least] of Object.entries(RECORDED)) {
    const passed = countOf(run(), role as Item['role'], 'passed');
    assert.ok(passed >= least, `${role}: ${passed} pass; there were ${least}`);
  }
});

test('docs/conformance.md is what the run writes', { skip: noItems }, () => {
  const path = new URL('../../docs/conformance.md', import.meta.url);
  assert.equal(readFileSync(path, 'utf8'), document(run()), 'run npm run check:conformance');
});
