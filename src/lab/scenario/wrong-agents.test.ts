/** Servers whose agents are named, found, or neither; and what is said of those that cannot be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import { planOf } from '../plan.ts';
import { diagnosticLine } from './diagnostic.ts';
import { readScenario } from './read.ts';

const read = (server: string, on = 'site') => {
  const text = `title: agents
links:
  core: { prefix: 2001:db8:f::/64 }
  site: { prefix: 2001:db8:1::/64 }
nodes:
  r: { role: router, on: [core, site] }
  a: { role: anycast-agent, on: [core], service: "2001:db8:a::80", shares: true }
  s: { role: anycast-server, on: [${on}], service: "2001:db8:a::80", auth: { rfc4285: { spi: 257, key: "hex:000102030405060708090a0b0c0d0e0f" } }, ${server} }
  c: { role: correspondent-node, on: [core] }
traffic:
  get: { protocol: tcp, from: c, to: a, size: 1kB, start: 1s }
`;
  return readScenario('x.yaml', new TextEncoder().encode(text), () => new Uint8Array());
};

function said(server: string, on?: string): string[] {
  const result = read(server, on);
  return result.ok
    ? []
    : result.error.map((one) =>
        diagnosticLine(one)
          .replace(/^x\.yaml:\d+:\d+: /, '')
          .replace(/^nodes\.s\./, ''),
      );
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
    'agents[0]: ff05::1 is no IPv6 unicast address of an agent: find-agents finds agents without one',
  ]);
  assert.deepEqual(said('agents: ["192.0.2.1"]'), [
    'agents[0]: 192.0.2.1 is no IPv6 unicast address of an agent: find-agents finds agents without one',
  ]);
  assert.deepEqual(said('agents: ["2001:db8:a::80"]'), [
    'agents[0]: 2001:db8:a::80 is no IPv6 unicast address of an agent: find-agents finds agents without one',
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

test('an IPv4 address of a service is planned beside the other, and is one for one', () => {
  const four = 'agents: [a], ipv4-service: 192.0.2.80';
  assert.equal(planned(four).service4, address('192.0.2.80'));
  assert.deepEqual(said('agents: [a], ipv4-service: 192.0.2.300'), [
    'ipv4-service: "192.0.2.300" is not an IPv4 address, such as 192.0.2.80',
  ]);
  assert.deepEqual(said('agents: [a], ipv4-service: 224.0.0.80'), [
    'ipv4-service: 224.0.0.80 is no unicast address: write one, such as 192.0.2.80',
  ]);
  const other = (service: string) =>
    `agents: [a], ipv4-service: 192.0.2.80 }
  b: { role: anycast-agent, on: [core], ${service}`;
  assert.deepEqual(said(other('service: "2001:db8:a::81", ipv4-service: 192.0.2.80')), [
    'ipv4-service: "b" has it beside 2001:db8:a::81: write another for 2001:db8:a::80',
    'nodes.b.ipv4-service: "s" has it beside 2001:db8:a::80: write another for 2001:db8:a::81',
  ]);
  assert.deepEqual(
    said(other('shares: true, service: "2001:db8:a::80", ipv4-service: 192.0.2.81')),
    [
      'ipv4-service: "b" has 192.0.2.81 beside 2001:db8:a::80: write the same',
      'nodes.b.ipv4-service: "s" has 192.0.2.80 beside 2001:db8:a::80: write the same',
    ],
  );
});

test('a server without IPv6 meets agents of IPv4 addresses, from one', () => {
  assert.deepEqual(said('agents: [a], over-ipv4: true'), [
    'over-ipv4: the server has no IPv4 address: add one, such as ipv4: 192.0.2.10',
    'over-ipv4: the agent "a" has no IPv4 address in this file: add one to it, such as ipv4: 192.0.2.1',
  ]);
  assert.deepEqual(said('find-agents: discovery, over-ipv4: true, ipv4: 192.0.2.2'), [
    'over-ipv4: no agents are named that it could meet: write agents: [NAME]',
  ]);
  const own = 'agents: ["2001:db8:f::2"], ipv4: 192.0.2.2, over-ipv4: true';
  assert.deepEqual(said(`${own}, direct-return: true`).slice(0, 1), [
    'over-ipv4: answers go back by the agent then: leave direct-return: true out',
  ]);
  assert.deepEqual(said(own, 'site, core').slice(0, 1), [
    'over-ipv4: agents take one IPv6 address of it over IPv4: write on: [site]',
  ]);
  const beside = (agent: string) =>
    `agents: [b], over-ipv4: true, ipv4: 203.0.113.2 }
  b: { role: anycast-agent, on: [core], service: "2001:db8:a::80", shares: true${agent}`;
  const { overIpv4, address4 } = planned(beside(', ipv4: 203.0.113.1'));
  assert.equal(address4, address('203.0.113.2'));
  assert.deepEqual([...overIpv4!.values()], [address('203.0.113.1')]);
  assert.equal(said(beside('')).length, 1);
});
