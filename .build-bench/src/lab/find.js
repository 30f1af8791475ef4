/** Finds scenario files: by path, by folder, or by the name of one that comes with careof. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scenarioName } from './report/report.js';
import { suggestion } from './scenario/nearest.js';
/** The scenarios that come with careof, beside `src` and `dist`. */
export const SCENARIOS = fileURLToPath(new URL('../../scenarios', import.meta.url));
/** Nothing of that name is there. */
export class NotFound extends Error {
}
/**
 * The files that the arguments mean, each once, those of a folder in order of name. Throws NotFound
 * with what was probably meant.
 */
export function findScenarios(args) {
    return [...new Set(args.flatMap(findOne).map(shortPath))];
}
/** Below the working folder, a path from there: that is how people write it. */
function shortPath(path) {
    const short = relative(process.cwd(), path);
    return short.startsWith('..') ? path : short;
}
function findOne(arg) {
    if (existsSync(arg)) {
        if (!statSync(arg).isDirectory())
            return [arg];
        const files = filesIn(arg);
        if (files.length === 0)
            throw new NotFound(`no scenario (*.yaml) is in the folder ${arg}`);
        return files;
    }
    const known = existsSync(SCENARIOS) ? filesIn(SCENARIOS) : [];
    const folder = join(SCENARIOS, arg);
    if (/^[\w/-]+$/.test(arg) && existsSync(folder))
        return filesIn(folder);
    const named = known.filter((path) => withoutSuffix(path).endsWith(`/${withoutSuffix(arg)}`));
    if (named.length > 0)
        return named;
    const names = known.map(scenarioName);
    throw new NotFound(`no file ${arg}, and no scenario of that name: ${suggestion(basename(arg), names)}`);
}
const withoutSuffix = (path) => path.replace(/\.ya?ml$/, '');
/** All scenario files in a folder and below it, in order of name. */
function filesIn(folder) {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.ya?ml$/.test(name))
        .sort()
        .map((name) => join(folder, name));
}
