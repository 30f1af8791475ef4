/**
 * `npm run test:linux [-- --data-plane tun|ebpf] [NAME...]`: every scenario of mobility, multihoming, anycast,
 * IPv4 and attacks on real hosts, on both data planes; prints a table, and ends with 1 where one does not meet what it
 * expects. Those that last for minutes are left out unless they are named, and said at the end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findScenarios } from '../../src/lab/find.ts';
import { scenarioName } from '../../src/lab/report/report.ts';
import { leastTime } from './short-scenarios.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const built = '.build-linux/cli/main.js';
const careof = existsSync(join(root, built)) ? built : 'bin/careof.js';
/** What lasts longer is left out unless it is named, in microseconds of network time. */
const LONG = 100e6;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'data-plane': { type: 'string', multiple: true }, jobs: { type: 'string' } },
});
const planes = values['data-plane'] ?? ['ebpf', 'tun'];
const folders = ['mobility', 'multihome', 'anycast', 'ipv4', 'attacks'].map(
  (name) => `scenarios/${name}`,
);
const all = findScenarios(positionals.length > 0 ? positionals : folders);
const leftOut = all.filter(
  (file) => !positionals.includes(scenarioName(file)) && leastTime(file) > LONG,
);
const files = all.filter((file) => !leftOut.includes(file));

interface Expectation {
  readonly ok: boolean | null;
  readonly text: string;
  readonly expected: string;
  readonly actual: string;
}

/** Runs one and says in a line what came of it. */
async function outcome(file: string, plane: string): Promise<{ ok: boolean; text: string }> {
  const args = ['lab', 'run', file, '--backend', 'linux', '--data-plane', plane, '--json'];
  // In a session of its own: the network asks for more of the machine's time, by sessions.
  const run = spawn(process.execPath, [careof, ...args], { cwd: root, detached: true });
  running.add(run);
  let [out, complaints] = ['', ''];
  run.stdout.on('data', (text) => {
    out += text;
  });
  run.stderr.on('data', (text) => {
    complaints += text;
  });
  const code = await new Promise((resolve) => run.on('close', resolve));
  running.delete(run);
  if (out.trim() === '')
    return { ok: false, text: complaints.trim().split('\n')[0] ?? `exit ${code}` };
  const { expectations } = JSON.parse(out) as { expectations: readonly Expectation[] };
  const failed = expectations.filter(({ ok }) => ok === false);
  const left = expectations.filter(({ ok }) => ok === null).length;
  const met = `${expectations.length - failed.length - left} met${left > 0 ? `, ${left} not judged` : ''}`;
  const why = failed.map((one) => `${one.text}: ${one.actual}, not ${one.expected}`);
  return { ok: code === 0, text: [met, ...why].join('; ') };
}

const running = new Set<ChildProcess>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const run of running) run.kill(signal);
    process.kill(process.pid, signal);
  });
}

const tasks = files.flatMap((file) => planes.map((plane) => ({ file, plane })));
let failures = 0;
let next = 0;
async function work(): Promise<void> {
  for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) {
    const { ok, text } = await outcome(task.file, task.plane);
    if (!ok) failures++;
    const name = scenarioName(task.file).padEnd(36);
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${task.plane.padEnd(4)} ${name} ${text}`);
  }
}
await Promise.all(Array.from({ length: Number(values.jobs ?? 2) }, work));
if (leftOut.length > 0) {
  const names = leftOut.map(scenarioName).join(', ');
  console.log(
    `${leftOut.length} left out, which last longer than 100 s of network time (name them to run them): ${names}`,
  );
}
console.log(`${tasks.length - failures} of ${tasks.length} runs met all their expectations`);
process.exitCode = failures === 0 ? 0 : 1;
