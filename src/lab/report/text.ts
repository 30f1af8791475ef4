/** A run as people read it: chart, flows, hand-over bill, expectations. */
import type { Colors } from 'picocolors/types.d.ts';
import { PHASES } from '../../core/events.ts';
import type { FlowResult } from '../flow-records.ts';
import type { Handover } from '../handovers.ts';
import type { Backend } from '../run-record.ts';
import type { Report } from './report.ts';
import { sequenceChart } from './sequence-chart.ts';
import { type Cell, table } from './table.ts';
import { grouped, millisecondsText, sizeText, timeText } from './units.ts';

export interface TextOptions {
  readonly width: number;
  readonly paint: Colors;
}

/** All lines of a report. */
export function reportText(report: Report, options: TextOptions): string[] {
  const { paint } = options;
  const { record } = report;
  const parts = [
    sequenceChart(record, options),
    flowTable(report.flows, paint),
    handoverBill(report.handovers, paint),
    verdictTable(report, paint),
  ].filter((lines) => lines.length > 0);
  return [
    ...heading(report, options),
    ...parts.flatMap((lines) => ['', ...lines]),
    '',
    summary(report, paint),
  ];
}

function heading({ record, name }: Report, { paint }: TextOptions): string[] {
  const { scenario, seed, without } = record;
  const taken = without.size === 0 ? '' : `, without ${[...without].join(', ')}`;
  const { document, figure } = scenario.seed ?? {};
  const from = document === undefined ? '' : `, after ${document}${figure ? `, ${figure}` : ''}`;
  return [
    paint.bold(`${name}: ${scenario.title}`),
    paint.dim(`${backendText(record.backend)}, seed ${seed}${from}${taken}`),
  ];
}

const backendText = (backend: Backend): string =>
  backend.name === 'sim' ? 'simulator' : `linux, data plane ${backend.dataPlane}`;

function flowTable(flows: readonly FlowResult[], paint: Colors): string[] {
  if (flows.length === 0) return [];
  const rows = flows.map((flow): Cell[] => [
    flow.name,
    flow.protocol,
    `${flow.from} -> ${flow.to}`,
    flow.protocol === 'tcp' ? sizeText(flow.sent) : grouped(flow.sent),
    flow.protocol === 'tcp' ? sizeText(flow.received) : grouped(flow.received),
    countText(flow.lost),
    countText(flow.duplicated),
    countText(flow.reordered),
    millisecondsText(flow.interruption),
    flow.survived
      ? { text: outcome(flow), style: paint.green }
      : { text: outcome(flow), style: paint.red },
  ]);
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = [
    { title: 'flow' },
    { title: '' },
    { title: 'way' },
    ...['sent', 'received', 'lost', 'dup', 'reord', 'gap ms'].map(right),
    { title: 'outcome' },
  ];
  return table(columns, rows, paint.bold);
}

function outcome(flow: FlowResult): string {
  if (!flow.survived) return flow.failure ?? 'other octets arrived';
  return flow.digestOk === true ? 'survived, digests equal' : 'survived';
}

const countText = (count: number | null): string => (count === null ? '-' : grouped(count));

function handoverBill(handovers: readonly Handover[], paint: Colors): string[] {
  if (handovers.length === 0) return [];
  const rows = handovers.flatMap((handover): Cell[][] => [
    [
      `${handover.node} at ${timeText(handover.at)}`,
      `${handover.fromLink ?? '-'} -> ${handover.toLink ?? '-'}`,
      ...PHASES.map((phase) => millisecondsText(handover.phases[phase])),
      millisecondsText(handover.total),
      grouped(handover.signallingBytes),
    ],
  ]);
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = [
    { title: 'hand-over' },
    { title: 'from -> to' },
    ...['detect', 'addr.', 'home', 'routab.', 'peer', 'total', 'octets'].map(right),
  ];
  const title = paint.bold('Hand-over bill: phases in milliseconds, signalling in octets');
  return [title, ...table(columns, rows, paint.bold), ...disturbanceTable(handovers, paint)];
}

function disturbanceTable(handovers: readonly Handover[], paint: Colors): string[] {
  const rows = handovers.flatMap(({ node, at, flows }) =>
    flows
      .filter(({ interruption }) => interruption !== null)
      .map((flow): Cell[] => [
        `${node} at ${timeText(at)}`,
        flow.name,
        millisecondsText(flow.interruption),
        countText(flow.lost),
        countText(flow.duplicated),
        countText(flow.reordered),
      ]),
  );
  if (rows.length === 0) return [];
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = [
    { title: 'hand-over' },
    { title: 'flow' },
    ...['gap ms', 'lost', 'dup', 'reord'].map(right),
  ];
  return ['', ...table(columns, rows, paint.bold)];
}

function verdictTable({ verdicts }: Report, paint: Colors): string[] {
  if (verdicts.length === 0) return [];
  const outcomes = {
    true: { text: 'ok', style: paint.green },
    false: { text: 'FAILED', style: paint.red },
    null: { text: '-', style: paint.yellow },
  };
  const rows = verdicts.map(({ ok, text, expected, actual, notJudged, where }): Cell[] => [
    outcomes[`${ok}`],
    text,
    expected,
    actual,
    ok === true ? '' : { text: ok === null ? `not judged: ${notJudged}` : where, style: paint.dim },
  ]);
  const titles = ['', 'expectation', 'expected', 'actual', ''];
  return table(
    titles.map((title) => ({ title })),
    rows,
    paint.bold,
  ).map((line) => line.trimEnd());
}

function summary({ verdicts, ok, record }: Report, paint: Colors): string {
  const met = verdicts.filter((verdict) => verdict.ok === true).length;
  const not = verdicts.filter((verdict) => verdict.ok === null).length;
  const left = not === 0 ? '' : `, ${not} not judged on linux`;
  const time = timeText(record.ended);
  const text = `${met} of ${verdicts.length} expectations met${left}, ${time} of network time`;
  return ok ? paint.green(text) : paint.red(text);
}
