/** What is made of a run: results, hand-overs, verdicts. All outputs start from it. */
import { basename } from 'node:path';
import { evaluate, type Verdict } from '../evaluate.ts';
import type { FlowResult } from '../flow-records.ts';
import { type Handover, handoversOf } from '../handovers.ts';
import type { RunRecord } from '../run-record.ts';

export interface Report {
  readonly record: RunRecord;
  readonly name: string;
  /** All expectations that were judged were met. */
  readonly ok: boolean;
  readonly flows: readonly FlowResult[];
  readonly handovers: readonly Handover[];
  readonly verdicts: readonly Verdict[];
}

export function reportOf(record: RunRecord): Report {
  const events = record.scenario.events.map(({ at }) => at as number);
  const verdicts = evaluate(record);
  return {
    record,
    name: scenarioName(record.scenario.file),
    ok: verdicts.every(({ ok }) => ok !== false),
    flows: record.flows.map((flow) => flow.result(events)),
    handovers: handoversOf(record),
    verdicts,
  };
}

/** A scenario is called as its file is. */
export const scenarioName = (file: string): string => basename(file).replace(/\.ya?ml$/, '');
