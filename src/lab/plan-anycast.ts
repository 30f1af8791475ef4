/** The anycast addresses of a plan: their servers and agents, and the routes that lead to the nearest. */
import type {
  AnycastServerConfig,
  Authentication,
  NodeConfig,
  ServiceConfig,
} from '../core/config.ts';
import { homeAgentsAnycast } from '../core/home-agents-anycast.ts';
import type { RepeatedCheck } from '../core/service-check.ts';
import { seconds } from '../core/time.ts';
import { type Address, parseAddress } from '../wire/address.ts';
import type { NamedNode } from './plan.ts';
import type { FixedAddresses } from './plan-addresses.ts';
import {
  type Distance,
  delayOf,
  type FixedNode,
  filters,
  forwards,
  nearer,
  type PlannedRoute,
  routersOf,
} from './plan-routes.ts';
import { DEFAULT_CLIENT_LIFETIME, DEFAULT_LIFETIME } from './plan-service.ts';
import type { AnycastAgentText, AnycastServerText } from './scenario/anycast-nodes.ts';
import { ownIpv4 } from './scenario/ipv4.ts';
import type { LinkText } from './scenario/links.ts';
import { DEFAULT_MAX_BINDINGS, isFixed } from './scenario/nodes.ts';
import type { Scenario } from './scenario/read.ts';
import type { ScenarioEvent } from './scenario/scenario-events.ts';

type AnycastText = AnycastAgentText | AnycastServerText;

const isAnycast = (node: NamedNode): node is NamedNode<AnycastText> =>
  node.text.role === 'anycast-server' || node.text.role === 'anycast-agent';

/** The servers of an anycast address, in the order of the file. */
export function serversOf(
  service: Address,
  nodes: readonly NamedNode[],
): NamedNode<AnycastServerText>[] {
  return nodes.flatMap(({ name, from, text }) =>
    text.role === 'anycast-server' && text.service === service ? [{ name, from, text }] : [],
  );
}

interface Context {
  readonly scenario: Pick<Scenario, 'delegations'>;
  readonly nodes: readonly NamedNode[];
  readonly fixed: FixedAddresses;
}

type AuthenticationOf = (node: string, text: AnycastServerText) => Authentication;

function serviceOf(
  {
    name,
    from,
    text: { service, on, ipv4: address4, 'ipv4-service': service4 },
  }: NamedNode<AnycastText>,
  { scenario, nodes, fixed }: Context,
  authenticationOf: AuthenticationOf,
): Omit<ServiceConfig, 'policy' | 'maxClients'> {
  const addressOf = (node: string, link: string) => fixed.get(node)!.get(link)![0]!;
  const delegation = scenario.delegations.get(from);
  return {
    service,
    ...(address4 && { address4 }),
    ...(service4 && { service4 }),
    ...(delegation && { delegation }),
    address: addressOf(name, on[0]!),
    members: serversOf(service, nodes).map((server) => ({
      address: addressOf(server.name, server.text.on[0]!),
      authentication: authenticationOf(server.from, server.text),
    })),
  };
}

export function anycastAgent(
  node: NamedNode<AnycastAgentText>,
  context: Context,
  authenticationOf: AuthenticationOf,
): NodeConfig {
  const { name, text } = node;
  return {
    name,
    anycastAgent: {
      ...serviceOf(node, context, authenticationOf),
      // Agents of one address choose alike, without a word.
      policy: text.policy ?? (text.shares === true ? 'rendezvous' : 'rotation'),
      ...(text.shares === true && { shared: true as const }),
      ...(text.check && { check: checkOf(text.check) }),
      ...(text.watch && { watch: text.watch }),
      ...(text.preference !== undefined && { preference: text.preference }),
      maxClients: text['max-clients'] ?? DEFAULT_MAX_BINDINGS,
      byHash: true,
      ...(text.authorities && { authorities: text.authorities }),
    },
  };
}

/** How often an agent asks that is not told. */
const DEFAULT_EVERY = seconds(1);

function checkOf({
  tcp,
  http,
  path,
  every,
}: NonNullable<AnycastAgentText['check']>): RepeatedCheck {
  const base = { port: (tcp ?? http)!, every: every ?? DEFAULT_EVERY };
  return http === undefined ? base : { ...base, path: path ?? '/' };
}

export function anycastServer(
  node: NamedNode<AnycastServerText>,
  context: Context,
  authenticationOf: AuthenticationOf,
): NodeConfig {
  const { name, from, text } = node;
  const config: AnycastServerConfig = {
    ...serviceOf(node, context, authenticationOf),
    policy: 'rotation',
    maxClients: text['max-clients'] ?? DEFAULT_MAX_BINDINGS,
    agents: (text.agents ?? []).map((agent) => addressOfAgent(agent, context)),
    ...(text['find-agents'] && { findAgents: text['find-agents'] }),
    ...(sharing(text, context) && { agentsShare: true as const }),
    otherAddresses: text.on.slice(1).map((link) => context.fixed.get(name)!.get(link)![0]!),
    capacity: text.capacity ?? 1,
    near: text.near ?? [],
    ...(text.quic && { quicPorts: text.quic }),
    ...(text.heartbeats === false && { noHeartbeats: true as const }),
    ...(announces(text) && { nearest: true }),
    ...overIpv4(text, context),
    authentication: authenticationOf(from, text),
    lifetime: text.lifetime ?? DEFAULT_LIFETIME,
    clientLifetime: text['client-lifetime'] ?? DEFAULT_CLIENT_LIFETIME,
    directReturn: text['direct-return'] ?? true,
    maxPeers: DEFAULT_MAX_BINDINGS,
  };
  return { name, anycastServer: config };
}

/** Where a server without IPv6 meets its agents. The file has been checked: all have IPv4 addresses. */
function overIpv4(
  { 'over-ipv4': isOver, agents = [] }: AnycastServerText,
  context: Context,
): Pick<AnycastServerConfig, 'overIpv4'> {
  if (isOver !== true) return {};
  const ends = agents.map((agent): [Address, Address] => {
    const { text } = context.nodes.find(({ name }) => name === agent)!;
    return [addressOfAgent(agent, context), ownIpv4(text)!];
  });
  return { overIpv4: new Map(ends) };
}

/** Do the agents that a server joins share what they know? The file has been checked: all do, or none. */
function sharing({ agents = [] }: AnycastServerText, context: Context): boolean {
  const named = new Set(agents.map((agent) => addressOfAgent(agent, context)));
  return context.nodes.some(
    ({ name, text }) =>
      text.role === 'anycast-agent' &&
      text.shares === true &&
      named.has(addressOfAgent(name, context)),
  );
}

/** An agent is named, or its address is. */
const addressOfAgent = (agent: string, { fixed }: Context): Address =>
  parseAddress(agent) ?? [...fixed.get(agent)!.values()][0]![0]!;

/** Do routes lead to a node itself? To a server where no agent hands it clients. */
const announces = (text: AnycastText): boolean =>
  text.role === 'anycast-agent' || (text.agents === undefined && text['find-agents'] === undefined);

/** Routes of one node that come and go while the network runs. */
export interface RouteChange {
  readonly node: string;
  readonly add: readonly PlannedRoute[];
  readonly remove: readonly PlannedRoute[];
}

export interface AnycastRoutes {
  /** By node, those that are there from the start. */
  readonly first: ReadonlyMap<string, readonly PlannedRoute[]>;
  /** What an event does to them. */
  readonly changes: ReadonlyMap<ScenarioEvent, readonly RouteChange[]>;
}

/**
 * Where each node sends what goes to the anycast addresses: to the nearest that announces it. Those
 * that do are the agents of the address, and its servers that have no agent, until the file says else.
 */
export function anycastRoutesOf(
  { links, events }: Pick<Scenario, 'links' | 'events'>,
  nodes: readonly NamedNode[],
  addresses: FixedAddresses,
): AnycastRoutes {
  const fixed = nodes.filter((node): node is FixedNode => isFixed(node.text));
  const silent = new Set<string>();
  const routes = () => routesNow({ links, addresses, fixed }, nodes, silent);
  let now = routes();
  const first = now;
  const changes = new Map<ScenarioEvent, RouteChange[]>();
  for (const event of events) {
    if (event.kind === 'withdraw') silent.add(event.node);
    else if (event.kind === 'announce') silent.delete(event.node);
    else continue;
    const next = routes();
    changes.set(event, differences(now, next));
    now = next;
  }
  return { first, changes };
}

type Routes = ReadonlyMap<string, readonly PlannedRoute[]>;

function differences(before: Routes, after: Routes): RouteChange[] {
  return [...after].flatMap(([node, add]) => {
    const remove = before.get(node)!;
    const same = JSON.stringify(remove) === JSON.stringify(add);
    return same ? [] : [{ node, add, remove }];
  });
}

/** What ways are found in. */
export interface AnycastNetwork {
  readonly links: ReadonlyMap<string, LinkText>;
  readonly addresses: FixedAddresses;
  readonly fixed: readonly FixedNode[];
}

function routesNow(
  network: AnycastNetwork,
  nodes: readonly NamedNode[],
  silent: ReadonlySet<string>,
): Routes {
  const routes = new Map<string, PlannedRoute[]>(network.fixed.map(({ name }) => [name, []]));
  const announcers = nodes
    .filter(isAnycast)
    .filter(({ name, text }) => !silent.has(name) && announces(text));
  const services = new Set(nodes.filter(isAnycast).map(({ text }) => text.service));
  for (const service of services) {
    const own = announcers.filter(({ text }) => text.service === service);
    const ways = waysTo(own, network);
    const service4 = own.map(({ text }) => text['ipv4-service']).find((one) => one !== undefined);
    for (const prefix of service4 === undefined ? [service] : [service, service4]) {
      for (const [node, { link, via }] of ways) {
        const prefixLength = 8 * prefix.length;
        routes.get(node)!.push({ prefix, prefixLength, interface: link, via });
      }
    }
    // Where servers ask which agents there are.
    const prefix = homeAgentsAnycast(service);
    const agents = own.filter(({ text }) => text.role === 'anycast-agent');
    for (const [node, { link, via }] of agents.length === 0 ? [] : waysTo(agents, network)) {
      routes.get(node)!.push({ prefix, prefixLength: 128, interface: link, via });
    }
  }
  return routes;
}

/** How far the nearest announcer is, and by which neighbour. */
interface Way extends Distance {
  readonly link: string;
  readonly via: Address;
}

/** The way of each node that needs one: routers tell each other how far they are. */
export function waysTo(
  announcers: readonly FixedNode[],
  network: AnycastNetwork,
): Map<string, Way> {
  const routers = routersOf(network.fixed);
  const there = new Map(announcers.map(({ name }) => [name, { hops: 0, delay: 0 }]));
  const ways = new Map<string, Way>();
  const bestOf = (node: FixedNode): Way | undefined => {
    let best: Way | undefined;
    for (const link of node.text.on) {
      const neighbours = [...announcers, ...(routers.on.get(link) ?? [])];
      for (const { name, text } of neighbours) {
        const rest = there.get(name) ?? ways.get(name);
        if (rest === undefined || name === node.name || !text.on.includes(link)) continue;
        if (forwards(node.text) && filters(text, link)) continue;
        const delay = rest.delay + delayOf(network.links, link);
        const via = network.addresses.get(name)!.get(link)![0]!;
        const way = { hops: rest.hops + 1, delay, link, via };
        if (nearer(way, best)) best = way;
      }
    }
    return best;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const router of routers.all) {
      const best = there.has(router.name) ? undefined : bestOf(router);
      if (best === undefined || !nearer(best, ways.get(router.name))) continue;
      ways.set(router.name, best);
      changed = true;
    }
  }
  for (const node of network.fixed) {
    const best = there.has(node.name) ? undefined : bestOf(node);
    if (best !== undefined) ways.set(node.name, best);
  }
  return ways;
}
