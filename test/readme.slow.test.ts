/**
 * The README's two lines, run to the letter in a fresh clone: what a newcomer types must work.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const lines = [...readme.matchAll(/^(npm ci && npm (?:start|test))$/gm)].map(([, line]) => line!);
const skip = existsSync(join(root, '.git')) ? false : 'no git checkout to clone from';

const folder = mkdtempSync(join(tmpdir(), 'careof-readme-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const clone = join(folder, 'clone');

function run(line: string, seconds: number) {
  const began = performance.now();
  const done = spawnSync('bash', ['-c', line], {
    cwd: clone,
    encoding: 'utf8',
    timeout: seconds * 1000,
    env: {
      ...process.env,
      // The long tests, this one among them, are run by who runs this one: once is enough.
      CAREOF_SLOW: '0',
      CAREOF_VECTORS: process.env.CAREOF_VECTORS ?? join(root, '../shared/vectors'),
    },
  });
  return { ...done, took: (performance.now() - began) / 1000 };
}

test('the README has its two lines', () => {
  assert.deepEqual(lines, ['npm ci && npm start', 'npm ci && npm test']);
});

test('npm ci && npm start shows a download that survives, within 60 s', { skip }, (t) => {
  execFileSync('git', ['clone', '--quiet', root, clone]);
  const { status, stdout, stderr, took } = run(lines[0]!, 60);
  assert.equal(status, 0, stderr);
  t.diagnostic(`npm ci && npm start took ${took.toFixed(1)} s`);
  for (const words of [
    /survived/,
    /20[ ,]?000[ ,]?000|20 MB/,
    /digest/,
    /Binding Update/,
    /bill/i,
  ]) {
    assert.match(stdout, words);
  }
});

test('npm ci && npm test passes in the clone', { skip }, (t) => {
  const { status, stdout, stderr, took } = run(lines[1]!, 1500);
  assert.equal(status, 0, `${stdout.slice(-4000)}\n${stderr.slice(-2000)}`);
  const counts = /^(\d+) passed, 0 failed, \d+ skipped$/m.exec(stdout);
  assert.ok(counts !== null && Number(counts[1]) > 100, stdout.slice(-300));
  t.diagnostic(`npm ci && npm test took ${took.toFixed(0)} s: ${counts[0]}`);
});
