/** Scenarios on real hosts: what a run shows, and that it leaves nothing behind however it ends. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readCapture } from '../../src/lab/capture/capture-reader.ts';
import { LAB_FOLDER } from '../../src/lab/linux/remains.ts';
import { twoHosts } from '../../src/lab/sample.ts';
import { listNamespaces } from '../../src/linux/sys/namespace.ts';
import { obstacleToNamespaces } from '../../src/linux/sys/privileges.ts';
import { checksumOk } from '../../src/wire/walk.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const skip = obstacleToNamespaces() ?? false;
const folder = mkdtempSync(join(tmpdir(), 'careof-lab-linux-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const PLAIN = twoHosts(`traffic:
  ticks: { protocol: udp, from: a, to: b, rate: 200/s, payload: 64B, start: 200ms, stop: 2s }
  file:  { protocol: tcp, from: b, to: a, size: 1MB, start: 200ms }
events:
  - { at: 1s, cut: { link: left } }
  - { at: 1300ms, heal: left }
expect:
  ticks: { survives: true, lost: "< 65", interruption: "< 1ms", carried-by: { at: 1500ms, path: direct } }
  file:  { survives: true }
  packets:
    - { on: right, from: a, to: b, headers: [ipv6, udp], count: "> 290" }
`);

const command = (file: string, ...more: string[]) => [
  ...['bin/careof.js', 'lab', 'run', file, '--backend', 'linux'],
  ...more,
];

function scenario(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** What runs make, and what they must not change. */
function machine(): Record<string, string> {
  const said = (program: string, ...args: string[]) =>
    spawnSync(program, args, { encoding: 'utf8' }).stdout ?? '';
  return {
    link: said('ip', '-o', 'link').replace(/\bqlen \d+/g, ''),
    rule: said('ip', '-6', 'rule'),
    route: said('ip', '-6', 'route', 'show', 'table', 'all').replace(/expires \S+/g, ''),
    nft: said('nft', 'list', 'ruleset'),
    bpf: said('find', '/sys/fs/bpf'),
  };
}

const namespacesOf = (pid: number | undefined): string[] =>
  listNamespaces().filter((name) => name.startsWith(`careof-${pid}-`));

test('plain hosts: the kernel sends, the links carry, what is expected is judged', { skip }, () => {
  const before = machine();
  const file = scenario('plain.yaml', PLAIN);
  const run = spawnSync(process.execPath, command(file, '--json', '--pcap', folder), {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
  const report = JSON.parse(run.stdout);
  assert.equal(report.backend, 'linux');
  const verdicts = report.expectations.map(
    ({ text, ok, not_judged }: { text: string; ok: boolean | null; not_judged?: string }) => [
      text,
      ok,
      not_judged !== undefined,
    ],
  );
  const judged = verdicts.filter(([text]: [string]) => text !== 'ticks interruption');
  assert.deepEqual(verdicts.find(([text]: [string]) => text === 'ticks interruption')?.slice(1), [
    null,
    true,
  ]);
  for (const verdict of judged) assert.deepEqual(verdict.slice(1), [true, false], verdict[0]);
  const capture = readCapture(readFileSync(join(folder, 'plain', 'right.pcapng')));
  assert.ok(capture.frames.length > 500);
  for (const { packet } of capture.frames) {
    assert.ok(packet!.length <= 1500, 'a super-packet');
    assert.ok(checksumOk(packet!));
  }
  assert.deepEqual(machine(), before);
});

const accelerator = existsSync(join(root, 'dist/bpf/careof.o'));
/** Few of them, most with TUN; `npm run test:linux` runs all with both. */
const SCENARIOS = [
  [
    'tun',
    ['first-registration', 'route-optimised-hand-over', 'esp-hides-tokens', 'provider-fails'],
  ],
  ['ebpf', ['route-optimised-hand-over', 'over-ipv4']],
] as const;
for (const [plane, names] of SCENARIOS) {
  const why = plane === 'ebpf' && !accelerator ? 'not built: npm run build:bpf' : skip;
  for (const name of names) {
    test(`${name} on real hosts, data plane ${plane}`, { skip: why }, () => {
      const before = machine();
      const args = command(name, '--data-plane', plane, '--json', '--pcap', folder);
      const run = spawnSync(process.execPath, args, {
        cwd: root,
        encoding: 'utf8',
        timeout: 120_000,
      });
      assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
      assert.equal(JSON.parse(run.stdout).data_plane, plane);
      assert.deepEqual(machine(), before);
    });
  }
}

test('what a killed run has left is taken away by the next one', { skip }, async () => {
  const file = scenario('killed.yaml', PLAIN);
  const killed = spawn(process.execPath, command(file), { cwd: root, stdio: 'ignore' });
  while (namespacesOf(killed.pid).length < 3) await wait(20);
  await wait(1000);
  killed.kill('SIGKILL');
  await new Promise((resolve) => killed.once('exit', resolve));
  assert.equal(namespacesOf(killed.pid).length, 3);
  assert.ok(existsSync(join(LAB_FOLDER, String(killed.pid))));
  const next = scenario('next.yaml', twoHosts('until: 10ms\n'));
  const run = spawnSync(process.execPath, command(next), { cwd: root, encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  assert.deepEqual(namespacesOf(killed.pid), []);
  assert.ok(!existsSync(join(LAB_FOLDER, String(killed.pid))));
});

test('Ctrl-C ends a run and leaves nothing', { skip }, async () => {
  const file = scenario('interrupted.yaml', PLAIN);
  const run = spawn(process.execPath, command(file), { cwd: root, stdio: 'ignore' });
  while (namespacesOf(run.pid).length < 3) await wait(20);
  await wait(500);
  run.kill('SIGINT');
  const signal = await new Promise((resolve) => run.once('exit', (_, by) => resolve(by)));
  assert.equal(signal, 'SIGINT');
  assert.deepEqual(namespacesOf(run.pid), []);
  const left = existsSync(LAB_FOLDER) ? readdirSync(LAB_FOLDER) : [];
  assert.ok(!left.includes(String(run.pid)));
});
