/** Random networks with faults: none breaks a rule, and roles that are broken on purpose all do. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MUTANTS, runSeed } from '../src/lab/faults/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

function simulate(...args: string[]) {
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 } as const;
  return spawnSync('npm', ['run', '--silent', 'simulate', '--', ...args], options);
}

test('npm run simulate: 150 seeds break no rule', (t) => {
  const { status, stdout } = simulate('--seeds', '150');
  assert.equal(status, 0, stdout);
  // A run that exercises nothing would break no rule either.
  for (const what of ['fault crash', 'fault cut', 'fault change', 'sessions whole']) {
    assert.match(stdout, new RegExp(`[1-9][0-9]+  ${what}`), what);
  }
  t.diagnostic(stdout.trim().split('\n').at(-1)!);
});

test('npm run simulate: 40 seeds of hosts with several providers break no rule', (t) => {
  // Among them those in which sessions changed places, and in which a peer forgot one.
  const { status, stdout } = simulate('--network', 'providers', '--from', '40', '--seeds', '40');
  assert.equal(status, 0, stdout);
  for (const what of ['fault crash', 'session.moved', 'provider.returned', 'sessions whole']) {
    assert.match(stdout, new RegExp(`[1-9][0-9]+  ${what}`), what);
  }
  t.diagnostic(stdout.trim().split('\n').at(-1)!);
});

test('npm run simulate: 30 seeds of several anycast agents break no rule', (t) => {
  const { status, stdout } = simulate('--network', 'agents', '--from', '90', '--seeds', '30');
  assert.equal(status, 0, stdout);
  for (const what of ['fault crash', 'fault cut', 'fault isolate', 'sessions whole']) {
    assert.match(stdout, new RegExp(`[1-9][0-9]*  ${what}`), what);
  }
  t.diagnostic(stdout.trim().split('\n').at(-1)!);
});

test('agents that are not told of what they missed are found out', () => {
  const without = new Set(['shared-snapshot'] as const);
  const rules = [9, 11, 14].flatMap((seed) =>
    runSeed(seed, { kind: 'agents', without }).violations.map(({ rule }) => rule),
  );
  assert.ok(rules.includes('agents-disagree'));
});

/** Rules of what comes of the tables, at the other end: those of the tables themselves see nothing. */
const AT_THE_END = ['not-reached', 'not-optimised', 'session-broken'];

test('what no table shows is seen at the other end', () => {
  const sabotage = MUTANTS['hears-first-place'];
  const rules = [1, 2, 3, 4, 5].flatMap((seed) =>
    runSeed(seed, { sabotage }).violations.map(({ rule }) => rule),
  );
  assert.ok(rules.length > 0);
  assert.deepEqual(
    rules.filter((rule) => !AT_THE_END.includes(rule)),
    [],
  );
});

for (const [name, sabotage] of Object.entries(MUTANTS)) {
  test(`a role that is broken on purpose is found out within 100 seeds: ${name}`, (t) => {
    for (let seed = 1; seed <= 100; seed++) {
      const [first] = runSeed(seed, { sabotage }).violations;
      if (first === undefined) continue;
      t.diagnostic(`seed ${seed}: ${first.node} ${first.rule}: ${first.text}`);
      return;
    }
    assert.fail(`${name} survived`);
  });
}

test('the same seed gives the same run, another seed another', () => {
  const [first, again] = [1, 2].map(() => runSeed(17, { digest: true }));
  assert.equal(first!.digest.length, 64);
  assert.equal(again!.digest, first!.digest);
  assert.notEqual(runSeed(18, { digest: true }).digest, first!.digest);
});

test('a failing seed says so in a line that replays it', () => {
  const all = simulate('--seeds', '3', '--jobs', '1', '--mutant', 'sends-to-old-place');
  assert.equal(all.status, 1);
  const line = /npm run simulate -- (--seed \d+ --mutant sends-to-old-place)/.exec(all.stdout);
  assert.ok(line !== null, all.stdout);
  const one = simulate(...line[1]!.split(' '));
  assert.equal(one.status, 1);
  const seen = (text: string) => text.split('\n').filter((part) => / s {2}[a-z]+\d* /.test(part));
  const replayed = seen(one.stdout);
  assert.ok(replayed.length > 0 && replayed.every((part) => seen(all.stdout).includes(part)));
});
