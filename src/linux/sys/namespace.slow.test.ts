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

const folder = fileURLToPath(new URL('.', import.meta.url));
const AS_NOBODY = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];

/** Runs lines of TypeScript as the user `nobody`. */
function asNobody(script: string, wrap = (command: readonly string[]) => [...command]) {
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script];
  return spawnSync('setpriv', [...AS_NOBODY, ...wrap(node)], {
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: '/tmp', HOME: '/tmp' },
    timeout: 20_000,
  });
}

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
  if (spawnSync('setpriv', [...AS_NOBODY, program!, ...rest]).status !== 0) {
    t.skip('user namespaces are not allowed to ordinary users here');
    return;
  }
  const run = asNobody(
    `
    import { execFileSync } from 'node:child_process';
    import { createMap } from '${folder}bpf.ts';
    import { createNamespace, inNamespace, listNamespaces } from '${folder}namespace.ts';
    import { Rtnetlink } from '${folder}netlink/rtnetlink.ts';
    import { applyRuleset, Nftables } from '${folder}nftables.ts';
    import { writeSetting } from '${folder}sysctl.ts';
    createNamespace('a');
    const set = { family: 'inet', table: 'careof', set: 'own' };
    inNamespace('a', () => {
      const client = new Rtnetlink();
      client.createVeth({ name: 'one' }, { name: 'two' });
      client.setLink(client.link('one').ifindex, { up: true });
      applyRuleset('table inet careof { set own { type ipv6_addr; }; }');
      const nftables = new Nftables();
      nftables.addElements(set, [new Uint8Array(16)]);
      const forwards = writeSetting('ipv6/conf/one/forwarding', 1);
      console.log(client.links().length, nftables.elements(set).length, forwards);
    });
    console.log(listNamespaces().join());
    try {
      createMap({ type: 2, keySize: 4, valueSize: 4, maxEntries: 1 });
    } catch (error) {
      console.log(error.code, error.hint);
    }`,
    inUserNamespace,
  );
  assert.equal(
    run.stdout,
    '3 1 true\na\nEPERM run as root, or with the capabilities CAP_BPF and CAP_NET_ADMIN\n',
    run.stderr,
  );
});

test('without privileges the error says what to do', limits, () => {
  const run = asNobody(`
    import { createNamespace } from '${folder}namespace.ts';
    try {
      createNamespace('cf-sys-forbidden');
    } catch ({ message, hint }) {
      console.log(message, '|', hint);
    }`);
  assert.match(
    run.stdout,
    /not permitted \((EPERM|EACCES), errno \d+\) \| run as root, or in a user/,
  );
});
