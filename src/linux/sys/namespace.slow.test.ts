import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inScratchNamespace } from './in-scratch-namespace.ts';
import {
  createNamespace,
  deleteNamespace,
  inNamespace,
  inUserNamespace,
  listNamespaces,
} from './namespace.ts';
import { obstacleToNamespaces } from './privileges.ts';

const limits = { skip: obstacleToNamespaces() ?? false, timeout: 30_000 };
const own = () => readlinkSync('/proc/thread-self/ns/net');

test('a namespace is one that `ip netns` sees, and goes again', limits, () => {
  inScratchNamespace('cf-sys-seen', () => {
    assert.match(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }), /^cf-sys-seen\b/m);
    assert.ok(listNamespaces().includes('cf-sys-seen'));
    assert.throws(() => createNamespace('cf-sys-seen'), { code: 'EEXIST' });
    const links = execFileSync('ip', ['-n', 'cf-sys-seen', '-br', 'link'], { encoding: 'utf8' });
    assert.match(links, /^lo\s/);
  });
  assert.ok(!listNamespaces().includes('cf-sys-seen'));
  assert.equal(deleteNamespace('cf-sys-seen'), false);
});

test('a function runs inside, and the thread comes back, also when it throws', limits, () => {
  inScratchNamespace('cf-sys-in', (name) => {
    const home = own();
    const other = inNamespace(name, own);
    assert.notEqual(other, home);
    assert.equal(own(), home);
    assert.throws(
      () =>
        inNamespace(name, () => {
          assert.equal(own(), other);
          throw new Error('inside');
        }),
      /inside/,
    );
    assert.equal(own(), home);
    assert.throws(() => inNamespace(name, async () => {}), TypeError);
    assert.equal(own(), home);
    assert.throws(() => inNamespace('cf-sys-not-there', own), { code: 'ENOENT' });
    assert.throws(() => inNamespace('../up', own), { code: 'EINVAL' });
  });
});

test('settings in /proc/sys/net and child processes are those of the namespace', limits, () => {
  inScratchNamespace('cf-sys-proc', (name) => {
    const interfaces = inNamespace(name, () => readFileSync('/proc/net/dev', 'utf8'));
    assert.equal(interfaces.trim().split('\n').length, 3, 'two lines of titles, and lo');
    const links = inNamespace(name, () =>
      execFileSync('ip', ['-br', 'link'], { encoding: 'utf8' }),
    );
    assert.equal(links.trim().split('\n').length, 1);
  });
});

test('an ordinary user has namespaces in a user namespace of their own', limits, (t) => {
  const [program, ...rest] = inUserNamespace(['ip', 'netns', 'list']);
  const as = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
  if (spawnSync('setpriv', [...as, program!, ...rest]).status !== 0) {
    t.skip('user namespaces are not allowed to ordinary users here');
    return;
  }
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const script = `
    import { execFileSync } from 'node:child_process';
    import { createNamespace, inNamespace, listNamespaces } from '${folder}namespace.ts';
    createNamespace('a');
    inNamespace('a', () => execFileSync('ip', ['link', 'set', 'lo', 'up']));
    console.log(listNamespaces().join());`;
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script];
  const run = spawnSync('setpriv', [...as, ...inUserNamespace(node)], {
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: '/tmp', HOME: '/tmp' },
    timeout: 20_000,
  });
  assert.equal(run.stdout, 'a\n', run.stderr);
});

test('without privileges the error says what to do', limits, () => {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const script = `
    import { createNamespace } from '${folder}namespace.ts';
    try { createNamespace('cf-sys-forbidden'); } catch (error) { console.log(error.message, '|', error.hint); }`;
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script];
  const as = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const run = spawnSync('setpriv', [...as, ...node], { encoding: 'utf8', timeout: 20_000 });
  assert.match(
    run.stdout,
    /not permitted \((EPERM|EACCES), errno \d+\) \| run as root, or in a user/,
  );
});
