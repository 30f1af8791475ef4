/** Scenario files from the disk. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fail } from '../wire/result.js';
import { readScenario } from './scenario/read.js';
/** Reads a scenario file; keys that it names are looked for beside it. */
export function loadScenario(file) {
    let octets;
    try {
        octets = readFileSync(file);
    }
    catch (cause) {
        const message = `cannot be read: ${cause.message}`;
        return fail([{ file, line: 1, column: 1, path: '', message }]);
    }
    return readScenario(file, octets, (path) => readFileSync(resolve(dirname(file), path)));
}
