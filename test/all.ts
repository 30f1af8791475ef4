/**
 * `npm test`: all that continuous integration runs.
 *
 * As root on a Debian system it first installs what some tests take from there (`test/debian.sh`
 * prints the list); `CAREOF_NO_APT=1` prevents that, and tests that miss something are then skipped
 * with the reason. `CAREOF_SLOW=0` leaves the files named `*.slow.test.ts` out.
 *
 * Tests on real hosts depend on a machine that may stand still for a second: files of such that failed are run once
 * more, alone, and those that pass then are named at the end. Nothing else has a second attempt.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './reporter.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const isRoot = process.getuid?.() === 0;

if (process.env.CAREOF_NO_APT === '1') {
  console.log('CAREOF_NO_APT=1: nothing is installed; tests that miss a program are skipped');
} else if (!isRoot || !existsSync('/usr/bin/apt-get')) {
  console.log('not root on Debian: nothing is installed; tests that miss a program are skipped');
} else {
  const { status } = spawnSync('bash', ['test/debian.sh'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) console.log('installing failed; tests that miss a program are skipped');
}

const ON_REAL_HOSTS = /^(test|src)\/linux\/.*\.slow\.test\.ts$/;
/** More than these fail by the fault of nobody but ourselves. */
const MOST_FILES_AGAIN = 3;

const folder = mkdtempSync(join(tmpdir(), 'careof-test-'));

/** Undefined where the run ended without a word. */
function run(what: readonly string[]): Outcome | undefined {
  const file = join(folder, 'outcome.json');
  rmSync(file, { force: true });
  spawnSync(
    process.execPath,
    ['--import', 'tsx', '--test-reporter=./test/reporter.ts', 'test/run.ts', ...what],
    {
      cwd: root,
      stdio: 'inherit',
      env: { CAREOF_SLOW: '1', ...process.env, CAREOF_OUTCOME: file },
    },
  );
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Outcome) : undefined;
}

function filesAgain({ failed }: Outcome): string[] {
  const files = new Set(failed.map(({ file }) => (file === undefined ? '' : relative(root, file))));
  const all = [...files].every((file) => ON_REAL_HOSTS.test(file));
  return all && files.size <= MOST_FILES_AGAIN ? [...files] : [];
}

const first = run(process.argv.slice(2));
const again = first === undefined ? [] : filesAgain(first);
let right = first !== undefined && first.failed.length === 0 && first.passed > 0;
if (first !== undefined && again.length > 0) {
  console.log(`\nonce more, since they are on real hosts: ${again.join(' ')}\n`);
  const second = run(again);
  right = second !== undefined && second.failed.length === 0 && second.passed > 0;
  const left = second?.failed ?? first.failed;
  for (const { name } of first.failed) {
    const passed = !left.some((one) => one.name === name);
    console.log(passed ? `passed at the second attempt only: ${name}` : `failed twice: ${name}`);
  }
  const passed = first.passed + first.failed.length - left.length;
  console.log(`${passed} passed, ${left.length} failed, ${first.skipped} skipped`);
}
rmSync(folder, { recursive: true });
process.exitCode = right ? 0 : 1;
