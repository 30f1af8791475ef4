/**
 * `npm run bench [-- NAME...] [-- --json]`: how fast, in absolute numbers of this machine and as a
 * ratio to a reference in the same run, which is what can be compared between machines. `linux` has
 * parts that can be named alone, such as `linux/ebpf`.
 */
import { parseArgs } from 'node:util';
import { anycast } from './anycast.ts';
import { bindingUpdates } from './binding-updates.ts';
import { calibration } from './calibration.ts';
import { codec } from './codec.ts';
import { asRoot, LINUX_PARTS, linux } from './linux/parts.ts';
import { anycastPaths } from './linux/planes.ts';
import { type Measurement, ratioOf, reached } from './measure.ts';
import { multihome } from './multihome.ts';
import { serverDeath } from './server-death.ts';
import { simulator } from './simulator.ts';

const BENCHES: Readonly<Record<string, () => Iterable<Measurement> | AsyncIterable<Measurement>>> =
  {
    codec,
    bindings: bindingUpdates,
    simulator,
    calibration,
    anycast: async function* () {
      yield* anycast();
      yield* serverDeath();
      yield* asRoot(anycastPaths);
    },
    linux: () => asRoot(linux),
    multihome: () => asRoot(multihome),
    ...Object.fromEntries(
      Object.entries(LINUX_PARTS).map(([name, part]) => [name, () => asRoot(part)]),
    ),
  };

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const wanted =
  positionals.length > 0 ? positionals : Object.keys(BENCHES).filter((name) => !name.includes('/'));
const unknown = wanted.find((name) => !Object.hasOwn(BENCHES, name));
if (unknown === undefined) {
  for (const name of wanted) for await (const one of BENCHES[name]!()) print(one);
} else {
  console.error(`there is no bench "${unknown}": there are ${Object.keys(BENCHES).join(', ')}`);
  process.exitCode = 2;
}

function print(one: Measurement): void {
  const ratio = ratioOf(one);
  if (values.json) {
    const { name, value, unit, reference } = one;
    const line = { name, value, unit, reference: reference ?? null, ratio: ratio ?? null };
    console.log(JSON.stringify({ ...line, aim: one.aim ?? null, reached: reached(one) ?? null }));
    return;
  }
  const { reference } = one;
  const compared =
    ratio === undefined
      ? ''
      : `  ${ratio.toFixed(2)} x ${reference!.name} (${short(reference!.value)})`;
  console.log(
    `${one.name.padEnd(62)} ${short(one.value).padStart(9)} ${one.unit}${compared}${aim(one)}`,
  );
}

function aim(one: Measurement): string {
  const met = reached(one);
  if (met === undefined) return '';
  const { least, most } = one.aim!;
  const bounds = [
    least === undefined ? [] : [`>= ${least}`],
    most === undefined ? [] : [`<= ${most}`],
  ];
  return `  aim ${bounds.flat().join(' and ')}: ${met ? 'reached' : 'MISSED'}`;
}

function short(value: number): string {
  if (value >= 10_000) return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
