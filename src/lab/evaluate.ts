/** Expectations held against what the run left behind. */
import type { Counter } from '../core/counters.ts';
import { PHASES } from '../core/events.ts';
import type { Table } from '../core/tables.ts';
import type { Address } from '../wire/address.ts';
import { bindingsOf } from './bindings.ts';
import type { FlowResult } from './flow-records.ts';
import { type Handover, handoversOf } from './handovers.ts';
import { MEANS, meanOf } from './mean-handover.ts';
import { whyNotJudged } from './not-judged.ts';
import { boundText, timeText } from './report/units.ts';
import type { Knowledge, RunRecord } from './run-record.ts';
import type { Path } from './scenario/diagnostic.ts';
import type {
  FlowExpectation,
  HandoverExpectation,
  MeanExpectation,
  NodeExpectation,
  PacketExpectation,
} from './scenario/expectations.ts';
import { type Bound, within } from './scenario/quantity.ts';

/** One expectation and what came of it. */
export interface Verdict {
  readonly text: string;
  /** Null where this backend cannot tell. */
  readonly ok: boolean | null;
  readonly expected: string;
  readonly actual: string;
  /** Why it was not judged. */
  readonly notJudged?: string;
  /** `file:line`. */
  readonly where: string;
}

type Unplaced = Omit<Verdict, 'where' | 'notJudged'> & { readonly path: Path };

/** All verdicts of a run, in the order of the file's sections: flows, nodes, packets. */
export function evaluate(record: RunRecord): Verdict[] {
  const { expect, events } = record.scenario;
  const times = events.map(({ at }) => at as number);
  const results = new Map(record.flows.map((flow) => [flow.name, flow.result(times)]));
  const handovers = handoversOf(record);
  const verdicts: Unplaced[] = [];
  for (const [name, expectation] of expect.flows) {
    verdicts.push(...flowVerdicts(name, expectation, results.get(name)!, record));
  }
  for (const [name, expectation] of expect.nodes) {
    verdicts.push(...nodeVerdicts(name, expectation, record, handovers));
  }
  for (const [index, expectation] of expect.packets.entries()) {
    verdicts.push(packetVerdict(index, expectation, record));
  }
  return verdicts.map(({ path, ...verdict }) => {
    const notJudged = whyNotJudged(path, record);
    return {
      ...verdict,
      ...(notJudged !== undefined && { ok: null, notJudged }),
      where: record.scenario.where(path),
    };
  });
}

function* flowVerdicts(
  name: string,
  expected: FlowExpectation,
  result: FlowResult,
  record: RunRecord,
): Generator<Unplaced> {
  const path = (key: string): Path => ['expect', name, key];
  const ended = result.survived ? 'survived' : failureText(result);
  if (expected.survives !== undefined) {
    const ok = result.survived === expected.survives;
    const wanted = expected.survives ? 'survived' : 'did not survive';
    yield { text: `${name} survives`, ok, expected: wanted, actual: ended, path: path('survives') };
  }
  if (expected.fails !== undefined) {
    const ok = result.failure === expected.fails;
    const text = `${name} fails`;
    yield { text, ok, expected: expected.fails, actual: ended, path: path('fails') };
  }
  for (const key of ['interruption', 'lost', 'duplicated', 'reordered', 'bytes'] as const) {
    const bound = expected[key];
    if (bound === undefined) continue;
    const unit = key === 'interruption' ? 'time' : key === 'bytes' ? 'size' : undefined;
    const none = key === 'interruption' ? 'no event while it ran' : 'not counted';
    yield { ...bounded(`${name} ${key}`, result[key], bound, unit, none), path: path(key) };
  }
  for (const { at, path: wanted } of expected['carried-by'] ?? []) {
    const actual = record.paths.get(name)?.at(at) ?? 'no packet came any more';
    const text = `${name} at ${timeText(at)} is carried`;
    yield { text, ok: actual === wanted, expected: wanted, actual, path: path('carried-by') };
  }
}

function failureText({ protocol, failure, digestOk, bytes }: FlowResult): string {
  switch (failure) {
    case 'reset':
      return `was reset after ${bytes} octets`;
    case 'time-out':
      return `timed out after ${bytes} octets`;
    case 'unreachable':
      if (protocol === 'tcp') return `had no route after ${bytes} octets`;
      return bytes === 0 ? 'nothing arrived' : 'nothing arrived after the last event';
    case 'unfinished':
      return `had not ended when the run did, after ${bytes} octets`;
    case null:
      return digestOk === false ? 'the octets that arrived are others' : 'survived';
  }
}

function bounded(
  text: string,
  value: number | null,
  bound: Bound,
  unit: 'time' | 'size' | undefined,
  none: string,
): Omit<Unplaced, 'path'> {
  const shown = (amount: number) => boundText(amount, unit);
  const operator = bound.operator === '=' || bound.operator === '+-' ? '' : `${bound.operator} `;
  const off = bound.tolerance === undefined ? '' : ` +- ${shown(bound.tolerance)}`;
  return {
    text,
    ok: value !== null && within(value, bound),
    expected: `${operator}${shown(bound.value)}${off}`,
    actual: value === null ? none : shown(value),
  };
}

function* nodeVerdicts(
  name: string,
  expected: NodeExpectation,
  record: RunRecord,
  handovers: readonly Handover[],
): Generator<Unplaced> {
  const path = (...rest: Path): Path => ['expect', name, ...rest];
  if (expected.bindings !== undefined) {
    const held = bindingsOf(record.events).get(name)?.length ?? 0;
    const verdict = bounded(`${name} bindings`, held, expected.bindings, undefined, '');
    yield { ...verdict, path: path('bindings') };
  }
  for (const [counter, bound] of Object.entries(expected.counters ?? {})) {
    // The reader has checked the name against the closed list.
    const value = record.counters.get(name)?.get(counter as Counter) ?? 0;
    const verdict = bounded(`${name} ${counter}`, value, bound, undefined, '');
    yield { ...verdict, path: path('counters', counter) };
  }
  for (const [table, bound] of Object.entries(expected.tables ?? {})) {
    const value = record.tables.get(name)?.[table as Table] ?? 0;
    const verdict = bounded(`${name} table ${table}`, value, bound, undefined, '');
    yield { ...verdict, path: path('tables', table) };
  }
  if (expected.unasked !== undefined) {
    const value = record.unasked.get(name) ?? 0;
    yield {
      ...bounded(`${name} unasked`, value, expected.unasked, 'size', ''),
      path: path('unasked'),
    };
  }
  if (expected['agrees-with'] !== undefined) {
    yield agreement(name, expected['agrees-with'], record, path('agrees-with'));
  }
  const own = handovers.filter(({ node }) => node === name);
  if (expected['mean-handover'] !== undefined) {
    yield* meanVerdicts(name, expected['mean-handover'], own, path('mean-handover'));
  }
  if (expected.handovers === undefined) return;
  const wanted = Array.isArray(expected.handovers) ? expected.handovers.length : expected.handovers;
  yield {
    text: `${name} hand-overs`,
    ok: own.length === wanted,
    expected: `${wanted}`,
    actual: `${own.length}`,
    path: path('handovers'),
  };
  if (!Array.isArray(expected.handovers)) return;
  for (const [index, one] of expected.handovers.entries()) {
    const actual = own[index];
    if (actual === undefined) continue;
    yield* handoverVerdicts(
      `${name} hand-over ${index + 1}`,
      one,
      actual,
      path('handovers', index),
    );
  }
}

/** Do two agents know the same servers and clients? An empty knowledge agrees with nothing. */
function agreement(name: string, other: string, { known }: RunRecord, path: Path): Unplaced {
  const [one, two] = [known?.get(name), known?.get(other)];
  const shown = (it: Knowledge | undefined): string =>
    it === undefined ? 'nothing' : `${it.servers} servers, ${it.clients} clients`;
  const same = one !== undefined && one.text === two?.text;
  return {
    text: `${name} agrees with ${other}`,
    ok: same && one.servers > 0,
    expected: 'the same servers and clients',
    actual: same ? shown(one) : `${shown(one)} here, ${shown(two)} there, not the same`,
    path,
  };
}

function* meanVerdicts(
  name: string,
  { to, count, ...bounds }: MeanExpectation,
  handovers: readonly Handover[],
  path: Path,
): Generator<Unplaced> {
  const mean = meanOf(handovers.filter(({ toLink }) => toLink === to));
  const text = `${name} to ${to}`;
  if (count !== undefined) {
    const verdict = bounded(`${text} hand-overs`, mean.count, count, undefined, '');
    yield { ...verdict, path: [...path, 'count'] };
  }
  for (const key of MEANS) {
    const bound = bounds[key];
    if (bound === undefined) continue;
    const verdict = bounded(`${text} mean ${key}`, mean[key], bound, 'time', 'did not happen');
    yield { ...verdict, path: [...path, key] };
  }
}

function* handoverVerdicts(
  text: string,
  expected: HandoverExpectation,
  actual: Handover,
  path: Path,
): Generator<Unplaced> {
  if (expected.to !== undefined) {
    const link = actual.toLink ?? 'nowhere';
    const verdict = { expected: expected.to, actual: link, path: [...path, 'to'] };
    yield { text: `${text} leads to`, ok: link === expected.to, ...verdict };
  }
  for (const phase of PHASES) {
    const bound = expected.phases[phase];
    if (bound === undefined) continue;
    const key = phase.replaceAll('_', '-');
    const value = actual.phases[phase];
    const verdict = bounded(`${text} ${key}`, value, bound, 'time', 'did not happen');
    yield { ...verdict, path: [...path, key] };
  }
  if (expected.signalling === undefined) return;
  const { signallingBytes } = actual;
  const verdict = bounded(`${text} signalling`, signallingBytes, expected.signalling, 'size', '');
  yield { ...verdict, path: [...path, 'signalling'] };
}

function packetVerdict(index: number, expected: PacketExpectation, record: RunRecord): Unplaced {
  const from = expected.from === undefined ? undefined : addressesOf(expected.from, record);
  const to = expected.to === undefined ? undefined : addressesOf(expected.to, record);
  let packets = 0;
  for (const seen of record.seen[index] ?? []) {
    if (from !== undefined && !from.has(seen.source)) continue;
    if (to !== undefined && !to.has(seen.destination)) continue;
    packets += seen.packets;
  }
  const bound: Bound =
    expected.none === true
      ? { operator: '=', value: 0 }
      : (expected.count ?? { operator: '>', value: 0 });
  const verdict = bounded(packetText(expected), packets, bound, undefined, '');
  return { ...verdict, path: ['expect', 'packets', index] };
}

function packetText({ on, at, from, to, headers }: PacketExpectation): string {
  const parts = ['packets'];
  if (headers !== undefined) parts.push(`[${headers.join(', ')}]`);
  if (from !== undefined) parts.push(`from ${from}`);
  if (to !== undefined) parts.push(`to ${to}`);
  parts.push(`on ${on}`);
  if (at !== undefined) {
    parts.push(`${timeText(at.from)}..${at.to === undefined ? '' : timeText(at.to)}`);
  }
  return parts.join(' ');
}

/** All addresses that a node had in the run. */
function addressesOf(name: string, { plan, events }: RunRecord): Set<Address> {
  const node = plan.nodes.find((candidate) => candidate.name === name);
  const addresses = new Set<Address>(node?.interfaces.flatMap((one) => one.addresses));
  for (const one of [node?.identity, node?.ipv4, node?.ipv4Identity]) {
    if (one !== undefined) addresses.add(one);
  }
  for (const { node: owner, event } of events) {
    if (owner === name && event.kind === 'address.ready') addresses.add(event.address);
  }
  return addresses;
}
