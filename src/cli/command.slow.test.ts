/** The command as a user types it: exit codes, what goes to which stream, and no colour in pipes. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { twoHosts } from '../lab/sample.ts';

const BIN = fileURLToPath(new URL('../../bin/careof.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'careof-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function careof(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    cwd: folder,
    input,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

const TICKS = `traffic:
  ticks: { protocol: udp, from: a, to: b, rate: 100/s, payload: 64B, start: 1s, stop: 2s }
`;
const RIGHT = twoHosts(`${TICKS}expect: { ticks: { lost: 0 } }\n`);
const WRONG = twoHosts(`${TICKS}expect: { ticks: { lost: 7 } }\n`);

const ECHO =
  '6000000000083a4020010db800010000000000000000000120010db8000100000000000000000002800024150007002a';

test('careof alone says what it is and where to begin, without colour in a pipe', () => {
  const { status, stdout } = careof([]);
  assert.equal(status, 0);
  assert.match(stdout, /careof demo/);
  assert.ok(!stdout.includes('\x1b'));
});

test('lab run: 0 where all expectations are met, 1 where not, 2 for a file that is not fit', () => {
  file('right.yaml', RIGHT);
  file('wrong.yaml', WRONG);
  file('unfit.yaml', RIGHT.replace('lost: 0', 'lots: 0'));
  const right = careof(['lab', 'run', 'right.yaml']);
  assert.equal(right.status, 0, right.stderr);
  assert.match(right.stdout, /1 of 1 expectations met/);
  const wrong = careof(['lab', 'run', 'wrong.yaml']);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stdout, /FAILED {2}ticks lost +7 +0 +wrong\.yaml:11/);
  const unfit = careof(['lab', 'run', 'unfit.yaml', 'right.yaml', '--json']);
  assert.equal(unfit.status, 2);
  assert.match(unfit.stderr, /^unfit\.yaml:11:20: expect\.ticks\.lots: is no key here: did you/);
  assert.equal((JSON.parse(unfit.stdout) as { ok: boolean }).ok, true);
});

test('what is not there or not known is 2 with a hint', () => {
  const missing = careof(['lab', 'run', 'two-mvoes']);
  assert.equal(missing.status, 2);
  assert.match(missing.stderr, /did you mean "two-moves"\?/);
  const backend = careof(['lab', 'run', 'right.yaml', '--backend', 'moon']);
  assert.equal(backend.status, 2);
  assert.match(backend.stderr, /sim, linux/);
  const mechanism = careof(['lab', 'run', 'right.yaml', '--without', 'magic']);
  assert.equal(mechanism.status, 2);
  assert.match(mechanism.stderr, /Known are home-registration/);
  assert.equal(careof(['lab', 'fly']).status, 2);
  const command = careof(['dcotor']);
  assert.equal(command.status, 2);
  assert.match(command.stderr, /there is no command "dcotor"\n +did you mean "doctor"\?/);
  assert.equal(careof(['lab', 'new', '']).status, 2);
  assert.equal(careof(['--help']).status, 0);
});

test('a trace has its head first, captures are where they are promised', () => {
  file('traced.yaml', RIGHT);
  const args = ['lab', 'run', 'traced.yaml', '--json', '--seed', '9'];
  const { status, stdout } = careof([...args, '--trace', 't.ndjson', '--pcap', 'caps']);
  assert.equal(status, 0);
  const { files, seed } = JSON.parse(stdout) as { files: string[]; seed: number };
  assert.equal(seed, 9);
  assert.deepEqual(files, ['caps/traced/left.pcapng', 'caps/traced/right.pcapng', 't.ndjson']);
  const [head, first] = readFileSync(join(folder, 't.ndjson'), 'utf8').split('\n');
  assert.deepEqual(Object.keys(JSON.parse(head!)), ['careof', 'scenario', 'seed', 'schema']);
  assert.deepEqual(JSON.parse(first!), { t_us: 0, node: 'a', kind: 'node.started' });
  const decoded = careof(['packet', 'decode', '--pcap', 'caps/traced/left.pcapng']);
  assert.match(decoded.stdout, /^\{"frame":1,"link":"left","layers":\[\{"layer":"ipv6"/);
});

test('lab new writes what lab check finds right, and never over another file', () => {
  assert.equal(careof(['lab', 'new', 'mine']).status, 0);
  assert.match(careof(['lab', 'check', 'mine.yaml']).stdout, /^mine\.yaml: ok: 3 links/);
  assert.equal(careof(['lab', 'new', 'mine']).status, 2);
});

test("packet decode and encode are each other's reverse, and go on after a malformed line", () => {
  const decoded = careof(['packet', 'decode'], `${ECHO}\nzz\n60000000\n${ECHO}\n`);
  assert.equal(decoded.status, 0);
  const lines = decoded.stdout.trimEnd().split('\n');
  assert.equal(lines.length, 4);
  const errors = lines.slice(1, 3).map((line) => (JSON.parse(line) as { error: object }).error);
  assert.deepEqual(
    errors.map((error) => Object.keys(error)),
    [1, 2].map(() => ['reason', 'offset', 'layer', 'field', 'message']),
  );
  const odd = careof(['packet', 'decode', '--text', '0x6000:0000 zz']);
  assert.match(odd.stdout, /^error not-hex at octet 4:/);
  const encoded = careof(['packet', 'encode'], `${lines[0]}\nnonsense\n`);
  assert.equal(encoded.stdout.split('\n')[0], ECHO);
  assert.match(encoded.stdout, /is not JSON/);
});

test('packet decode --text says lifetimes in seconds', () => {
  const update = '3b010500000000078000006901020000';
  const { stdout } = careof(['packet', 'decode', '--as', 'mobility', '--text', update]);
  assert.match(stdout, /binding-update\n/);
  assert.match(stdout, /lifetime = 105 \(420 s\)/);
});

test('doctor finds Node.js and says that the simulator needs nothing else', () => {
  const { status, stdout } = careof(['doctor']);
  assert.equal(status, 0);
  assert.match(stdout, /ok +Node\.js/);
  assert.match(stdout, /The simulator needs nothing of this but Node\.js\./);
});

test('delegation: keys are their owner`s alone, what was signed is shown, and another authority`s is 2', () => {
  const owner = careof(['delegation', 'key', 'owner.key']);
  assert.match(owner.stdout, /^hex:[0-9a-f]{64}\n$/);
  assert.equal(statSync(join(folder, 'owner.key')).mode & 0o777, 0o600);
  const again = careof(['delegation', 'key', 'owner.key']);
  assert.equal(again.status, 2, 'a key is not written over');
  const server = careof(['delegation', 'key', 'server.key']).stdout.trim();
  const sign = (...more: string[]) =>
    careof(['delegation', 'sign', '--key', 'owner.key', '--for', '2001:db8:a::80/128', ...more]);
  const signed = sign('--server', server, '--from', '2026-01-01', '--until', '2026-02-01');
  assert.match(signed.stdout, /^hex:[0-9a-f]{260}\n$/);
  const show = (authority: string) =>
    careof(['delegation', 'show', signed.stdout.trim(), '--authority', authority]);
  const shown = show(owner.stdout.trim());
  assert.deepEqual(shown.stdout.trim().split('\n'), [
    'for     2001:db8:a::80/128',
    `server  ${server}`,
    'from    2026-01-01T00:00:00.000Z',
    'until   2026-02-01T00:00:00.000Z',
    'signed  by this authority',
  ]);
  assert.equal(show(server).status, 2);
  for (const [wrong, reason] of [
    [['--server', 'hex:00'], /--server: "hex:" wants 32 octets here, and has 1/],
    [['--server', server, '--days', '0'], /--days 0: a number of days/],
    [['--server', server, '--until', 'soon'], /--until soon: a date/],
    [['--server', server, '--until', '1999-01-01'], /over before it begins/],
    [['--server', server, '--key', 'lost.key'], /lost\.key: ENOENT/],
  ] as const) {
    const { status, stderr } = sign(...wrong);
    assert.equal(status, 2);
    assert.match(stderr, reason);
  }
});

test('completion: bash offers commands, scenarios, and what an option takes', () => {
  const script = careof(['completion', 'bash']).stdout;
  const offered = (...words: string[]) => {
    const typed = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _careof`;
    const asked = `${script}\n${typed}; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['-c', asked], { encoding: 'utf8' }).stdout.trim().split('\n');
  };
  assert.deepEqual(offered('careof', 'la'), ['lab']);
  assert.deepEqual(offered('careof', 'lab', 'run', 'two-m'), ['two-mobile-nodes', 'two-moves']);
  assert.deepEqual(offered('careof', 'lab', 'run', 'x', '--without', 'tunn')[0], 'tunnel');
  assert.equal(careof(['completion', 'fish']).status, 2);
});

test('lab run --watch runs again when the file is written', { timeout: 120_000 }, async () => {
  const name = file('watched.yaml', WRONG);
  const child = spawn(process.execPath, [BIN, 'lab', 'run', name, '--watch'], { cwd: folder });
  let seen = '';
  child.stdout.on('data', (text) => {
    seen += text;
    if (/FAILED {2}ticks lost/.test(text)) file('watched.yaml', RIGHT);
    if (/1 of 1 expectations met/.test(text)) child.kill();
  });
  await once(child, 'exit');
  assert.match(seen, /FAILED[\s\S]*1 of 1 expectations met/);
});
