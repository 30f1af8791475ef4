/** Events of a scenario that name what is not there, or come when nothing can happen any more. */

import { countOf, nodeNames, unknownName } from './check.ts';
import { checkAttack } from './check-attacks.ts';
import { checkHeaders } from './check-expectations.ts';
import { checkDrops } from './check-middleboxes.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import { linkPrefixes } from './links.ts';
import type { NodeText } from './nodes.ts';
import { isFixed } from './nodes.ts';
import type { ScenarioEvent } from './scenario-events.ts';

/** Names that an event may have: of one node, or of all nodes of a `count`. */
const eventNames = (draft: Draft): Set<string> =>
  new Set([...nodeNames(draft), ...draft.nodes.keys()]);

export function* checkEvents(draft: Draft): Generator<Finding> {
  for (const { index, value } of draft.events) {
    const path = ['events', index];
    if (draft.until !== undefined && value.at > draft.until) {
      yield { path: [...path, 'at'], message: 'is after `until`: the run is over by then' };
    }
    yield* checkEvent(draft, path, value);
  }
}

function* checkEvent(draft: Draft, path: Path, event: ScenarioEvent): Generator<Finding> {
  if (
    event.over !== undefined &&
    'node' in event &&
    countOf(draft.nodes.get(event.node)) === undefined
  ) {
    const message = `"${event.node}" is one node: \`over\` spreads an event over the nodes of a \`count\``;
    yield { path: [...path, 'over'], message };
  }
  switch (event.kind) {
    case 'move':
    case 'link-up':
      yield* checkPlace(draft, [...path, event.kind], event.node, event.interface);
      if (event.to !== undefined) {
        yield* unknownName([...path, 'to'], 'link', event.to, draft.links.keys());
      }
      break;
    case 'link-down':
    case 'prefer':
      yield* checkPlace(draft, [...path, event.kind], event.node, event.interface);
      break;
    case 'crash':
      yield* unknownName([...path, 'crash'], 'node', event.node, eventNames(draft));
      break;
    case 'kill':
      yield* checkKill(draft, [...path, 'kill'], event.node);
      break;
    case 'restart':
      yield* checkRestart(draft, [...path, 'restart'], event);
      break;
    case 'cut':
      yield* checkCut(draft, [...path, 'cut'], event);
      break;
    case 'lose':
      yield* checkLose(draft, [...path, 'lose'], event);
      break;
    case 'heal':
      yield* checkHeal(draft, [...path, 'heal'], event);
      break;
    case 'renumber':
      yield* checkRenumber(draft, [...path, 'renumber'], event);
      break;
    case 'change':
      yield* unknownName([...path, 'change', 'link'], 'link', event.link, draft.links.keys());
      if (Object.keys(event.set).length === 0) {
        yield { path: [...path, 'change'], message: 'changes nothing: add loss: 5% or the like' };
      }
      yield* checkDrops(draft, [...path, 'change', 'drops'], event.link, event.set.drops);
      break;
    case 'revoke':
      yield* unknownName([...path, 'revoke', 'node'], 'node', event.node, nodeNames(draft));
      yield* unknownName([...path, 'revoke', 'agent'], 'node', event.agent, nodeNames(draft));
      break;
    case 'hand-over':
      yield* checkHandOver(draft, [...path, 'hand-over'], event);
      break;
    case 'attack':
      yield* checkAttack(draft, path, event.node, event.attack);
      break;
  }
}

function* checkHandOver(
  draft: Draft,
  path: Path,
  event: Extract<ScenarioEvent, { kind: 'hand-over' }>,
): Generator<Finding> {
  for (const key of ['client', 'from', 'to'] as const) {
    const name = event[key];
    yield* unknownName([...path, key], 'node', name, nodeNames(draft));
    const role = nodeNamed(draft, name)?.role;
    if (key === 'client' || role === undefined || role === 'content-slave') continue;
    const message = `"${name}" has the role ${role}: only content slaves hand clients on`;
    yield { path: [...path, key], message };
  }
}

function* checkCut(
  draft: Draft,
  path: Path,
  event: Extract<ScenarioEvent, { kind: 'cut' }>,
): Generator<Finding> {
  yield* unknownName([...path, 'link'], 'link', event.link, draft.links.keys());
  for (const end of ['from', 'to'] as const) {
    const name = event[end];
    if (name === undefined) continue;
    yield* unknownName([...path, end], 'node', name, nodeNames(draft));
  }
}

function* checkLose(
  draft: Draft,
  path: Path,
  { link, from, headers }: Extract<ScenarioEvent, { kind: 'lose' }>,
): Generator<Finding> {
  yield* unknownName([...path, 'link'], 'link', link, draft.links.keys());
  yield* checkHeaders([...path, 'headers'], headers);
  if (from !== undefined) yield* unknownName([...path, 'from'], 'node', from, nodeNames(draft));
}

function* checkHeal(
  draft: Draft,
  path: Path,
  event: Extract<ScenarioEvent, { kind: 'heal' }>,
): Generator<Finding> {
  yield* unknownName(path, 'link', event.link, draft.links.keys());
  if (before(draft, event, ({ kind, link }) => kind === 'cut' && link === event.link)) return;
  yield { path, message: `"${event.link}" is not cut by then: add a cut before it` };
}

/** Roles that are kernels alone. */
const UNCONTROLLED: readonly string[] = ['host', 'router', 'name-server', 'attacker'];

function* checkKill(draft: Draft, path: Path, name: string): Generator<Finding> {
  yield* unknownName(path, 'node', name, eventNames(draft));
  const role = nodeNamed(draft, name)?.role;
  if (role === undefined || !UNCONTROLLED.includes(role)) return;
  const message = `"${name}" has the role ${role}, and so no control side: write crash for its power`;
  yield { path, message };
}

function* checkRenumber(
  draft: Draft,
  path: Path,
  { link, to, valid, preferred }: Extract<ScenarioEvent, { kind: 'renumber' }>,
): Generator<Finding> {
  yield* unknownName([...path, 'link'], 'link', link, draft.links.keys());
  if (preferred > valid) {
    yield { path: [...path, 'preferred'], message: 'is longer than `valid`: write at most that' };
  }
  const owner = [...draft.links].find(([, one]) => {
    return one !== undefined && linkPrefixes(one).some(({ address }) => address === to?.address);
  });
  if (to !== undefined && owner !== undefined) {
    const message = `is the prefix of "${owner[0]}" already: take one that no link has`;
    yield { path: [...path, 'to'], message };
  }
  const serves = [...draft.nodes.values()].some(
    (node) =>
      (node?.role === 'home-agent' && node.serves === link) ||
      (node?.role === 'access-router' && node.on.includes(link)),
  );
  if (draft.links.has(link) && !serves) {
    const message = `"${link}" has no home agent and no access router that would advertise it`;
    yield { path: [...path, 'link'], message };
  }
}

function* checkRestart(
  draft: Draft,
  path: Path,
  event: Extract<ScenarioEvent, { kind: 'restart' }>,
): Generator<Finding> {
  const names = eventNames(draft);
  yield* unknownName(path, 'node', event.node, names);
  if (!names.has(event.node)) return;
  const ends = (kind: string) => kind === 'crash' || kind === 'kill';
  if (before(draft, event, ({ kind, node }) => ends(kind) && node === event.node)) return;
  const message = `"${event.node}" runs by then: add { at: ..., crash: ${event.node} } before it`;
  yield { path, message };
}

/** Does something happen before this event (or at the same time, higher up in the file)? */
function before(
  draft: Draft,
  event: ScenarioEvent,
  is: (other: { kind: string; node?: string; link?: string }) => boolean,
): boolean {
  return draft.events.some(({ value }) => value.at <= event.at && value !== event && is(value));
}

function* checkPlace(
  draft: Draft,
  path: Path,
  name: string,
  interfaceName: string,
): Generator<Finding> {
  const names = eventNames(draft);
  if (!names.has(name)) {
    yield* unknownName(path, 'node', name, names);
    return;
  }
  const node = nodeNamed(draft, name);
  if (node === undefined) return;
  if (isFixed(node)) {
    const message = `"${name}" has the role ${node.role}: only mobile nodes and multihomed hosts move. For a whole link write cut`;
    yield { path, message };
    return;
  }
  const known = Object.keys(node.interfaces);
  if (known.includes(interfaceName)) return;
  const message = `"${name}" has no interface "${interfaceName}"; it has ${known.join(', ')}`;
  yield { path, message };
}

/** A node by its own name, which may be one of a `count`. */
export function nodeNamed(draft: Draft, name: string): NodeText | undefined {
  return draft.nodes.get(name) ?? draft.nodes.get(name.replace(/-\d+$/, ''));
}
