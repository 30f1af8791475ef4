/** The trace of a run: one JSON object a line, a head line first. */
import { eventToJson } from '../../core/events.js';
/** The number goes up when a reader of traces has to change. */
const TRACE_SCHEMA = 1;
/** The lines of a trace; the first says what it is of. */
export function* traceLines({ record, name }, version) {
    yield JSON.stringify({
        careof: version,
        scenario: name,
        seed: record.seed,
        schema: TRACE_SCHEMA,
    });
    for (const { at, node, event } of record.events) {
        yield JSON.stringify({ t_us: at, node, ...eventToJson(event) });
    }
}
