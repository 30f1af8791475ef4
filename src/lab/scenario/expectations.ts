/** Expectations of a scenario: what must be true of flows, nodes and packets after the run. */
import { z } from 'zod';
import { COUNTERS } from '../../core/counters.ts';
import type { Phase } from '../../core/events.ts';
import { TABLES } from '../../core/tables.ts';
import { bound, list, name, object, oneOf, span, text, time, yesNo } from './fields.ts';
import { suggestion } from './nearest.ts';
import type { Bound } from './quantity.ts';

export const PATH_KINDS = ['direct', 'tunnelled', 'udp-tunnelled', 'route-optimised'] as const;

const carriedBy = object('a time and a path, such as { at: 8s, path: route-optimised }', {
  at: time(),
  path: oneOf(PATH_KINDS),
});

/** How a flow may end other than well. */
export const FAILURES = ['reset', 'time-out', 'unreachable', 'unfinished'] as const;

/** What may be expected of a flow. */
export const flowExpectation = object('what is expected of the flow, such as { survives: true }', {
  survives: yesNo('the session is kept').optional(),
  fails: oneOf(FAILURES).optional().meta({ description: 'how the session ends instead' }),
  interruption: bound('time').optional().meta({ description: 'longest wait after an event' }),
  lost: bound().optional().meta({ description: 'datagrams sent and never received' }),
  duplicated: bound().optional().meta({ description: 'datagrams received again' }),
  reordered: bound().optional().meta({ description: 'datagrams overtaken by later ones' }),
  bytes: bound('size').optional().meta({ description: 'octets of data received' }),
  'carried-by': z
    .union([carriedBy, z.array(carriedBy)], {
      error: 'is not a time and a path, such as { at: 8s, path: route-optimised }',
    })
    .transform((value) => (Array.isArray(value) ? value : [value]))
    .optional(),
});
export type FlowExpectation = z.output<typeof flowExpectation>;

const COUNTER_NAMES = Object.keys(COUNTERS);
const counters = z
  .record(z.string(), bound(), { error: 'is not counters, such as { mobility.be_sent: "> 0" }' })
  .superRefine((value, context) => {
    for (const key of Object.keys(value)) {
      if (Object.hasOwn(COUNTERS, key)) continue;
      const known = COUNTER_NAMES.filter((other) => other.startsWith(key.split('.')[0]!));
      const message = `is no counter: ${suggestion(key, known.length > 0 ? known : COUNTER_NAMES)}`;
      context.addIssue({ code: 'custom', message, path: [key] });
    }
  });

const handover = object(
  'what is expected of one hand-over, such as { to: visited, home-registration: "< 2s" }',
  {
    to: name('the link it leads to').optional(),
    'movement-detection': bound('time').optional(),
    'address-configuration': bound('time').optional(),
    'home-registration': bound('time').optional(),
    'return-routability': bound('time').optional(),
    'peer-registration': bound('time').optional(),
    signalling: bound('size').optional().meta({ description: 'octets of signalling' }),
  },
).transform(({ to, signalling, ...rest }) => ({
  to,
  signalling,
  phases: {
    movement_detection: rest['movement-detection'],
    address_configuration: rest['address-configuration'],
    home_registration: rest['home-registration'],
    return_routability: rest['return-routability'],
    peer_registration: rest['peer-registration'],
  } satisfies Record<Phase, Bound | undefined>,
}));
export type HandoverExpectation = z.output<typeof handover>;

const TABLE_NAMES = Object.keys(TABLES);
const tables = z
  .record(z.string(), bound(), { error: 'is not tables, such as { bindings: "<= 100" }' })
  .superRefine((value, context) => {
    for (const key of Object.keys(value)) {
      if (Object.hasOwn(TABLES, key)) continue;
      const message = `is no table: ${suggestion(key, TABLE_NAMES)}`;
      context.addIssue({ code: 'custom', message, path: [key] });
    }
  });

const meanHandover = object(
  'the mean of hand-overs to a link, such as { to: visited, count: 100, total: 2s +- 10% }',
  {
    to: name('the link they lead to'),
    count: bound().optional().meta({ description: 'how many there are' }),
    'movement-detection': bound('time').optional(),
    'address-configuration': bound('time').optional(),
    'detection-and-address': bound('time').optional().meta({ description: 'the sum of both' }),
    'home-registration': bound('time').optional(),
    'return-routability': bound('time').optional(),
    'peer-registration': bound('time').optional(),
    total: bound('time').optional().meta({ description: 'to the end of the last phase' }),
  },
);
export type MeanExpectation = z.output<typeof meanHandover>;

/** What may be expected of a node. */
export const nodeExpectation = object('what is expected of the node, such as { bindings: 1 }', {
  bindings: bound().optional().meta({ description: 'bindings it holds at the end' }),
  counters: counters.optional(),
  tables: tables.optional().meta({ description: 'the most that its tables ever held' }),
  unasked: bound('size')
    .optional()
    .meta({ description: 'octets from nodes that it had sent nothing to' }),
  'agrees-with': name('another anycast agent').optional().meta({
    description: 'agent that knows the same servers and clients at the end',
  }),
  handovers: z
    .union([z.int().min(0), z.array(handover)], {
      error: 'is neither a number of hand-overs nor a list of them, one entry each, in order',
    })
    .optional(),
  'mean-handover': meanHandover.optional(),
});
export type NodeExpectation = z.output<typeof nodeExpectation>;

/** What may be expected of packets on a link. */
export const packetExpectation = object(
  'packets, such as { on: core, at: "6s..", headers: [ipv6, routing-2, tcp] }',
  {
    on: name('a link'),
    at: span().optional().meta({ description: 'the whole run if absent' }),
    from: name('the node that sends them').optional(),
    to: name('the node they go to').optional(),
    headers: list('headers from the outermost on, such as [ipv6, routing-2, tcp]', text('a header'))
      .optional()
      .meta({ description: 'all headers of the packet, in order' }),
    count: bound().optional().meta({ description: '"> 0" if absent' }),
    none: z.literal(true, { error: 'is not true: leave it out, or write count' }).optional(),
  },
).superRefine((value, context) => {
  if (value.count !== undefined && value.none !== undefined) {
    const message = 'says the same as count: keep one of the two';
    context.addIssue({ code: 'custom', message, path: ['none'] });
  }
});
export type PacketExpectation = z.output<typeof packetExpectation>;
