/**
 * What a schema cannot see: names that mean nothing, addresses outside their prefix, events on
 * things that are not there. Works on whatever could be read, so that all faults show at once.
 */

import type { Address } from '../../wire/address.ts';
import { formatAddress } from '../../wire/address.ts';
import { checkOwnAddresses } from './check-addresses.ts';
import { checkAnycast } from './check-anycast.ts';
import { checkAuthentication } from './check-authentication.ts';
import { checkEvents } from './check-events.ts';
import { checkExpectations } from './check-expectations.ts';
import { checkHomeAgent } from './check-home-agent.ts';
import { checkDrops, checkNat } from './check-middleboxes.ts';
import { checkMultihomedHost } from './check-multihomed-host.ts';
import { checkAsked, checkNames } from './check-names.ts';
import { checkPeers } from './check-peers.ts';
import { checkLinkPrefixes, checkProviding } from './check-prefixes.ts';
import { checkService } from './check-service.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import { checkIpv4, checkIpv4Flow } from './ipv4.ts';
import { DEFAULT_MTU } from './links.ts';
import { suggestion } from './nearest.ts';
import { type FixedText, firstLink, type MobileNodeText, type NodeText } from './nodes.ts';
import type { FlowText } from './traffic.ts';

/** All findings of a draft, in the order of the file's sections. */
export function check(draft: Draft): Finding[] {
  return [
    ...checkLinks(draft),
    ...checkNodes(draft),
    ...checkAuthentication(draft),
    ...checkFlows(draft),
    ...checkEvents(draft),
    ...checkExpectations(draft),
  ];
}

/** A finding where a name is none of those that are there. */
export function* unknownName(
  path: Path,
  kind: string,
  name: string,
  known: Iterable<string>,
): Generator<Finding> {
  const names = [...known];
  if (names.includes(name)) return;
  const mend = names.includes(`${name}-0`)
    ? `there are several: name one, such as ${name}-0`
    : suggestion(name, names);
  yield { path, message: `"${name}" is no ${kind} of this file: ${mend}` };
}

/** No link, and the interface that every node has for itself. */
const RESERVED: ReadonlySet<string> = new Set(['none', 'careof0']);

function* checkLinks(draft: Draft): Generator<Finding> {
  const owners = new Map<Address, string>();
  for (const [name, link] of draft.links) {
    const path = ['links', name];
    if (RESERVED.has(name)) {
      const message = `a link cannot be named "${name}": the word means something else here`;
      yield { path, atKey: true, message };
    }
    if (link === undefined) continue;
    yield* checkLinkPrefixes(draft, name, owners);
    yield* checkDrops(draft, [...path, 'drops'], name, link.drops);
  }
}

function* checkNodes(draft: Draft): Generator<Finding> {
  const homes = new Map<Address, string>();
  for (const [name, node] of draft.nodes) {
    const path = ['nodes', name];
    if (draft.traffic.has(name)) {
      const message = `a flow is named "${name}" too: \`expect\` could not tell them apart`;
      yield { path, atKey: true, message };
    }
    if (node === undefined) continue;
    yield* checkPeers(draft, path, node);
    if (node.role === 'mobile-node') yield* checkMobileNode(draft, path, node, homes);
    else if (node.role === 'multihomed-host') yield* checkMultihomedHost(draft, path, node);
    else yield* checkFixedNode(draft, path, node);
  }
}

function* checkFixedNode(draft: Draft, path: Path, node: FixedText): Generator<Finding> {
  for (const [index, link] of node.on.entries()) {
    yield* unknownName([...path, 'on', index], 'link', link, draft.links.keys());
    if (node.on.indexOf(link) < index) {
      yield { path: [...path, 'on', index], message: `is on "${link}" twice: name it once` };
    }
  }
  if (node.role === 'home-agent' && !node.on.includes(node.serves)) {
    const message = `serves "${node.serves}" and is not on it: add it to \`on\``;
    yield { path: [...path, 'serves'], message };
  }
  yield* checkOwnAddresses(draft, path, node);
  yield* checkIpv4(draft, path, node);
  if (node.role === 'access-router') {
    for (const [index, link] of (node.advertises ?? []).entries()) {
      if (node.on.includes(link)) continue;
      const message = `"${link}" is no link that the node is on: ${suggestion(link, node.on)}`;
      yield { path: [...path, 'advertises', index], message };
    }
  }
  yield* checkNat(path, node);
  yield* checkProviding(draft, path, node);
  yield* checkService(draft, path, node);
  yield* checkAnycast(draft, path, node);
  yield* checkNames(draft, path, node);
  for (const [index, { to, via }] of (
    ('routes' in node ? node.routes : undefined) ?? []
  ).entries()) {
    yield* unknownName([...path, 'routes', index, 'to'], 'link', to, draft.links.keys());
    yield* unknownName([...path, 'routes', index, 'via'], 'node', via, draft.nodes.keys());
    const other = draft.nodes.get(via);
    if (other === undefined) continue;
    if (!ROUTING.has(other.role) || !('on' in other && other.on.some((x) => node.on.includes(x)))) {
      const message = `"${via}" is no router on a link of this node`;
      yield { path: [...path, 'routes', index, 'via'], message };
    }
  }
}

const ROUTING: ReadonlySet<string> = new Set([
  'home-agent',
  'access-router',
  'router',
  'anycast-agent',
]);

function* checkMobileNode(
  draft: Draft,
  path: Path,
  node: MobileNodeText,
  homes: Map<Address, string>,
): Generator<Finding> {
  yield* unknownName([...path, 'home'], 'link', node.home, draft.links.keys());
  yield* checkHomeAgent(draft, path, node);
  yield* checkInterfaces(draft, path, node.interfaces);
  const address = node['home-address'];
  if (address === undefined) return;
  const at = [...path, 'home-address'];
  if (node.count !== undefined) {
    yield { path: at, message: 'cannot be one for many nodes: leave it out, or leave out `count`' };
  }
  const prefix = draft.links.get(node.home)?.prefix;
  if (prefix !== undefined && !address.startsWith(prefix.address.slice(0, 8))) {
    const right = formatAddress(prefix.address);
    const message = `${formatAddress(address)} is outside ${right}/64, the prefix of its home "${node.home}": write ${right}100`;
    yield { path: at, message };
  }
  const owner = homes.get(address);
  if (owner !== undefined) {
    const message = `${formatAddress(address)} is the home address of "${owner}" already`;
    yield { path: at, message: `${message}: give each node its own` };
  }
  homes.set(address, String(path[1]));
}

/** Interfaces of a node that moves. */
export function* checkInterfaces(
  draft: Draft,
  path: Path,
  interfaces: MobileNodeText['interfaces'],
): Generator<Finding> {
  const entries = Object.entries(interfaces);
  if (entries.length === 0 && (draft.own ?? path[1]) === path[1]) {
    yield { path: [...path, 'interfaces'], message: 'are none: write { wlan0: home }' };
  }
  for (const [key, value] of entries) {
    const link = firstLink(value);
    if (RESERVED.has(key)) {
      const message = `an interface cannot be named "${key}": every node has one of that name`;
      yield { path: [...path, 'interfaces', key], atKey: true, message };
    }
    if (link === undefined) continue;
    yield* unknownName([...path, 'interfaces', key], 'link', link, draft.links.keys());
  }
}

function* checkFlows(draft: Draft): Generator<Finding> {
  const ports = new Map<string, string>();
  for (const [name, flow] of draft.traffic) {
    if (flow === undefined) continue;
    const path = ['traffic', name];
    yield* checkEnd(draft, [...path, 'from'], flow.from);
    yield* checkEnd(draft, [...path, 'to'], flow.to);
    if (flow.from === flow.to) {
      const others = [...draft.nodes.keys()].filter((key) => key !== flow.from);
      const message = `goes from "${flow.from}" to itself: send to ${others.join(' or ')}`;
      yield { path: [...path, 'to'], message };
    }
    yield* checkTimes(draft, path, flow);
    yield* checkPayload(draft, path, flow);
    yield* checkAsked(draft, path, flow);
    yield* checkIpv4Flow(draft, path, flow);
    if (flow.port === undefined) continue;
    const key = `${flow.to} ${flow.protocol} ${flow.port}`;
    const owner = ports.get(key);
    if (owner === undefined) ports.set(key, name);
    else {
      const message = `is the port of "${owner}" on "${flow.to}" already: leave it out, and one is chosen`;
      yield { path: [...path, 'port'], message };
    }
  }
}

function* checkEnd(draft: Draft, path: Path, name: string): Generator<Finding> {
  const names = nodeNames(draft);
  const count = countOf(draft.nodes.get(name));
  if (count !== undefined) {
    const message = `"${name}" are ${count} nodes: name one of them, such as ${name}-0`;
    yield { path, message };
  } else if (!names.has(name)) yield* unknownName(path, 'node', name, names);
}

/** All nodes by name, those of a `count` each. */
export function nodeNames(draft: Pick<Draft, 'nodes'>): Set<string> {
  const names = new Set<string>();
  for (const [name, node] of draft.nodes) {
    const count = countOf(node);
    if (count === undefined) names.add(name);
    else for (let index = 0; index < count; index++) names.add(`${name}-${index}`);
  }
  return names;
}

/** How many nodes an entry of the file stands for; undefined where it is one by itself. */
export const countOf = (node: NodeText | undefined): number | undefined =>
  node !== undefined && 'count' in node ? node.count : undefined;

/** Headers of a datagram that nothing was added to: IPv6 and UDP. */
const HEADERS = 40 + 8;

/** Hosts of the simulator do not fragment: what no link carries would be lost without a word. */
function* checkPayload(draft: Draft, path: Path, flow: FlowText): Generator<Finding> {
  if (flow.protocol !== 'udp' || draft.links.size === 0) return;
  const most = Math.max(...[...draft.links.values()].map((link) => link?.mtu ?? DEFAULT_MTU));
  if (flow.payload + HEADERS <= most) return;
  const message = `is more than any link here carries in one packet: write at most ${most - HEADERS}B, or give the links a larger mtu`;
  yield { path: [...path, 'payload'], message };
}

/** Each is remembered by number, with its times. */
const MOST_DATAGRAMS = 5_000_000;

function* checkTimes(draft: Draft, path: Path, flow: FlowText): Generator<Finding> {
  if (flow.protocol === 'udp' && flow.stop <= flow.start) {
    yield { path: [...path, 'stop'], message: 'is not after `start`: the flow would send nothing' };
  }
  const datagrams = flow.protocol === 'udp' ? ((flow.stop - flow.start) / 1e6) * flow.rate : 0;
  if (datagrams > MOST_DATAGRAMS) {
    const message = `makes ${Math.round(datagrams)} datagrams: ${MOST_DATAGRAMS} are kept account of`;
    yield { path: [...path, 'rate'], message: `${message} at most, so make it slower or shorter` };
  }
  if (draft.until !== undefined && flow.start >= draft.until) {
    yield { path: [...path, 'start'], message: 'is not before `until`: the run is over by then' };
  }
}
