/** What a sequence chart shows, one entry a line: taken from the event stream, noise left out. */
import type { CareofEvent } from '../../core/events.ts';
import { type Address, formatAddress } from '../../wire/address.ts';
import type { Run } from '../flow-paths.ts';
import type { Logged, RunRecord } from '../run-record.ts';
import type { Attack } from '../scenario/attacks.ts';
import type { ScenarioEvent } from '../scenario/scenario-events.ts';
import { clockText, grouped, timeText } from './units.ts';

/** A line of the chart; `from` and `to` are nodes, the same one for a milestone. */
export interface ChartLine {
  readonly at: number;
  readonly kind: 'signal' | 'milestone' | 'traffic' | 'network';
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** The message left and was never taken. */
  readonly lost?: boolean;
}

type Signal = Extract<CareofEvent, { kind: 'signal.sent' | 'signal.received' }>;
type Sent = Logged & { readonly event: Signal };

const isSent = (logged: Logged): logged is Sent => logged.event.kind === 'signal.sent';
const isReceived = (logged: Logged): logged is Sent => logged.event.kind === 'signal.received';

/** All lines of a run, in order of time; what is done to the network stands before what follows. */
export function chartLines(record: RunRecord): ChartLine[] {
  const lines = [
    ...record.scenario.events.map(networkLine),
    ...eventLines(record),
    ...trafficLines(record),
  ];
  return lines.sort((a, b) => a.at - b.at);
}

function eventLines(record: RunRecord): ChartLine[] {
  const { events } = record;
  const sent = events.filter(isSent).filter(({ event }) => !isAdvertisement(event));
  const arrivals = arrivalsOf(sent, events.filter(isReceived));
  const owners = ownersOf(record);
  return events.flatMap((logged, index) => {
    if (!isSent(logged)) {
      const heard = logged.event.kind === 'movement.detected' ? noticed(record, index) : [];
      return [...heard, ...milestone(logged)];
    }
    if (isAdvertisement(logged.event)) return [];
    return [signalLine(logged, arrivals.get(logged), owners)];
  });
}

function signalLine(
  { at, node, event }: Sent,
  arrival: Sent | undefined,
  owners: ReadonlyMap<Address, string>,
): ChartLine {
  const to = arrival?.node ?? owners.get(event.to);
  const text = [event.message, event.detail].filter((part) => part !== '').join(' ');
  return {
    ...{ at, kind: 'signal', from: node, to: to ?? node },
    text: event.tunnelled === true ? `${text} (tunnelled)` : text,
    ...(arrival === undefined && to !== undefined && to !== node && { lost: true }),
  };
}

/** For each message the one that was taken: the latest before it that is not told for yet. */
function arrivalsOf(sent: readonly Sent[], received: readonly Sent[]): Map<Sent, Sent> {
  const waiting = new Map<string, Sent[]>();
  const arrivals = new Map<Sent, Sent>();
  let next = 0;
  for (const arrival of received) {
    for (; next < sent.length && sent[next]!.at <= arrival.at; next++) {
      const key = keyOf(sent[next]!.event);
      waiting.set(key, [...(waiting.get(key) ?? []), sent[next]!]);
    }
    const origin = waiting.get(keyOf(arrival.event))?.pop();
    if (origin !== undefined) arrivals.set(origin, arrival);
  }
  return arrivals;
}

const isAdvertisement = ({ message }: Signal): boolean => message === 'Router Advertisement';
const keyOf = ({ message, from, to }: Signal): string => `${message}|${from}|${to}`;

/** The node that each address belongs to, as far as the run tells. */
function ownersOf({ owners, plan, events }: RunRecord): Map<Address, string> {
  const all = new Map(owners);
  for (const { name, identity } of plan.nodes) all.set(identity, name);
  for (const { node, event } of events) {
    if (event.kind === 'address.ready') all.set(event.address, node);
  }
  return all;
}

/** Of all advertisements only that by which a node noticed, at this event, that it had moved. */
function noticed({ events, owners }: RunRecord, index: number): ChartLine[] {
  const { at, node } = events[index]!;
  for (let place = index; place >= 0 && at - events[place]!.at < JUST_NOW; place--) {
    const heard = events[place]!;
    if (heard.node !== node || !isReceived(heard) || !isAdvertisement(heard.event)) continue;
    const { from, detail } = heard.event;
    const text = `Router Advertisement ${detail}`.trimEnd();
    return [{ at: heard.at, kind: 'signal', from: owners.get(from) ?? node, to: node, text }];
  }
  return [];
}

const JUST_NOW = 1000;

function milestone({ at, node, event }: Logged): ChartLine[] {
  const text = milestoneText(event);
  return text === undefined ? [] : [{ at, kind: 'milestone', from: node, to: node, text }];
}

function milestoneText(event: CareofEvent): string | undefined {
  switch (event.kind) {
    case 'movement.detected':
      return `notices its movement: ${event.reason}`;
    case 'address.ready':
      return `has ${formatAddress(event.address)}`;
    case 'address.duplicate':
      return `gives up ${formatAddress(event.address)}: somebody has it`;
    case 'binding.accepted':
    case 'binding.deleted':
    case 'binding.expired':
    case 'binding.refused': {
      const what = event.kind.slice('binding.'.length);
      const why = event.reason === undefined ? '' : `: ${event.reason}`;
      return `binding ${what}${why}, care-of ${formatAddress(event.careof)}`;
    }
    case 'registration.refused':
    case 'registration.lost':
      return `${event.kind.replace('.', ' ')} with ${formatAddress(event.peer)}: ${event.reason ?? ''}`;
    case 'path.changed':
      return `path to ${formatAddress(event.peer)}: ${event.path}`;
    case 'peer.unaware':
      return `${formatAddress(event.peer)} knows no Mobile IPv6: ${event.reason}`;
    case 'home.returned':
      return 'is home';
    case 'home.left':
      return 'is away from home';
    case 'home.formed':
      return `has the home address ${formatAddress(event.home)} too`;
    case 'home.ended':
      return `gives up the home address ${formatAddress(event.home)}`;
    default:
      return undefined;
  }
}

function networkLine(event: ScenarioEvent): ChartLine {
  const [node, text] = networkText(event);
  return { at: event.at, kind: 'network', from: node, to: node, text };
}

/** The node that something happens to (none for a link), and what. */
export function networkText(event: ScenarioEvent): [string, string] {
  switch (event.kind) {
    case 'move': {
      const gap = event.gap > 0 ? ` after ${timeText(event.gap)} without` : '';
      return [event.node, `${event.node}.${event.interface} moves to ${event.to}${gap}`];
    }
    case 'link-down':
      return [event.node, `${event.node}.${event.interface} loses its link`];
    case 'link-up': {
      const to = event.to === undefined ? 'its link again' : event.to;
      return [event.node, `${event.node}.${event.interface} gets ${to}`];
    }
    case 'prefer':
      return [event.node, `${event.node} is told to prefer ${event.interface}`];
    case 'crash':
      return [event.node, `${event.node} crashes`];
    case 'kill':
      return [event.node, `${event.node}'s control side is killed`];
    case 'stop-programs':
      return [event.node, `${event.node}'s programs end`];
    case 'start-programs':
      return [event.node, `${event.node}'s programs are back`];
    case 'answer':
      return [event.node, `${event.node}'s programs answer checks with ${event.status}`];
    case 'restart':
      return [event.node, `${event.node} is back${event.journal ? '' : ', its journal lost'}`];
    case 'drain':
      return [event.node, `${event.node} is drained within ${timeText(event.within)}`];
    case 'undrain':
      return [event.node, `${event.node} is to stay`];
    case 'withdraw':
      return [event.node, `${event.node} announces its anycast address no longer`];
    case 'announce':
      return [event.node, `${event.node} announces its anycast address`];
    case 'isolate':
      return [event.node, `${event.node} does not reach what it shares`];
    case 'reconnect':
      return [event.node, `${event.node} reaches what it shares again`];
    case 'cut': {
      const way = event.from === undefined && event.to === undefined ? '' : wayText(event);
      return ['', `link ${event.link} is cut${way}`];
    }
    case 'lose':
      return ['', `the next ${event.headers.at(-1)} on ${event.link} is lost`];
    case 'heal':
      return ['', `link ${event.link} is whole again`];
    case 'change':
      return ['', `link ${event.link} changes: ${Object.keys(event.set).join(', ')}`];
    case 'revoke':
      return [event.agent, `${event.agent} revokes the binding of ${event.node}`];
    case 'hand-over':
      return [event.from, `${event.from} hands ${event.client} to ${event.to}`];
    case 'renumber': {
      const to = event.to === undefined ? '' : `gets ${formatAddress(event.to.address)}/64, `;
      const left = `its prefixes are valid ${timeText(event.valid)} more`;
      return ['', `link ${event.link} ${to}${left}`];
    }
    case 'attack':
      return [event.node, attackText(event.attack)];
  }
}

/** What an attacker does, in one line. */
function attackText(attack: Attack): string {
  switch (attack.do) {
    case 'send': {
      const what = attack.layers.map((one) => one.layer).join(', ');
      const times = attack.count === 1 ? '' : `${grouped(attack.count)} times `;
      return `attack: sends ${times}[${what}]`;
    }
    case 'replay':
      return `attack: plays back the ${attack.heard} ${attack.message}`;
    case 'bind':
      return `attack: tells ${attack.peer} that ${attack.home} is at ${attack.careOf}`;
  }
}

const wayText = ({ from, to }: { from?: string; to?: string }): string =>
  ` from ${from ?? 'everybody'} to ${to ?? 'everybody'}`;

/** More stretches of a flow than these are told in sum only: a chart is no trace. */
const MOST_RUNS = 6;
/** Where paths change, packets of both are under way for a moment; that is no stretch. */
const SHORT_RUN = 3;

/** Data traffic: one line for each stretch that travelled alike. */
function trafficLines({ flows, paths }: RunRecord): ChartLine[] {
  return flows.flatMap((flow) => {
    const all = smoothed(paths.get(flow.name)?.telling ?? []);
    const runs = all.length <= MOST_RUNS ? all : summed(all);
    const { protocol, from, to } = flow.text;
    const unit = protocol === 'tcp' ? 'segments' : 'datagrams';
    return runs.map((run) => ({
      at: run.first,
      kind: 'traffic' as const,
      ...{ from, to },
      text: `${flow.name}: ${grouped(run.packets)} ${unit} ${PATH_TEXT[run.path]} until ${clockText(run.last)}`,
    }));
  });
}

function smoothed(runs: readonly Run[]): Run[] {
  const kept: Run[] = [];
  for (const run of runs) {
    const before = kept.at(-1);
    const joins = before?.path === run.path || run.packets < SHORT_RUN;
    if (before === undefined || !joins) kept.push({ ...run });
    else {
      before.packets += run.packets;
      before.last = run.last;
    }
  }
  return kept;
}

function summed(runs: readonly Run[]): Run[] {
  const sums = new Map<string, Run>();
  for (const run of runs) {
    const sum = sums.get(run.path);
    if (sum === undefined) sums.set(run.path, { ...run });
    else {
      sum.packets += run.packets;
      sum.last = run.last;
    }
  }
  return [...sums.values()];
}

const PATH_TEXT = {
  direct: 'plain',
  tunnelled: 'by tunnel',
  'udp-tunnelled': 'by tunnel in UDP',
  'route-optimised': 'by route optimisation',
} as const;
