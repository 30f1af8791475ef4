/** What a router of a scenario translates. */
import { type NatOptions, UDP_TIMEOUT } from '../sim/kernel/nat.ts';
import type { NodeText } from './scenario/nodes.ts';

/** Nothing where the node translates nothing. */
export function natOf(text: NodeText): { readonly nat?: NatOptions } {
  if (!('nat' in text) || text.nat === undefined) return {};
  return { nat: { links: text.nat, udpTimeout: text['nat-timeout'] ?? UDP_TIMEOUT } };
}
