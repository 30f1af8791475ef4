/** Servers whose agents are named, found, or neither; and what is said of those that cannot be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import { planOf } from '../plan.ts';
import { diagnosticLine } from './diagnostic.ts';
import { readScenario } from './read.ts';

const read = (server: string) => {
  const text = `title: agents
links:
  core: { prefix: 2001:db8:f::/64 }
  site: { prefix: 2001:db8:1::/64 }
nodes:
  r: { role: router, on: [core, site] }
  a: { role: anycast-agent, on: [core], service: "2001:db8:a::80", shares: true }
  s: { role: anycast-server, on: [site], service: "2001:db8:a::80", auth: { rfc4285: { spi: 257, key: "hex:000102030405060708090a0b0c0d0e0f" } }, ${server} }
  c: { role: correspondent-node, on: [core] }
traffic:
  get: { protocol: tcp, from: c, to: a, size: 1kB, start: 1s }
`;
  return readScenario('x.yaml', new TextEncoder().encode(text), () => new Uint8Array());
};

function said(server: string): string[] {
  const result = read(server);
  return result.ok
    ? []
    : result.error.map((one) => diagnosticLine(one).replace(/^x\.yaml:\d+:\d+: nodes\.s\./, ''));
}

function planned(server: string) {
  const result = read(server);
  assert.ok(result.ok, said(server).join('\n'));
  return planOf(result.value).nodes.find(({ name }) => name === 's')!.config!.anycastServer!;
}

test('agents are named, or their addresses are, or they are found', () => {
  const AGENT = address('2001:db8:f::2');
  for (const agents of ['agents: [a]', 'agents: ["2001:db8:f::2"]']) {
    const { agents: planed, agentsShare, findAgents, nearest } = planned(agents);
    assert.deepEqual(
      [planed, agentsShare, findAgents, nearest],
      [[AGENT], true, undefined, undefined],
    );
  }
  const { agents, findAgents, nearest } = planned('find-agents: discovery');
  assert.deepEqual([agents, findAgents, nearest], [[], 'discovery', undefined]);
});

test('what cannot be says where it is and what would be right', () => {
  assert.deepEqual(said('agents: [b]'), [
    'agents[0]: "b" is no anycast agent of this file: did you mean "a"?',
  ]);
  assert.deepEqual(said('agents: ["ff05::1"]'), [
    'agents[0]: ff05::1 is no unicast address of an agent: find-agents finds agents without one',
  ]);
  assert.deepEqual(said('agents: ["2001:db8:a::80"]'), [
    'agents[0]: 2001:db8:a::80 is no unicast address of an agent: find-agents finds agents without one',
  ]);
  assert.deepEqual(said('agents: [a], find-agents: anycast'), [
    'find-agents: `agents` names them already: leave one of the two out',
  ]);
  assert.deepEqual(said('find-agents: broadcast'), [
    'find-agents: "broadcast" is unknown: known here: anycast, multicast, discovery',
  ]);
  assert.deepEqual(said('find-agents: multicast'), [
    'find-agents: no agent of 2001:db8:a::80 is on "site", and no router of the lab passes multicast on: write anycast or discovery',
  ]);
});
