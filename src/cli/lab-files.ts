/** `careof lab list`, `check` and `new`: what concerns scenario files alone. */
import { existsSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { SCENARIOS } from '../lab/find.ts';
import { loadScenario } from '../lab/load.ts';
import { scenarioName } from '../lab/report/report.ts';
import { table } from '../lab/report/table.ts';
import { counted } from '../lab/report/units.ts';
import { wrapped } from '../lab/report/wrapped.ts';
import { diagnosticLine } from '../lab/scenario/diagnostic.ts';
import type { Scenario } from '../lab/scenario/read.ts';
import { scenarioTemplate } from '../lab/scenario/template.ts';
import { CareofError, EXIT } from './careof-error.ts';
import { scenarioFiles } from './lab-run.ts';
import { paintFor } from './terminal.ts';

/** Prints the scenarios that come with careof. */
export function listScenarios(json: boolean): void {
  const paint = paintFor(process.stdout);
  const rows: string[][] = [];
  for (const file of scenarioFiles([SCENARIOS])) {
    const loaded = loadScenario(file);
    const name = scenarioName(file);
    const capability = basename(dirname(file));
    const title = loaded.ok ? loaded.value.title : 'cannot be read: careof lab check says why';
    const off = loaded.ok ? loaded.value.off : [];
    const long = loaded.ok && loaded.value.long;
    if (json) console.log(JSON.stringify({ name, capability, title, off, long, file }));
    else rows.push([capability, name, `${title}${long ? ' (long)' : ''}`]);
  }
  if (json) return;
  const columns = [{ title: 'capability' }, { title: 'scenario' }, { title: 'what it shows' }];
  console.log(table(columns, narrowed(rows), paint.bold).join('\n'));
  console.log(`\nRun one with ${paint.cyan(`careof lab run ${rows[0]?.[1] ?? 'NAME'}`)}.`);
}

/** On a terminal the last column is broken to fit; in a pipe a scenario stays on one line. */
function narrowed(rows: readonly string[][]): string[][] {
  const { columns } = process.stdout;
  if (columns === undefined) return [...rows];
  const before = [0, 1].map((index) => Math.max(...rows.map((row) => row[index]!.length)) + 2);
  const room = Math.max(20, columns - before[0]! - before[1]!);
  return rows.flatMap(([capability = '', name = '', title = '']) => {
    const [first = '', ...more] = wrapped(title, room);
    return [[capability, name, first], ...more.map((line) => ['', '', line])];
  });
}

/** Checks files and gives the exit code. */
export function checkScenarios(args: readonly string[]): number {
  let code: number = EXIT.ok;
  for (const file of scenarioFiles(args.length === 0 ? [SCENARIOS] : args)) {
    const loaded = loadScenario(file);
    if (loaded.ok) console.log(`${file}: ok: ${sizeText(loaded.value)}`);
    else {
      for (const diagnostic of loaded.error) console.error(diagnosticLine(diagnostic));
      code = EXIT.unfit;
    }
  }
  return code;
}

function sizeText({ links, nodes, traffic, events, expect }: Scenario): string {
  const expectations = expect.flows.size + expect.nodes.size + expect.packets.length;
  return [
    counted(links.size, 'link'),
    counted(nodes.size, 'node'),
    counted(traffic.size, 'flow'),
    counted(events.length, 'event'),
    counted(expectations, 'expectation'),
  ].join(', ');
}

/** Writes an example. */
export function newScenario(name: string, force: boolean): void {
  if (/^(?:.*\/)?(?:\.ya?ml)?$/.test(name)) {
    throw new CareofError('no-name', 'the file has no name', 'careof lab new my-network');
  }
  const file = /\.ya?ml$/.test(name) ? name : `${name}.yaml`;
  if (existsSync(file) && !force) {
    const hint = 'Choose another name, or write over it with --force.';
    throw new CareofError('file-exists', `${file} is there already`, hint);
  }
  try {
    writeFileSync(file, scenarioTemplate());
  } catch (cause) {
    const message = `${file} cannot be written: ${(cause as Error).message}`;
    throw new CareofError('cannot-write', message, undefined, { cause });
  }
  const paint = paintFor(process.stdout);
  console.log(`wrote ${file}; run it with ${paint.cyan(`careof lab run ${file}`)}`);
}
