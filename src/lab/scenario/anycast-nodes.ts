/** Nodes of an anycast address, on whatever links: servers, and agents that hand clients to them. */
import { z } from 'zod';
import { auth } from './authentication.ts';
import { authorities, delegation } from './delegations.ts';
import {
  ipv4,
  ipv6,
  list,
  name,
  object,
  oneOf,
  prefix,
  text,
  time,
  whole,
  yesNo,
} from './fields.ts';

const PLACED = {
  on: list('the links that the node is on, such as [core]', name('a link'))
    .min(1, { error: 'is empty: a node is on one link at least' })
    .meta({ description: 'links that the node is on' }),
  'own-addresses': z
    .record(z.string(), ipv6(), { error: 'is not addresses by link, { site: 2001:db8:1::53 }' })
    .optional()
    .meta({ description: 'its address on these links; PREFIX::1 and on, in order, if absent' }),
  service: ipv6().meta({
    description: 'the anycast address, of no prefix of a link; the same for all its nodes',
  }),
  ipv4: ipv4().optional().meta({
    description: 'its own IPv4 address, which routes lead to, such as 192.0.2.10',
  }),
  'ipv4-service': ipv4().optional().meta({
    description: 'its IPv4 address, for clients that know no IPv6: they go through the agents',
  }),
};

/** A server's program has other things to do. */
const LEAST_EVERY = 100_000;

const httpPath = () =>
  text('a path, such as /health').regex(/^\/[\x21-\x7e]{0,255}$/, {
    error: 'is not a path: it begins with / and has no blanks, at most 256 characters',
  });

export const anycastAgent = object('an anycast agent', {
  role: z.literal('anycast-agent'),
  ...PLACED,
  policy: oneOf(['rotation', 'least-load', 'nearest', 'rendezvous'])
    .optional()
    .meta({ description: 'which server a new client gets; rotation if absent' }),
  'max-clients': whole('clients it remembers', 1, 1_000_000).optional(),
  check: object('{ tcp: 80, every: 1s } or { http: 80, path: /health }', {
    tcp: whole('a port', 1, 65_535)
      .optional()
      .meta({ description: 'a connection to this port of each server is to stand' }),
    http: whole('a port', 1, 65_535)
      .optional()
      .meta({ description: 'an HTTP request to this port is to be answered with 200 to 399' }),
    path: httpPath().optional().meta({ description: 'what is asked for; / if absent' }),
    every: time()
      .refine((every) => every >= LEAST_EVERY, { error: 'is too often: write at least 100ms' })
      .optional()
      .meta({ description: 'how often, and how long an answer may take; 1s if absent' }),
  })
    .refine(({ tcp, http }) => (tcp === undefined) !== (http === undefined), {
      error: 'says nothing of what is asked, or two things: write tcp: PORT, or http: PORT',
    })
    .refine(({ http, path }) => http !== undefined || path === undefined, {
      error: 'has no meaning without `http`',
      path: ['path'],
    })
    .optional()
    .meta({ description: 'how the agent finds out whether the programs of the servers answer' }),
  watch: oneOf(['heartbeat', 'echo']).optional().meta({
    description: 'how it asks servers whether they are there; heartbeat, echo who knows none',
  }),
  preference: whole('preference', 0, 65_535).optional().meta({
    description: 'of agents that share, which one servers find first: the highest; 0 if absent',
  }),
  shares: yesNo('servers and clients are kept in step with the other agents of the address; no')
    .optional()
    .meta({ description: 'keeps servers and clients in step with the other agents' }),
  authorities: authorities.optional().meta({
    description:
      'servers of these prefixes join with a delegation alone; all with a key, if absent',
  }),
  delegation: delegation
    .optional()
    .meta({ description: 'shown to clients of dead servers, whose bindings it takes back' }),
});

export const anycastServer = object('an anycast server', {
  role: z.literal('anycast-server'),
  ...PLACED,
  'over-ipv4': yesNo('its network has no IPv6: it meets its agents inside UDP over IPv4; no')
    .optional()
    .meta({ description: 'meets its agents inside UDP over IPv4: its network has no IPv6' }),
  // When the link that it is met on goes down, the next of them carries what it has.
  agents: list('the agents that it joins, such as [a1]', text('an anycast agent, or its address'))
    .min(1, { error: 'is empty: leave it out where routes lead to the server itself' })
    .optional()
    .meta({
      description:
        'anycast agents, or their addresses; without find-agents too, routes lead to the server itself',
    }),
  'find-agents': oneOf(['anycast', 'multicast', 'discovery']).optional().meta({
    description:
      'how it finds agents that are not named: where routes lead, by their group, or as home agents are found',
  }),
  capacity: whole('sessions that it can bear', 1, 1_000_000)
    .optional()
    .meta({ description: 'what it can bear beside what the others can; 1 if absent' }),
  near: list('prefixes of clients, such as [2001:db8:1::/64]', prefix())
    .optional()
    .meta({ description: 'prefixes that it is near to, for agents whose policy is nearest' }),
  'max-clients': whole('clients it remembers', 1, 1_000_000).optional(),
  auth: auth.meta({ description: 'how it proves itself to agents and servers: rfc4285' }),
  delegation: delegation
    .optional()
    .meta({ description: 'shown to clients and agents that ask who may bind the address' }),
  lifetime: time()
    .optional()
    .meta({ description: 'what it asks agents for, which is how fast its death shows; 20s' }),
  'client-lifetime': time()
    .optional()
    .meta({ description: 'what it asks clients for; 60s if absent' }),
  heartbeats: yesNo('it answers heartbeats; no stands for a server of another make')
    .optional()
    .meta({ description: 'false: it knows nothing of heartbeats, as servers of another make' }),
  quic: list('UDP ports, such as [443]', whole('a port', 1, 65_535))
    .max(4, { error: 'are too many ports: write 4 at the most' })
    .optional()
    .meta({ description: 'UDP ports of QUIC: a session there stays with its server' }),
  'direct-return': yesNo(
    'answers go straight to clients, from the anycast address; true if absent',
  ).optional(),
});

export type AnycastAgentText = z.output<typeof anycastAgent>;
export type AnycastServerText = z.output<typeof anycastServer>;
