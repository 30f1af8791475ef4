/** Hand-overs, bindings and the chart, from event streams that were written by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pc from 'picocolors';
import type { CareofEvent } from '../core/events.ts';
import type { Instant } from '../core/time.ts';
import { type Address, address } from '../wire/address.ts';
import { bindingsOf } from './bindings.ts';
import { handoversOf } from './handovers.ts';
import { planOf } from './plan.ts';
import { sequenceChart } from './report/sequence-chart.ts';
import type { Logged, RunRecord } from './run-record.ts';
import { scenarioOf } from './sample.ts';

const SCENARIO = scenarioOf(`title: t
links:
  home: { prefix: 2001:db8:1::/64 }
  away: { prefix: 2001:db8:2::/64 }
nodes:
  ha: { role: home-agent, on: [home, away], serves: home, allow-unauthenticated: true }
  mn: { role: mobile-node, home: home, home-agent: ha, interfaces: { wlan0: home } }
events:
  - { at: 2s, move: mn.wlan0, to: away }
`);

const HOME = address('2001:db8:1::100');
const CARE_OF = address('2001:db8:2::5');
const AGENT = address('2001:db8:1::1');

const at = (milliseconds: number) => (1000 * milliseconds) as Instant;
const log = (ms: number, node: string, event: CareofEvent): Logged => ({ at: at(ms), node, event });
const phase = (name: string, began: number, ended: number, peer?: Address): Logged =>
  log(ended, 'mn', {
    kind: 'handover.phase',
    phase: name as 'movement_detection',
    began: at(began),
    ended: at(ended),
    ...(peer !== undefined && { peer }),
  });
const began = (ms: number): Logged =>
  log(ms, 'mn', { kind: 'handover.began', link: 'wlan0', reason: 'no place before' });
const signal = (ms: number, node: string, kind: 'signal.sent' | 'signal.received'): Logged =>
  log(ms, node, {
    kind,
    message: 'Binding Update',
    from: CARE_OF,
    to: AGENT,
    octets: 110,
    detail: 'seq 1',
  });

function recordOf(events: readonly Logged[]): RunRecord {
  return {
    backend: { name: 'sim' },
    ...{ scenario: SCENARIO, plan: planOf(SCENARIO), seed: 1, without: new Set(), ended: at(9000) },
    events,
    attachments: [
      { at: at(0), node: 'mn', interface: 'wlan0', link: 'home' },
      { at: at(2000), node: 'mn', interface: 'wlan0', link: 'away' },
    ],
    owners: new Map([[AGENT, 'ha']]),
    ...{
      flows: [],
      paths: new Map(),
      seen: [],
      counters: new Map(),
      files: [],
      tables: new Map(),
      unasked: new Map(),
    },
  };
}

test('where a node begins is no hand-over; a move is one, and counts from the change of link', () => {
  const handovers = handoversOf(
    recordOf([
      phase('movement_detection', 0, 40),
      began(40),
      phase('movement_detection', 2000, 2030),
      began(2030),
      signal(2031, 'mn', 'signal.sent'),
      signal(2040, 'ha', 'signal.received'),
      phase('home_registration', 2030, 3060),
      phase('return_routability', 3060, 3100, AGENT),
      phase('return_routability', 3050, 3080, HOME),
      phase('return_routability', 8000, 8050, HOME), // a renewal
    ]),
  );
  assert.equal(handovers.length, 1);
  const [one] = handovers;
  assert.equal(one?.at, 2_000_000);
  assert.deepEqual([one?.fromLink, one?.toLink], ['home', 'away']);
  assert.deepEqual(one?.phases, {
    movement_detection: 30_000,
    address_configuration: null,
    home_registration: 1_030_000,
    return_routability: 50_000, // from the first that began to the last that ended
    peer_registration: null,
  });
  assert.equal(one?.total, 1_100_000);
  assert.equal(one?.signallingBytes, 110);
});

test('what a node did before it could hand over is on the bill of that hand-over', () => {
  const [one] = handoversOf(
    recordOf([
      phase('movement_detection', 0, 40),
      phase('address_configuration', 40, 1040),
      began(1040),
      phase('movement_detection', 2000, 2700), // Duplicate Address Detection comes before it begins
      phase('address_configuration', 2700, 4000),
      began(4000),
    ]),
  );
  assert.equal(one?.at, 2_000_000);
  assert.equal(one?.phases.movement_detection, 700_000);
  assert.equal(one?.phases.address_configuration, 1_300_000);
});

test('a node that comes back after a crash has a hand-over of its own, from when it is back', () => {
  const scenario = scenarioOf(`title: t
links:
  home: { prefix: 2001:db8:1::/64 }
  away: { prefix: 2001:db8:2::/64 }
nodes:
  ha: { role: home-agent, on: [home, away], serves: home, allow-unauthenticated: true }
  mn: { role: mobile-node, home: home, home-agent: ha, interfaces: { wlan0: home } }
events:
  - { at: 2s, move: mn.wlan0, to: away }
  - { at: 4s, crash: mn }
  - { at: 6s, restart: mn }
`);
  const moved = [phase('movement_detection', 2000, 2030), began(2030)];
  const back = [phase('movement_detection', 6000, 6040), began(6040)];
  const handovers = handoversOf({ ...recordOf([...moved, ...back]), scenario });
  assert.deepEqual(
    handovers.map(({ at, total }) => [at, total]),
    [
      [2_000_000, 30_000],
      [6_000_000, 40_000],
    ],
  );
});

test('bindings are followed through acceptance, deletion, expiry and crashes', () => {
  const accepted = { scope: 'home', home: HOME, careof: CARE_OF, lifetime_s: 60 } as const;
  const events = [log(1, 'ha', { kind: 'binding.accepted', ...accepted })];
  const held = () => bindingsOf(events).get('ha')?.length;
  assert.equal(held(), 1);
  events.push(log(2, 'ha', { kind: 'binding.accepted', ...accepted, careof: AGENT }));
  assert.equal(held(), 1);
  events.push(log(3, 'ha', { kind: 'binding.accepted', ...accepted, scope: 'peer' }));
  assert.equal(held(), 2);
  events.push(log(4, 'ha', { kind: 'binding.expired', ...accepted, scope: 'peer' }));
  assert.equal(held(), 1);
  events.push(log(5, 'ha', { kind: 'node.crashed' }));
  assert.equal(held(), 0);
});

test('the chart draws what arrived, what got lost, and what nobody else saw', () => {
  const record = recordOf([
    signal(2031, 'mn', 'signal.sent'),
    signal(2040, 'ha', 'signal.received'),
    signal(2500, 'mn', 'signal.sent'),
    signal(3000, 'mn', 'signal.sent'),
    signal(3010, 'ha', 'signal.received'),
    log(3001, 'mn', { kind: 'home.left', home: HOME, link: 'wlan0' }),
  ]);
  const lines = sequenceChart(record, { width: 100, paint: pc.createColors(false) });
  assert.deepEqual(lines, [
    '    time  ha          mn',
    '  2.0000  |           *            mn.wlan0 moves to away',
    '  2.0310  |<----------|            Binding Update seq 1',
    '  2.5000  |     x-----|            Binding Update seq 1',
    '  3.0000  |<----------|            Binding Update seq 1',
    '  3.0010  |           *            is away from home',
  ]);
  assert.ok(lines.every((line) => line.length <= 100));
});
