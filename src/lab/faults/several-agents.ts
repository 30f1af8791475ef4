/** What must have come about among agents of one anycast address some time after the heal, and at their clients. */
import { type Instant, seconds } from '../../core/time.ts';
import { UdpRecord } from '../flow-records.ts';
import type { World } from '../sim/run.ts';
import { checkCounters } from './leftovers.ts';
import type { AnycastPart } from './random-network.ts';
import type { RandomRun } from './random-scenario.ts';
import type { Report } from './violation.ts';

/** Seconds after the heal in which servers are found to be there again, beside what a lifetime takes. */
const FOUND = 10;
/** Seconds before the last datagram in which the agents must once have known the same. */
const AGREED_WITHIN = 8;
const STEP = 0.25;

/** Runs a seed of agents to its end. */
export function playAgents(
  run: RandomRun,
  anycast: AnycastPart,
  world: World,
  report: Report,
): void {
  const { phases, network, scenario } = run;
  world.network.start(scenario.events);
  world.applications.start(world.network.nodes);
  const runTo = (at: number) => world.simulation.run(seconds(at) as number as Instant);
  let fault: string | undefined = 'nobody looked';
  for (let at = phases.quiet - AGREED_WITHIN; at < phases.quiet; at += STEP) {
    runTo(at);
    if (fault !== undefined) fault = disagreement(world, anycast);
  }
  if (fault !== undefined) report('agents-disagree', anycast.agents[0]!, fault);
  checkServers(world, anycast, report);
  runTo(phases.silence);
  world.applications.close(world.simulation.now);
  checkClients(run, anycast, world, report);
  runTo(phases.end);
  checkForgotten(world, anycast, report);
  checkCounters(world.network.counters(), network.rare, report);
}

function disagreement({ network }: World, { agents }: AnycastPart): string | undefined {
  const known = network.known();
  const all = agents.map((name) => [name, known.get(name)] as const);
  const [[first, one]] = all as [(typeof all)[number]];
  for (const [name, other] of all) {
    if (other !== undefined && other.text === one?.text) continue;
    const shown = [one, other].map((it) => (it ? `${it.servers} and ${it.clients}` : 'nothing'));
    return `${first} knows ${shown[0]}, ${name} ${shown[1]} servers and clients`;
  }
  return undefined;
}

function checkServers({ network }: World, { agents, servers }: AnycastPart, report: Report): void {
  const known = network.known();
  for (const agent of agents) {
    const there = known.get(agent)?.servers ?? 0;
    if (there < servers.length) {
      report('server-unknown', agent, `it knows ${there} of ${servers.length} servers`);
    }
  }
}

/** Where nothing but the store failed clients feel nothing; else they are served some time after the heal. */
function checkClients(
  { phases, network }: RandomRun,
  { storeAlone }: AnycastPart,
  world: World,
  report: Report,
): void {
  const healed = phases.healed + FOUND + network.lifetimes.peer;
  const from = seconds(storeAlone ? 0 : healed);
  for (const flow of world.applications.records) {
    const { text, name } = flow;
    if (flow instanceof UdpRecord) {
      const lost = flow.lostAt.filter((at) => at >= from);
      if (lost.length === 0) continue;
      const [first, last] = [lost[0]!, lost.at(-1)!].map((at) => (at / 1e6).toFixed(3));
      report('not-reached', text.from, `${name}: ${lost.length} of ${first} s to ${last} s lost`);
      continue;
    }
    const { survived, failure, bytes } = flow.result([]);
    if (survived || text.start < from) continue;
    report(
      'session-broken',
      text.from,
      `${name}: ${failure ?? 'unfinished'} after ${bytes} octets`,
    );
  }
  if (!storeAlone) return;
  for (const [node, counted] of world.network.counters()) {
    const lost = counted.get('service.client_lost') ?? 0;
    if (lost > 0) report('client-lost', node, `${lost} clients lost their server`);
  }
}

/** Who has sent nothing for long is remembered by nobody. */
function checkForgotten({ network }: World, { agents }: AnycastPart, report: Report): void {
  const known = network.known();
  for (const agent of agents) {
    const clients = known.get(agent)?.clients ?? 0;
    if (clients > 0) report('leftover', agent, `it remembers ${clients} clients`);
  }
}
