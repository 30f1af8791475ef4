/** An experiment: scenario file -> run -> measurements. The public surface of `careof/lab`. */
export { type ReadCapture, type ReadFrame, readCapture } from './capture/capture-reader.ts';
export { type CapturedFrame, pcapngFrame, pcapngHead } from './capture/pcapng-writer.ts';
export type { Verdict } from './evaluate.ts';
export { findScenarios, NotFound, SCENARIOS } from './find.ts';
export type { Failure, FlowDisturbance, FlowResult } from './flow-records.ts';
export type { Handover } from './handovers.ts';
export { loadScenario } from './load.ts';
export { type Plan, planOf } from './plan.ts';
export { reportJson } from './report/json.ts';
export { type Report, reportOf, scenarioName } from './report/report.ts';
export { reportText } from './report/text.ts';
export { traceLines } from './report/trace.ts';
export type { RunRecord } from './run-record.ts';
export { type Diagnostic, diagnosticLine } from './scenario/diagnostic.ts';
export { readScenario, type Scenario } from './scenario/read.ts';
export { type RunOptions, runOnSimulator } from './sim/run.ts';
