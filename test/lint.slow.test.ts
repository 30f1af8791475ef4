import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

test('formatted, linted, and typed: everything, and the pure layers without Node', () => {
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'lint'], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
});
