/** What is made of a run: results, hand-overs, verdicts. All outputs start from it. */
import { basename } from 'node:path';
import { evaluate } from '../evaluate.js';
import { handoversOf } from '../handovers.js';
export function reportOf(record) {
    const events = record.scenario.events.map(({ at }) => at);
    const verdicts = evaluate(record);
    return {
        record,
        name: scenarioName(record.scenario.file),
        ok: verdicts.every(({ ok }) => ok),
        flows: record.flows.map((flow) => flow.result(events)),
        handovers: handoversOf(record),
        verdicts,
    };
}
/** A scenario is called as its file is. */
export const scenarioName = (file) => basename(file).replace(/\.ya?ml$/, '');
