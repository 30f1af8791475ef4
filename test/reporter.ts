import { writeFileSync } from 'node:fs';
import type { TestEvent } from 'node:test/reporters';

/** What a run came to, for whoever has named a file for it in `CAREOF_OUTCOME`. */
export interface Outcome {
  readonly passed: number;
  readonly skipped: number;
  readonly failed: readonly { readonly name: string; readonly file: string | undefined }[];
}

/** The runner's own counts at the end, which are not what a test has to say. */
const SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

/**
 * Prints each failure whole, each skip with its reason, and closes with
 * `N passed, N failed, N skipped`. Fails the process when a test failed or when none ran. `CAREOF_OUTCOME`
 * names a file that gets the same as JSON.
 */
export default async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const began = performance.now();
  let passed = 0;
  const failed: { name: string; file: string | undefined }[] = [];
  const skipped: string[] = [];
  for await (const event of source) {
    if (event.type === 'test:diagnostic' && !SUMMARY.test(event.data.message)) {
      yield `  note: ${event.data.message}\n`;
    }
    if (event.type === 'test:stderr' || event.type === 'test:stdout') yield event.data.message;
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { name, details, skip, file } = event.data;
    if (details.type === 'suite' && event.type === 'test:pass') continue;
    if (skip !== undefined && skip !== false) {
      skipped.push(`${name}: ${skip === true ? 'no reason given' : skip}`);
    } else if (event.type === 'test:pass') {
      passed += 1;
      if ((details.duration_ms ?? 0) > 2000) {
        yield `  slow: ${name}: ${(details.duration_ms / 1000).toFixed(1)} s\n`;
      }
    } else {
      failed.push({ name, file });
      const error = 'error' in details ? details.error : undefined;
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      const text = cause instanceof Error ? shortened(cause.stack ?? cause.message) : `${cause}`;
      yield `\nFAILED ${name}${file === undefined ? '' : ` (${file})`}\n${text}\n`;
    }
  }
  for (const reason of skipped) yield `skipped ${reason}\n`;
  if (passed + failed.length === 0) yield 'no test ran: that is a failure\n';
  if (failed.length > 0 || passed === 0) process.exitCode = 1;
  const file = process.env.CAREOF_OUTCOME;
  const outcome: Outcome = { passed, skipped: skipped.length, failed };
  if (file !== undefined) writeFileSync(file, JSON.stringify(outcome));
  yield `\ntook ${((performance.now() - began) / 1000).toFixed(1)} s\n`;
  yield `${passed} passed, ${failed.length} failed, ${skipped.length} skipped\n`;
}

/** The message whole, and of the stack what is this project's own. */
function shortened(stack: string): string {
  const lines = stack.split('\n');
  return lines.filter((line) => !/^ +at .*(node:|node_modules)/.test(line)).join('\n');
}
