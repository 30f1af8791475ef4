/** Scenario files from the disk. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fail, type Result } from '../wire/result.ts';
import type { Diagnostic } from './scenario/diagnostic.ts';
import { readScenario, type Scenario } from './scenario/read.ts';

/** Reads a scenario file; keys that it names are looked for beside it. */
export function loadScenario(file: string): Result<Scenario, readonly Diagnostic[]> {
  let octets: Uint8Array;
  try {
    octets = readFileSync(file);
  } catch (cause) {
    const message = `cannot be read: ${(cause as Error).message}`;
    return fail([{ file, line: 1, column: 1, path: '', message }]);
  }
  return readScenario(file, octets, (path) => readFileSync(resolve(dirname(file), path)));
}
