/** Between whom each flow runs, and by what its packets are known. */
import type { Address } from '../../wire/address.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import type { Plan, PlannedNode } from '../plan.ts';
import type { Scenario } from '../scenario/read.ts';
import type { FlowText } from '../scenario/traffic.ts';

/** The two ends of a flow. */
export interface FlowEnds {
  readonly flow: string;
  readonly text: FlowText;
  readonly from: PlannedNode;
  readonly to: PlannedNode;
  readonly port: number;
}

/** What tells a flow's packets from others: where they go to. */
export const flowKey = (destination: Address, protocol: number, port: number): string =>
  `${destination}${protocol}/${port}`;

export const flowKeyOf = ({ text, to, port }: FlowEnds): string =>
  flowKey(to.identity, PROTOCOL[text.protocol], port);

/** Flows without a port of their own get one from here on. */
const FIRST_PORT = 5001;

/** The ends of each flow by the key of its packets, in the order of the file. */
export function flowEndsOf(scenario: Scenario, plan: Plan): Map<string, FlowEnds> {
  const nodes = new Map(plan.nodes.map((node) => [node.name, node]));
  const chosen = new Set([...scenario.traffic.values()].map((flow) => flow.port));
  let next = FIRST_PORT;
  const freePort = () => {
    while (chosen.has(next)) next++;
    return next++;
  };
  const ends = [...scenario.traffic].map(([flow, text]): FlowEnds => {
    const [from, to] = [nodes.get(text.from)!, nodes.get(text.to)!];
    return { flow, text, from, to, port: text.port ?? freePort() };
  });
  return new Map(ends.map((one) => [flowKeyOf(one), one]));
}
