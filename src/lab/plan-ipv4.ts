/** IPv4 addresses of a plan's nodes, and the routes that lead to them by IPv6 next hops (RFC 8950). */
import { type Address, UNSPECIFIED_IPV4 } from '../wire/address.ts';
import type { NamedNode } from './plan.ts';
import { type AnycastNetwork, waysTo } from './plan-anycast.ts';
import { type FixedNode, forwards, type PlannedRoute, routersOf } from './plan-routes.ts';
import { ipv4Behind, ownIpv4, serviceIpv4 } from './scenario/ipv4.ts';
import { isFixed } from './scenario/nodes.ts';

/** A node's own address; of a `count` of them each has the next. */
export function ownIpv4Of({ name, from, text }: NamedNode): Address | undefined {
  const first = ownIpv4(text);
  const index = name === from ? 0 : Number(name.slice(from.length + 1));
  return first && ipv4Behind(first, index);
}

/** What flows over IPv4 go to, and come from. */
export const ipv4IdentityOf = (node: NamedNode): Address | undefined =>
  serviceIpv4(node.text) ?? ownIpv4Of(node);

/**
 * The routes of each fixed node to the IPv4 addresses of all others: one for each in routers, and in hosts one
 * for all by the router that leads to most: to neighbors on its link too, which are many where clients are. None where
 * no node has such an address.
 */
export function ipv4RoutesOf(
  links: AnycastNetwork['links'],
  nodes: readonly NamedNode[],
  addresses: AnycastNetwork['addresses'],
): Map<string, PlannedRoute[]> {
  const fixed = nodes.filter((node): node is FixedNode => isFixed(node.text));
  const found = new Map<string, Found[]>(fixed.map(({ name }) => [name, []]));
  for (const owner of fixed) {
    const prefix = ownIpv4Of(owner);
    if (prefix === undefined) continue;
    for (const [node, { link, via, hops }] of waysTo([owner], { links, addresses, fixed })) {
      const route = { prefix, prefixLength: 32, interface: link, via };
      found.get(node)!.push({ route, key: `${link} ${via}`, far: hops > 1 });
    }
  }
  const routers = routersOf(fixed);
  const routes = fixed.map(({ name, text }): [string, PlannedRoute[]] => {
    const all = found.get(name)!;
    if (forwards(text)) return [name, all.map(({ route }) => route)];
    const link = text.on.find((one) => routers.on.has(one));
    if (link === undefined) return [name, withDefault(all, undefined)];
    const via = addresses.get(routers.on.get(link)![0]!.name)!.get(link)![0]!;
    return [name, withDefault(all, { interface: link, via })];
  });
  return new Map(routes);
}

interface Found {
  readonly route: PlannedRoute;
  /** What routes by the same next hop have in common. */
  readonly key: string;
  /** A router leads there. */
  readonly far: boolean;
}

type Hop = Pick<PlannedRoute, 'interface' | 'via'>;

/**
 * The same with one route for all that goes by the router by which most goes, and to neighbors on its link.
 * @param near a router on the node's links, for want of one that leads anywhere.
 */
function withDefault(all: readonly Found[], near: Hop | undefined): PlannedRoute[] {
  const counts = new Map<string, number>();
  for (const { key, far } of all) if (far) counts.set(key, (counts.get(key) ?? 0) + 1);
  const most = [...counts].reduce<[string, number]>((a, b) => (b[1] > a[1] ? b : a), ['', 0])[0];
  const hop: Hop | undefined = all.find(({ key }) => key === most)?.route ?? near;
  if (hop === undefined || all.length === 0) return all.map(({ route }) => route);
  const others = all.filter(({ route, key, far }) =>
    far ? key !== most : route.interface !== hop.interface,
  );
  const { interface: link, via } = hop;
  const rest = { prefix: UNSPECIFIED_IPV4, prefixLength: 0, interface: link, ...(via && { via }) };
  return [...others.map(({ route }) => route), rest];
}
