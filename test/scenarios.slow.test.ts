/**
 * What the scenarios show, by the commands that a user types: expectations, the same octets from the
 * same seed, mechanisms that are needed, captures that others can read.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

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

test('careof lab run scenarios: all expectations are met', (t) => {
  const { status, stdout, stderr } = careof('lab', 'run', 'scenarios', '--json');
  const reports = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const failed = reports.flatMap((report) =>
    report.expectations
      .filter((one: { ok: boolean }) => !one.ok)
      .map(
        (one: { text: string; actual: string }) =>
          `${report.scenario}: ${one.text}, was ${one.actual}`,
      ),
  );
  assert.deepEqual(failed, []);
  assert.equal(status, 0, stderr);
  const expectations = reports.reduce((sum, report) => sum + report.expectations.length, 0);
  assert.ok(reports.length >= 13 && expectations > 100);
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
  const { status, stdout, stderr } = run('npm', 'run', '--silent', 'test:mutants');
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  t.diagnostic(stdout.trim().split('\n').at(-1)!);
});

test('npm run check:pcap: no capture has a malformed packet, an expert error or a wrong checksum', {
  skip: has('tshark') ? false : 'tshark is not installed (apt install tshark)',
}, (t) => {
  const { status, stdout, stderr } = run('npm', 'run', '--silent', 'check:pcap');
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  t.diagnostic(stdout.trim().split('\n').join('; '));
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
