/** Between whom each flow runs, and by what its packets are known. */
import type { Address } from '../../wire/address.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import type { Plan, PlannedNode } from '../plan.ts';
import { addressesOf } from '../plan-names.ts';
import type { Scenario } from '../scenario/read.ts';
import type { FlowText } from '../scenario/traffic.ts';
import { checkedPorts } from './checked-ports.ts';

/** Each once. */
export const flowsIn = (ends: ReadonlyMap<string, FlowEnds>): ReadonlySet<FlowEnds> =>
  new Set(ends.values());

/** The two ends of a flow. */
export interface FlowEnds {
  readonly flow: string;
  readonly text: FlowText;
  readonly from: PlannedNode;
  readonly to: PlannedNode;
  /** What the two are known by in it. */
  readonly source: Address;
  readonly destination: Address;
  /** Where the receiver listens, or the sender where it serves. */
  readonly port: number;
  /** The receiver connects to the sender, which a program is. */
  readonly served: boolean;
}

/** What tells a flow's packets from others: where they go to, or where they come from if served. */
export const flowKey = (end: Address, protocol: number, port: number): string =>
  `${end}${protocol}/${port}`;

/** One for each address that the other end may choose. */
function flowKeysOf({ text, to, source, destination, port, served }: FlowEnds): string[] {
  const named = text.protocol === 'tcp' && text.name !== undefined;
  const addresses = named ? addressesOf(to) : [served ? source : destination];
  return addresses.map((address) => flowKey(address, PROTOCOL[text.protocol], port));
}

/** Flows without a port of their own get one from here on. */
const FIRST_PORT = 5001;

/**
 * The ends of each flow by the key (or keys) of its packets, in the order of the file.
 * @param programs flows that name a program are carried by it.
 */
export function flowEndsOf(
  scenario: Scenario,
  plan: Plan,
  { programs }: { readonly programs: boolean },
): Map<string, FlowEnds> {
  const nodes = new Map(plan.nodes.map((node) => [node.name, node]));
  const chosen = new Set([...scenario.traffic.values()].map((flow) => flow.port));
  for (const ports of checkedPorts(plan).values()) for (const port of ports) chosen.add(port);
  let next = FIRST_PORT;
  const freePort = () => {
    while (chosen.has(next)) next++;
    return next++;
  };
  const ends = [...scenario.traffic].map(([flow, text]): FlowEnds => {
    const [from, to] = [nodes.get(text.from)!, nodes.get(text.to)!];
    const served = programs && text.protocol === 'tcp' && text.program === 'curl';
    // The check has seen to it that they have one.
    const known = ({ identity, ipv4Identity }: PlannedNode) =>
      text.ipv4 === true ? ipv4Identity! : identity;
    const ends = { source: known(from), destination: known(to) };
    return { flow, text, from, to, ...ends, port: text.port ?? freePort(), served };
  });
  return new Map(ends.flatMap((one) => flowKeysOf(one).map((key) => [key, one])));
}
