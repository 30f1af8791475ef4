/** What routers of a plan tell on their links, and whom they let through. */
import type { AdvertisementConfig, Dhcpv6ServerConfig, NodeConfig } from '../core/config.ts';
import { constantsWith } from '../core/constants.ts';
import { type Duration, seconds } from '../core/time.ts';
import type { IngressFilter } from '../sim/index.ts';
import { firstLeased } from './plan-addresses.ts';
import { linkPrefixes } from './scenario/links.ts';
import {
  type AccessRouterText,
  DEFAULT_INTERVAL,
  DEFAULT_LEASE,
  DEFAULT_POOL,
  firstLink,
  type HomeAgentText,
  isFixed,
  LEAST_ROUTER_LIFETIME,
  type NodeText,
  providedOn,
} from './scenario/nodes.ts';
import type { Scenario } from './scenario/read.ts';

type Network = Pick<Scenario, 'links' | 'nodes' | 'events' | 'constants'>;

/** From where packets may come by a link: from the prefixes that the router provides there. */
export function ingressFilterOf(
  text: NodeText,
  { links }: Pick<Network, 'links'>,
): { readonly ingress?: IngressFilter } {
  if (!('ingress-filter' in text) || text['ingress-filter'] === undefined) return {};
  const ingress = text['ingress-filter'].map((link) => {
    const prefixes = linkPrefixes(links.get(link)!);
    const provided = prefixes.filter(({ address }) => providedOn(text, link, address));
    return [link, provided] as const;
  });
  return { ingress: new Map(ingress) };
}

/** Where nothing else is said it advertises itself on those links that a mobile node is ever on. */
export function accessRouter(name: string, text: AccessRouterText, network: Network): NodeConfig {
  const visited = new Set(text.advertises ?? visitedLinks(network));
  const links = text.on.filter((link) => visited.has(link));
  const addresses = text.addresses ?? 'stateless';
  const bits = {
    ...(addresses === 'stateful' && ({ autonomous: false } as const)),
    ...(addresses !== 'stateless' && ({ managed: true } as const)),
  };
  const advertisements = links.map((link) => ({ ...advertisement(link, text, network), ...bits }));
  if (addresses === 'stateless') return { name, accessRouter: { advertisements } };
  const dhcpv6 = links.map((link) => dhcpv6Server(link, text, network));
  return { name, accessRouter: { advertisements, dhcpv6 } };
}

function dhcpv6Server(
  link: string,
  text: AccessRouterText,
  { links }: Network,
): Dhcpv6ServerConfig {
  const prefix = advertisedPrefix(link, text, links);
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

function visitedLinks(network: Network): Set<string> {
  const links = new Set<string>();
  for (const node of network.nodes.values()) {
    if (isFixed(node)) continue;
    for (const value of Object.values(node.interfaces)) {
      const link = firstLink(value) ?? ('home' in node ? node.home : undefined);
      if (link !== undefined) links.add(link);
    }
  }
  for (const event of network.events) {
    if ((event.kind === 'move' || event.kind === 'link-up') && event.to !== undefined) {
      links.add(event.to);
    }
  }
  return links;
}

export function advertisement(
  link: string,
  text: HomeAgentText | AccessRouterText,
  { links, constants }: Network,
): AdvertisementConfig {
  const { mtu } = links.get(link)!;
  const prefix = advertisedPrefix(link, text, links);
  const [minInterval, maxInterval] = text['ra-interval'] ?? DEFAULT_INTERVAL;
  const routerLifetime = Math.max(3 * maxInterval, LEAST_ROUTER_LIFETIME) as Duration;
  return {
    link,
    prefix: prefix.address,
    prefixLength: prefix.length,
    minInterval,
    maxInterval,
    solicitedDelay: text['ra-delay'] ?? constantsWith(constants).MAX_RA_DELAY_TIME,
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

/** The first that it provides there: a router advertises one. */
function advertisedPrefix(
  link: string,
  text: HomeAgentText | AccessRouterText,
  links: Network['links'],
) {
  return linkPrefixes(links.get(link)!).find(({ address }) => providedOn(text, link, address))!;
}
