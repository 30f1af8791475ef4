/**
 * From a scenario to the network that it means: every node by itself, with its addresses, its
 * static routes and its configuration. Both backends build what stands here.
 */

import type {
  AdvertisementConfig,
  Authentication,
  Dhcpv6ServerConfig,
  EspAssociations,
  NodeConfig,
} from '../core/config.ts';
import { constantsWith } from '../core/constants.ts';
import { type Duration, seconds } from '../core/time.ts';
import type { HeaderDrop, NatOptions } from '../sim/index.ts';
import type { Address } from '../wire/address.ts';
import { addressesOf, firstLeased, homeAddressesOf } from './plan-addresses.ts';
import { natOf } from './plan-nat.ts';
import { type CgaHome, cgaHomesOf, peerProofOf, sharedKeysOf } from './plan-peers.ts';
import { addedPrefixes, forwards, type PlannedRoute, routesOf } from './plan-routes.ts';
import { DEFAULT_ALGORITHM, type EspText, keyPath } from './scenario/authentication.ts';
import { pathText } from './scenario/diagnostic.ts';
import { DEFAULT_BANDWIDTH, DEFAULT_DELAY, DEFAULT_MTU, type LinkText } from './scenario/links.ts';
import {
  type AccessRouterText,
  DEFAULT_INTERVAL,
  DEFAULT_LEASE,
  DEFAULT_MAX_BINDINGS,
  DEFAULT_POOL,
  firstLink,
  type HomeAgentText,
  isServed,
  LEAST_ROUTER_LIFETIME,
  type MobileNodeText,
  type NodeText,
  type RoleName,
} from './scenario/nodes.ts';
import type { Scenario } from './scenario/read.ts';

export interface PlannedLink {
  readonly name: string;
  readonly prefix: Address;
  readonly prefixLength: number;
  readonly mtu: number;
  readonly quality: Quality;
}

/** How a link carries packets; what is absent takes nothing and limits nothing. */
export interface Quality {
  readonly delay?: Duration | undefined;
  readonly jitter?: Duration | undefined;
  readonly loss?: number | undefined;
  readonly bandwidth?: number | undefined;
  readonly reorder?: number | undefined;
  readonly duplicate?: number | undefined;
  readonly drops?: readonly HeaderDrop[] | undefined;
}

export interface PlannedInterface {
  /** What the node calls it: its own name for a mobile node's, else the name of its link. */
  readonly name: string;
  /** The link that it is on at the start. */
  readonly link: string | undefined;
  readonly addresses: readonly Address[];
}

export interface PlannedNode {
  readonly name: string;
  readonly role: RoleName;
  readonly interfaces: readonly PlannedInterface[];
  readonly forwarding: boolean;
  readonly routes: readonly PlannedRoute[];
  readonly nat?: NatOptions;
  /** What others call it by: its home address, or its address on its first link. */
  readonly identity: Address;
  /** Absent for nodes that know nothing of Mobile IPv6. */
  readonly config?: NodeConfig;
}

export interface Plan {
  readonly links: readonly PlannedLink[];
  readonly nodes: readonly PlannedNode[];
}

/** A node of the file by the name it has in the network; a `count` makes many. */
export interface NamedNode<T extends NodeText = NodeText> {
  readonly name: string;
  /** Its name in the file. */
  readonly from: string;
  readonly text: T;
}

/** The network of a scenario. */
export function planOf(scenario: Scenario): Plan {
  const nodes = [...scenario.nodes].flatMap(([name, text]) => expanded(name, text));
  const made = cgaHomesOf(scenario, nodes);
  const homes = homeAddressesOf(
    scenario.links,
    nodes,
    [...made].map(([name, { home }]) => [name, home]),
  );
  const fixed = addressesOf(scenario.links, nodes, homes);
  const routes = routesOf(scenario.links, nodes, fixed, addedPrefixes(scenario));
  const context = { scenario, nodes, homes, made, fixed };
  return {
    links: [...scenario.links].map(([name, link]) => plannedLink(name, link)),
    nodes: nodes.map((node) => ({
      ...plannedNode(node, context),
      routes: routes.get(node.name) ?? [],
    })),
  };
}

function expanded(name: string, text: NodeText): NamedNode[] {
  const count = 'count' in text ? text.count : undefined;
  if (count === undefined) return [{ name, from: name, text }];
  return Array.from({ length: count }, (_, index) => ({
    name: `${name}-${index}`,
    from: name,
    text,
  }));
}

function plannedLink(name: string, link: LinkText): PlannedLink {
  const { prefix, mtu, ...quality } = link;
  return {
    name,
    prefix: prefix.address,
    prefixLength: prefix.length,
    mtu: mtu ?? DEFAULT_MTU,
    quality: {
      ...quality,
      delay: quality.delay ?? DEFAULT_DELAY,
      bandwidth: quality.bandwidth ?? DEFAULT_BANDWIDTH,
    },
  };
}

type FixedText = Exclude<NodeText, { role: 'mobile-node' }>;

interface Context {
  readonly scenario: Scenario;
  readonly nodes: readonly NamedNode[];
  /** Home address of each mobile node. */
  readonly homes: ReadonlyMap<string, Address>;
  /** Those that are made from keys. */
  readonly made: ReadonlyMap<string, CgaHome>;
  /** Address of each fixed node on each of its links. */
  readonly fixed: ReadonlyMap<string, ReadonlyMap<string, Address>>;
}

function plannedNode(node: NamedNode, context: Context): Omit<PlannedNode, 'routes'> {
  const { name, from, text } = node;
  if (text.role === 'mobile-node') {
    const interfaces = Object.entries(text.interfaces).map(([key, value]) => ({
      name: key,
      link: firstLink(value),
      addresses: [],
    }));
    const identity = context.homes.get(name)!;
    const config = mobileNode({ name, from, text }, context);
    return { name, role: text.role, interfaces, forwarding: false, identity, config };
  }
  const addresses = context.fixed.get(name)!;
  const interfaces = text.on.map((link) => ({
    name: link,
    link,
    addresses: [addresses.get(link)!],
  }));
  const forwarding = forwards(text);
  const identity = addresses.get(text.role === 'home-agent' ? text.serves : text.on[0]!)!;
  const config = fixedConfig({ name, from, text }, context);
  const planned = { name, role: text.role, interfaces, forwarding, identity, ...natOf(text) };
  return config === undefined ? planned : { ...planned, config };
}

function fixedConfig(node: NamedNode<FixedText>, context: Context): NodeConfig | undefined {
  const { name, text } = node;
  switch (text.role) {
    case 'home-agent':
      return homeAgent(name, text, context);
    case 'access-router':
      return accessRouter(name, text, context);
    case 'correspondent-node': {
      const maxBindings = text['max-bindings'] ?? DEFAULT_MAX_BINDINGS;
      const enhanced = text.peers?.rfc4866 ?? true;
      const keys = sharedKeys(node, context);
      return { name, correspondentNode: { maxBindings, enhanced, keys } };
    }
    case 'host':
    case 'router':
    case 'attacker':
      return undefined;
  }
}

/** The keys that a node shares, by the addresses that their other holders are known by. */
function sharedKeys(node: NamedNode, { scenario, nodes, homes, fixed }: Context) {
  return sharedKeysOf(node, scenario, (name) => {
    const other = nodes.find((one) => one.name === name)!.text;
    return other.role === 'mobile-node' ? homes.get(name)! : fixed.get(name)!.get(other.on[0]!)!;
  });
}

function mobileNode(node: NamedNode<MobileNodeText>, context: Context): NodeConfig {
  const { name, from, text } = node;
  const { scenario, homes, fixed } = context;
  const keys = sharedKeys(node, context);
  const peers = peerProofOf(keys, context.made.get(name));
  return {
    name,
    mobileNode: {
      home: homes.get(name)!,
      homePrefixLength: scenario.links.get(text.home)!.prefix.length,
      // Undefined for `discover`, which is no node.
      homeAgent: fixed.get(text['home-agent'])?.get(text.home),
      authentication: authentication(scenario, from, text),
      links: Object.keys(text.interfaces),
      lifetime: text.lifetime ?? constantsWith(scenario.constants).HOME_LIFETIME,
      dad: text.dad ?? 'optimistic',
      routeOptimisation: text['route-optimisation'] ?? true,
      maxPeers: DEFAULT_MAX_BINDINGS,
      ...(goesInUdp(text) && { udpEncapsulation: true }),
      ...(peers && { peers }),
    },
    // A mobile node is its peers' correspondent node too (RFC 6275 section 8.5 asks for it).
    correspondentNode: { maxBindings: DEFAULT_MAX_BINDINGS, keys },
  };
}

/** ESP between the two ends cannot stand inside UDP. */
function goesInUdp({ auth = 'none', 'udp-encapsulation': wanted }: MobileNodeText): boolean {
  return wanted ?? (auth === 'none' || !('esp' in auth));
}

function authentication(scenario: Scenario, from: string, text: MobileNodeText): Authentication {
  const auth = text.auth ?? 'none';
  if (auth === 'none') return { method: 'none' };
  const keyOf = (...way: readonly string[]) => scenario.keys.get(pathText(keyPath(from, ...way)))!;
  // One of the two is there: the check has seen to it.
  if (auth.rfc4285 !== undefined) {
    return { method: 'rfc4285', spi: auth.rfc4285.spi, key: keyOf('rfc4285') };
  }
  const esp = auth.esp!;
  const algorithm = esp.algorithm ?? DEFAULT_ALGORITHM;
  const pair = (mode: 'transport' | 'tunnel', texts: EspText['transport']): EspAssociations => {
    const one = (way: 'to-agent' | 'to-node') => ({
      spi: texts[way].spi,
      algorithm,
      key: keyOf('esp', mode, way),
    });
    return { toAgent: one('to-agent'), toNode: one('to-node') };
  };
  return {
    method: 'esp',
    transport: pair('transport', esp.transport),
    ...(esp.tunnel !== undefined && { tunnel: pair('tunnel', esp.tunnel) }),
  };
}

function homeAgent(name: string, text: HomeAgentText, context: Context): NodeConfig {
  const { scenario, nodes, homes, fixed } = context;
  const { prefix } = scenario.links.get(text.serves)!;
  const address = fixed.get(name)!.get(text.serves)!;
  const advertised = advertisement(text.serves, text, context);
  return {
    name,
    homeAgent: {
      link: text.serves,
      address,
      prefix: prefix.address,
      prefixLength: prefix.length,
      mobileNodes: nodes.flatMap((node) =>
        node.text.role === 'mobile-node' && isServed(node.text, name, text)
          ? [
              {
                home: homes.get(node.name)!,
                authentication: authentication(scenario, node.from, node.text),
              },
            ]
          : [],
      ),
      allowUnauthenticated: text['allow-unauthenticated'] ?? false,
      maxBindings: text['max-bindings'] ?? DEFAULT_MAX_BINDINGS,
      ...(text['udp-encapsulation'] !== false && { udpEncapsulation: true }),
      advertisement: { ...advertised, homeAgent: { address, preference: text.preference ?? 0 } },
    },
  };
}

/** Where nothing else is said it advertises itself on those links that a mobile node is ever on. */
function accessRouter(name: string, text: AccessRouterText, context: Context): NodeConfig {
  const visited = new Set(text.advertises ?? visitedLinks(context.scenario));
  const links = text.on.filter((link) => visited.has(link));
  const addresses = text.addresses ?? 'stateless';
  const bits = {
    ...(addresses === 'stateful' && ({ autonomous: false } as const)),
    ...(addresses !== 'stateless' && ({ managed: true } as const)),
  };
  const advertisements = links.map((link) => ({ ...advertisement(link, text, context), ...bits }));
  if (addresses === 'stateless') return { name, accessRouter: { advertisements } };
  const dhcpv6 = links.map((link) => dhcpv6Server(link, text, context));
  return { name, accessRouter: { advertisements, dhcpv6 } };
}

function dhcpv6Server(
  link: string,
  text: AccessRouterText,
  { scenario }: Context,
): Dhcpv6ServerConfig {
  const { prefix } = scenario.links.get(link)!;
  const validLifetime = text.lease ?? DEFAULT_LEASE;
  return {
    link,
    prefix: prefix.address,
    prefixLength: prefix.length,
    first: firstLeased(prefix.address),
    poolSize: text.pool ?? DEFAULT_POOL,
    validLifetime,
    preferredLifetime: Math.round(validLifetime * PREFERRED_SHARE) as Duration,
    rapidCommit: text['rapid-commit'] ?? true,
  };
}

/** Preferred and valid lifetime of a lease, as widely used servers have them by default: 5 to 8. */
const PREFERRED_SHARE = 0.625;

function visitedLinks(scenario: Scenario): Set<string> {
  const links = new Set<string>();
  for (const node of scenario.nodes.values()) {
    if (node.role !== 'mobile-node') continue;
    for (const value of Object.values(node.interfaces)) links.add(firstLink(value) ?? node.home);
  }
  for (const event of scenario.events) {
    if ((event.kind === 'move' || event.kind === 'link-up') && event.to !== undefined) {
      links.add(event.to);
    }
  }
  return links;
}

function advertisement(
  link: string,
  text: HomeAgentText | AccessRouterText,
  { scenario }: Context,
): AdvertisementConfig {
  const { prefix, mtu } = scenario.links.get(link)!;
  const [minInterval, maxInterval] = text['ra-interval'] ?? DEFAULT_INTERVAL;
  const routerLifetime = Math.max(3 * maxInterval, LEAST_ROUTER_LIFETIME) as Duration;
  return {
    link,
    prefix: prefix.address,
    prefixLength: prefix.length,
    minInterval,
    maxInterval,
    solicitedDelay: text['ra-delay'] ?? constantsWith(scenario.constants).MAX_RA_DELAY_TIME,
    routerLifetime: text['router-lifetime'] ?? routerLifetime,
    validLifetime: VALID_LIFETIME,
    preferredLifetime: PREFERRED_LIFETIME,
    intervalOption: true,
    ...(mtu !== undefined && { mtu }),
  };
}

/** RFC 4861 section 6.2.1: AdvValidLifetime and AdvPreferredLifetime. */
const VALID_LIFETIME = seconds(30 * 86_400);
const PREFERRED_LIFETIME = seconds(7 * 86_400);
