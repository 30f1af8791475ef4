import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnosticLine } from './diagnostic.ts';
import { readScenario } from './read.ts';

function said(names: string, flow: string): string[] {
  const text = `title: names
links:
  core: { prefix: 2001:db8:f::/64 }
nodes:
  h:  { role: host, on: [core] }
  cn: { role: host, on: [core] }
  ns: { role: name-server, on: [core], names: ${names} }
traffic:
  get: { protocol: tcp, from: h, to: cn, size: 1kB, start: 1s, ${flow} }
`;
  const read = readScenario('x.yaml', new TextEncoder().encode(text), () => new Uint8Array());
  return read.ok ? [] : read.error.map((one) => diagnosticLine(one).replace('x.yaml:', ''));
}

test('a name that stands for a node and an address', () => {
  assert.deepEqual(said('{ www.example: [cn, 2001:db8:f::99] }', 'name: www.example'), []);
});

test('names of nobody, names that nobody tells, and names of somebody else', () => {
  assert.deepEqual(said('{ www.example: [cm] }', 'port: 80'), [
    '7:63: nodes.ns.names.www.example[0]: "cm" is neither an IPv6 address nor a node of this file: did you mean "cn"?',
  ]);
  assert.deepEqual(said('{ www.example: [cn, 192.0.2.1] }', 'name: www.example'), [
    '7:67: nodes.ns.names.www.example[1]: "192.0.2.1" is neither an IPv6 address nor a node of this file: known here: h, cn, ns',
  ]);
  assert.deepEqual(said('{ www.example: [cn] }', 'name: ww.example'), [
    '9:70: traffic.get.name: "ww.example" is told by no name server of this file: did you mean "www.example"?',
  ]);
  assert.deepEqual(said('{ www.example: [h] }', 'name: www.example'), [
    '9:70: traffic.get.name: does not stand for "cn", where the flow goes: add it to `names`',
  ]);
  assert.deepEqual(said('{ www.example: [cn] }', 'name: www.example, program: curl'), [
    '9:70: traffic.get.name: has no meaning for curl: leave one of the two out',
  ]);
});
