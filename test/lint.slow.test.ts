import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
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

test('the package builds, and what would be installed runs', () => {
  // Inside the checkout, so that it finds the libraries as an installed package finds them.
  const folder = join(root, '.build-test');
  rmSync(folder, { recursive: true, force: true });
  try {
    const out = join(folder, 'dist');
    const built = spawnSync('npx', ['tsc', '-p', 'tsconfig.build.json', '--outDir', out], {
      cwd: root,
      encoding: 'utf8',
    });
    assert.equal(built.status, 0, built.stdout);
    for (const part of ['bin', 'scenarios', 'schema', 'package.json']) {
      cpSync(join(root, part), join(folder, part), { recursive: true });
    }
    const ran = spawnSync(process.execPath, [join(folder, 'bin/careof.js'), 'lab', 'list'], {
      encoding: 'utf8',
    });
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout, /tunnel-hand-over/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
