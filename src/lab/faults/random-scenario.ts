/** A whole scenario from one number: the same file from the same seed, octet for octet. */
import { Document, visit } from 'yaml';
import { namedRandom } from '../../sim/random.ts';
import { diagnosticLine } from '../scenario/diagnostic.ts';
import { readScenarioData, type Scenario } from '../scenario/read.ts';
import { Dice } from './dice.ts';
import { agentFaults, clientTraffic, randomAgents } from './random-agents.ts';
import { delegate } from './random-delegations.ts';
import { type Phases, type Rest, randomFaults, randomPhases } from './random-faults.ts';
import { speakIpv4 } from './random-ipv4.ts';
import { type Entry, LEAST_MTU, type RandomNetwork, randomNetwork } from './random-network.ts';
import { randomProviders } from './random-providers.ts';

/**
 * Who is thrown into a network: mobile nodes and their home agents, hosts with several providers, or agents of one
 * anycast address.
 */
export const NETWORKS = {
  mobility: randomNetwork,
  providers: randomProviders,
  agents: randomAgents,
} as const;
export type NetworkKind = keyof typeof NETWORKS;

export interface RandomRun {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly network: RandomNetwork;
  readonly phases: Phases;
  readonly rest: Rest;
}

/** What is thrown stands in no file. */
const NOWHERE = { line: 1, column: 1 } as const;

/** The run of a seed. It goes through the reader of files, so that a file of it is the same run. */
export function randomRun(seed: number, kind: NetworkKind = 'mobility'): RandomRun {
  const { file, ...rest } = thrown(seed, kind);
  const source = { data: file, position: () => NOWHERE };
  const read = readScenarioData(`seed-${seed}`, source, () => {
    throw new RangeError('a random scenario names no key files');
  });
  if (!read.ok) throw new Error(read.error.map(diagnosticLine).join('\n'));
  return { seed, scenario: read.value, ...rest };
}

/** The same as a file for `careof lab run`, as a person would write it. */
export function randomScenarioText(seed: number, kind: NetworkKind = 'mobility'): string {
  const document = new Document(thrown(seed, kind).file);
  // The entries of a section stand on a line each: below the file, its section, and the section's map.
  visit(document, {
    Collection: (_, node, path) => {
      if (path.length >= 4) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0 });
}

function thrown(seed: number, kind: NetworkKind) {
  const dice = new Dice(namedRandom(seed, 'random scenario'));
  const thrown = kind === 'agents' ? thrownAgents(dice) : thrownMovers(dice, NETWORKS[kind]);
  const { network, phases, rest, traffic, events } = thrown;
  const nodes = new Map(network.nodes);
  const flows = new Map(Object.entries(traffic as Record<string, Entry>));
  if (kind === 'agents') {
    delegate(new Dice(namedRandom(seed, 'delegations')), nodes);
    speakIpv4(new Dice(namedRandom(seed, 'ipv4')), nodes, flows);
  }
  const file = {
    title: `A random network that is hurt from ${phases.hurt} s to ${phases.healed} s, then healed`,
    random: seed,
    constants: network.constants,
    links: Object.fromEntries(network.links),
    nodes: Object.fromEntries(nodes),
    traffic: Object.fromEntries(flows),
    events,
    until: `${phases.end}s`,
    long: true,
  };
  return { file, network, phases, rest };
}

function thrownMovers(dice: Dice, networkOf: (dice: Dice) => RandomNetwork) {
  const network = networkOf(dice);
  const phases = randomPhases(dice, network);
  const rest: Rest = dice.pick(['home', 'home', 'dead', 'away']);
  const traffic = randomTraffic(dice, network, phases);
  return { network, phases, rest, traffic, events: randomFaults(dice, network, phases, rest) };
}

function thrownAgents(dice: Dice) {
  const network = randomAgents(dice);
  const phases = randomPhases(dice, network);
  const traffic = clientTraffic(dice, network, phases);
  const rest: Rest = 'home';
  return { network, phases, rest, traffic, events: agentFaults(dice, network, phases) };
}

/** Datagrams to and from each mobile node all the time, and sessions now and then. */
function randomTraffic(dice: Dice, network: RandomNetwork, phases: Phases): Entry {
  const { peers } = network;
  const mobile = network.movers.map(({ name }) => name);
  const traffic: Record<string, Entry> = {};
  // What fits with all headers of a path: of a longer one each new path may cost one (RFC 8201 section 4).
  const large = [...network.links.values()].some(({ mtu }) => mtu === LEAST_MTU)
    ? '1100B'
    : '1200B';
  const udp = (from: string, to: string) => {
    traffic[`u${Object.keys(traffic).length}`] = {
      ...{ protocol: 'udp', from, to, rate: dice.pick(['1/s', '1/s', '1/s', '2/s']) },
      ...{ payload: dice.pick(['64B', '64B', large]) },
      ...{ start: `${dice.whole(300, 2500)}ms`, stop: `${phases.quiet}s` },
    };
  };
  for (const [index, name] of mobile.entries()) {
    const peer = dice.pick(peers);
    udp(peer, name);
    udp(name, dice.chance(0.6) ? peer : dice.pick(peers));
    if (index > 0 && dice.chance(0.7)) udp(name, mobile[index - 1]!);
    if (index > 0 && dice.chance(0.7)) udp(mobile[index - 1]!, name);
  }
  const sessions = dice.whole(1, 4);
  for (let index = 0; index < sessions; index++) {
    const one = dice.pick(mobile);
    const other = dice.pick([...peers, ...mobile.filter((name) => name !== one)]);
    const up = dice.chance(0.5);
    const start = dice.pick([0.5, 1.5, dice.between(2, phases.healed + 8)]);
    const longest = Math.floor(phases.healed + 10 - start);
    const over = dice.chance(0.7) && longest > 2 ? { over: `${dice.whole(2, longest)}s` } : {};
    const ends = { from: up ? one : other, to: up ? other : one };
    const size = `${dice.pick([2, 5, 10, 30])}kB`;
    traffic[`t${index}`] = {
      ...{ protocol: 'tcp', ...ends, size, ...over, start: `${Math.round(start * 1000)}ms` },
    };
  }
  return traffic;
}
