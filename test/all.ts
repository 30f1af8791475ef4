/**
 * `npm test`: all that continuous integration runs.
 *
 * As root on a Debian system it first installs what some tests take from there (`test/debian.sh`
 * prints the list); `CAREOF_NO_APT=1` prevents that, and tests that miss something are then skipped
 * with the reason. `CAREOF_SLOW=0` leaves the files named `*.slow.test.ts` out.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

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

const tests = spawnSync(
  process.execPath,
  [
    '--import',
    'tsx',
    '--test-reporter=./test/reporter.ts',
    'test/run.ts',
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit', env: { CAREOF_SLOW: '1', ...process.env } },
);
process.exitCode = tests.status ?? 1;
