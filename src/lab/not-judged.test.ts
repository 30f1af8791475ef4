import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNotJudged } from './not-judged.ts';
import { scenarioOf, twoHosts } from './sample.ts';

const plain = scenarioOf(twoHosts(''));
const linux = (dataPlane: string, judgesTimes = false) =>
  ({ name: 'linux', dataPlane, judgesTimes }) as const;

test('the simulator is held against everything', () => {
  const sim = { scenario: plain, backend: { name: 'sim' } } as const;
  assert.equal(whyNotJudged(['expect', 'ticks', 'interruption'], sim), undefined);
});

test('real hosts: times only where it is asked for, tables of the kernel never, facts always', () => {
  const run = { scenario: plain, backend: linux('tun') };
  const timed = { scenario: plain, backend: linux('tun', true) };
  assert.match(whyNotJudged(['expect', 'ticks', 'interruption'], run)!, /--judge-times/);
  assert.equal(whyNotJudged(['expect', 'ticks', 'interruption'], timed), undefined);
  assert.match(whyNotJudged(['expect', 'mn', 'handovers', 0, 'home-registration'], run)!, /time/);
  assert.match(whyNotJudged(['expect', 'cn', 'tables', 'neighbors'], timed)!, /kernel/);
  assert.equal(whyNotJudged(['expect', 'cn', 'tables', 'bindings'], run), undefined);
  for (const key of ['survives', 'lost', 'carried-by']) {
    assert.equal(whyNotJudged(['expect', 'ticks', key], run), undefined);
  }
});

test('a plane that dies with its control side cannot carry on, a kernel can', () => {
  const killed = { ...plain, events: [{ at: 0, kind: 'kill', node: 'mn' }] } as never;
  const lost = ['expect', 'ticks', 'lost'];
  assert.match(whyNotJudged(lost, { scenario: killed, backend: linux('tun') })!, /killed/);
  assert.equal(whyNotJudged(lost, { scenario: killed, backend: linux('ebpf') }), undefined);
});

test('what dice decide is not judged where they are thrown', () => {
  const path = ['expect', 'cn', 'counters', 'mobility.early_parked'];
  const [name, link] = [...plain.links][0]!;
  const links = new Map([[name, { ...link, reorder: 0.3 }]]);
  const thrown = { scenario: { ...plain, links } as never, backend: linux('tun') };
  assert.match(whyNotJudged(path, thrown)!, /dice/);
  assert.equal(whyNotJudged(path, { scenario: plain, backend: linux('tun') }), undefined);
});
