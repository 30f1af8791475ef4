/**
 * `node --import tsx test/linux/with-stalls.ts [--longest MS] [--which all|one] [--load N] -- COMMAND...`: runs a
 * command as on a machine whose time is taken away by others. Every 1 to 3 s all processes that the command has
 * started stand still, or one of them, for 50 ms to the longest; so many busy loops take what processors have to
 * spare. No other process is touched.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';

/** In the environment of all that the command has started; it outlives parents. */
const MARK = `CAREOF_STALLED_BY=${process.pid}`;
const SHORTEST_MS = 50;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    longest: { type: 'string', default: '400' },
    load: { type: 'string', default: '0' },
    which: { type: 'string', default: 'any' },
  },
});
const [program, ...args] = positionals;
if (program === undefined) throw new RangeError('which command?');

const between = (least: number, most: number) => least + Math.random() * (most - least);

/** All that the command has started and that runs: some programs overwrite their environment, their parents do not. */
function started(): number[] {
  const parents = new Map<number, number>();
  const marked = new Set<number>();
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 1).split(' ')[2]));
      const environment = readFileSync(`/proc/${name}/environ`, 'utf8');
      if (environment.split('\0').includes(MARK)) marked.add(Number(name));
    } catch {
      // It has ended.
    }
  }
  const below = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (marked.has(pid) || below(parents.get(pid)));
  return [...parents.keys()].filter((pid) => below(pid));
}

function tell(pids: readonly number[], signal: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  }
}

let still: readonly number[] = [];
let stalls = 0;

async function stall(): Promise<void> {
  const all = started();
  const one = values.which === 'one' || (values.which === 'any' && Math.random() < 0.5);
  still = one ? all.slice(Math.floor(Math.random() * all.length)).slice(0, 1) : all;
  tell(still, 'SIGSTOP');
  await wait(between(SHORTEST_MS, Number(values.longest)));
  tell(still, 'SIGCONT');
  still = [];
  stalls += 1;
}

const [name, value] = MARK.split('=');
const command = spawn(program, args, {
  stdio: 'inherit',
  env: { ...process.env, [name!]: value },
});
const load = Array.from({ length: Number(values.load) }, () =>
  spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
);
const over = new Promise<number>((resolve) => {
  command.once('exit', (code) => resolve(code ?? 1));
});
let ended = false;
over.finally(() => {
  ended = true;
});
process.once('exit', () => {
  tell(still, 'SIGCONT');
  for (const busy of load) busy.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    tell(still, 'SIGCONT');
    command.kill(signal);
  });
}
while (!ended) {
  await Promise.race([over, wait(between(1000, 3000))]);
  if (!ended) await stall();
}
console.log(`stood still ${stalls} times`);
process.exit(await over);
