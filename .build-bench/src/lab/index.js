/** An experiment: scenario file -> run -> measurements. The public surface of `careof/lab`. */
export { readCapture } from './capture/capture-reader.js';
export { pcapngFrame, pcapngHead } from './capture/pcapng-writer.js';
export { findScenarios, NotFound, SCENARIOS } from './find.js';
export { loadScenario } from './load.js';
export { planOf } from './plan.js';
export { reportJson } from './report/json.js';
export { reportOf, scenarioName } from './report/report.js';
export { reportText } from './report/text.js';
export { traceLines } from './report/trace.js';
export { diagnosticLine } from './scenario/diagnostic.js';
export { readScenario } from './scenario/read.js';
export { runOnSimulator } from './sim/run.js';
