/**
 * Static routes of the nodes that stay where they are: fewest routers first, then least delay, then
 * the order of the file, so that a network is the same each time.
 */
import type { Address } from '../wire/address.ts';
import type { NamedNode } from './plan.ts';
import { DEFAULT_DELAY, type LinkText } from './scenario/links.ts';
import type { NodeText } from './scenario/nodes.ts';
import type { Scenario } from './scenario/read.ts';

export interface PlannedRoute {
  readonly prefix: Address;
  readonly prefixLength: number;
  /** The interface that the packet leaves by. */
  readonly interface: string;
  /** Absent where the prefix is on the link. */
  readonly via?: Address;
}

type Fixed = Exclude<NodeText, { role: 'mobile-node' }>;
type FixedNode = NamedNode<Fixed>;
type Addresses = ReadonlyMap<string, ReadonlyMap<string, Address>>;

/** How far a link is: routers on the way, then delay. */
interface Distance {
  readonly hops: number;
  readonly delay: number;
}

const nearer = (a: Distance, b: Distance | undefined): boolean =>
  b === undefined || a.hops < b.hops || (a.hops === b.hops && a.delay < b.delay);

/**
 * The routes of each fixed node to the links that it is not on.
 * @param added prefixes that links get while the network runs: they are routed from the start.
 */
export function routesOf(
  links: ReadonlyMap<string, LinkText>,
  nodes: readonly NamedNode[],
  addresses: Addresses,
  added: ReadonlyMap<string, readonly Address[]>,
): Map<string, PlannedRoute[]> {
  const fixed = nodes.filter((node): node is FixedNode => node.text.role !== 'mobile-node');
  const routers = routersOf(fixed);
  const routes = new Map<string, PlannedRoute[]>(fixed.map(({ name }) => [name, []]));
  for (const [target, link] of links) {
    const distances = distancesTo(target, links, routers);
    for (const node of fixed) {
      const more = (added.get(target) ?? []).map((prefix) => ({ prefix, prefixLength: 64 }));
      const own = routes.get(node.name)!;
      if (node.text.on.includes(target)) {
        own.push(...more.map((prefix) => ({ ...prefix, interface: target })));
        continue;
      }
      const hop = chosenHop(node, target) ?? nearestHop(node, links, routers, distances);
      if (hop === undefined) continue;
      const prefix = { prefix: link.prefix.address, prefixLength: link.prefix.length };
      const via = addresses.get(hop.router)!.get(hop.link)!;
      own.push(...[prefix, ...more].map((one) => ({ ...one, interface: hop.link, via })));
    }
  }
  return routes;

  /** The next hop that the file gives. */
  function chosenHop(node: FixedNode, target: string): Hop | undefined {
    const chosen = node.text.routes?.find(({ to }) => to === target);
    const router = routers.all.find(({ name }) => name === chosen?.via);
    const shared = router?.text.on.find((link) => node.text.on.includes(link));
    return shared === undefined ? undefined : { router: router!.name, link: shared };
  }
}

interface Routers {
  readonly all: readonly FixedNode[];
  /** Those on each link, in order. */
  readonly on: ReadonlyMap<string, readonly FixedNode[]>;
}

function routersOf(fixed: readonly FixedNode[]): Routers {
  const all = fixed.filter(({ text }) => forwards(text));
  const on = new Map<string, FixedNode[]>();
  for (const router of all) {
    for (const link of router.text.on) on.set(link, [...(on.get(link) ?? []), router]);
  }
  return { all, on };
}

interface Hop {
  readonly router: string;
  readonly link: string;
}

function nearestHop(
  node: FixedNode,
  links: ReadonlyMap<string, LinkText>,
  routers: Routers,
  distances: ReadonlyMap<string, Distance>,
): Hop | undefined {
  let best: Distance | undefined;
  let hop: Hop | undefined;
  for (const { router, link, distance } of hops(node, links, routers, distances)) {
    if (nearer(distance, best)) [best, hop] = [distance, { router, link }];
  }
  return hop;
}

/** How far each router is from the target link. */
function distancesTo(
  target: string,
  links: ReadonlyMap<string, LinkText>,
  routers: Routers,
): Map<string, Distance> {
  const distances = new Map<string, Distance>();
  const delay = delayOf(links, target);
  for (const { name, text } of routers.all) {
    if (text.on.includes(target)) distances.set(name, { hops: 1, delay });
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of routers.all) {
      for (const { distance } of hops(node, links, routers, distances)) {
        if (!nearer(distance, distances.get(node.name))) continue;
        distances.set(node.name, distance);
        changed = true;
      }
    }
  }
  return distances;
}

/** The routers on a node's links that know a way, and how far the target is by each. */
function* hops(
  node: FixedNode,
  links: ReadonlyMap<string, LinkText>,
  routers: Routers,
  distances: ReadonlyMap<string, Distance>,
): Generator<Hop & { readonly distance: Distance }> {
  for (const link of node.text.on) {
    for (const router of routers.on.get(link) ?? []) {
      const rest = distances.get(router.name);
      if (router.name === node.name || rest === undefined) continue;
      const delay = rest.delay + delayOf(links, link);
      yield { router: router.name, link, distance: { hops: rest.hops + 1, delay } };
    }
  }
}

const delayOf = (links: ReadonlyMap<string, LinkText>, name: string): number =>
  links.get(name)!.delay ?? DEFAULT_DELAY;

export const forwards = ({ role }: NodeText): boolean =>
  role === 'home-agent' || role === 'access-router' || role === 'router';

/** Prefixes that links get while the network runs. */
export function addedPrefixes({ events }: Pick<Scenario, 'events'>): Map<string, Address[]> {
  const added = new Map<string, Address[]>();
  for (const event of events) {
    if (event.kind !== 'renumber' || event.to === undefined) continue;
    added.set(event.link, [...(added.get(event.link) ?? []), event.to.address]);
  }
  return added;
}
