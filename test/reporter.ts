import type { TestEvent } from 'node:test/reporters';

/** The runner's own counts at the end, which are not what a test has to say. */
const SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

/**
 * Prints each failure whole, each skip with its reason, and closes with
 * `N passed, N failed, N skipped`. Fails the process when a test failed or when none ran.
 */
export default async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const began = performance.now();
  let passed = 0;
  let failed = 0;
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
      failed += 1;
      const error = 'error' in details ? details.error : undefined;
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      const text = cause instanceof Error ? shortened(cause.stack ?? cause.message) : `${cause}`;
      yield `\nFAILED ${name}${file === undefined ? '' : ` (${file})`}\n${text}\n`;
    }
  }
  for (const reason of skipped) yield `skipped ${reason}\n`;
  if (passed + failed === 0) yield 'no test ran: that is a failure\n';
  if (failed > 0 || passed + failed === 0) process.exitCode = 1;
  yield `\ntook ${((performance.now() - began) / 1000).toFixed(1)} s\n`;
  yield `${passed} passed, ${failed} failed, ${skipped.length} skipped\n`;
}

/** The message whole, and of the stack what is this project's own. */
function shortened(stack: string): string {
  const lines = stack.split('\n');
  return lines.filter((line) => !/^ +at .*(node:|node_modules)/.test(line)).join('\n');
}
