/** `careof lab run --watch`: runs scenarios again whenever their files are written. */
import { watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { type RunCommandOptions, runScenarios, scenarioFiles } from './lab-run.ts';

/** Editors write a file in several steps. */
const SETTLED_MS = 100;

/** Runs them, and again after each change; ends with the process (Ctrl-C). */
export async function watchScenarios(
  args: readonly string[],
  options: RunCommandOptions,
): Promise<void> {
  // A file that an editor puts in the stead of the old one is seen by its folder only.
  const files = new Set(scenarioFiles(args).map((file) => resolve(file)));
  const run = async () => {
    if (process.stdout.isTTY === true) process.stdout.write('\x1b[2J\x1b[H');
    process.exitCode = (await runScenarios(args, options)).code;
    const names = [...files].map((file) => basename(file)).join(', ');
    console.error(`watching ${files.size > 3 ? `${files.size} files` : names}; Ctrl-C ends`);
  };
  let again: NodeJS.Timeout | undefined;
  for (const folder of new Set([...files].map((file) => dirname(file)))) {
    watch(folder, (_event, name) => {
      if (name === null || !files.has(resolve(folder, name))) return;
      clearTimeout(again);
      again = setTimeout(run, SETTLED_MS);
    });
  }
  await run();
}
