/** Events of a scenario: what happens to the network while it runs. */
import { z } from 'zod';
import type { Duration } from '../../core/time.ts';
import { ATTACK_FIELDS, type Attack, attackOf, wrongAttack } from './attacks.ts';
import { list, name, object, prefix, text, time, whole, yesNo } from './fields.ts';
import { QUALITY_FIELDS } from './links.ts';

/** Events that other versions know; here they are refused with this reason. */
const LATER = {
  load: 'is not in this version yet: it comes with clusters of home agents',
};

/** An interface of a mobile node, such as `mn.wlan0`. */
const place = text('NODE.INTERFACE, such as mn.wlan0').transform((value, context) => {
  const [node = '', iface, ...rest] = value.split('.');
  if (iface !== undefined && rest.length === 0) return { node, interface: iface };
  context.addIssue({
    code: 'custom',
    message: `"${value}" is not NODE.INTERFACE, such as mn.wlan0`,
  });
  return z.NEVER;
});

const SHAPE = {
  at: time().meta({ description: 'when, counted from the start of the run' }),
  move: place.optional().meta({ description: 'interface that leaves its link for another' }),
  'link-down': place.optional().meta({ description: 'interface that loses its link' }),
  'link-up': place.optional().meta({ description: 'interface that gets its link (again)' }),
  to: name('a link').optional().meta({ description: 'for move and link-up: the new link' }),
  gap: time().optional().meta({ description: 'for move: time without any link' }),
  over: time()
    .optional()
    .meta({ description: 'for the nodes of a `count`: one after the other, evenly, in this time' }),
  every: time()
    .optional()
    .meta({ description: 'it happens again after this, `times` times in all' }),
  times: whole('how often it happens in all', 1, 100_000).optional(),
  prefer: place.optional().meta({ description: 'interface to be used from now on' }),
  crash: name('a node').optional().meta({ description: 'node that dies without a word' }),
  kill: name('a node').optional().meta({
    description: 'node whose control side dies; its kernel and its programs go on',
  }),
  'stop-programs': name('a node').optional().meta({
    description: 'node whose programs end: nobody listens there, and their connections break',
  }),
  'start-programs': name('a node').optional().meta({ description: 'node whose programs are back' }),
  answer: object('{ node: s1, status: 500 }', {
    node: name('a server of one address'),
    status: whole('a status of HTTP', 200, 599),
  })
    .optional()
    .meta({ description: 'what the programs of a server answer checks by HTTP with from now on' }),
  restart: name('a node')
    .optional()
    .meta({ description: 'node, or control side, that comes back' }),
  journal: yesNo('restart: with what it stored').optional(),
  cut: object('{ link: core } or { link: core, from: a, to: b }', {
    link: name('a link'),
    from: name('a node').optional(),
    to: name('a node').optional(),
  }).optional(),
  lose: object(
    '{ link: core, from: ha, headers: [ipv6, udp], count: 1 }: the next packets like that',
    {
      link: name('a link'),
      from: name('a node').optional(),
      headers: list('headers from the outermost on, such as [ipv6, udp]', text('a header')),
      count: whole('how many', 1, 1_000_000).optional(),
    },
  ).optional(),
  heal: name('a link').optional().meta({ description: 'link whose cuts end' }),
  change: object('a link and what changes, such as { link: core, loss: 5% }', {
    link: name('a link'),
    ...QUALITY_FIELDS,
  }).optional(),
  revoke: object('{ node: mn, agent: ha }: the home agent takes the binding back', {
    node: name('a mobile node'),
    agent: name('its home agent'),
  }).optional(),
  drain: name('a server of one address').optional().meta({
    description: 'server that goes away: its clients go to others with their connections',
  }),
  within: time()
    .optional()
    .meta({ description: 'for drain: clients that cannot are waited for so long; 30s' }),
  undrain: name('a server of one address')
    .optional()
    .meta({ description: 'server that stays, or is back' }),
  withdraw: name('an anycast node').optional().meta({
    description: 'node that announces its anycast address no longer: routes lead elsewhere',
  }),
  announce: name('an anycast node').optional().meta({ description: 'node that does so again' }),
  isolate: name('an anycast agent').optional().meta({
    description: 'agent that does not reach what it shares with the other agents any more',
  }),
  reconnect: name('an anycast agent').optional().meta({ description: 'agent that does again' }),
  'hand-over': object('{ client: cn, from: s1, to: s2 }: a server hands a client to another', {
    client: name('the client'),
    from: name('the server that it has'),
    to: name('the server that it gets, with its connections'),
  }).optional(),
  renumber: object('{ link: home, to: 2001:db8:9::/64, valid: 60s, preferred: 30s }', {
    link: name('a link'),
    to: prefix().optional().meta({ description: 'prefix that is added; none if absent' }),
    valid: time().meta({ description: 'how long the prefixes so far are still valid' }),
    preferred: time().meta({ description: 'and how long they are preferred' }),
  }).optional(),
  attack: name('the attacker').optional().meta({ description: 'node that does something evil' }),
  ...ATTACK_FIELDS,
};

/** What can happen; every event has exactly one of these keys. */
export const EVENT_KINDS = [
  'move',
  'link-down',
  'link-up',
  'prefer',
  'crash',
  'kill',
  'stop-programs',
  'start-programs',
  'answer',
  'restart',
  'cut',
  'lose',
  'heal',
  'change',
  'revoke',
  'drain',
  'undrain',
  'withdraw',
  'announce',
  'isolate',
  'reconnect',
  'hand-over',
  'renumber',
  'attack',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** Keys that belong to some kinds only. */
const BELONGS: Readonly<Record<string, readonly EventKind[]>> = {
  to: ['move', 'link-up'],
  gap: ['move'],
  within: ['drain'],
  over: ['move', 'link-down', 'link-up', 'prefer', 'crash', 'kill', 'restart'],
  journal: ['restart'],
  ...Object.fromEntries(Object.keys(ATTACK_FIELDS).map((key) => [key, ['attack']])),
};

const shape = object('an event, such as { at: 4s, move: mn.wlan0, to: visited }', SHAPE, LATER);
type Shape = z.output<typeof shape>;
interface Place {
  readonly node: string;
  readonly interface: string;
}

export type ScenarioEvent = {
  readonly at: Duration;
  /** Where the node's name stands for many: from the first to the last of them. */
  readonly over?: Duration;
  readonly again?: { readonly every: Duration; readonly times: number };
} & (
  | ({ readonly kind: 'move'; readonly to: string; readonly gap: Duration } & Place)
  | ({ readonly kind: 'link-down' | 'prefer' } & Place)
  | ({ readonly kind: 'link-up'; readonly to?: string } & Place)
  | {
      readonly kind:
        | 'crash'
        | 'kill'
        | 'stop-programs'
        | 'start-programs'
        | 'withdraw'
        | 'announce'
        | 'undrain'
        | 'isolate'
        | 'reconnect';
      readonly node: string;
    }
  | { readonly kind: 'answer'; readonly node: string; readonly status: number }
  | { readonly kind: 'drain'; readonly node: string; readonly within: Duration }
  | { readonly kind: 'restart'; readonly node: string; readonly journal: boolean }
  | { readonly kind: 'cut'; readonly link: string; readonly from?: string; readonly to?: string }
  | ({ readonly kind: 'lose'; readonly count: number } & Omit<Lose, 'count'>)
  | { readonly kind: 'heal'; readonly link: string }
  | ({ readonly kind: 'renumber' } & Renumber)
  | { readonly kind: 'change'; readonly link: string; readonly set: Omit<Change, 'link'> }
  | { readonly kind: 'revoke'; readonly node: string; readonly agent: string }
  | ({ readonly kind: 'hand-over' } & HandOver)
  | { readonly kind: 'attack'; readonly node: string; readonly attack: Attack }
);
type Lose = NonNullable<Shape['lose']>;
type HandOver = NonNullable<Shape['hand-over']>;
type Renumber = NonNullable<Shape['renumber']>;
type Change = NonNullable<Shape['change']>;

/** What is wrong with the keys of an event as a whole, as [key, message]. */
function* wrongKeys(event: Shape): Generator<[string, string]> {
  const kinds = EVENT_KINDS.filter((kind) => event[kind] !== undefined);
  if (kinds.length === 0)
    yield ['', `says nothing of what happens: write one of ${EVENT_KINDS.join(', ')}`];
  for (const extra of kinds.slice(1)) {
    yield [extra, `is a second event beside "${kinds[0]}": write two events with the same time`];
  }
  if (kinds.length !== 1) return;
  for (const [key, belongs] of Object.entries(BELONGS)) {
    if (event[key as keyof Shape] !== undefined && !belongs.includes(kinds[0]!)) {
      yield [key, `has no meaning for "${kinds[0]}", only for ${belongs.join(' and ')}`];
    }
  }
  if ((event.every === undefined) !== (event.times === undefined)) {
    const [given, lacking] = event.every === undefined ? ['times', 'every'] : ['every', 'times'];
    yield [given!, `says nothing without \`${lacking}\`: { every: 10s, times: 5 }`];
  }
  if (kinds[0] === 'move' && event.to === undefined) {
    yield ['', 'moves to no link: add `to: LINK`, or write link-down'];
  }
  if (kinds[0] === 'attack') yield* wrongAttack(event);
}

export const event = shape.superRefine((value, context) => {
  for (const [key, message] of wrongKeys(value)) {
    context.addIssue({ code: 'custom', message, path: key === '' ? [] : [key] });
  }
});

/** The event that the keys describe; called for what `event` accepted. */
export function eventOf(value: Shape): ScenarioEvent {
  const { over, every, times } = value;
  return {
    ...kindOf(value),
    ...(over !== undefined && { over }),
    ...(every !== undefined && times !== undefined && { again: { every, times } }),
  };
}

/**
 * All that an event of the file stands for: again and again where it says so, and for each node that
 * its node's name stands for, evenly spread over its `over`.
 * @param count how many nodes a name stands for; undefined where it is the node's own.
 */
export function singleEvents(
  event: ScenarioEvent,
  count: (name: string) => number | undefined,
): ScenarioEvent[] {
  const { over = 0, again = { every: 0, times: 1 }, ...once } = event;
  const many = 'node' in once ? count(once.node) : undefined;
  const step = over / Math.max((many ?? 1) - 1, 1);
  const events: ScenarioEvent[] = [];
  for (let turn = 0; turn < again.times; turn++) {
    const began = event.at + turn * again.every;
    for (let index = 0; index < (many ?? 1); index++) {
      const at = Math.round(began + index * step) as Duration;
      const node = many === undefined || !('node' in once) ? {} : { node: `${once.node}-${index}` };
      events.push({ ...once, at, ...node });
    }
  }
  return events;
}

const DRAIN_TIME = 30_000_000 as Duration;

function kindOf(value: Shape): ScenarioEvent {
  const { at } = value;
  if (value.move !== undefined) {
    return { at, kind: 'move', ...value.move, to: value.to!, gap: value.gap ?? (0 as Duration) };
  }
  if (value['link-up'] !== undefined) {
    const to = value.to === undefined ? {} : { to: value.to };
    return { at, kind: 'link-up', ...value['link-up'], ...to };
  }
  if (value['link-down'] !== undefined) return { at, kind: 'link-down', ...value['link-down'] };
  if (value.prefer !== undefined) return { at, kind: 'prefer', ...value.prefer };
  if (value.crash !== undefined) return { at, kind: 'crash', node: value.crash };
  if (value.kill !== undefined) return { at, kind: 'kill', node: value.kill };
  for (const kind of ['stop-programs', 'start-programs'] as const) {
    const node = value[kind];
    if (node !== undefined) return { at, kind, node };
  }
  if (value.answer !== undefined) return { at, kind: 'answer', ...value.answer };
  if (value.drain !== undefined) {
    return { at, kind: 'drain', node: value.drain, within: value.within ?? DRAIN_TIME };
  }
  if (value.undrain !== undefined) return { at, kind: 'undrain', node: value.undrain };
  if (value.withdraw !== undefined) return { at, kind: 'withdraw', node: value.withdraw };
  if (value.announce !== undefined) return { at, kind: 'announce', node: value.announce };
  if (value.isolate !== undefined) return { at, kind: 'isolate', node: value.isolate };
  if (value.reconnect !== undefined) return { at, kind: 'reconnect', node: value.reconnect };
  if (value.restart !== undefined) {
    return { at, kind: 'restart', node: value.restart, journal: value.journal ?? true };
  }
  if (value.lose !== undefined) {
    return { at, kind: 'lose', ...value.lose, count: value.lose.count ?? 1 };
  }
  if (value.heal !== undefined) return { at, kind: 'heal', link: value.heal };
  if (value.renumber !== undefined) return { at, kind: 'renumber', ...value.renumber };
  if (value.cut !== undefined) {
    const { link, from, to } = value.cut;
    return { at, kind: 'cut', link, ...(from && { from }), ...(to && { to }) };
  }
  const handed = value['hand-over'];
  if (handed !== undefined) return { at, kind: 'hand-over', ...handed };
  if (value.revoke !== undefined) return { at, kind: 'revoke', ...value.revoke };
  if (value.attack !== undefined) {
    return { at, kind: 'attack', node: value.attack, attack: attackOf(value) };
  }
  const { link, ...set } = value.change!;
  return { at, kind: 'change', link, set };
}
