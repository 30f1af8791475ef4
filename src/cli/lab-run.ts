/** `careof lab run`. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Mechanism } from '../core/mechanisms.ts';
import { findScenarios, NotFound } from '../lab/find.ts';
import { loadScenario } from '../lab/load.ts';
import { reportJson } from '../lab/report/json.ts';
import { type Report, reportOf, scenarioName } from '../lab/report/report.ts';
import { reportText } from '../lab/report/text.ts';
import { traceLines } from '../lab/report/trace.ts';
import { diagnosticLine } from '../lab/scenario/diagnostic.ts';
import type { Scenario } from '../lab/scenario/read.ts';
import { runOnSimulator } from '../lab/sim/run.ts';
import { CareofError, EXIT } from './careof-error.ts';
import { Progress, paintFor, version, widthOf } from './terminal.ts';

export interface RunCommandOptions {
  readonly backend: 'sim' | 'linux';
  readonly dataPlane?: 'auto' | 'ebpf' | 'tun';
  readonly judgeTimes?: boolean;
  readonly json?: boolean;
  readonly seed?: number;
  readonly without: readonly Mechanism[];
  readonly pcap?: string;
  readonly trace?: string;
}

/** Files that the arguments mean; what is not there is the operator's to mend. */
export function scenarioFiles(args: readonly string[]): string[] {
  try {
    return findScenarios(args);
  } catch (cause) {
    if (!(cause instanceof NotFound)) throw cause;
    const hint = 'careof lab list shows the scenarios that come with careof.';
    throw new CareofError('no-such-file', cause.message, hint, { cause });
  }
}

/** What came of a command: its exit code, and a report for each scenario that was run. */
export interface Outcome {
  readonly code: number;
  readonly reports: readonly Report[];
}

/** Runs scenarios one after the other and prints what comes of them. */
export async function runScenarios(
  args: readonly string[],
  options: RunCommandOptions,
): Promise<Outcome> {
  const files = scenarioFiles(args);
  const trace = options.trace === undefined ? undefined : openTrace(options.trace);
  let code: number = EXIT.ok;
  const reports: Report[] = [];
  for (const file of files) {
    const loaded = loadScenario(file);
    if (!loaded.ok) {
      for (const diagnostic of loaded.error) console.error(diagnosticLine(diagnostic));
      code = EXIT.unfit;
      continue;
    }
    const report = await runOne(loaded.value, options);
    reports.push(report);
    if (!report.ok && code === EXIT.ok) code = EXIT.failed;
    if (trace !== undefined) {
      for (const line of traceLines(report, version())) writeSync(trace, `${line}\n`);
    }
    print(report, options, reports.length > 1);
  }
  if (trace !== undefined) closeSync(trace);
  if (files.length > 1 && options.json !== true) printSummary(reports, files.length);
  return { code, reports };
}

function openTrace(file: string): number {
  try {
    return openSync(file, 'w');
  } catch (cause) {
    throw new CareofError(
      'cannot-write',
      `the trace cannot be written: ${(cause as Error).message}`,
      undefined,
      {
        cause,
      },
    );
  }
}

async function runOne(scenario: Scenario, options: RunCommandOptions): Promise<Report> {
  const name = scenarioName(scenario.file);
  const progress = new Progress(process.stderr.isTTY === true && options.json !== true);
  const both = {
    ...(options.seed !== undefined && { seed: options.seed }),
    without: new Set(options.without),
    ...(options.pcap !== undefined && { captures: join(options.pcap, name) }),
    onProgress: (now: number, end: number) =>
      progress.show(
        () =>
          // Past the end that was planned it waits for flows that are not over.
          `${name}: ${(now / 1e6).toFixed(1)} s${now > end ? '' : ` of ${(end / 1e6).toFixed(1)} s`} of network time`,
      ),
  };
  try {
    const { trace, backend } = options;
    const record =
      backend === 'sim'
        ? runOnSimulator(scenario, both)
        : await (await import('./lab-linux.ts')).runScenarioOnLinux(scenario, options, both);
    return reportOf(trace === undefined ? record : { ...record, files: [...record.files, trace] });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).syscall === undefined) throw cause;
    const message = `the captures cannot be written: ${(cause as Error).message}`;
    throw new CareofError('cannot-write', message, undefined, { cause });
  } finally {
    progress.clear();
  }
}

function print(report: Report, options: RunCommandOptions, separate: boolean): void {
  if (options.json === true) {
    console.log(JSON.stringify(reportJson(report, version())));
    return;
  }
  const paint = paintFor(process.stdout);
  const width = widthOf(process.stdout);
  const lines = reportText(report, { paint, width });
  console.log([...(separate ? ['', '-'.repeat(width), ''] : []), ...lines].join('\n'));
  if (report.record.files.length > 0) console.log(`wrote ${report.record.files.join(', ')}`);
}

function printSummary(reports: readonly Report[], files: number): void {
  const paint = paintFor(process.stdout);
  const met = reports.filter(({ ok }) => ok).length;
  console.log(
    [
      '',
      ...reports.map(
        ({ ok, name }) => `${ok ? paint.green('ok    ') : paint.red('FAILED')}  ${name}`,
      ),
    ].join('\n'),
  );
  console.log(`${met} of ${files} scenarios met all their expectations`);
}
