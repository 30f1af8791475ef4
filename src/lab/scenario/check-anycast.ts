/** Nodes of an anycast address that cannot be: of no address, joining nobody, with another's number. */
import { formatAddress, isIpv4, isUnicastRoutable, parseAddress } from '../../wire/address.ts';
import type { AnycastAgentText, AnycastServerText } from './anycast-nodes.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import { linkPrefixes, samePrefix } from './links.ts';
import { suggestion } from './nearest.ts';
import type { NodeText } from './nodes.ts';
import { checkNumber } from './server-numbers.ts';

type AnycastText = AnycastAgentText | AnycastServerText;

/** What is wrong with an anycast server or agent; nothing of other nodes. */
export function* checkAnycast(draft: Draft, path: Path, node: NodeText): Generator<Finding> {
  if (node.role !== 'anycast-server' && node.role !== 'anycast-agent') return;
  for (const [name, link] of draft.links) {
    const inside = link && linkPrefixes(link).some((one) => samePrefix(one.address, node.service));
    if (!inside) continue;
    const message = `${formatAddress(node.service)} is of the link "${name}": routes lead to an anycast address, so write one of no link, such as 2001:db8:a::80`;
    yield { path: [...path, 'service'], message };
  }
  yield* checkIpv4(draft, path, node);
  if (node.role === 'anycast-agent' && node.check !== undefined) {
    const { tcp, http } = node.check;
    const own = tcp === undefined ? 'http' : 'tcp';
    const flow = [...draft.traffic].find(([, one]) => one?.port === (tcp ?? http));
    if (flow !== undefined) {
      const message = `is the port of the flow "${flow[0]}": in the lab a program of its own answers checks`;
      yield { path: [...path, 'check', own], message };
    }
  }
  if (node.role === 'anycast-agent' && node.shares === true) {
    const alone = [...draft.nodes].find(
      ([, one]) =>
        one?.role === 'anycast-agent' && one.service === node.service && one.shares !== true,
    );
    if (alone !== undefined) {
      const message = `"${alone[0]}" is an agent of this address too, and shares nothing: all of them do, or none`;
      yield { path: [...path, 'shares'], message };
    }
  }
  if (node.role === 'anycast-server') yield* checkServer(draft, path, node);
}

/** One address of IPv4 for one of IPv6, and the other way round. */
function* checkIpv4(draft: Draft, path: Path, node: AnycastText): Generator<Finding> {
  const own = node['ipv4-service'];
  if (own === undefined) return;
  const at = [...path, 'ipv4-service'];
  if (!isUnicastRoutable(own)) {
    yield {
      path: at,
      message: `${formatAddress(own)} is no unicast address: write one, such as 192.0.2.80`,
    };
  }
  for (const [name, other] of draft.nodes) {
    if (other?.role !== 'anycast-agent' && other?.role !== 'anycast-server') continue;
    const theirs = other['ipv4-service'];
    if (theirs === undefined || (theirs === own) === (other.service === node.service)) continue;
    const message =
      theirs === own
        ? `"${name}" has it beside ${formatAddress(other.service)}: write another for ${formatAddress(node.service)}`
        : `"${name}" has ${formatAddress(theirs)} beside ${formatAddress(node.service)}: write the same`;
    yield { path: at, message };
    return;
  }
}

/** Ways to find agents that cannot be gone. */
function* checkFinding(draft: Draft, path: Path, node: AnycastServerText): Generator<Finding> {
  const way = node['find-agents'];
  if (way === undefined) return;
  const at = [...path, 'find-agents'];
  if (node.agents !== undefined) {
    const message = '`agents` names them already: leave one of the two out';
    yield { path: at, message };
  }
  const agents = [...draft.nodes].flatMap(([name, one]) =>
    one?.role === 'anycast-agent' && one.service === node.service ? [{ name, on: one.on }] : [],
  );
  const far = agents.every(({ on }) => !on.includes(node.on[0]!));
  if (way !== 'multicast' || agents.length === 0 || !far) return;
  const message = `no agent of ${formatAddress(node.service)} is on "${node.on[0]}", and no router of the lab passes multicast on: write anycast or discovery`;
  yield { path: at, message };
}

/** All that such a server sends goes to agents of IPv4 addresses, from one. */
function* checkOverIpv4(draft: Draft, path: Path, node: AnycastServerText): Generator<Finding> {
  if (node['over-ipv4'] !== true) return;
  const at = [...path, 'over-ipv4'];
  if (node.ipv4 === undefined) {
    yield {
      path: at,
      message: 'the server has no IPv4 address: add one, such as ipv4: 192.0.2.10',
    };
  }
  if (node.agents === undefined) {
    yield { path: at, message: 'no agents are named that it could meet: write agents: [NAME]' };
  }
  if (node.on.length > 1) {
    const message = `agents take one IPv6 address of it over IPv4: write on: [${node.on[0]}]`;
    yield { path: at, message };
  }
  if (node['direct-return'] === true) {
    const message = 'answers go back by the agent then: leave direct-return: true out';
    yield { path: at, message };
  }
  for (const name of node.agents ?? []) {
    const agent = draft.nodes.get(name);
    if (agent === undefined && draft.nodes.has(name)) continue;
    if (agent?.role === 'anycast-agent' && agent.ipv4 !== undefined) continue;
    const message = `the agent "${name}" has no IPv4 address in this file: add one to it, such as ipv4: 192.0.2.1`;
    yield { path: at, message };
  }
}

function* checkServer(draft: Draft, path: Path, node: AnycastServerText): Generator<Finding> {
  const agents = [...draft.nodes].flatMap(([name, one]) =>
    one?.role === 'anycast-agent' ? [name] : [],
  );
  yield* checkFinding(draft, path, node);
  yield* checkOverIpv4(draft, path, node);
  for (const [index, name] of (node.agents ?? []).entries()) {
    const agent = draft.nodes.get(name);
    if (agent === undefined && draft.nodes.has(name)) continue;
    const at = [...path, 'agents', index];
    const address = parseAddress(name);
    if (address !== undefined) {
      const isTo = isUnicastRoutable(address) && !isIpv4(address);
      const isOne = isTo && address !== node.service;
      const message = `${name} is no IPv6 unicast address of an agent: find-agents finds agents without one`;
      if (!isOne) yield { path: at, message };
    } else if (agent?.role !== 'anycast-agent') {
      const message = `"${name}" is no anycast agent of this file: ${suggestion(name, agents)}`;
      yield { path: at, message };
    } else if (agent.service !== node.service) {
      const message = `"${name}" is the agent of ${formatAddress(agent.service)}: both name one address`;
      yield { path: at, message };
    }
  }
  const shares = (other: NodeText): other is AnycastServerText =>
    other.role === 'anycast-server' && other.service === node.service;
  yield* checkNumber(draft, path, node, shares);
}
