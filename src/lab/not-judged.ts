/** Expectations that a run on real hosts cannot be held against: as few as can be, each with its reason. */
import { PHASES } from '../core/events.ts';
import { type Counted, isMetBeforeRepeats } from './repeats.ts';
import type { RunRecord } from './run-record.ts';
import type { Path } from './scenario/diagnostic.ts';

/** Keys of expectations about times that are exact in the simulator, and measured on real hosts. */
const TIMES: ReadonlySet<unknown> = new Set([
  'interruption',
  'total',
  ...PHASES.map((phase) => phase.replaceAll('_', '-')),
]);

/** Tables of the simulator's kernel; those of a real one are the kernel's own. */
const KERNEL_TABLES: ReadonlySet<unknown> = new Set(['neighbors', 'path-mtus']);

/** What a killed control side costs where packets go through its very process. */
const CARRIAGE: ReadonlySet<unknown> = new Set(['lost', 'carried-by']);

/** What only packets bring about that overtake others: which do, dice and the moment of sending decide. */
const OVERTAKEN: ReadonlySet<unknown> = new Set(['mobility.early_parked']);

/** Why an expectation is not judged; undefined where it is. @param path where it stands in the file. */
export function whyNotJudged(
  path: Path,
  record: Pick<RunRecord, 'backend'> & Counted,
): string | undefined {
  const { backend, scenario } = record;
  if (backend.name === 'sim') return undefined;
  const key = path.at(-1);
  if (!backend.judgesTimes && isMetBeforeRepeats(path, record)) return 'an answer came late';
  if (TIMES.has(key) && !backend.judgesTimes) return 'a measured time (--judge-times judges it)';
  if (path.at(-2) === 'tables' && KERNEL_TABLES.has(key)) return "a table of the host's kernel";
  const isDice = [...scenario.links.values()].some(({ reorder }) => reorder !== undefined);
  if (isDice && OVERTAKEN.has(key)) return 'what overtakes what, dice decide';
  const killed =
    backend.dataPlane !== 'ebpf' && scenario.events.some(({ kind }) => kind === 'kill');
  if (killed && CARRIAGE.has(key)) return 'the data plane is a part of the process that was killed';
  return undefined;
}
