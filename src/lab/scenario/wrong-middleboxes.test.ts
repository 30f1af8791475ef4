/** Wrong middleboxes in a file, and what is said of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnosticLine } from './diagnostic.ts';
import { readScenario } from './read.ts';

/** A file with one line of a link, of a router, and of an event. */
function said({ link = '', router = '', change = 'loss: 1%' }): string[] {
  const text = `title: A middlebox
links:
  one:  { prefix: 2001:db8:2::/64${link} }
  core: { prefix: 2001:db8:f::/64 }
nodes:
  r: { role: router, on: [one, core]${router} }
  a: { role: host, on: [one] }
  b: { role: host, on: [core] }
traffic:
  ticks: { protocol: udp, from: a, to: b, rate: 100/s, payload: 64B, start: 1s, stop: 9s }
events:
  - { at: 4s, change: { link: one, ${change} } }
expect:
  ticks: { survives: true }
`;
  const read = readScenario('x.yaml', new TextEncoder().encode(text), () => new Uint8Array());
  return read.ok ? [] : read.error.map((one) => diagnosticLine(one).replace('x.yaml:', ''));
}

test('headers that a link drops, of all or of one sender, and a router that translates', () => {
  assert.deepEqual(said({ link: ', drops: [routing, { header: esp, from: r }]' }), []);
  assert.deepEqual(said({ change: 'drops: []' }), []);
  assert.deepEqual(said({ router: ', nat: [core], nat-timeout: 60s' }), []);
});

test('a header that nobody knows, and a sender that is not there', () => {
  assert.deepEqual(said({ link: ', drops: [rooting]' }), [
    '3:44: links.one.drops[0]: "rooting" is no header that can be dropped: did you mean "routing"?',
  ]);
  assert.deepEqual(said({ link: ', drops: [{ header: routing, from: b }]' }), [
    '3:69: links.one.drops[0].from: "b" is not on "one": nothing would be dropped',
  ]);
  assert.deepEqual(said({ change: 'drops: [{ header: udp, from: c }]' }), [
    '12:65: events[0].change.drops[0].from: "c" is no node of this file: did you mean "r"?',
  ]);
  assert.deepEqual(said({ link: ', drops: [7]' }), [
    '3:44: links.one.drops[0]: is neither a header nor { header: routing, from: ar1 }',
  ]);
});

test('translation towards links that are not there, or towards all of them', () => {
  assert.deepEqual(said({ router: ', nat: [two]' }), [
    '6:45: nodes.r.nat[0]: "two" is no link of this node: it is on one and core',
  ]);
  assert.deepEqual(said({ router: ', nat: [one, core]' }), [
    '6:44: nodes.r.nat: names all links of the node: whose addresses would it translate?',
  ]);
  assert.deepEqual(said({ router: ', nat-timeout: 60s' }), [
    '6:52: nodes.r.nat-timeout: says nothing without `nat`: add nat: [LINK]',
  ]);
});
