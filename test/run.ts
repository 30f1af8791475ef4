/**
 * Imports every `*.test.ts` under `src/` and `test/` into one process, in order of name.
 *
 * One process because sixty small files take 1.4 s so, and 34 s with a process each. Arguments
 * are fragments of paths: `npm run test:fast -- src/wire` runs only files whose path has one.
 * Files named `*.slow.test.ts` run only when `CAREOF_SLOW=1`, as `npm test` sets it.
 */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = process.argv.slice(2);

const files = ['src', 'test']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(root, folder, name),
    ),
  )
  .filter((path) => path.endsWith('.test.ts'))
  .filter((path) => process.env.CAREOF_SLOW === '1' || !path.endsWith('.slow.test.ts'))
  .filter(
    (path) => wanted.length === 0 || wanted.some((part) => relative(root, path).includes(part)),
  )
  .sort();

if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(' ') || 'src/**/*.test.ts'}`);
  process.exitCode = 1;
}
for (const path of files) await import(pathToFileURL(path).href);
