import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventToJson } from '../../core/events.ts';
import { scenarioOf } from '../sample.ts';
import type { Scenario } from '../scenario/read.ts';
import { runOnSimulator } from '../sim/run.ts';
import { randomRun, randomScenarioText } from './random-scenario.ts';

test('random scenarios are right, and no two are the same', () => {
  const titles = new Set<string>();
  for (let seed = 0; seed < 100; seed++)
    titles.add(JSON.stringify([...randomRun(seed).scenario.events]));
  assert.equal(titles.size, 100);
});

test('in some networks of agents servers show who may bind the address, and others ask for it', () => {
  const shown = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => {
    const { nodes, delegations } = randomRun(seed, 'agents').scenario;
    const asks = [...nodes.values()].some((node) => 'authorities' in node);
    assert.equal(asks, delegations.size > 0);
    return asks;
  });
  assert.ok(shown.includes(true) && shown.includes(false), `${shown}`);
});

test('the file of a seed is the run of the seed', () => {
  const { scenario, seed } = randomRun(9);
  const file = scenarioOf(randomScenarioText(seed));
  const trace = (one: Scenario) =>
    runOnSimulator(one).events.map(({ event, ...place }) => ({ ...place, ...eventToJson(event) }));
  assert.ok(trace(file).length > 100);
  assert.deepEqual(trace(file), trace(scenario));
});
