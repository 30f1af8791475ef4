/** Runs one seed to its end with every checker looking on. */
import { createHash } from 'node:crypto';
import type { BindingCache } from '../../core/bindings/binding-cache.ts';
import type { NodeConfig } from '../../core/config.ts';
import { constantsWith } from '../../core/constants.ts';
import { eventToJson } from '../../core/events.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import type { NodeState } from '../../core/node-state.ts';
import type { Environment, Role } from '../../core/role.ts';
import { type Instant, seconds } from '../../core/time.ts';
import { createNode } from '../../roles/create.ts';
import type { Kernel } from '../../sim/index.ts';
import { formatAddress, readAddress } from '../../wire/address.ts';
import type { FlowRecord } from '../flow-records.ts';
import { flowsIn } from '../run/flow-ends.ts';
import { type World, worldOf } from '../sim/run.ts';
import { Excuses } from './excuses.ts';
import { Inside } from './inside.ts';
import { checkCounters, checkLeftovers } from './leftovers.ts';
import { checkReached, checkSessions, Optimised } from './liveness.ts';
import { type NetworkKind, type RandomRun, randomRun } from './random-scenario.ts';
import { Safety } from './safety.ts';
import { playAgents } from './several-agents.ts';
import type { Report, Violation } from './violation.ts';

export interface SeedOptions {
  readonly without?: ReadonlySet<Mechanism>;
  /** Puts something else in the place of a control side, to see it found out. */
  readonly sabotage?: (role: Role, config: NodeConfig, state: NodeState) => Role;
  /** Wants the digest of all that happened. */
  readonly digest?: boolean;
  /** Mobile nodes, where nobody says. */
  readonly kind?: NetworkKind;
}

export interface SeedOutcome {
  readonly seed: number;
  /** In order of time; each once for a rule and a node, however often it was seen. */
  readonly violations: readonly Violation[];
  /** How often everything happened, by the kind of event. */
  readonly counts: Readonly<Record<string, number>>;
  /** SHA-256 of all events and counters; empty where nobody asked. */
  readonly digest: string;
}

/** Seconds before the last datagram in which every pair must have been seen as it should be. */
const OPTIMISED_WITHIN = 12;
/** More of them say nothing new. */
const MAX_VIOLATIONS = 20;

export function runSeed(seed: number, options: SeedOptions = {}): SeedOutcome {
  const run = randomRun(seed, options.kind);
  const seen = new Map<string, Violation>();
  const bindings = new Map<string, BindingCache>();
  const world = worldOf(
    run.scenario,
    {
      seed,
      without: options.without ?? new Set(),
      createNode: (config, env) => made(config, env, bindings, options.sabotage),
    },
    // Any server may get what clients send to an anycast address.
    (node, kernel) => run.network.anycast ?? setTraps(world, node, kernel, report),
  );
  function report(rule: Violation['rule'], node: string, text: string): void {
    const key = `${rule} ${node}`;
    if (seen.has(key) || seen.size >= MAX_VIOLATIONS) return;
    seen.set(key, { at: world.simulation.now, rule, node, text });
  }
  try {
    if (run.network.anycast === undefined) play(run, world, bindings, report);
    else playAgents(run, run.network.anycast, world, report);
  } catch (cause) {
    const { stack, message } = cause as Error;
    report('exception', '', (stack ?? message).split('\n').slice(0, 4).join(' | '));
  }
  return {
    seed,
    violations: [...seen.values()],
    counts: countsOf(run, world),
    digest: options.digest === true ? digestOf(world) : '',
  };
}

function made(
  config: NodeConfig,
  env: Environment,
  bindings: Map<string, BindingCache>,
  sabotage: SeedOptions['sabotage'],
): Role {
  let state: NodeState | undefined;
  const role = createNode(config, env, (one) => {
    state = one;
  });
  bindings.set(config.name, state!.bindings);
  return sabotage === undefined ? role : sabotage(role, config, state!);
}

function play(
  run: RandomRun,
  world: World,
  bindings: ReadonlyMap<string, BindingCache>,
  report: Report,
): void {
  const { phases, scenario } = run;
  const inside = new Inside(world, bindings);
  const linger = constantsWith(scenario.constants).OLD_CARE_OF_LINGER;
  const safety = new Safety(inside, new Excuses(run, inside), linger, report);
  world.network.start(scenario.events);
  world.applications.start(world.network.nodes);
  trapFrames(inside, report);
  const optimised = new Optimised(inside, run);
  for (let at = phases.quiet - OPTIMISED_WITHIN; at < phases.quiet; at += 0.5) {
    watch(world, safety, at);
    optimised.look();
  }
  optimised.check(report);
  watch(world, safety, phases.silence);
  world.applications.close(world.simulation.now);
  checkReached(inside, run, report);
  checkSessions(inside, run, report);
  watch(world, safety, phases.end);
  if (!isHaunted(run, world)) checkLeftovers(inside, run.rest, report);
  checkCounters(world.network.counters(), run.network.rare, report);
}

/** Does TCP go on asking for a peer that forgot the session, which takes it a quarter of an hour? */
function isHaunted({ network }: RandomRun, { applications }: World): boolean {
  const isUnfinished = (flow: FlowRecord) => flow.result([]).failure === 'unfinished';
  return network.mobileNodes.length === 0 && applications.records.some(isUnfinished);
}

/** Runs to a moment (in seconds) and looks at tables whenever something was told. */
function watch({ simulation, network }: World, safety: Safety, until: number): void {
  const end = seconds(until) as number as Instant;
  let told = network.events.length;
  for (let next = simulation.next(); next !== undefined && next <= end; next = simulation.next()) {
    simulation.run(next);
    if (network.events.length === told) continue;
    const changed = new Set<string>();
    for (; told < network.events.length; told++) {
      const { node, event } = network.events[told]!;
      safety.told(node, event);
      if (!event.kind.startsWith('signal.')) changed.add(node);
    }
    safety.check(changed);
  }
  simulation.run(end);
}

/** Listens on every node for what is only ever sent to others. */
function setTraps({ applications }: World, node: string, kernel: Kernel, report: Report): void {
  const caught = (flow: string) => report('wrong-receiver', node, `it got what ${flow} carries`);
  for (const { flow, to, text, port } of flowsIn(applications.endpoints)) {
    if (to.name === node) continue;
    if (text.protocol === 'udp') kernel.udp.open({ port, onDatagram: () => caught(flow) });
    else kernel.tcp.listen(port, () => caught(flow));
  }
}

/** Looks at each packet that a link gives to a mobile node or a host: is it addressed to another? */
function trapFrames(inside: Inside, report: Report): void {
  const { plan, network } = inside.world;
  const ends = new Set(plan.nodes.filter((node) => !node.forwarding).map(({ name }) => name));
  for (const link of network.links.values()) {
    link.observe({
      delivered: ({ octets }, _at, receiver) => {
        if (!ends.has(receiver)) return;
        const destination = readAddress(octets, 24);
        const owner = inside.ownerOf(destination);
        if (owner === undefined || owner === receiver) return;
        const text = `a packet to ${formatAddress(destination)} of ${owner} on ${link.name}`;
        report('wrong-receiver', receiver, text);
      },
    });
  }
}

function countsOf(run: RandomRun, world: World): Record<string, number> {
  const counts: Record<string, number> = {};
  const add = (key: string, by = 1) => {
    counts[key] = (counts[key] ?? 0) + by;
  };
  for (const { kind } of run.scenario.events) add(`fault ${kind}`);
  for (const { event } of world.network.events) {
    if (event.kind === 'binding.accepted' || event.kind === 'binding.expired') {
      add(`${event.kind} ${event.scope}`);
    } else if (!event.kind.startsWith('signal.')) add(event.kind);
    else if ('message' in event && event.kind === 'signal.sent') add(`sent ${event.message}`);
  }
  for (const flow of world.applications.records) {
    const { protocol, survived, failure, received } = flow.result([]);
    if (protocol === 'udp') add('datagrams', received);
    else add(survived ? 'sessions whole' : `sessions ${failure}`);
  }
  return counts;
}

function digestOf({ network }: World): string {
  const hash = createHash('sha256');
  for (const { at, node, event } of network.events) {
    hash.update(`${at} ${node} ${JSON.stringify(eventToJson(event))}\n`);
  }
  for (const [node, counters] of network.counters()) {
    hash.update(`${node} ${JSON.stringify([...counters])}\n`);
  }
  return hash.digest('hex');
}
