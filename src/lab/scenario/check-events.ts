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

/** One node cannot spread what happens to it. */
function* checkOver(draft: Draft, path: Path, event: ScenarioEvent): Generator<Finding> {
  if (event.over === undefined || !('node' in event)) return;
  if (countOf(draft.nodes.get(event.node)) !== undefined) return;
  const message = `"${event.node}" is one node: \`over\` spreads an event over the nodes of a \`count\``;
  yield { path: [...path, 'over'], message };
}

function* checkEvent(draft: Draft, path: Path, event: ScenarioEvent): Generator<Finding> {
  yield* checkOver(draft, path, event);
  switch (event.kind) {
    case 'move':
    case 'link-up':
    case 'link-down':
    case 'prefer':
      yield* checkPlace(draft, path, event);
      break;
    case 'crash':
    case 'stop-programs':
    case 'start-programs':
      yield* unknownName([...path, event.kind], 'node', event.node, eventNames(draft));
      break;
    case 'answer':
      yield* checkAnswer(draft, path, event.node);
      break;
    case 'drain':
    case 'undrain':
    case 'withdraw':
    case 'announce':
      yield* checkAnycastNode(draft, [...path, event.kind], event.node);
      break;
    case 'isolate':
    case 'reconnect':
      yield* checkSharing(draft, [...path, event.kind], event.node);
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
      yield* checkChange(draft, [...path, 'change'], event);
      break;
    case 'revoke':
      yield* checkRevoke(draft, [...path, 'revoke'], event);
      break;
    case 'hand-over':
      yield* checkHandOver(draft, [...path, 'hand-over'], event);
      break;
    case 'attack':
      yield* checkAttack(draft, path, event.node, event.attack);
      break;
  }
}

function* checkChange(
  draft: Draft,
  path: Path,
  { link, set }: Extract<ScenarioEvent, { kind: 'change' }>,
): Generator<Finding> {
  yield* unknownName([...path, 'link'], 'link', link, draft.links.keys());
  if (Object.keys(set).length === 0) {
    yield { path, message: 'changes nothing: add loss: 5% or the like' };
  }
  yield* checkDrops(draft, [...path, 'drops'], link, set.drops);
}

const SERVERS: ReadonlySet<string> = new Set(['content-slave', 'anycast-server']);
const ANNOUNCERS: ReadonlySet<string> = new Set(['anycast-server', 'anycast-agent']);

function* checkRevoke(
  draft: Draft,
  path: Path,
  event: Extract<ScenarioEvent, { kind: 'revoke' }>,
): Generator<Finding> {
  yield* unknownName([...path, 'node'], 'node', event.node, nodeNames(draft));
  yield* unknownName([...path, 'agent'], 'node', event.agent, nodeNames(draft));
}

/** Servers are drained; what announces an address is of anycast. */
function* checkAnycastNode(draft: Draft, path: Path, name: string): Generator<Finding> {
  yield* unknownName(path, 'node', name, nodeNames(draft));
  const role = nodeNamed(draft, name)?.role;
  const drains = path.at(-1) === 'drain' || path.at(-1) === 'undrain';
  if (role === undefined || (drains ? SERVERS.has(role) : ANNOUNCERS.has(role))) return;
  const right = drains
    ? 'only servers of one address are drained'
    : 'only anycast servers and agents announce an address';
  yield { path, message: `"${name}" has the role ${role}: ${right}` };
}

/** Whoever is to answer otherwise is asked by HTTP. */
function* checkAnswer(draft: Draft, path: Path, name: string): Generator<Finding> {
  yield* unknownName([...path, 'answer', 'node'], 'node', name, nodeNames(draft));
  const node = nodeNamed(draft, name);
  if (node === undefined) return;
  const asked =
    node.role === 'anycast-server' &&
    [...draft.nodes.values()].some(
      (one) =>
        one?.role === 'anycast-agent' &&
        one.service === node.service &&
        one.check?.http !== undefined,
    );
  if (asked) return;
  const message = `nobody asks "${name}" by HTTP: an agent of its address does with \`check: { http: 80 }\``;
  yield { path: [...path, 'answer', 'node'], message };
}

function* checkSharing(draft: Draft, path: Path, name: string): Generator<Finding> {
  yield* unknownName(path, 'node', name, nodeNames(draft));
  const node = nodeNamed(draft, name);
  if (node === undefined || (node.role === 'anycast-agent' && node.shares === true)) return;
  const message = `"${name}" shares nothing: only anycast agents with \`shares: true\` do`;
  yield { path, message };
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
    if (key === 'client' || role === undefined || SERVERS.has(role)) continue;
    const message = `"${name}" has the role ${role}: only servers of one address hand clients on`;
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
  at: Path,
  event: ScenarioEvent & { readonly node: string; readonly interface: string },
): Generator<Finding> {
  const path = [...at, event.kind];
  if ('to' in event && event.to !== undefined) {
    yield* unknownName([...at, 'to'], 'link', String(event.to), draft.links.keys());
  }
  const { node: name, interface: interfaceName } = event;
  const stays = event.kind === 'link-down' || (event.kind === 'link-up' && event.to === undefined);
  const names = eventNames(draft);
  if (!names.has(name)) {
    yield* unknownName(path, 'node', name, names);
    return;
  }
  const node = nodeNamed(draft, name);
  if (node === undefined) return;
  if (isFixed(node) && !stays) {
    const message = `"${name}" has the role ${node.role}: only mobile nodes and multihomed hosts move. For a whole link write cut`;
    yield { path, message };
    return;
  }
  // Interfaces of the others are called as their links are.
  const known = isFixed(node) ? node.on : Object.keys(node.interfaces);
  if (known.includes(interfaceName)) return;
  const message = `"${name}" has no interface "${interfaceName}"; it has ${known.join(', ')}`;
  yield { path, message };
}

/** A node by its own name, which may be one of a `count`. */
export function nodeNamed(draft: Draft, name: string): NodeText | undefined {
  return draft.nodes.get(name) ?? draft.nodes.get(name.replace(/-\d+$/, ''));
}
