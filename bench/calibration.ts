/**
 * Hand-over times beside those of published testbeds: the scenarios in `scenarios/calibration/`. Times
 * are the simulator's, so they are exact and the same on every machine.
 */
import { fileURLToPath } from 'node:url';
import { loadScenario, reportOf, runOnSimulator } from '../src/lab/index.ts';
import { MEANS, type MeanHandover, meanOf } from '../src/lab/mean-handover.ts';
import type { Measurement } from './measure.ts';

type Row = Partial<Record<(typeof MEANS)[number], number>>;

/** What the testbeds measured, in milliseconds. */
const MEASURED: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  'advertisements-every-50ms': {
    'first testbed': {
      'detection-and-address': 1558,
      'home-registration': 1041,
      'return-routability': 5,
      'peer-registration': 2,
      total: 2606,
    },
  },
  'advertisements-every-second': {
    'first testbed': {
      'detection-and-address': 2041,
      'home-registration': 1040,
      'return-routability': 5,
      'peer-registration': 2,
      total: 3088,
    },
    'second testbed': { 'detection-and-address': 1896 },
  },
  'advertisements-every-two-seconds': {
    'first testbed': {
      'detection-and-address': 3288,
      'home-registration': 1040,
      'return-routability': 5,
      'peer-registration': 3,
      total: 4336,
    },
    'second testbed': { 'detection-and-address': 2469 },
  },
  defaults: {},
};

/** The bench runs from `.build-bench/bench/`, two folders below the project's own. */
const scenario = (name: string) =>
  fileURLToPath(new URL(`../../scenarios/calibration/${name}.yaml`, import.meta.url));

export function* calibration(): Generator<Measurement> {
  for (const [name, testbeds] of Object.entries(MEASURED)) {
    const loaded = loadScenario(scenario(name));
    if (!loaded.ok) throw new Error(loaded.error.map(({ message }) => message).join('; '));
    const { handovers, record } = reportOf(runOnSimulator(loaded.value));
    const mean = meanOf(handovers.filter(({ toLink }) => toLink === 'visited'));
    const what = `${name} (${mean.count} hand-overs, seed ${record.seed})`;
    if (Object.keys(testbeds).length === 0) yield* ours(what, mean);
    for (const [testbed, row] of Object.entries(testbeds)) yield* rows(what, mean, testbed, row);
  }
}

function* ours(what: string, mean: MeanHandover): Generator<Measurement> {
  for (const key of MEANS) {
    const value = mean[key];
    if (value !== null) yield { name: `${what}: ${key}`, value: value / 1000, unit: 'ms' };
  }
}

function* rows(
  what: string,
  mean: MeanHandover,
  testbed: string,
  row: Row,
): Generator<Measurement> {
  for (const key of MEANS) {
    const measured = row[key];
    const value = mean[key];
    if (measured === undefined || value === null) continue;
    const reference = { name: testbed, value: measured };
    yield { name: `${what}: ${key}`, value: value / 1000, unit: 'ms', reference };
  }
}
