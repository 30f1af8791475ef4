/**
 * What a hand-over interrupts on real hosts: 20 moves of a node with one interface, and 20 changes of one
 * that has two, each beside the simulator, whose links and roles are the same.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Report, reportOf, runOnSimulator } from '../../src/lab/index.ts';
import { runOnLinux } from '../../src/lab/linux/run.ts';
import { type Measurement, median } from '../measure.ts';
import { writtenScenario } from '../written-scenario.ts';

const MOVES = 20;
/** Seconds from one to the next. */
const APART = 2;
const FIRST = 4;
/** From the mobile node to its home agent and back, in milliseconds: links of 1 ms and 10 ms. */
const ROUND_TRIP = 22;
/** What a hand-over may take beside that. */
const ALLOWED = 10;
/** Datagrams a second of the flow: what a gap is measured by. */
const RATE = 500;

const END = FIRST + MOVES * APART;

/** Nobody optimises routes: what is interrupted is the tunnel by the home agent. */
const NETWORK = `
links:
  home: { prefix: 2001:db8:1::/64, delay: 1ms }
  one:  { prefix: 2001:db8:2::/64, delay: 1ms }
  two:  { prefix: 2001:db8:3::/64, delay: 1ms }
  core: { prefix: 2001:db8:f::/64, delay: 10ms }
traffic:
  down: { protocol: udp, from: far, to: mn, rate: ${RATE}/s, payload: 64B, start: 2s, stop: ${END}s }
`;

const nodes = (interfaces: string) => `
nodes:
  ha:  { role: home-agent, on: [home, core], serves: home }
  ar1: { role: access-router, on: [one, core], ra-delay: 0ms }
  ar2: { role: access-router, on: [two, core], ra-delay: 0ms }
  far: { role: host, on: [core] }
  mn:  { role: mobile-node, home: home, home-agent: ha, home-address: 2001:db8:1::100,
         interfaces: ${interfaces},
         auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } } }
`;

const events = (kinds: readonly [string, string]) =>
  `events:\n${Array.from({ length: MOVES }, (_, i) => `  - { at: ${FIRST + i * APART}s, ${kinds[i % 2]} }\n`).join('')}`;

const ONE = `title: Moves of a node with one interface
${NETWORK}${nodes('{ wlan0: one }')}${events(['move: mn.wlan0, to: two', 'move: mn.wlan0, to: one'])}
expect:\n  down: { survives: true }\n`;

const TWO = `title: Changes of a node with two interfaces
${NETWORK}${nodes('{ wlan0: one, lte0: two }')}${events(['prefer: mn.lte0', 'prefer: mn.wlan0'])}
expect:\n  down: { survives: true }\n`;

export async function* handovers(): AsyncGenerator<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'careof-bench-'));
  try {
    for (const [what, text, judged] of [
      ['one interface', ONE, interruptions],
      ['two interfaces', TWO, losses],
    ] as const) {
      const scenario = writtenScenario(folder, text);
      const simulated = reportOf(runOnSimulator(scenario));
      for (const dataPlane of ['ebpf', 'tun'] as const) {
        const real = reportOf(await runOnLinux(scenario, { dataPlane }));
        yield* judged(`${what}, ${dataPlane}`, real, simulated);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function* interruptions(what: string, real: Report, simulated: Report): Generator<Measurement> {
  const gaps = gapsOf(real);
  const reference = { name: 'simulator', value: median(gapsOf(simulated)) };
  const unit = 'ms';
  const aim = { most: ROUND_TRIP + ALLOWED };
  yield { name: `interruption, median of ${gaps.length}: ${what}`, value: median(gaps), unit, aim };
  yield { name: `the same beside the simulator: ${what}`, value: median(gaps), unit, reference };
  yield { name: `interruption, worst: ${what}`, value: Math.max(...gaps), unit };
}

/** What each hand-over took from the flow, in milliseconds; what did not come is not left out. */
const gapsOf = ({ handovers: all }: Report): number[] =>
  all.flatMap(({ flows }) => flows.map(({ interruption }) => (interruption ?? Infinity) / 1000));

function* losses(what: string, real: Report, simulated: Report): Generator<Measurement> {
  const lost = (report: Report) => report.flows.reduce((sum, flow) => sum + (flow.lost ?? 0), 0);
  const { length } = real.handovers;
  const unit = 'datagrams';
  yield {
    name: `lost in ${length} hand-overs: ${what}`,
    value: lost(real),
    unit,
    aim: { most: 0 },
  };
  yield { name: `lost in the simulator: ${what}`, value: lost(simulated), unit };
}
