/** What is measured on real hosts, by parts that can be run alone; all of it needs root. */
import type { Measurement } from '../measure.ts';
import { bills } from './bills.ts';
import { handovers } from './handovers.ts';
import { homeAgent, MANY } from './home-agent.ts';
import { anycastPaths, planes } from './planes.ts';
import { start } from './start.ts';

type Part = () => AsyncGenerator<Measurement>;

export const LINUX_PARTS: Readonly<Record<string, Part>> = {
  'linux/planes': () => planes(true, ['ebpf', 'tun']),
  'linux/ebpf': () => planes(true, ['ebpf']),
  'linux/tun': () => planes(true, ['tun']),
  'linux/offloads-off': () => planes(false, ['ebpf']),
  'linux/anycast': anycastPaths,
  'linux/handovers': handovers,
  'linux/bills': bills,
  'linux/home-agent': () => homeAgent(),
  'linux/home-agent-full': () => homeAgent(MANY),
  'linux/start': start,
};

/** Those that `linux` runs: the others measure the same with less beside it, or take very long. */
const ALL = [
  'linux/planes',
  'linux/offloads-off',
  'linux/handovers',
  'linux/bills',
  'linux/home-agent',
  'linux/start',
];

export async function* linux(): AsyncGenerator<Measurement> {
  for (const name of ALL) yield* LINUX_PARTS[name]!();
}

/** Says so where it cannot be measured here, and measures nothing then. */
export async function* asRoot(part: Part): AsyncGenerator<Measurement> {
  if (process.getuid?.() === 0) yield* part();
  else console.error('not measured: real hosts, which needs root');
}
