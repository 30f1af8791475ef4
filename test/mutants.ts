/**
 * Takes each mechanism of each scenario's `off` away and demands that the scenario then fails, and
 * that it passes with all of them, which `--trusting` leaves to others. `npm run test:mutants [-- SCENARIO...]`.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  diagnosticLine,
  findScenarios,
  loadScenario,
  reportOf,
  runOnSimulator,
  SCENARIOS,
  type Scenario,
  scenarioName,
} from '../src/lab/index.ts';
import { inShares } from './shares.ts';

const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { trusting: { type: 'boolean', default: false } },
});
const { trusting } = values;

let survivors = 0;
let killed = 0;

function say(name: string, without: string, text: string): void {
  console.log(`${name.padEnd(28)} ${without.padEnd(28)} ${text}`);
}

/** The first expectation that fails without a mechanism; undefined where all are met. */
function firstFailure(scenario: Scenario, without: Scenario['off']): string | undefined {
  const { verdicts } = reportOf(runOnSimulator(scenario, { without: new Set(without) }));
  const failed = verdicts.find(({ ok }) => !ok);
  if (failed === undefined) return undefined;
  return `${failed.text}: expected ${failed.expected}, was ${failed.actual}`;
}

function judge(scenario: Scenario): void {
  // What names no mechanism has nothing to show here, and some of those run for hours of network time.
  if (scenario.off.length === 0) return;
  const name = scenarioName(scenario.file);
  const untouched = trusting ? undefined : firstFailure(scenario, []);
  if (untouched !== undefined) {
    survivors += 1;
    say(name, '(nothing)', `FAILED with every mechanism: ${untouched}`);
    return;
  }
  for (const mechanism of scenario.off) {
    const failure = firstFailure(scenario, [mechanism]);
    if (failure === undefined) survivors += 1;
    else killed += 1;
    say(name, mechanism, failure ?? 'SURVIVED: all expectations were still met');
  }
}

const all = await inShares(
  fileURLToPath(import.meta.url),
  findScenarios(wanted.length === 0 ? [SCENARIOS] : wanted),
  (files) => {
    for (const file of files) {
      const loaded = loadScenario(file);
      if (loaded.ok) judge(loaded.value);
      else {
        survivors += 1;
        for (const diagnostic of loaded.error) console.log(diagnosticLine(diagnostic));
      }
    }
    return { killed, survivors };
  },
);
if (all !== undefined) {
  if (all.killed === 0) console.log('no scenario names a mechanism: nothing was shown');
  console.log(`${all.killed} mechanisms proved necessary, ${all.survivors} not`);
  if (all.survivors > 0 || all.killed === 0) process.exitCode = 1;
}
