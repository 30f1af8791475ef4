/** Of a random network of anycast agents: a service that has an IPv4 address too, and clients of it. */
import type { Dice } from './dice.ts';
import type { Entry } from './random-network.ts';

const SERVICE4 = '192.0.2.80';

/**
 * Some networks have IPv4. Then all agents and servers answer from an IPv4 address, a server in three has no IPv6 on its
 * way to the agents, and clients that know nothing of bindings speak IPv4 in some of their flows.
 */
export function speakIpv4(
  dice: Dice,
  nodes: Map<string, Entry>,
  traffic: Map<string, Entry>,
): void {
  if (!dice.chance(0.5)) return;
  let host = 0;
  for (const [name, node] of nodes) {
    const { role } = node;
    if (role === 'anycast-agent') {
      nodes.set(name, { ...node, 'ipv4-service': SERVICE4, ipv4: `203.0.113.${++host}` });
    } else if (role === 'anycast-server') {
      const without = dice.chance(0.3);
      nodes.set(name, {
        ...{ ...node, 'ipv4-service': SERVICE4 },
        ...(without && { 'over-ipv4': true, ipv4: `203.0.113.${++host}` }),
      });
    } else if (role === 'host') {
      nodes.set(name, { ...node, ipv4: `198.51.100.${++host}` });
    }
  }
  for (const [name, flow] of traffic) {
    const isHost = nodes.get(String(flow.from))?.role === 'host';
    if (isHost && dice.chance(0.6)) traffic.set(name, { ...flow, ipv4: true });
  }
}
