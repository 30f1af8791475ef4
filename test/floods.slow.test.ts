/** The same flood ten times larger shows the same memory: what every table of every node held at most. */
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Table } from '../src/core/tables.ts';
import {
  findScenarios,
  loadScenario,
  type RunRecord,
  runOnSimulator,
  SCENARIOS,
  type Scenario,
} from '../src/lab/index.ts';

const LARGER = 10;
/** What honest packets that meet more of the flood's on their way may change. */
const SLACK = 3;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** The scenario with so many times as many packets in the same time. */
function larger(scenario: Scenario, times: number): Scenario {
  const events = scenario.events.map((event) => {
    if (event.kind !== 'attack' || event.attack.do !== 'send') return event;
    const { count, interval } = event.attack;
    const attack = { ...event.attack, count: count * times, interval: interval / times };
    return { ...event, attack } as typeof event;
  });
  return { ...scenario, events };
}

/** Runs it; gives the record, and the octets that are in use while it is kept. */
function run(scenario: Scenario): { readonly record: RunRecord; readonly heap: number } {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const record = runOnSimulator(scenario);
  collectGarbage();
  return { record, heap: process.memoryUsage().heapUsed - before };
}

const floods = findScenarios([`${SCENARIOS}/attacks`]).filter((file) => file.includes('flood'));

test('there are floods to be tried', () => {
  assert.ok(floods.length >= 5, floods.join(', '));
});

for (const file of floods) {
  test(`${basename(file)}: ten times as many packets, no more memory`, (t) => {
    const loaded = loadScenario(file);
    assert.ok(loaded.ok);
    const scenario = loaded.value;
    const small = run(scenario);
    const large = run(larger(scenario, LARGER));
    let compared = 0;
    for (const [node, { tables }] of scenario.expect.nodes) {
      if (tables === undefined) continue;
      const held = small.record.tables.get(node) ?? {};
      const most = large.record.tables.get(node) ?? {};
      for (const [table, size] of Object.entries(most) as [Table, number][]) {
        compared += 1;
        const text = `${node} ${table}: ${held[table] ?? 0}, ten times larger ${size}`;
        assert.ok(size <= (held[table] ?? 0) + SLACK, text);
        t.diagnostic(text);
      }
    }
    assert.ok(compared > 0, 'the scenario expects nothing of tables');
    const megabytes = (octets: number) => `${(octets / 1e6).toFixed(1)} MB`;
    t.diagnostic(`heap with all records ${megabytes(small.heap)}, then ${megabytes(large.heap)}`);
  });
}
