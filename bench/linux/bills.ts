/**
 * The bills of all mobility scenarios on real hosts beside those of the simulator: how long hand-overs
 * took in all, and what they cost in octets of signalling.
 */
import {
  findScenarios,
  loadScenario,
  type Report,
  reportOf,
  runOnSimulator,
  scenarioName,
} from '../../src/lab/index.ts';
import { runOnLinux } from '../../src/lab/linux/run.ts';
import type { Measurement } from '../measure.ts';

/** What lasts longer is left out, in seconds of network time. */
const LONGEST = 45;
/** How far a bill may be from the simulator's. */
const AIM = { least: 0.8, most: 1.2 };

/** Hand-overs that both runs paid for, in their order. */
function paid(real: Report, simulated: Report): [number, number][] {
  const totals = ({ handovers }: Report) => handovers.map(({ total }) => total);
  const [ours, theirs] = [totals(real), totals(simulated)];
  return ours.flatMap((total, i) => {
    const other = theirs[i];
    return total === null || other === null || other === undefined ? [] : [[total, other]];
  });
}

export async function* bills(): AsyncGenerator<Measurement> {
  for (const file of findScenarios(['scenarios/mobility'])) {
    const loaded = loadScenario(file);
    if (!loaded.ok || loaded.value.long) continue;
    const simulated = reportOf(runOnSimulator(loaded.value));
    if (simulated.record.ended > LONGEST * 1e6 || simulated.handovers.length === 0) continue;
    let real: Report;
    try {
      real = reportOf(await runOnLinux(loaded.value, { dataPlane: 'auto' }));
    } catch (error) {
      console.error(`not measured: ${scenarioName(file)}: ${(error as Error).message}`);
      continue;
    }
    yield* rows(scenarioName(file), real, simulated);
  }
}

function* rows(name: string, real: Report, simulated: Report): Generator<Measurement> {
  const both = paid(real, simulated);
  const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0);
  const [counted, known] = [real.handovers.length, simulated.handovers.length];
  const what = `${name}, ${both.length} of ${counted === known ? counted : `${counted}/${known}`}`;
  if (both.length > 0) {
    const value = sum(both.map(([total]) => total)) / 1000;
    const reference = { name: 'simulator', value: sum(both.map(([, total]) => total)) / 1000 };
    yield { name: `hand-overs: ${what}`, value, unit: 'ms', reference, aim: AIM };
  }
  const octets = ({ handovers }: Report) => sum(handovers.map((one) => one.signallingBytes));
  const reference = { name: 'simulator', value: octets(simulated) };
  const unit = 'octets';
  yield { name: `signalling: ${what}`, value: octets(real), unit, reference, aim: AIM };
}
