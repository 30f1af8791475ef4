/** Captures of scenarios on real hosts, one after the other, for `npm run check:pcap`. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findScenarios } from '../../src/lab/find.ts';
import { scenarioName } from '../../src/lab/report/report.ts';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';
import { isShort } from './short-scenarios.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Runs the short scenarios of mobility and attacks, or those named, with captures in a folder each; what
 * they expect is not judged here. Gives a sentence for each that did not run.
 */
export function captureOnLinux(
  folder: string,
  plane: string,
  names: readonly string[],
  isLeftOut: (name: string) => boolean,
): string[] {
  const obstacle = obstacleToNamespaces();
  if (obstacle !== undefined) return [obstacle];
  const built = ['.build-linux/cli/main.js', 'bin/careof.js'].find((one) =>
    existsSync(join(root, one)),
  )!;
  const wanted = names.length > 0 ? names : ['scenarios/mobility', 'scenarios/attacks'];
  return findScenarios([...wanted])
    .filter((file) => !isLeftOut(scenarioName(file)) && (names.length > 0 || isShort(file)))
    .flatMap((file) => {
      const args = ['lab', 'run', file, '--backend', 'linux', '--data-plane', plane, '--json'];
      const { stdout, stderr } = spawnSync(process.execPath, [built, ...args, '--pcap', folder], {
        cwd: root,
        encoding: 'utf8',
        maxBuffer: 1 << 28,
      });
      return stdout === '' ? [`${scenarioName(file)}: ${stderr.trim().split('\n')[0]}`] : [];
    });
}
