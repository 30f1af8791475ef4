/** Runs a scenario on the simulator, from the first packet to the last datagram that may still come. */
import type { NodeConfig } from '../../core/config.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import type { Environment, Role } from '../../core/role.ts';
import { type Instant, seconds } from '../../core/time.ts';
import { createNode } from '../../roles/create.ts';
import { type Kernel, Simulation } from '../../sim/index.ts';
import { nodeCryptography } from '../crypto.ts';
import { serveNames } from '../dns/name-server.ts';
import { type Plan, planOf } from '../plan.ts';
import { nameServersOf, namesOf } from '../plan-names.ts';
import { checkedPorts } from '../run/checked-ports.ts';
import { End, SLICE } from '../run/end.ts';
import { LinkCaptures } from '../run/link-captures.ts';
import { PacketWatch } from '../run/packet-watch.ts';
import { UnaskedWatch } from '../run/unasked-watch.ts';
import type { RunRecord } from '../run-record.ts';
import type { Scenario } from '../scenario/read.ts';
import { answerChecks } from './answer-checks.ts';
import { Applications } from './applications.ts';
import { Network } from './network.ts';
import { Resolvers } from './resolvers.ts';
import { TablePeaks } from './table-peaks.ts';

export interface RunOptions {
  /** Instead of the scenario's own. */
  readonly seed?: number;
  readonly without?: ReadonlySet<Mechanism>;
  /** Folder for one capture file a link. */
  readonly captures?: string;
  /** Told now and then how far the run is, both in network time; flows may last past `end`. */
  readonly onProgress?: (now: Instant, end: Instant) => void;
  /** Makes the control sides; a test may put others in. */
  readonly createNode?: (config: NodeConfig, environment: Environment) => Role;
}

/** A TCP flow that has not ended so long after everything else never will. */
const PATIENCE = seconds(600);

/** 2026-01-01T00:00:00Z: one date for all runs, so that captures and timestamps repeat exactly. */
export const EPOCH = Date.UTC(2026, 0, 1) * 1000;

/** All that a run is made of, before its first instant. */
export interface World {
  readonly simulation: Simulation;
  readonly plan: Plan;
  readonly applications: Applications;
  readonly network: Network;
}

/** Builds it. `onStart` sees each kernel that comes up, with its applications. */
export function worldOf(
  scenario: Scenario,
  options: Pick<RunOptions, 'seed' | 'without' | 'createNode'>,
  onStart?: (node: string, kernel: Kernel) => void,
): World {
  const simulation = new Simulation(options.seed ?? scenario.random);
  const plan = planOf(scenario);
  const resolvers = new Resolvers(nameServersOf(plan));
  const names = namesOf(scenario, plan);
  const checked = checkedPorts(plan);
  const applications = new Applications(simulation, scenario, plan, resolvers);
  const without = options.without ?? new Set();
  const network = new Network(simulation, plan, scenario.events, {
    environment: { crypto: nodeCryptography, epoch: EPOCH, without, constants: scenario.constants },
    createNode: options.createNode ?? createNode,
    resolve: (kernel, question, done) => resolvers.of(kernel).ask(question, done),
    onStart: (node, kernel) => {
      const told = names.get(node);
      if (told !== undefined) serveNames(kernel, told);
      applications.nodeStarted(node, kernel);
      for (const port of checked.get(node) ?? [])
        answerChecks(kernel, port, () => network.answerOf(node));
      onStart?.(node, kernel);
    },
  });
  return { simulation, plan, applications, network };
}

/** Runs it. Throws where the captures cannot be written. */
export function runOnSimulator(scenario: Scenario, options: RunOptions = {}): RunRecord {
  const seed = options.seed ?? scenario.random;
  const without = options.without ?? new Set();
  const { simulation, plan, applications, network } = worldOf(scenario, options);
  const watch = new PacketWatch(scenario, applications.endpoints, network.links);
  const unasked = new UnaskedWatch(scenario, network.links, (node, address) =>
    network.isOwn(node, address),
  );
  const peaks = new TablePeaks(scenario);
  const captures =
    options.captures === undefined
      ? undefined
      : new LinkCaptures(options.captures, network.links, EPOCH);
  try {
    network.start(scenario.events);
    applications.start(network.nodes);
    runToTheEnd(simulation, scenario, applications, (now, end) => {
      peaks.look(network.nodes);
      options.onProgress?.(now, end);
    });
  } finally {
    captures?.close();
  }
  applications.close(simulation.now);
  return {
    backend: { name: 'sim' },
    ...{ scenario, plan, seed, without, ended: simulation.now },
    events: network.events,
    attachments: network.attachments,
    owners: network.owners,
    flows: applications.records,
    paths: watch.paths,
    seen: watch.seen,
    counters: network.counters(),
    tables: peaks.most,
    known: network.known(),
    unasked: unasked.octets,
    files: captures?.files ?? [],
  };
}

function runToTheEnd(
  simulation: Simulation,
  scenario: Scenario,
  applications: Applications,
  onProgress: NonNullable<RunOptions['onProgress']>,
): void {
  const end = new End(scenario, PATIENCE);
  while (!end.reached(simulation.now, applications.over)) {
    simulation.run(Math.min(simulation.now + SLICE, end.limit) as Instant);
    onProgress(simulation.now, end.least);
  }
}
