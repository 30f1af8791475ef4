/**
 * What the scenarios show, by the commands that a user types: expectations, the same octets from the
 * same seed, mechanisms that are needed, captures that others can read.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findScenarios, loadScenario, scenarioName } from '../src/lab/index.ts';
import { BRIEF_FLOW, MALFORMED, repetition } from './captured.ts';

const execFileAsync = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const vectors = process.env.CAREOF_VECTORS ?? join(root, '../shared/vectors');
const folder = mkdtempSync(join(tmpdir(), 'careof-scenarios-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, ...args: string[]) {
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 } as const;
  return spawnSync(command, args, options);
}

const careof = (...args: string[]) => run(process.execPath, 'bin/careof.js', ...args);
const has = (command: string) => run('sh', '-c', `command -v ${command}`).status === 0;

/** Every file below a folder with its octets. */
function contents(base: string): Map<string, Buffer> {
  const names = readdirSync(base, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => /\.(pcapng|ndjson)$/.test(name));
  return new Map(files.map((name) => [name, readFileSync(join(base, name))]));
}

/** Captures of scenarios that are judged too; with CAREOF_LONG all are run for their captures alone. */
const brief = process.env.CAREOF_LONG !== '1';
const captures = join(folder, 'captures');

/** Is its capture one that others are shown? */
function isCaptured(file: string): boolean {
  const loaded = loadScenario(file);
  return loaded.ok && !MALFORMED.has(scenarioName(file)) && !repetition(loaded.value, BRIEF_FLOW);
}

/** Runs scenarios and gives what each says in JSON. */
async function reportsOf(files: readonly string[], options: readonly string[]) {
  const command = ['bin/careof.js', 'lab', 'run', ...files, '--json', ...options];
  const child = { cwd: root, maxBuffer: 1 << 28 };
  // Where something is not met it ends with 1, and all is said all the same.
  const { stdout, stderr, code } = await execFileAsync(process.execPath, command, child).then(
    (said) => ({ ...said, code: 0 }),
    (failed) => failed,
  );
  assert.ok(code === 0 || code === 1, stderr);
  const lines = stdout.trim().split('\n') as string[];
  return { code, reports: lines.map((line) => JSON.parse(line)) };
}

test('careof lab run scenarios: all expectations are met', async (t) => {
  const files = findScenarios([join(root, 'scenarios')]);
  const of = availableParallelism();
  const runs = await Promise.all(
    Array.from({ length: of }, async (_, n) => {
      const mine = files.filter((_one, i) => i % of === n);
      const captured = mine.filter(isCaptured);
      const others = mine.filter((one) => !captured.includes(one));
      return [
        await reportsOf(captured, brief ? ['--pcap', captures] : []),
        await reportsOf(others, []),
      ];
    }),
  ).then((all) => all.flat());
  const reports = runs.flatMap((one) => one.reports);
  const failed = reports.flatMap((report) =>
    report.expectations
      .filter((one: { ok: boolean }) => !one.ok)
      .map(
        (one: { text: string; actual: string }) =>
          `${report.scenario}: ${one.text}, was ${one.actual}`,
      ),
  );
  assert.deepEqual(failed, []);
  assert.ok(runs.every(({ code }) => code === 0));
  assert.equal(reports.length, files.length);
  const expectations = reports.reduce((sum, report) => sum + report.expectations.length, 0);
  assert.ok(files.length >= 13 && expectations > 100);
  t.diagnostic(`${reports.length} scenarios, ${expectations} expectations met`);
});

test('the same file and seed give the same trace and captures, octet for octet', (t) => {
  const names = ['two-moves', 'lossy-path', 'two-mobile-nodes'];
  const runs = ['first', 'second'].map((name) => {
    const base = join(folder, name);
    const { status, stderr } = careof(
      ...[
        'lab',
        'run',
        ...names,
        '--json',
        '--pcap',
        base,
        '--trace',
        join(folder, `${name}.ndjson`),
      ],
    );
    assert.equal(status, 0, stderr);
    return { files: contents(base), trace: readFileSync(join(folder, `${name}.ndjson`)) };
  });
  const [first, second] = runs as [(typeof runs)[0], (typeof runs)[0]];
  assert.ok(first.trace.equals(second.trace), 'the traces differ');
  assert.deepEqual([...first.files.keys()], [...second.files.keys()]);
  assert.ok(first.files.size > 10);
  for (const [name, octets] of first.files) {
    assert.ok(octets.length > 0 && octets.equals(second.files.get(name)!), `${name} differs`);
  }
  const size = [...first.files.values()].reduce((sum, octets) => sum + octets.length, 0);
  t.diagnostic(`${first.files.size} captures of ${size} octets, trace of ${first.trace.length}`);
  const other = careof(
    'lab',
    'run',
    'lossy-path',
    '--seed',
    '77',
    '--trace',
    join(folder, 'other.ndjson'),
  );
  // Another seed may lose other packets than this scenario's expectations are about.
  assert.ok(other.status === 0 || other.status === 1, other.stderr);
  assert.ok(!readFileSync(join(folder, 'other.ndjson')).equals(first.trace));
});

test('npm run test:mutants: every mechanism that a scenario names is needed by it', (t) => {
  const { status, stdout, stderr } = run(
    'npm',
    'run',
    '--silent',
    'test:mutants',
    '--',
    '--trusting',
  );
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  t.diagnostic(stdout.trim().split('\n').at(-1)!);
});

test('npm run check:pcap: no capture has a malformed packet, an expert error or a wrong checksum', {
  skip: has('tshark') ? false : 'tshark is not installed (apt install tshark)',
}, (t) => {
  const { status, stdout, stderr } = run(
    ...(['npm', 'run', '--silent', 'check:pcap', '--', ...(brief ? [captures] : [])] as const),
  );
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  const lines = stdout.trim().split('\n');
  const told = lines.filter((line) => !line.startsWith('not captured'));
  t.diagnostic(told.join('; '));
});

const tool = join(vectors, 'tools/run_impl.py');
const missing = existsSync(tool)
  ? has('python3')
    ? false
    : 'python3 is not installed'
  : `no vectors in ${vectors} (CAREOF_VECTORS names another folder)`;

test('the outside runner of the vectors finds no difference', { skip: missing }, (t) => {
  const command = ['--encode', '--', 'npm', 'run', '--silent', 'vectors:adapter'];
  const { status, stdout, stderr } = run('python3', tool, ...command);
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  t.diagnostic(stdout.trim().split('\n').at(-2)!);
});
