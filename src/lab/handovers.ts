/** Hand-overs and what each cost, in the phases that the literature uses. */
import { type CareofEvent, PHASES, type Phase } from '../core/events.ts';
import type { FlowDisturbance } from './flow-records.ts';
import { firstAfter } from './gaps.ts';
import type { Attachment, Logged, RunRecord } from './run-record.ts';

export interface Handover {
  readonly node: string;
  /** When the network changed under the node, or the node chose; microseconds. */
  readonly at: number;
  readonly cause: string;
  readonly fromLink: string | null;
  readonly toLink: string | null;
  /** Microseconds; null where a phase did not happen. Phases may overlap. */
  readonly phases: Readonly<Record<Phase, number | null>>;
  /** From `at` to the end of the last phase. */
  readonly total: number | null;
  readonly signallingBytes: number;
  readonly flows: readonly FlowDisturbance[];
}

interface Span {
  readonly began: number;
  readonly ended: number;
  /** What told of its end: behind the messages that ended it, and on a real host a moment later. */
  readonly told: Logged;
}

interface Begun {
  readonly node: string;
  readonly began: number;
  readonly interface: string;
  readonly cause: string;
  readonly spans: Map<Phase, Span>;
  /** Phases that were told of, each with its peer. */
  readonly told: Set<string>;
}

/** What a run has of one node: looked at alone, since ten thousand nodes may move in one run. */
interface History {
  readonly events: Logged[];
  readonly attachments: Attachment[];
  readonly changes: Change[];
}

/** All hand-overs of all nodes, in order of time. Where a node begins is no hand-over. */
export function handoversOf(record: RunRecord): Handover[] {
  const beginning = BEGINNING[record.backend.name];
  const all = [...historiesOf(record).values()].flatMap((history) => ofOneNode(history, beginning));
  all.sort((a, b) => a.began - b.began);
  const causes = all.map(({ handover }) => handover.at).sort((a, b) => a - b);
  return all.map(({ handover }) => {
    // What follows the next hand-over of any node is on that one's bill.
    const until = causes[firstAfter(causes, handover.at)] ?? Infinity;
    return { ...handover, flows: disturbed(record, handover.node, handover.at, until) };
  });
}

function ofOneNode({ events, attachments, changes }: History, beginning: number) {
  const begun = begunHandovers(events, changes);
  const times = events.map(({ at }) => at as number);
  const causes = begun.map((one) => causeOf(one, changes, beginning));
  return begun.flatMap((one, index) => {
    const at = causes[index];
    if (at === undefined) return [];
    const previous = begun[index - 1];
    const until = causes[index + 1] ?? begun[index + 1]?.began ?? Infinity;
    const handover = {
      node: one.node,
      at,
      cause: one.cause,
      fromLink: previous === undefined ? null : linkAt(attachments, previous),
      toLink: linkAt(attachments, one),
      phases: durations(one),
      total: one.spans.size === 0 ? null : lastOf(one).ended - at,
      signallingBytes: signalling(events, times, one, at, until),
    };
    return [{ began: one.began, handover }];
  });
}

function historiesOf(record: RunRecord): Map<string, History> {
  const histories = new Map<string, History>();
  const of = (node: string): History => {
    let history = histories.get(node);
    if (history === undefined) {
      history = { events: [], attachments: [], changes: [] };
      histories.set(node, history);
    }
    return history;
  };
  for (const logged of record.events) of(logged.node).events.push(logged);
  for (const attachment of record.attachments) of(attachment.node).attachments.push(attachment);
  for (const change of changesOf(record)) of(change.node).changes.push(change);
  return histories;
}

interface Change {
  readonly at: number;
  readonly node: string;
}

/** Whatever made nodes move: links that changed under them, a new start, and the operator's word. */
function changesOf({ attachments, scenario }: RunRecord): Change[] {
  const told = scenario.events.flatMap((event) =>
    event.kind === 'prefer' || event.kind === 'restart'
      ? [{ at: event.at as number, node: event.node }]
      : [],
  );
  const changes = [...attachments.filter(({ at }) => at > 0), ...told];
  return changes.sort((a, b) => a.at - b.at);
}

/** A real host sees its cables so late after instant 0 at most, and its control side looks then. */
const BEGINNING = { sim: 0, linux: 500_000 } as const;

/** The last change before a hand-over began; undefined where the node just began to be somewhere. */
function causeOf(one: Begun, changes: readonly Change[], beginning: number): number | undefined {
  const change = changes.findLast(({ at }) => at <= one.began);
  const detection = one.spans.get('movement_detection')?.began ?? one.began;
  return change === undefined && detection <= beginning
    ? undefined
    : Math.min(change?.at ?? detection, detection);
}

/**
 * A node first notices that it moved and makes an address, and then hands over: what it told of
 * since it noticed is on the bill of the hand-over that follows, if nothing else happened to it in
 * between.
 */
function begunHandovers(events: readonly Logged[], changes: readonly Change[]): Begun[] {
  const all: Begun[] = [];
  let noticed: Logged[] = [];
  const settle = (one: Begun | undefined) => {
    if (one !== undefined) for (const logged of noticed) addPhase(one, logged);
    noticed = [];
  };
  for (const logged of events) {
    const { at, node, event } = logged;
    if (event.kind === 'handover.began') {
      const { link, reason } = event;
      const place = { node, began: at, interface: link, cause: reason };
      const one: Begun = { ...place, spans: new Map(), told: new Set() };
      const change = changes.findLast((other) => other.at <= at)?.at ?? 0;
      settle((noticed[0]?.at ?? at) >= change ? one : all.at(-1));
      all.push(one);
    } else if (event.kind === 'handover.phase') {
      const isNew = event.phase === 'movement_detection';
      const isAddress = event.phase === 'address_configuration' && noticed.length > 0;
      if (isNew) settle(all.at(-1));
      if (isNew || isAddress) noticed.push(logged);
      else if (all.length > 0) addPhase(all.at(-1)!, logged);
    }
  }
  settle(all.at(-1));
  return all;
}

/**
 * Phases with several peers count from the first that began to the last that ended. With one peer
 * only the first counts: what comes later renews what the hand-over made.
 */
function addPhase({ spans, told }: Begun, logged: Logged): void {
  const { event } = logged;
  if (event.kind !== 'handover.phase') return;
  const key = `${event.phase} ${event.peer ?? ''}`;
  if (told.has(key)) return;
  told.add(key);
  const span = spans.get(event.phase);
  spans.set(event.phase, {
    began: Math.min(span?.began ?? Infinity, event.began),
    ended: Math.max(span?.ended ?? 0, event.ended),
    told: (span?.ended ?? 0) > event.ended ? span!.told : logged,
  });
}

/** The link that the interface of a hand-over was on when it began. */
function linkAt(attachments: readonly Attachment[], one: Begun): string | null {
  const last = attachments.findLast(
    (attachment) => attachment.interface === one.interface && attachment.at <= one.began,
  );
  return last?.link ?? null;
}

function durations(one: Begun): Record<Phase, number | null> {
  const entries = PHASES.map((phase) => {
    const span = one.spans.get(phase);
    return [phase, span === undefined ? null : span.ended - span.began];
  });
  return Object.fromEntries(entries) as Record<Phase, number | null>;
}

const lastOf = ({ spans }: Begun): Span =>
  [...spans.values()].reduce((last, span) => (span.ended > last.ended ? span : last));

/** Messages that come whether a node moves or not. */
const PERIODIC: ReadonlySet<string> = new Set(['Router Advertisement']);

/** Octets that the node sent and received for its hand-over: to the end of its last phase. */
function signalling(
  events: readonly Logged[],
  times: readonly number[],
  one: Begun,
  from: number,
  to: number,
): number {
  const last = one.spans.size === 0 ? undefined : lastOf(one).told;
  let octets = 0;
  for (let i = firstAfter(times, from - 1); i < events.length && times[i]! <= to; i++) {
    const { event } = events[i]!;
    if (isSignal(event) && !PERIODIC.has(event.message)) octets += event.octets;
    if (events[i] === last) break;
  }
  return octets;
}

const isSignal = (
  event: CareofEvent,
): event is Extract<CareofEvent, { kind: 'signal.sent' | 'signal.received' }> =>
  event.kind === 'signal.sent' || event.kind === 'signal.received';

function disturbed(record: RunRecord, node: string, from: number, to: number): FlowDisturbance[] {
  const flows = record.flows.filter(({ text }) => text.from === node || text.to === node);
  if (flows.length === 0) return [];
  const before = record.scenario.events.map(({ at }) => at as number).filter((at) => at <= from);
  return flows.map((flow) => flow.disturbance(from, to, before));
}
