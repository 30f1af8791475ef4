import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNotJudged } from './not-judged.ts';
import type { RunRecord } from './run-record.ts';
import { scenarioOf, twoHosts } from './sample.ts';

const plain = scenarioOf(twoHosts(''));
const counters = new Map();
const linux = (dataPlane: string, judgesTimes = false) =>
  ({ name: 'linux', dataPlane, judgesTimes }) as const;

test('the simulator is held against everything', () => {
  const sim = { scenario: plain, counters, backend: { name: 'sim' } } as const;
  assert.equal(whyNotJudged(['expect', 'ticks', 'interruption'], sim), undefined);
});

test('real hosts: times only where it is asked for, tables of the kernel never, facts always', () => {
  const run = { scenario: plain, counters, backend: linux('tun') };
  const timed = { scenario: plain, counters, backend: linux('tun', true) };
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
  assert.match(
    whyNotJudged(lost, { scenario: killed, counters, backend: linux('tun') })!,
    /killed/,
  );
  assert.equal(
    whyNotJudged(lost, { scenario: killed, counters, backend: linux('ebpf') }),
    undefined,
  );
});

test('what dice decide is not judged where they are thrown', () => {
  const path = ['expect', 'cn', 'counters', 'mobility.early_parked'];
  const [name, link] = [...plain.links][0]!;
  const links = new Map([[name, { ...link, reorder: 0.3 }]]);
  const thrown = { scenario: { ...plain, links } as never, counters, backend: linux('tun') };
  assert.match(whyNotJudged(path, thrown)!, /dice/);
  assert.equal(whyNotJudged(path, { scenario: plain, counters, backend: linux('tun') }), undefined);
});

test('an update that was repeated once, of each, is one whose answer came late', () => {
  const wanted = { 'mobility.bu_sent': { operator: '=', value: 1 } } as const;
  const nodes = new Map([['mn', { counters: wanted }]]);
  const scenario = { ...plain, expect: { ...plain.expect, nodes } };
  const path = ['expect', 'mn', 'counters', 'mobility.bu_sent'];
  const why = (sent: number, repeats: number, backend: RunRecord['backend']) => {
    const own = { 'mobility.bu_sent': sent, 'mobility.bu_retransmitted': repeats };
    const counted = new Map([['mn', new Map(Object.entries(own)) as never]]);
    return whyNotJudged(path, { scenario, backend, counters: counted });
  };
  assert.match(why(2, 1, linux('tun'))!, /late/);
  assert.equal(why(2, 1, linux('tun', true)), undefined);
  assert.equal(why(2, 1, { name: 'sim' }), undefined);
  assert.equal(why(1, 0, linux('tun')), undefined, 'it is met');
  assert.equal(why(2, 0, linux('tun')), undefined, 'a second update is no repeat');
  assert.equal(why(3, 2, linux('tun')), undefined, 'who repeats again takes no answers');
});
