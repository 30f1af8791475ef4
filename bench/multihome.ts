/**
 * What a provider's failure costs a download and a stream of datagrams: in the simulator and on real hosts,
 * beside the same hosts without careof, and beside Multipath TCP of two subflows on the same links.
 *
 *     mh.a ~~ a ~~ ra -- ta -- qa -+
 *                                  +-- core -- cn        20 Mbit/s and 5 ms at a and b, 32 ms there and back
 *     mh.b ~~ b ~~ rb -- tb -- qb -+
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UdpRecord } from '../src/lab/flow-records.ts';
import { type Report, type RunRecord, reportOf, runOnSimulator } from '../src/lab/index.ts';
import { runOnLinux } from '../src/lab/linux/run.ts';
import { type Measurement, median } from './measure.ts';
import { writtenScenario } from './written-scenario.ts';

const ROUNDS = 5;
/** From the host to its peer and back, in milliseconds, and the probing of a path by default. */
const ROUND_TRIP = 32;
const PROBING = 3 * 250;
const FAILS_AT = 6;
const END = 11;
const FLOWS = ['download', 'datagrams'] as const;

type Flow = (typeof FLOWS)[number];
type Side = 'careof' | 'plain' | 'multipath';

interface Cause {
  readonly name: string;
  readonly event: (side: Side) => string;
  /** What an interruption may be, in milliseconds. */
  readonly most: number;
}

const CAUSES: readonly Cause[] = [
  {
    name: 'interface down',
    event: (side) => `link-down: mh.${side === 'careof' ? 'eth0' : 'a'}`,
    most: ROUND_TRIP + 20,
  },
  { name: 'router dead', event: () => 'crash: ra', most: PROBING + ROUND_TRIP },
  { name: 'far path silent', event: () => 'crash: qa', most: PROBING + ROUND_TRIP },
];
const PLANNED: Cause = { name: 'planned move', event: () => 'prefer: mh.eth1', most: 0 };

const text = (side: Side, event: string) => `title: A provider fails
links:
  a:    { prefix: 2001:db8:a::/64, delay: 5ms, bandwidth: 20Mbit/s }
  b:    { prefix: 2001:db8:b::/64, delay: 5ms, bandwidth: 20Mbit/s }
  ta:   { prefix: 2001:db8:aa::/64, delay: 1ms, bandwidth: 1Gbit/s }
  tb:   { prefix: 2001:db8:bb::/64, delay: 1ms, bandwidth: 1Gbit/s }
  core: { prefix: 2001:db8:f::/64, delay: 10ms, bandwidth: 1Gbit/s }
nodes:
  ra: { role: access-router, on: [a, ta], advertises: [a], ingress-filter: [a] }
  rb: { role: access-router, on: [b, tb], advertises: [b], ingress-filter: [b] }
  qa: { role: router, on: [ta, core] }
  qb: { role: router, on: [tb, core] }
  mh: ${side === 'careof' ? '{ role: multihomed-host, interfaces: { eth0: a, eth1: b } }' : '{ role: host, on: [a, b] }'}
  cn: { role: ${side === 'careof' ? 'correspondent-node' : 'host'}, on: [core] }
traffic:
  download:  { protocol: tcp, from: cn, to: mh, size: 12MB, start: 3s, program: socat }
  datagrams: { protocol: udp, from: cn, to: mh, rate: 1000/s, payload: 64B, start: 3s, stop: ${END}s }
events:
  - { at: ${FAILS_AT}s, ${event} }
expect:
  datagrams: { duplicated: 0 }
`;

export async function* multihome(): AsyncGenerator<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'careof-bench-'));
  try {
    for (const cause of CAUSES) yield* ofCause(folder, cause);
    yield* ofPlannedMove(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function* ofCause(folder: string, cause: Cause): AsyncGenerator<Measurement> {
  const read = (side: Side) => writtenScenario(folder, text(side, cause.event(side)));
  const seen = new Map<string, number[]>();
  const note = (who: string, record: RunRecord) => {
    const report = reportOf(record);
    for (const flow of FLOWS) {
      const key = `${flow}, ${who}`;
      seen.set(key, [...(seen.get(key) ?? []), interruption(report, flow)]);
    }
  };
  note('simulator', runOnSimulator(read('careof')));
  for (let round = 0; round < ROUNDS; round++) {
    note('real hosts', await runOnLinux(read('careof')));
    note('Multipath TCP', await runOnLinux(read('multipath'), { multipath: true }));
    // What has nobody to move it stays dead however often it is tried.
    if (round === 0) note('without careof', await runOnLinux(read('plain')));
  }
  const told = (flow: Flow, who: string) => median(seen.get(`${flow}, ${who}`)!);
  const unit = 'ms';
  const aim = { most: cause.most };
  for (const flow of FLOWS) {
    for (const who of ['simulator', 'real hosts', 'without careof']) {
      const name = `${cause.name}: ${flow}, ${who}`;
      yield { name, value: told(flow, who), unit, ...(who !== 'without careof' && { aim }) };
    }
  }
  const reference = { name: 'Multipath TCP', value: told('download', 'Multipath TCP') };
  const name = `${cause.name}: download, real hosts, beside it`;
  const tenth = cause.name === 'far path silent' ? { aim: { most: 0.1 } } : {};
  yield { name, value: told('download', 'real hosts'), unit, reference, ...tenth };
}

/** The host leaves a provider that works: nothing is lost. */
async function* ofPlannedMove(folder: string): AsyncGenerator<Measurement> {
  const planned = writtenScenario(folder, text('careof', PLANNED.event('careof')));
  for (const [who, record] of [
    ['simulator', runOnSimulator(planned)],
    ['real hosts', await runOnLinux(planned)],
  ] as const) {
    const datagrams = record.flows.find(({ name }) => name === 'datagrams') as UdpRecord;
    // The first ones may be lost while neighbours are resolved.
    const lost = datagrams.lostAt.filter((at) => at >= (FAILS_AT - 1) * 1e6);
    const name = `${PLANNED.name}: datagrams lost, ${who}`;
    yield { name, value: lost.length, unit: 'datagrams', aim: { most: 0 } };
  }
}

/** In milliseconds; of a flow that never came again, all the time that was left. */
function interruption({ flows }: Report, flow: Flow): number {
  const found = flows.find(({ name }) => name === flow);
  const dead = (END - FAILS_AT) * 1000;
  return found?.survived === true ? Math.min((found.interruption ?? 0) / 1000, dead) : dead;
}
