/** Wrong attacks and wrong expectations of them, and what is said of each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MECHANISMS } from '../../core/mechanisms.ts';
import { diagnosticLine } from './diagnostic.ts';
import { readScenario } from './read.ts';

const RIGHT = `title: All attacks at once
links:
  core: { prefix: 2001:db8:f::/64 }
  edge: { prefix: 2001:db8:e::/64 }
nodes:
  r: { role: router, on: [core, edge] }
  cn: { role: correspondent-node, on: [core] }
  mallory: { role: attacker, on: [edge] }
events:
  - { at: 1s, attack: mallory, count: 10, rate: 50/s, vary: { source: 2001:db8:e::/64, sequence: 1..9 },
      send: [ { layer: ipv6, source: mallory, destination: cn.core },
              { layer: binding-update, sequence: 1, options: [ { option: padn, times: 2 } ] } ] }
  - { at: 2s, attack: mallory, replay: { message: binding-update, to: cn, heard: first } }
  - { at: 3s, attack: mallory, bind: { peer: cn, home: mallory, careof: 2001:db8:f::77, home-token: own } }
expect:
  cn: { tables: { bindings: 0 }, unasked: "< 5kB", counters: { mobility.bu_received: "> 0" } }
off: [${Object.keys(MECHANISMS)[0]}]
`;

function said(text: string): string[] {
  const read = readScenario('x.yaml', new TextEncoder().encode(text), () => Uint8Array.of(1));
  return read.ok ? [] : read.error.map(diagnosticLine);
}

test('the right file is right', () => {
  assert.deepEqual(said(RIGHT), []);
});

/** What is replaced, by what, and all that is said of it: line, column, path, fault, mend. */
const CASES: readonly (readonly [string, string, ...string[]])[] = [
  [
    'attack: mallory, count',
    'attack: malory, count',
    '10:23: events[0].attack: "malory" is no node of this file: did you mean "mallory"?',
  ],
  [
    'attack: mallory, count',
    'attack: cn, count',
    '10:23: events[0].attack: "cn" has the role correspondent-node, and an attacker is wanted: mallory',
  ],
  [
    'attack: mallory, replay',
    'attack: mallory, count: 3, replay',
    '13:39: events[1].count: has no meaning for "replay", only for send',
  ],
  [
    ', replay: { message: binding-update, to: cn, heard: first }',
    '',
    '13:5: events[1]: attacks with nothing: write one of send, replay, bind',
  ],
  [
    'replay: { message',
    'bind: { peer: cn, home: cn, careof: cn }, replay: { message',
    '13:38: events[1].bind: is a second attack beside "replay": write two events with the same time',
  ],
  [
    'to: cn, heard',
    'to: nc, heard',
    '13:71: events[1].replay.to: "nc" is no node of this file: did you mean "cn"?',
  ],
  [
    'message: binding-update',
    'message: binding-udpate',
    '13:51: events[1].replay.message: "binding-udpate" is no layer: did you mean "binding-update"?',
  ],
  [
    'heard: first',
    'heard: second',
    '13:82: events[1].replay.heard: "second" is unknown: known here: first, last',
  ],
  [
    'count: 10',
    'count: 0',
    '10:39: events[0].count: is not a whole number from 1 to 1000000 (how many such packets)',
  ],
  ['rate: 50/s', 'rate: 50', '10:49: events[0].rate: 50 has no unit: write a rate, such as 1000/s'],
  [
    '2001:db8:e::/64, sequence',
    '2001:db8:e::, sequence',
    '10:71: a text that ends in a colon needs quotes, such as "2001:db8::" (Block collections are not allowed within flow collections)',
  ],
  [
    '1..9',
    '9..1',
    '10:98: events[0].vary.sequence: "9..1" is neither a prefix of 32 or 64 bits, such as 2001:db8:bad::/64, nor a range, such as 0..65535',
  ],
  [
    'sequence: 1..9',
    'sequenze: 1..9',
    '10:88: events[0].vary.sequenze: is no field of this packet: did you mean "sequence"?',
  ],
  [
    'source: mallory',
    'source: maIlory',
    '11:38: events[0].send[0].source: "maIlory" is neither an IPv6 address nor a node: did you mean "mallory"?',
  ],
  [
    'destination: cn.core',
    'destination: cn.edge',
    '11:60: events[0].send[0].destination: "cn.edge" is neither an IPv6 address nor a node: did you mean "r.edge"?',
  ],
  [
    'layer: ipv6',
    'layer: ipv7',
    '11:24: events[0].send[0].layer: "ipv7" is unknown: did you mean "ipv6"?',
  ],
  [
    'sequence: 1,',
    'sequence: 70000,',
    '12:50: events[0].send[1].sequence: is not a whole number from 0 to 65535',
  ],
  [
    'option: padn',
    'option: pad9',
    '12:74: events[0].send[1].options[0].option: "pad9" is unknown: did you mean "pad1"?',
  ],
  [
    'times: 2',
    'times: 0',
    '12:87: events[0].send[1].options[0].times: is not a whole number from 1 to 2000',
  ],
  [
    'times: 2',
    'times: 3000',
    '12:87: events[0].send[1].options[0].times: is not a whole number from 1 to 2000',
  ],
  ['send: [', 'on: core, send: [', '11:11: events[0].on: "mallory" is not on "core": write edge'],
  [
    'peer: cn',
    'peer: nc',
    '14:46: events[2].bind.peer: "nc" is neither an IPv6 address nor a node: did you mean "cn"?',
  ],
  [
    'home-token: own',
    'home-token: bought',
    '14:101: events[2].bind.home-token: "bought" is unknown: known here: own, overheard, guessed',
  ],
  [
    'home-token: own',
    'home-tokn: own',
    '14:89: events[2].bind.home-tokn: is no key here: did you mean "home-token"?',
  ],
  [
    'attack: mallory, bind',
    'crash: cn, bind',
    '14:32: events[2].bind: has no meaning for "crash", only for attack',
  ],
  [
    'bindings: 0',
    'bindigs: 0',
    '16:28: expect.cn.tables.bindigs: is no table: did you mean "bindings"?',
  ],
  [
    'unasked: "< 5kB"',
    'unasked: 5',
    '16:43: expect.cn.unasked: "5" has no unit: write a size with its unit, such as 64B or 20MB, or a bound such as ">= 20MB"',
  ],
  [
    'send: [ {',
    'send: { x: {',
    '12:95: a } or ] is missing before this, which closes what was opened on an earlier line (Flow map in block collection must be sufficiently indented and end with a })',
  ],
  [
    'role: attacker',
    'role: attaker',
    '8:20: nodes.mallory.role: "attaker" is unknown: did you mean "attacker"?',
  ],
];

for (const [from, to, ...wanted] of CASES) {
  test(`${JSON.stringify(from)} -> ${JSON.stringify(to)}`, () => {
    assert.ok(RIGHT.includes(from), from);
    assert.deepEqual(
      said(RIGHT.replace(from, to)),
      wanted.map((line) => `x.yaml:${line}`),
    );
  });
}
