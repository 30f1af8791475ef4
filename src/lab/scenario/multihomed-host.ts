/** A host with several providers, as it stands among the nodes of a scenario or of a host's file. */
import { z } from 'zod';
import { askedAuthorities } from './delegations.ts';
import {
  bandwidth,
  list,
  name,
  named,
  object,
  oneOf,
  prefix,
  text,
  time,
  whole,
} from './fields.ts';
import { multihomedPeers } from './peers.ts';
import { readPrefix } from './quantity.ts';

/** An interface, or where it has several prefixes the one of the provider. */
const provider = text('an interface, such as eth0, or a prefix of a provider').transform(
  (value, context) => {
    if (!value.includes(':')) return { link: value };
    const read = readPrefix(value);
    if (read.ok) return { prefix: read.value };
    context.addIssue({ code: 'custom', message: read.error });
    return z.NEVER;
  },
);

const prefer = list('interfaces or prefixes, such as [eth0, eth1]', provider).optional().meta({
  description: 'providers, most wanted first; sessions follow. Where they began if absent',
});

const probe = object('how failures are noticed, such as { interval: 250ms, threshold: 3 }', {
  interval: time()
    .refine((value) => value >= 10_000, { error: 'is too often: 10ms at the least' })
    .optional()
    .meta({ description: 'silence after which a path in use is asked; 250ms if absent' }),
  threshold: whole('intervals of silence, questions unanswered, that it takes', 2, 5).optional(),
  idle: time()
    .optional()
    .meta({ description: 'a path that carried nothing for so long is not in use; 5s if absent' }),
  hold: time()
    .optional()
    .meta({ description: 'a path that was dead answers so long before it is used; 30s if absent' }),
});

const quality = object('a cost and a bandwidth, such as { cost: 5, bandwidth: 10Mbit/s }', {
  cost: whole('what an octet costs, in whatever unit', 0, 1_000_000).optional(),
  bandwidth: bandwidth().optional(),
});

const rule = object('a rule, such as { to: 2001:db8:f::/64, prefer: [eth1] }', {
  to: prefix()
    .optional()
    .meta({ description: 'sessions with peers in this prefix; all if absent' }),
  port: whole('a port', 1, 65_535)
    .optional()
    .meta({ description: 'sessions that began with this port of either end; all if absent' }),
  prefer: list('interfaces or prefixes, such as [eth1]', provider),
}).refine(({ to, port }) => to !== undefined || port !== undefined, {
  error: 'names neither destinations (to) nor a port: prefer of the host is for all',
});

export const multihomedHost = object('a host with several providers', {
  role: z.literal('multihomed-host'),
  interfaces: named(
    'interfaces by name with the link each is on at the start, such as { eth0: site }',
    z.union([z.null(), name('a link, or none')], { error: 'is neither a link nor none' }),
  )
    .default({})
    .meta({
      description: 'in the order in which they are wanted; none: not attached at the start',
    }),
  prefer,
  providers: z
    .record(z.string(), quality, {
      error: 'is not qualities by interface, such as { wlan0: { cost: 1 } }',
    })
    .optional()
    .meta({ description: 'the cheaper one is wanted, of those that cost the same the faster one' }),
  rules: list('rules for destinations and ports', rule)
    .optional()
    .meta({ description: 'what is preferred for some destinations or ports; the first that fits' }),
  probe: probe.optional(),
  peers: multihomedPeers
    .optional()
    .meta({ description: 'what proves it to peers besides return routability' }),
  authorities: askedAuthorities,
  lifetime: time()
    .optional()
    .meta({ description: 'what it asks peers for, where its proof does not wear out' }),
  dad: oneOf(['optimistic', 'normal', 'off'])
    .optional()
    .meta({ description: 'duplicate address detection; optimistic (RFC 4429) if absent' }),
  'max-sessions': whole('sessions it looks after', 1, 100_000).optional(),
});

export type MultihomedHostText = z.output<typeof multihomedHost>;
