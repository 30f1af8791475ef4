/**
 * Nodes of a scenario. What stands here is the node's part of the daemon's file too.
 *
 * Router Advertisements come every 30 to 70 ms where nothing else is said: RFC 6275 section 7.5
 * allows routers that serve mobile nodes that much, and movement is noticed as fast.
 */
import { z } from 'zod';
import type { Duration } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import { anycastAgent, anycastServer } from './anycast-nodes.ts';
import { auth } from './authentication.ts';
import { askedAuthorities } from './delegations.ts';
import {
  ipv4,
  ipv6,
  list,
  name,
  named,
  object,
  oneOf,
  prefix,
  text,
  time,
  whole,
  yesNo,
} from './fields.ts';

import { samePrefix } from './links.ts';
import { multihomedHost } from './multihomed-host.ts';
import { correspondentPeers, mobileNodePeers } from './peers.ts';
import { contentMaster, contentSlave } from './service-nodes.ts';

/** In the stead of a home agent's name: RFC 6275 section 11.4.1. */
export const DISCOVER = 'discover';

/** Labels of letters, digits and hyphens, with a dot between. */
const DNS_NAME = /^(?=.{1,100}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/;
/** An answer of 512 octets has room for so many addresses. */
const MOST_NAMED = 12;

export const ROLES = [
  'home-agent',
  'access-router',
  'mobile-node',
  'multihomed-host',
  'correspondent-node',
  'content-master',
  'content-slave',
  'anycast-agent',
  'anycast-server',
  'host',
  'router',
  'name-server',
  'attacker',
] as const;
export type RoleName = (typeof ROLES)[number];

const on = list('the links that the node is on, such as [core]', name('a link'))
  .min(1, { error: 'is empty: a node is on one link at least' })
  .meta({ description: 'links that the node is on' });

const interval = z
  .tuple([time(), time()], {
    error: ({ input }) =>
      input === undefined ? 'is missing' : 'is not two times, such as [30ms, 70ms]',
  })
  .refine(([least, most]) => least >= 30_000 && most >= least, {
    error: 'wants the shorter time first, and 30ms at least (RFC 6275 section 7.5)',
  });

const ownAddresses = z
  .record(z.string(), ipv6(), {
    error: 'is not addresses by link, such as { home: 2001:db8:1::53 }',
  })
  .optional()
  .meta({ description: 'its address on these links; PREFIX::1 and on, in order, if absent' });

const IPV4 = {
  ipv4: ipv4().optional().meta({
    description: 'its whole IPv4 address, to which routes lead; with count the first of so many',
  }),
};

const ADVERTISING = {
  'ra-interval': interval.optional().meta({
    description: 'Router Advertisements come after a time between these; [30ms, 70ms] if absent',
  }),
  'ra-delay': time()
    .optional()
    .meta({ description: 'a solicitation is answered within this; 500ms if absent' }),
  'router-lifetime': time()
    .optional()
    .meta({ description: 'how long the router says it routes; 3 x the longer interval, >= 9s' }),
};

const routes = list(
  'routes that differ from the shortest, such as [{ to: home, via: r2 }]',
  object('a route, such as { to: home, via: r2 }', { to: name('a link'), via: name('a node') }),
)
  .optional()
  .meta({ description: 'where a packet to a link goes another way than the shortest' });

const NAT = {
  nat: list('links, such as [core]', name('a link'))
    .min(1, { error: 'is empty: leave it out where no address is translated' })
    .optional()
    .meta({
      description:
        'links towards which it translates addresses and ports; only TCP, UDP and echo pass',
    }),
  'nat-timeout': time()
    .optional()
    .meta({ description: 'how long an unused mapping of UDP holds; 120s if absent' }),
};

const PROVIDING = {
  provides: z
    .record(z.string(), prefix(), {
      error: 'is not prefixes by link, such as { site: 2001:db8:a:1::/64 }',
    })
    .optional()
    .meta({ description: 'of a link with several prefixes, the one whose way in and out it is' }),
  'ingress-filter': list('links, such as [site]', name('a link'))
    .min(1, { error: 'is empty: leave it out where nothing is filtered' })
    .optional()
    .meta({
      description: 'links whose senders must have an address that it provides there (RFC 2827)',
    }),
};

const count = whole('how many such nodes', 1, 10_000)
  .optional()
  .meta({ description: 'N makes NAME-0 .. NAME-(N-1)' });

const homeAgent = object('a home agent', {
  role: z.literal('home-agent'),
  on,
  'own-addresses': ownAddresses,
  serves: name('the link whose mobile nodes it serves'),
  ...ADVERTISING,
  preference: whole('preference', 0, 65_535).optional(),
  'allow-unauthenticated': yesNo('takes registrations without proof').optional(),
  'max-bindings': whole('bindings it keeps', 1, 1_000_000).optional(),
  'udp-encapsulation': yesNo('takes updates and tunnels inside UDP; true if absent').optional(),
  routes,
});

const accessRouter = object('an access router', {
  role: z.literal('access-router'),
  on,
  'own-addresses': ownAddresses,
  ...IPV4,
  advertises: list('the links it advertises itself on, such as [visited]', name('a link'))
    .optional()
    .meta({ description: 'those that mobile nodes come to in this file, if absent' }),
  ...ADVERTISING,
  addresses: oneOf(['stateless', 'stateful', 'both']).optional().meta({
    description: 'hosts make their own (stateless, if absent), lease them by DHCPv6, or both',
  }),
  pool: whole('addresses that it leases', 1, 65_536).optional(),
  lease: time().optional().meta({ description: 'how long a lease is valid; 2h if absent' }),
  'rapid-commit': yesNo('leases with two messages where the client wants it so').optional(),
  ...PROVIDING,
  ...NAT,
  routes,
});

const mobileNode = object('a mobile node', {
  role: z.literal('mobile-node'),
  home: name('its home link'),
  'home-agent': name(`the node that is its home agent, or ${DISCOVER}: it finds one itself`),
  'home-address': ipv6().optional().meta({ description: 'PREFIX::100 and on if absent' }),
  interfaces: named(
    'interfaces by name with the link each is on at the start, such as { wlan0: home }',
    z.union([z.null(), name('a link, or none')], { error: 'is neither a link nor none' }),
  )
    .default({})
    .meta({ description: 'most wanted first; none: not attached at the start' }),
  auth: auth.optional().meta({ description: 'how registrations are proved; none if absent' }),
  lifetime: time().optional().meta({ description: 'what it asks its home agent for' }),
  dad: oneOf(['optimistic', 'normal', 'off'])
    .optional()
    .meta({ description: 'duplicate address detection; optimistic (RFC 4429) if absent' }),
  'route-optimisation': yesNo('registers with its peers too; true if absent').optional(),
  'udp-encapsulation': yesNo(
    'goes inside UDP where it must; true if absent, but not with esp',
  ).optional(),
  peers: mobileNodePeers
    .optional()
    .meta({ description: 'what proves it to peers besides return routability' }),
  authorities: askedAuthorities,
  count,
});

const correspondentNode = object('a correspondent node', {
  role: z.literal('correspondent-node'),
  on,
  'own-addresses': ownAddresses,
  ...IPV4,
  'max-bindings': whole('bindings it keeps', 1, 1_000_000).optional(),
  peers: correspondentPeers.optional(),
  authorities: askedAuthorities,
  routes,
  count,
});

const host = object('a host that knows nothing of Mobile IPv6', {
  role: z.literal('host'),
  on,
  'own-addresses': ownAddresses,
  ...IPV4,
  routes,
  count,
});

const router = object('a router that knows nothing of Mobile IPv6', {
  role: z.literal('router'),
  on,
  'own-addresses': ownAddresses,
  ...IPV4,
  ...PROVIDING,
  ...NAT,
  routes,
});

const nameServer = object('a name server, which all programs and nodes of the file ask', {
  role: z.literal('name-server'),
  on,
  'own-addresses': ownAddresses,
  names: z
    .record(
      z.string().regex(DNS_NAME),
      list('nodes or addresses, such as [cn, 2001:db8::1]', text('a node or an address'))
        .min(1, { error: 'is empty: a name stands for one address at least' })
        .max(MOST_NAMED, {
          error: `has more addresses than an answer holds: ${MOST_NAMED} at most`,
        }),
      { error: 'is not addresses by DNS name, such as { www.example: [cn] }' },
    )
    .meta({ description: 'what names stand for: all addresses of these nodes, in this order' }),
  routes,
});

const attacker = object('somebody who means no good, and hears all that is sent on its links', {
  role: z.literal('attacker'),
  on,
  routes,
});

export const node = z.discriminatedUnion(
  'role',
  [
    homeAgent,
    accessRouter,
    mobileNode,
    multihomedHost,
    correspondentNode,
    contentMaster,
    contentSlave,
    anycastAgent,
    anycastServer,
    host,
    router,
    nameServer,
    attacker,
  ],
  {
    error: ({ input }) => {
      if (typeof input !== 'object' || input === null) return `is not a node: { role: ... }`;
      const role = oneOf(ROLES).safeParse((input as { role?: unknown }).role);
      return role.error?.issues[0]?.message ?? 'is not a node';
    },
  },
);

export type NodeText = z.output<typeof node>;
export type HomeAgentText = z.output<typeof homeAgent>;
export type CorrespondentNodeText = z.output<typeof correspondentNode>;
export type AccessRouterText = z.output<typeof accessRouter>;
export type NameServerText = z.output<typeof nameServer>;
export type MobileNodeText = z.output<typeof mobileNode>;
/** A node that stays on its links, with the addresses that the lab gives it. */
export type FixedText = Extract<NodeText, { on: unknown }>;
export const isFixed = (node: NodeText): node is FixedText => 'on' in node;

export const DEFAULT_INTERVAL: readonly [Duration, Duration] = [
  30_000 as Duration,
  70_000 as Duration,
];
export const DEFAULT_POOL = 1000;
export const DEFAULT_LEASE = 7_200_000_000 as Duration;
export const LEAST_ROUTER_LIFETIME = 9_000_000 as Duration;
export const DEFAULT_MAX_BINDINGS = 10_000;

/** A node that finds its home agent itself may come to any of its home link. */
export function isServed(node: MobileNodeText, agent: string, { serves }: HomeAgentText): boolean {
  const { home, 'home-agent': named } = node;
  return named === agent || (named === DISCOVER && home === serves);
}

/** Is a node the way in and out for an address on a link? Who says nothing is it for all. */
export function providedOn(node: NodeText, link: string, address: Address): boolean {
  const provided = 'provides' in node ? node.provides?.[link] : undefined;
  return provided === undefined || samePrefix(provided.address, address);
}

/** The link that an interface begins on; `none` in the file means none. */
export function firstLink(text: string | null | undefined): string | undefined {
  return text === null || text === undefined || text === 'none' ? undefined : text;
}

/** `a router`, `an access-router`. */
export const withArticle = (role: string): string =>
  `${/^[aeiou]/.test(role) ? 'an' : 'a'} ${role}`;
