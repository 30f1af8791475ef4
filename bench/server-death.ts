/**
 * How long clients of an anycast server that dies are without one: from its death to the next datagram of each that
 * is answered for, in the simulator, where times are exact.
 *
 *     c-0 ... (bound), old-0 ... (unaware) ~~ core ~~ agent --- site --- s1, s2, s3
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reportOf, runOnSimulator } from '../src/lab/index.ts';
import { type Measurement, median } from './measure.ts';
import { writtenScenario } from './written-scenario.ts';

const DIES_AT = 10;
const EACH = 15;
/** Milliseconds: five heartbeats of a second until it is removed, and one second more. */
const MOST = 5 * 1000 + 1000;
const KINDS = ['c', 'old'] as const;

const server = (n: number) =>
  `s${n}: { role: anycast-server, on: [site], agents: [a], service: "2001:db8:a::80", auth: { rfc4285: { spi: ${256 + n}, key: "hex:${`0${n}`.repeat(16)}" } } }`;

const clients = KINDS.flatMap((kind) => Array.from({ length: EACH }, (_, n) => `${kind}-${n}`));

const TEXT = `title: A server dies
links:
  core: { prefix: 2001:db8:f::/64, delay: 10ms }
  site: { prefix: 2001:db8:1::/64, delay: 1ms }
nodes:
  a: { role: anycast-agent, on: [site, core], service: "2001:db8:a::80" }
  ${[1, 2, 3].map(server).join('\n  ')}
  c: { role: correspondent-node, on: [core], count: ${EACH} }
  old: { role: host, on: [core], count: ${EACH} }
traffic:
${clients.map((from, n) => `  ${from}: { protocol: udp, from: ${from}, to: a, rate: 50/s, payload: 64B, start: ${2000 + 10 * n}ms, stop: 30s }`).join('\n')}
events:
  - { at: ${DIES_AT}s, crash: s1 }
`;

export function* serverDeath(): Generator<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'careof-bench-'));
  try {
    const { flows } = reportOf(runOnSimulator(writtenScenario(folder, TEXT)));
    for (const kind of KINDS) {
      const gaps = flows
        .filter(({ name }) => name.startsWith(`${kind}-`))
        .map(({ interruption }) => (interruption ?? Infinity) / 1000)
        // Those of the other servers feel nothing.
        .filter((gap) => gap > 100);
      const name = `anycast: a server dies, ${kind === 'c' ? 'bound' : 'unaware'} clients`;
      const of = `of ${gaps.length} clients`;
      yield { name: `${name}: median gap ${of}`, value: median(gaps), unit: 'ms' };
      const aim = { most: MOST };
      yield { name: `${name}: longest gap ${of}`, value: Math.max(...gaps), unit: 'ms', aim };
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
