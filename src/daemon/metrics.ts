/**
 * A node's counters and tables as Prometheus reads them.
 *
 * Source: Prometheus documentation, "Exposition formats", text format 0.0.4.
 */
import { COUNTERS } from '../core/counters.ts';
import { TABLES } from '../core/tables.ts';
import { LINUX_COUNTERS } from '../linux/counters.ts';
import type { Daemon } from './daemon.ts';
import { BUCKETS } from './handover-times.ts';
import { statusOf } from './status.ts';

type Labels = Readonly<Record<string, string>>;
interface Sample {
  readonly suffix?: string;
  readonly labels?: Labels;
  readonly value: number;
}

/** One metric with its samples. */
function metric(
  name: string,
  type: 'counter' | 'gauge' | 'histogram',
  help: string,
  samples: readonly Sample[],
): string[] {
  if (samples.length === 0) return [];
  return [
    `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(
      ({ suffix = '', labels = {}, value }) => `${name}${suffix}${labelText(labels)} ${value}`,
    ),
  ];
}

function labelText(labels: Labels): string {
  const texts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return texts.length === 0 ? '' : `{${texts.join(',')}}`;
}

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** All metrics of a daemon. */
export function metricsText(daemon: Daemon): string {
  const status = statusOf(daemon);
  const lines = [
    ...metric('careof_info', 'gauge', 'What runs here.', [
      {
        labels: {
          version: status.careof,
          node: status.node,
          roles: status.roles.join(' '),
          data_plane: status.data_plane?.name ?? '',
        },
        value: 1,
      },
    ]),
    ...metric('careof_up_seconds', 'gauge', 'How long the process runs.', [{ value: status.up_s }]),
    ...metric(
      'careof_problems',
      'gauge',
      'What is wrong, as careof status says.',
      (['error', 'warning'] as const).map((level) => ({
        labels: { level },
        value: status.problems.filter((one) => one.level === level).length,
      })),
    ),
    ...homeMetrics(daemon),
    ...tableMetrics(daemon),
    ...handoverMetrics(daemon),
    ...counterMetrics(daemon),
    ...processMetrics(),
  ];
  return `${lines.join('\n')}\n`;
}

function homeMetrics(daemon: Daemon): string[] {
  const { homes = [] } = statusOf(daemon);
  const of = (value: (home: (typeof homes)[number]) => number): Sample[] =>
    homes.map((home) => ({ labels: { home: home.home }, value: value(home) }));
  const left = 'For how long the home agent goes on knowing.';
  return [
    ...metric(
      'careof_at_home',
      'gauge',
      'Is the home address on its own link?',
      of((home) => Number(home.at_home)),
    ),
    ...metric(
      'careof_registered',
      'gauge',
      'Does the home agent know where it is?',
      of((home) => Number(home.registered)),
    ),
    ...metric(
      'careof_registration_remaining_seconds',
      'gauge',
      left,
      of((home) => home.remaining_s ?? 0),
    ),
  ];
}

function tableMetrics(daemon: Daemon): string[] {
  const { tables } = statusOf(daemon);
  const limited = tables.filter(({ limit }) => limit !== undefined);
  const names = Object.entries(TABLES).map(([name, text]) => `${name}: ${text}`);
  return [
    ...metric(
      'careof_table_entries',
      'gauge',
      `What tables hold. ${names.join('; ')}.`,
      tables.map(({ table, size }) => ({ labels: { table }, value: size })),
    ),
    ...metric(
      'careof_table_limit',
      'gauge',
      'What they may hold.',
      limited.map(({ table, limit }) => ({ labels: { table }, value: limit! })),
    ),
  ];
}

function handoverMetrics({ handovers }: Daemon): string[] {
  const { within, count, seconds } = handovers;
  return metric('careof_handover_seconds', 'histogram', 'How long hand-overs took.', [
    ...BUCKETS.map((bound, index) => ({
      suffix: '_bucket',
      labels: { le: String(bound) },
      value: within[index]!,
    })),
    { suffix: '_bucket', labels: { le: '+Inf' }, value: count },
    { suffix: '_sum', value: seconds },
    { suffix: '_count', value: count },
  ]);
}

/** Every counter that there is, those at zero too: a rate needs to have seen the zero. */
function counterMetrics({ node }: Daemon): string[] {
  const counted: Readonly<Record<string, number>> = node.counters();
  return Object.entries({ ...COUNTERS, ...LINUX_COUNTERS }).flatMap(([name, text]) =>
    metric(`careof_${name.replaceAll('.', '_')}_total`, 'counter', `${text}.`, [
      { value: counted[name] ?? 0 },
    ]),
  );
}

function processMetrics(): string[] {
  const { user, system } = process.cpuUsage();
  const cpu = 'CPU time of the process.';
  return [
    ...metric('process_cpu_seconds_total', 'counter', cpu, [{ value: (user + system) / 1e6 }]),
    ...metric('process_resident_memory_bytes', 'gauge', 'Memory of the process.', [
      { value: process.memoryUsage.rss() },
    ]),
  ];
}
