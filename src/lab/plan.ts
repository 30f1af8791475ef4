/**
 * From a scenario to the network that it means: every node by itself, with its addresses, its
 * static routes and its configuration. Both backends build what stands here.
 */

import type { Authentication, EspAssociations, NodeConfig } from '../core/config.ts';
import { constantsWith } from '../core/constants.ts';
import type { Duration } from '../core/time.ts';
import type { HeaderDrop, IngressFilter, NatOptions } from '../sim/index.ts';
import type { Address } from '../wire/address.ts';
import { addressesOf, type FixedAddresses, homeAddressesOf } from './plan-addresses.ts';
import {
  type AnycastRoutes,
  anycastAgent,
  anycastRoutesOf,
  anycastServer,
  serversOf,
} from './plan-anycast.ts';
import { ipv4IdentityOf, ipv4RoutesOf, ownIpv4Of } from './plan-ipv4.ts';
import { addressesOfHost, type MadeOf, madeOf, multihomedHost } from './plan-multihome.ts';
import { natOf } from './plan-nat.ts';
import { askingOf, type CgaHome, cgaHomesOf, peerProofOf, sharedKeysOf } from './plan-peers.ts';
import { accessRouter, advertisement, ingressFilterOf } from './plan-routers.ts';
import { addedPrefixes, forwards, type PlannedRoute, routesOf } from './plan-routes.ts';
import { contentMaster, contentSlave, slavesOf } from './plan-service.ts';
import { DEFAULT_ALGORITHM, type EspText, keyPath } from './scenario/authentication.ts';
import { pathText } from './scenario/diagnostic.ts';
import {
  DEFAULT_BANDWIDTH,
  DEFAULT_DELAY,
  DEFAULT_MTU,
  type LinkText,
  linkPrefixes,
} from './scenario/links.ts';
import {
  DEFAULT_MAX_BINDINGS,
  type FixedText,
  firstLink,
  type HomeAgentText,
  isFixed,
  isServed,
  type MobileNodeText,
  type NodeText,
  type RoleName,
} from './scenario/nodes.ts';
import type { Scenario } from './scenario/read.ts';

export interface PlannedLink {
  readonly name: string;
  readonly prefix: Address;
  readonly prefixLength: number;
  /** That one first, then others of the same length. */
  readonly prefixes: readonly Address[];
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
  /** Octets; longer packets vanish, whatever the MTU says. */
  readonly 'vanish-above'?: number | undefined;
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
  /** Links whose senders must have an address of these prefixes. */
  readonly ingress?: IngressFilter;
  /** The nodes whose programs answer for its identity; itself if absent. */
  readonly servedBy?: readonly string[];
  /** What others call it by: its home or service address, or its address on its first link. */
  readonly identity: Address;
  /** Its whole IPv4 address, on its first interface. */
  readonly ipv4?: Address;
  /** What flows over IPv4 go to and come from: that address, or the one of its service. */
  readonly ipv4Identity?: Address;
  /** Addresses that it will make itself, of all prefixes of the file. */
  readonly ownMade?: readonly Address[];
  /** Absent for nodes that know nothing of Mobile IPv6. */
  readonly config?: NodeConfig;
}

export interface Plan {
  readonly links: readonly PlannedLink[];
  readonly nodes: readonly PlannedNode[];
  /** What events do to the routes to anycast addresses. */
  readonly routeChanges: AnycastRoutes['changes'];
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
  const anycast = anycastRoutesOf(scenario, nodes, fixed);
  const ipv4 = ipv4RoutesOf(scenario.links, nodes, fixed);
  const context = { scenario, nodes, homes, made, fixed, madeOf: madeOf(scenario, nodes) };
  return {
    links: [...scenario.links].map(([name, link]) => plannedLink(name, link)),
    nodes: nodes.map((node) => ({
      ...plannedNode(node, context),
      routes: [routes, ipv4, anycast.first].flatMap((one) => one.get(node.name) ?? []),
    })),
    routeChanges: anycast.changes,
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
  const { prefix, 'more-prefixes': _, mtu, ...quality } = link;
  return {
    name,
    prefix: prefix.address,
    prefixLength: prefix.length,
    prefixes: linkPrefixes(link).map(({ address }) => address),
    mtu: mtu ?? DEFAULT_MTU,
    quality: {
      ...quality,
      delay: quality.delay ?? DEFAULT_DELAY,
      bandwidth: quality.bandwidth ?? DEFAULT_BANDWIDTH,
    },
  };
}

interface Context {
  readonly scenario: Scenario;
  readonly nodes: readonly NamedNode[];
  /** Home address of each mobile node. */
  readonly homes: ReadonlyMap<string, Address>;
  /** Those that are made from keys. */
  readonly made: ReadonlyMap<string, CgaHome>;
  /** Addresses of each fixed node on each of its links. */
  readonly fixed: FixedAddresses;
  /** What the addresses of each multihomed host are made of. */
  readonly madeOf: ReadonlyMap<string, MadeOf>;
}

function plannedNode(node: NamedNode, context: Context): Omit<PlannedNode, 'routes'> {
  const { name, from, text } = node;
  if (!isFixed(text)) {
    const interfaces = Object.entries(text.interfaces).map(([key, value]) => ({
      name: key,
      link: firstLink(value),
      addresses: [],
    }));
    const own = { role: text.role, interfaces, forwarding: false };
    if (text.role === 'multihomed-host') {
      const made = context.madeOf.get(name)!;
      const host = { name, from, text };
      const addresses = addressesOfHost(context.scenario, host, made);
      const keys = sharedKeys(node, context);
      const config = multihomedHost(host, context.scenario, made, keys);
      return { name, ...own, identity: addresses[0]!, ownMade: addresses, config };
    }
    const identity = context.homes.get(name)!;
    return { name, ...own, identity, config: mobileNode({ name, from, text }, context) };
  }
  const addresses = context.fixed.get(name)!;
  const interfaces = text.on.map((link) => ({
    name: link,
    link,
    addresses: addresses.get(link)!,
  }));
  const isServer = SERVERS.has(text.role);
  const forwarding = forwards(text) || isServer;
  const serving =
    'service' in text && text.role !== 'content-master'
      ? serversOf(text.service, context.nodes)
      : [...slavesOf(name, context.nodes)];
  const served = serving.map((one) => one.name);
  const identity =
    context.homes.get(name) ??
    addresses.get(text.role === 'home-agent' ? text.serves : text.on[0]!)![0]!;
  const config = fixedConfig({ name, from, text }, context);
  const filters = { ...natOf(text), ...ingressFilterOf(text, context.scenario) };
  const servedBy = served.length > 0 && { servedBy: served };
  const [ipv4, ipv4Identity] = [ownIpv4Of(node), ipv4IdentityOf(node)];
  const planned = {
    name,
    role: text.role,
    interfaces,
    forwarding,
    identity,
    ...filters,
    ...servedBy,
    ...(ipv4 && { ipv4 }),
    ...(ipv4Identity && { ipv4Identity }),
  };
  return config === undefined ? planned : { ...planned, config };
}

/** They pass packets of clients on to each other. */
const SERVERS: ReadonlySet<RoleName> = new Set([
  'content-master',
  'content-slave',
  'anycast-server',
]);

function fixedConfig(node: NamedNode<FixedText>, context: Context): NodeConfig | undefined {
  const { name, text } = node;
  const { scenario } = context;
  switch (text.role) {
    case 'home-agent':
      return homeAgent(name, text, context);
    case 'access-router':
      return accessRouter(name, text, context.scenario);
    case 'content-master':
      return contentMaster({ ...node, text }, context, (...of) => authentication(scenario, ...of));
    case 'content-slave':
      return contentSlave({ ...node, text }, context, (...of) => authentication(scenario, ...of));
    case 'anycast-agent':
      return anycastAgent({ ...node, text }, context, (...of) => authentication(scenario, ...of));
    case 'anycast-server':
      return anycastServer({ ...node, text }, context, (...of) => authentication(scenario, ...of));
    case 'correspondent-node': {
      const maxBindings = text['max-bindings'] ?? DEFAULT_MAX_BINDINGS;
      const enhanced = text.peers?.rfc4866 ?? true;
      const keys = sharedKeys(node, context);
      return { name, correspondentNode: { maxBindings, enhanced, keys, ...askingOf(text) } };
    }
    case 'host':
    case 'router':
    case 'name-server':
    case 'attacker':
      return undefined;
  }
}

/** The keys that a node shares, by the addresses that their other holders are known by. */
function sharedKeys(node: NamedNode, { scenario, nodes, homes, fixed, madeOf }: Context) {
  return sharedKeysOf(node, scenario, (name) => {
    const { from, text } = nodes.find((one) => one.name === name)!;
    if (text.role === 'mobile-node') return [homes.get(name)!];
    if (isFixed(text)) return [...fixed.get(name)!.values()].flat();
    return addressesOfHost(scenario, { name, from, text }, madeOf.get(name)!);
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
      homeAgent: fixed.get(text['home-agent'])?.get(text.home)?.[0],
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
    correspondentNode: { maxBindings: DEFAULT_MAX_BINDINGS, keys, ...askingOf(text) },
  };
}

/** ESP between the two ends cannot stand inside UDP. */
function goesInUdp({ auth = 'none', 'udp-encapsulation': wanted }: MobileNodeText): boolean {
  return wanted ?? (auth === 'none' || !('esp' in auth));
}

function authentication(
  scenario: Scenario,
  from: string,
  text: Pick<MobileNodeText, 'auth'>,
): Authentication {
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
  const address = fixed.get(name)!.get(text.serves)![0]!;
  const advertised = advertisement(text.serves, text, scenario);
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
