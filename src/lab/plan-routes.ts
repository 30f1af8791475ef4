/**
 * Static routes of the nodes that stay where they are: fewest routers first, then least delay, then
 * the order of the file, so that a network is the same each time.
 */

import type { Address } from '../wire/address.ts';
import type { NamedNode } from './plan.ts';
import type { FixedAddresses } from './plan-addresses.ts';
import { DEFAULT_DELAY, type LinkText, linkPrefixes } from './scenario/links.ts';
import { type FixedText, isFixed, type NodeText, providedOn } from './scenario/nodes.ts';
import type { Scenario } from './scenario/read.ts';

export interface PlannedRoute {
  readonly prefix: Address;
  readonly prefixLength: number;
  /** The interface that the packet leaves by. */
  readonly interface: string;
  /** Absent where the prefix is on the link. */
  readonly via?: Address;
  /** It is for packets from this address alone. */
  readonly source?: Address;
}

export type FixedNode = NamedNode<FixedText>;

/** How far a link is: routers on the way, then delay. */
export interface Distance {
  readonly hops: number;
  readonly delay: number;
}

export const nearer = (a: Distance, b: Distance | undefined): boolean =>
  b === undefined || a.hops < b.hops || (a.hops === b.hops && a.delay < b.delay);

/** A prefix of a link that packets are to get to. */
interface Target {
  readonly link: string;
  readonly prefix: Address;
}

/** What routes are found in. */
interface Network {
  readonly links: ReadonlyMap<string, LinkText>;
  readonly addresses: FixedAddresses;
  readonly routers: Routers;
}

/**
 * The routes of each fixed node to the links that it is not on. A host with several addresses sends
 * from each of them by the link, and the router there, that the address belongs to.
 * @param added prefixes that links get while the network runs: they are routed from the start.
 */
export function routesOf(
  links: ReadonlyMap<string, LinkText>,
  nodes: readonly NamedNode[],
  addresses: FixedAddresses,
  added: ReadonlyMap<string, readonly Address[]>,
): Map<string, PlannedRoute[]> {
  const fixed = nodes.filter((node): node is FixedNode => isFixed(node.text));
  const network = { links, addresses, routers: routersOf(fixed) };
  const routes = new Map<string, PlannedRoute[]>(fixed.map(({ name }) => [name, []]));
  for (const [link, text] of links) {
    const later = added.get(link) ?? [];
    for (const prefix of [...linkPrefixes(text).map(({ address }) => address), ...later]) {
      const distances = distancesTo({ link, prefix }, network);
      for (const node of fixed) {
        const own = routes.get(node.name)!;
        own.push(...routesTo({ link, prefix }, node, network, distances, later.includes(prefix)));
      }
    }
  }
  return routes;
}

/** @param later the prefix comes while the network runs, and none of the node's addresses is of it. */
function* routesTo(
  { link, prefix }: Target,
  node: FixedNode,
  network: Network,
  distances: ReadonlyMap<string, Distance>,
  later: boolean,
): Generator<PlannedRoute> {
  const { name, text } = node;
  const to = { prefix, prefixLength: 64 };
  if (text.on.includes(link) && providedOn(text, link, prefix)) {
    if (later) yield { ...to, interface: link };
    return;
  }
  const route = (hop: Hop) => ({
    ...{ ...to, interface: hop.link },
    via: network.addresses.get(hop.router)!.get(hop.link)![0]!,
  });
  const chosen = chosenHop(node, link, network.routers);
  const hop = chosen ?? nearestHop(node, network, distances);
  if (hop !== undefined) yield route(hop);
  const own = [...network.addresses.get(name)!].flatMap(([on, all]) => all.map((one) => [on, one]));
  if (forwards(text) || own.length < 2 || chosen !== undefined) return;
  for (const [on, source] of own as [string, Address][]) {
    const by = nearestHop(node, network, distances, { link: on, prefix: source });
    if (by !== undefined) yield { ...route(by), source };
  }
}

/** The next hop that the file gives. */
function chosenHop(node: FixedNode, target: string, routers: Routers): Hop | undefined {
  const chosen = ('routes' in node.text ? node.text.routes : undefined)?.find(
    ({ to }) => to === target,
  );
  const router = routers.all.find(({ name }) => name === chosen?.via);
  const shared = router?.text.on.find((link) => node.text.on.includes(link));
  return shared === undefined ? undefined : { router: router!.name, link: shared };
}

interface Routers {
  readonly all: readonly FixedNode[];
  /** Those on each link, in order. */
  readonly on: ReadonlyMap<string, readonly FixedNode[]>;
}

export function routersOf(fixed: readonly FixedNode[]): Routers {
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

/** @param from leave by this link, through a router that provides this address' prefix there. */
function nearestHop(
  node: FixedNode,
  network: Network,
  distances: ReadonlyMap<string, Distance>,
  from?: Target,
): Hop | undefined {
  let best: Distance | undefined;
  let hop: Hop | undefined;
  for (const { router, link, distance } of hops(node, network, distances, from)) {
    if (nearer(distance, best)) [best, hop] = [distance, { router, link }];
  }
  return hop;
}

/** How far each router is from the target: the nearest are those whose prefix it is. */
function distancesTo(target: Target, network: Network): Map<string, Distance> {
  const { links, routers } = network;
  const distances = new Map<string, Distance>();
  const delay = delayOf(links, target.link);
  for (const { name, text } of routers.all) {
    const ends = text.on.includes(target.link) && providedOn(text, target.link, target.prefix);
    if (ends) distances.set(name, { hops: 1, delay });
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of routers.all) {
      for (const { distance } of hops(node, network, distances)) {
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
  { links, routers }: Network,
  distances: ReadonlyMap<string, Distance>,
  from?: Target,
): Generator<Hop & { readonly distance: Distance }> {
  for (const link of node.text.on) {
    if (from !== undefined && from.link !== link) continue;
    for (const { name, text } of routers.on.get(link) ?? []) {
      const rest = distances.get(name);
      if (name === node.name || rest === undefined) continue;
      if (from !== undefined && !providedOn(text, link, from.prefix)) continue;
      // What others send is not let through there.
      if (forwards(node.text) && filters(text, link)) continue;
      const delay = rest.delay + delayOf(links, link);
      yield { router: name, link, distance: { hops: rest.hops + 1, delay } };
    }
  }
}

export const filters = (text: NodeText, link: string): boolean =>
  'ingress-filter' in text && text['ingress-filter']?.includes(link) === true;

export const delayOf = (links: ReadonlyMap<string, LinkText>, name: string): number =>
  links.get(name)!.delay ?? DEFAULT_DELAY;

export const forwards = ({ role }: NodeText): boolean =>
  role === 'home-agent' ||
  role === 'access-router' ||
  role === 'router' ||
  role === 'anycast-agent';

/** Prefixes that links get while the network runs. */
export function addedPrefixes({ events }: Pick<Scenario, 'events'>): Map<string, Address[]> {
  const added = new Map<string, Address[]>();
  for (const event of events) {
    if (event.kind !== 'renumber' || event.to === undefined) continue;
    added.set(event.link, [...(added.get(event.link) ?? []), event.to.address]);
  }
  return added;
}
