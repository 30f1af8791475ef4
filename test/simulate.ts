/**
 * Runs random networks with faults, many of them, and says which broke a rule:
 *
 *     npm run simulate -- --seeds 500 [--from N] [--jobs N]
 *     npm run simulate -- --seed 48             replays one and shows what the checkers saw
 *     npm run simulate -- --seed 48 --print     the same as a file for `careof lab run`
 *     npm run simulate -- --network providers   hosts with several providers, in the stead of mobile nodes
 *     npm run simulate -- --network agents      several agents of one anycast address, and their servers
 *     npm run simulate -- --mutant NAME         with a role that is broken on purpose
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MECHANISMS, type Mechanism } from '../src/core/mechanisms.ts';
import {
  MUTANTS,
  NETWORKS,
  type NetworkKind,
  RULES,
  randomScenarioText,
  runSeed,
  type SeedOptions,
  type SeedOutcome,
} from '../src/lab/faults/index.ts';

/** Seeds that a worker gets at once: enough that asking costs nothing. */
const BATCH = 5;

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    print: { type: 'boolean', default: false },
    mutant: { type: 'string' },
    without: { type: 'string' },
    network: { type: 'string', default: 'mobility' },
    worker: { type: 'boolean', default: false },
  },
});

function wholeNumber(name: 'seeds' | 'from' | 'seed' | 'jobs'): number {
  const value = Number(options[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} ${options[name]} is no whole number`);
  process.exit(2);
}

function oneOf<T extends string>(
  option: 'mutant' | 'without' | 'network',
  known: object,
): T | undefined {
  const value = options[option];
  if (value === undefined || Object.hasOwn(known, value)) return value as T | undefined;
  console.error(`--${option} ${value} is none of ${Object.keys(known).join(', ')}`);
  process.exit(2);
}

const mutant = oneOf<keyof typeof MUTANTS>('mutant', MUTANTS);
const without = oneOf<Mechanism>('without', MECHANISMS);
const kind = oneOf<NetworkKind>('network', NETWORKS)!;
const seedOptions: SeedOptions = {
  kind,
  ...(mutant !== undefined && { sabotage: MUTANTS[mutant] }),
  ...(without !== undefined && { without: new Set([without]) }),
};
const broken = [
  kind !== 'mobility' && `--network ${kind}`,
  mutant && `--mutant ${mutant}`,
  without && `--without ${without}`,
];
const again = (seed: number) =>
  ['npm run simulate -- --seed', seed, ...broken.filter((text) => text)].join(' ');

function showFailure({ seed, violations }: SeedOutcome): void {
  console.log(`\nFAILED  ${again(seed)}`);
  for (const { at, rule, node, text } of violations) {
    console.log(`  ${(at / 1e6).toFixed(6)} s  ${node.padEnd(5)} ${rule}: ${text}`);
  }
}

function replay(seed: number): void {
  if (options.print) {
    process.stdout.write(randomScenarioText(seed, kind));
    return;
  }
  const outcome = runSeed(seed, { ...seedOptions, digest: true });
  for (const [what, count] of Object.entries(outcome.counts)) {
    console.log(`${String(count).padStart(6)}  ${what}`);
  }
  console.log(`digest  ${outcome.digest}`);
  if (outcome.violations.length > 0) {
    showFailure(outcome);
    for (const rule of new Set(outcome.violations.map((one) => one.rule))) {
      console.log(`  ${rule} means: ${RULES[rule]}`);
    }
    process.exitCode = 1;
  } else console.log('no rule was broken');
}

/** Hands seeds to worker processes and gathers what they found. */
async function simulate(from: number, seeds: number, jobs: number): Promise<void> {
  const began = process.hrtime.bigint();
  const counts = new Map<string, number>();
  const failed: number[] = [];
  let next = from;
  let done = 0;
  const progress = () => {
    const elapsed = Number(process.hrtime.bigint() - began) / 1e9;
    const rate = (done / elapsed).toFixed(1);
    return `${done} of ${seeds} seeds, ${failed.length} failed, ${rate} seeds/s`;
  };
  const take = (outcome: SeedOutcome) => {
    done += 1;
    for (const [what, count] of Object.entries(outcome.counts)) {
      counts.set(what, (counts.get(what) ?? 0) + count);
    }
    if (outcome.violations.length > 0) {
      failed.push(outcome.seed);
      showFailure(outcome);
    }
    if (process.stderr.isTTY) process.stderr.write(`\r${progress()} `);
  };
  const worker = () =>
    new Promise<void>((resolve, reject) => {
      const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), '--worker'], {
        // Each seed leaves much behind it: a larger nursery saves a tenth of the time.
        execArgv: [...process.execArgv, '--max-semi-space-size=64'],
      });
      const give = () => {
        const batch = Array.from({ length: BATCH }, () => next++).filter((n) => n < from + seeds);
        if (batch.length > 0) child.send(batch);
        else child.disconnect();
      };
      child.on('message', (outcomes) => {
        for (const outcome of outcomes as SeedOutcome[]) take(outcome);
        give();
      });
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`worker: ${code}`))));
      give();
    });
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, worker));
  console.log('');
  for (const [what, count] of [...counts].sort()) {
    console.log(`${String(count).padStart(9)}  ${what}`);
  }
  console.log(`\n${progress()}`);
  for (const seed of failed.slice(0, 20)) console.log(`  ${again(seed)}`);
  if (failed.length > 0) process.exitCode = 1;
}

if (options.worker) {
  process.on('message', (seeds) => {
    process.send!((seeds as number[]).map((seed) => runSeed(seed, seedOptions)));
  });
} else if (options.seed !== undefined) replay(wholeNumber('seed'));
else await simulate(wholeNumber('from'), wholeNumber('seeds'), wholeNumber('jobs'));
