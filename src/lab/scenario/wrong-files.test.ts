/** Wrong files, and what is said of them: the place, and the way to mend it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MECHANISMS } from '../../core/mechanisms.ts';
import { diagnosticLine } from './diagnostic.ts';
import { readScenario } from './read.ts';

const RIGHT = `title: A download survives a move
links:
  home: { prefix: 2001:db8:1::/64, delay: 1ms }
  visited: { prefix: 2001:db8:2::/64 }
  core: { prefix: 2001:db8:f::/64, delay: 10ms }
nodes:
  ha: { role: home-agent, on: [home, core], serves: home }
  ar: { role: access-router, on: [visited, core] }
  mn:
    role: mobile-node
    home: home
    home-agent: ha
    home-address: 2001:db8:1::100
    interfaces: { wlan0: home }
    auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } }
  cn: { role: correspondent-node, on: [core] }
traffic:
  download: { protocol: tcp, from: cn, to: mn, size: 1MB, start: 1s }
  ticks: { protocol: udp, from: mn, to: cn, rate: 100/s, payload: 64B, start: 1s, stop: 9s }
events:
  - { at: 4s, move: mn.wlan0, to: visited }
expect:
  download: { survives: true, interruption: "< 300ms" }
  mn: { bindings: 2, counters: { mobility.bu_retransmitted: 0 } }
  packets: [ { on: core, at: "6s..", from: cn, headers: [ipv6, routing-2, tcp] } ]
off: [return-routability]
`;

function said(text: string | Uint8Array): string[] {
  const octets = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const read = readScenario('x.yaml', octets, () => {
    throw new Error('no such file');
  });
  return read.ok ? [] : read.error.map(diagnosticLine);
}

/** The right file with something replaced, which must be there. */
function changed(from: string, to: string): string {
  assert.ok(RIGHT.includes(from), from);
  return RIGHT.replace(from, to);
}

test('the right file is right', () => {
  assert.deepEqual(said(RIGHT), []);
});

test('a kernel alone has no control side to kill', () => {
  const text = changed('move: mn.wlan0, to: visited', 'kill: cn');
  assert.deepEqual(said(text), []);
  assert.deepEqual(said(text.replace('correspondent-node', 'host')), [
    'x.yaml:21:21: events[0].kill: "cn" has the role host, and so no control side: write crash for its power',
  ]);
});

/** What is replaced, by what, and all that is said of it: line, column, path, fault, mend. */
const CASES: readonly (readonly [string, string, ...string[]])[] = [
  ['delay: 1ms', 'dely: 1ms', '3:36: links.home.dely: is no key here: did you mean "delay"?'],
  [
    'delay: 1ms',
    'delay: 1',
    '3:43: links.home.delay: 1 has no unit: write a time with its unit, such as 4s or 250ms',
  ],
  [
    'delay: 1ms',
    'delay: 1Ms',
    '3:43: links.home.delay: "1Ms" has the unit "Ms": write 1ms (units: us, ms, s, min, h)',
  ],
  ['delay: 1ms', 'loss: 150%', '3:42: links.home.loss: "150%" is more than 100%'],
  [
    'size: 1MB',
    'size: 1Mbit/s',
    '18:54: traffic.download.size: "1Mbit/s" has the unit "Mbit/s": write a size with its unit, such as 64B or 20MB (units: B, kB, MB, GB, KiB, MiB, GiB)',
  ],
  [
    'rate: 100/s',
    'rate: 100',
    '19:51: traffic.ticks.rate: 100 has no unit: write a rate, such as 1000/s',
  ],
  [
    'payload: 64B',
    'payload: 8B',
    '19:67: traffic.ticks.payload: is too short: number and time of a datagram need 16B',
  ],
  [
    'stop: 9s',
    'stop: 1s',
    '19:89: traffic.ticks.stop: is not after `start`: the flow would send nothing',
  ],
  [
    'role: access-router',
    'role: acess-router',
    '8:15: nodes.ar.role: "acess-router" is unknown: did you mean "access-router"?',
  ],
  [
    'home: home\n    home-agent: ha',
    'home: visited\n    home-agent: discover',
    '12:17: nodes.mn.home-agent: "visited" has no home agent to be found: add a node that serves it',
    '13:19: nodes.mn.home-address: 2001:db8:1::100 is outside 2001:db8:2::/64, the prefix of its home "visited": write 2001:db8:2::100',
  ],
  [
    'home-agent: ha',
    'home-agent: hq',
    '12:17: nodes.mn.home-agent: "hq" is no node of this file: did you mean "ha"?',
  ],
  [
    'home-agent: ha',
    'home-agent: ar',
    '12:17: nodes.mn.home-agent: "ar" has the role access-router, and a home agent is wanted: ha',
  ],
  [
    'serves: home',
    'serves: visited',
    '7:53: nodes.ha.serves: serves "visited" and is not on it: add it to `on`',
    '12:17: nodes.mn.home-agent: "ha" serves "visited", and the node\'s home is "home": make them the same',
  ],
  [
    'serves: home',
    'serves: home, preference: 70000',
    '7:71: nodes.ha.preference: is not a whole number from 0 to 65535 (preference)',
  ],
  [
    'wlan0: home',
    'wlan0: hoem',
    '14:26: nodes.mn.interfaces.wlan0: "hoem" is no link of this file: did you mean "home"?',
  ],
  [
    '2001:db8:1::100',
    '2001:db8:9::100',
    '13:19: nodes.mn.home-address: 2001:db8:9::100 is outside 2001:db8:1::/64, the prefix of its home "home": write 2001:db8:1::100',
  ],
  [
    '2001:db8:1::100',
    '2001:db8:1::1000:z',
    '13:19: nodes.mn.home-address: "2001:db8:1::1000:z" is not an IPv6 address, such as 2001:db8:1::100',
  ],
  [
    'on: [visited, core]',
    'on: [visited, cor]',
    '8:44: nodes.ar.on[1]: "cor" is no link of this file: did you mean "core"?',
  ],
  [
    '2001:db8:2::/64',
    '2001:db8:1::/64',
    '4:22: links.visited.prefix: 2001:db8:1::/64 is the prefix of "home" already: give each link its own',
  ],
  [
    '2001:db8:2::/64',
    '2001:db8:2::/48',
    '4:22: links.visited.prefix: "2001:db8:2::/48": nodes make 64 bits of their addresses, so write 2001:db8:2::/64',
  ],
  [
    '2001:db8:2::/64',
    '2001:db8:2::',
    '4:22: a text that ends in a colon needs quotes, such as "2001:db8::" (Block collections are not allowed within flow collections)',
  ],
  [
    'key: "hex:00112233445566778899aabbccddeeff"',
    'key: "hex:0011"',
    '15:39: nodes.mn.auth.rfc4285.key: rfc4285 wants 16 octets, and here are 2',
  ],
  [
    'key: "hex:00112233445566778899aabbccddeeff"',
    'key: "hex:001"',
    '15:39: nodes.mn.auth.rfc4285.key: "hex:" wants an even number of hexadecimal digits, and here are 3',
  ],
  [
    'auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } }',
    'auth: none',
    '12:17: nodes.mn.home-agent: "ha" takes no registration without proof: add auth: { rfc4285: { spi: 256, key: "hex:..." } } to the node, or allow-unauthenticated: true to the home agent',
  ],
  [
    'auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } }',
    'auth: esp',
    '15:11: nodes.mn.auth: has no keys: write { esp: { transport: { to-agent: { spi: 4096, key: "hex:..." }, to-node: { spi: 4097, key: "hex:..." } } } }',
  ],
  [
    'auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } }',
    'auth: {}',
    '15:11: nodes.mn.auth: is not one of { rfc4285: { spi: 256, key: "hex:..." } }, { esp: ... }, none',
  ],
  [
    'auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } }',
    'auth: { esp: { transport: { to-agent: { spi: 4096, key: "hex:0011" } } } }',
    '15:31: nodes.mn.auth.esp.transport.to-node: is missing: a security association, such as { spi: 4096, key: "hex:0011..." }',
  ],
  [
    'auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } }',
    `auth: { esp: { algorithm: aes-gcm-128, transport: { to-agent: { spi: 256, key: "hex:0011" }, to-node: { spi: 256, key: "hex:${'00'.repeat(20)}" } } } }`,
    '15:84: nodes.mn.auth.esp.transport.to-agent.key: aes-gcm-128 wants 20 octets (16 of the AES key, then 4 of the salt), and here are 2',
  ],
  [
    'auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } }',
    `auth: { esp: { algorithm: null-hmac-sha-1, transport: { to-agent: { spi: 256, key: "hex:${'00'.repeat(20)}" }, to-node: { spi: 256, key: "hex:0011" } } } }`,
    '15:164: nodes.mn.auth.esp.transport.to-node.key: null-hmac-sha-1 wants 20 octets (20 of the HMAC key), and here are 2',
  ],
  [
    'auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } }',
    `auth: { esp: { algorithm: aes-gcm-128, ${['transport', 'tunnel'].map((mode, i) => `${mode}: { to-agent: { spi: 256, key: "hex:${'00'.repeat(20)}" }, to-node: { spi: ${300 + i}, key: "hex:${'00'.repeat(20)}" } }`).join(', ')} } }`,
    '15:239: nodes.mn.auth.esp.tunnel.to-agent.spi: 256 is the number of mn.transport.to-agent already: "ha" tells them apart by it',
  ],
  [
    'auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } }',
    `auth: { esp: { algorithm: null-hmac-sha-1, ${['transport', 'tunnel'].map((mode, i) => `${mode}: { to-agent: { spi: ${256 + i}, key: "hex:${'00'.repeat(20)}" }, to-node: { spi: ${300 + i}, key: "hex:${'00'.repeat(20)}" } }`).join(', ')} } }`,
    '15:31: nodes.mn.auth.esp.algorithm: encrypts nothing: what goes through the tunnel must not be read (RFC 4877 section 4.3)',
  ],
  [
    'auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } }',
    `udp-encapsulation: true
    auth: { esp: { algorithm: null-hmac-sha-1, transport: { to-agent: { spi: 256, key: "hex:${'00'.repeat(20)}" }, to-node: { spi: 257, key: "hex:${'00'.repeat(20)}" } } } }`,
    '15:24: nodes.mn.udp-encapsulation: cannot be with esp, which does not go inside UDP here: leave it out',
  ],
  [
    `home-agent: ha
    home-address: 2001:db8:1::100
    interfaces: { wlan0: home }
    auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } }`,
    `home-agent: discover
    interfaces: { wlan0: home }
    auth: { esp: { algorithm: null-hmac-sha-1, transport: { to-agent: { spi: 256, key: "hex:${'00'.repeat(20)}" }, to-node: { spi: 256, key: "hex:${'00'.repeat(20)}" } } } }`,
    '14:18: nodes.mn.auth.esp: has keys for one home agent: name it in home-agent, instead of discover',
  ],
  [
    'auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } }',
    `count: 2
    auth: { esp: { algorithm: null-hmac-sha-1, transport: { to-agent: { spi: 256, key: "hex:${'00'.repeat(20)}" }, to-node: { spi: 256, key: "hex:${'00'.repeat(20)}" } } } }`,
    '13:19: nodes.mn.home-address: cannot be one for many nodes: leave it out, or leave out `count`',
    '16:18: nodes.mn.auth.esp: cannot be one for many nodes: each needs keys and numbers of its own',
    '19:44: traffic.download.to: "mn" are 2 nodes: name one of them, such as mn-0',
    '20:33: traffic.ticks.from: "mn" are 2 nodes: name one of them, such as mn-0',
    '25:3: expect.mn: is no flow and no node of this file: there are several: name one, such as mn-0',
  ],
  [
    'auth: { rfc4285: { spi: 256, key: "hex:00112233445566778899aabbccddeeff" } }',
    'auth: { esp: { algorithm: des, transport: 7 } }',
    '15:31: nodes.mn.auth.esp.algorithm: "des" is unknown: known here: aes-cbc-128-hmac-sha-256, aes-cbc-256-hmac-sha-256, aes-gcm-128, aes-gcm-256, null-hmac-sha-256, null-hmac-sha-1',
    '15:47: nodes.mn.auth.esp.transport: is not two security associations: { to-agent: { spi, key }, to-node: { spi, key } }',
  ],
  [
    'spi: 256',
    'spi: 1',
    '15:29: nodes.mn.auth.rfc4285.spi: is not a whole number from 256 to 4294967295 (the number of the key)',
  ],
  [
    'to: mn, size',
    'to: cn, size',
    '18:44: traffic.download.to: goes from "cn" to itself: send to ha or ar or mn',
  ],
  [
    'to: mn, size',
    'to: nm, size',
    '18:44: traffic.download.to: "nm" is no node of this file: did you mean "mn"?',
  ],
  [
    'move: mn.wlan0',
    'move: mn.wlan1',
    '21:21: events[0].move: "mn" has no interface "wlan1"; it has wlan0',
  ],
  [
    'move: mn.wlan0',
    'move: mn',
    '21:21: events[0].move: "mn" is not NODE.INTERFACE, such as mn.wlan0',
  ],
  [
    'move: mn.wlan0',
    'move: cn.core',
    '21:21: events[0].move: "cn" has the role correspondent-node: only mobile nodes and multihomed hosts move. For a whole link write cut',
  ],
  [
    'move: mn.wlan0, to: visited',
    'link-up: cn.core, to: visited',
    '21:24: events[0].link-up: "cn" has the role correspondent-node: only mobile nodes and multihomed hosts move. For a whole link write cut',
  ],
  [
    'move: mn.wlan0, to: visited',
    'link-down: cn.cores',
    '21:26: events[0].link-down: "cn" has no interface "cores"; it has core',
  ],
  [
    'to: visited }',
    'to: visted }',
    '21:35: events[0].to: "visted" is no link of this file: did you mean "visited"?',
  ],
  [
    'move: mn.wlan0, to: visited',
    'move: mn.wlan0',
    '21:5: events[0]: moves to no link: add `to: LINK`, or write link-down',
  ],
  [
    'move: mn.wlan0, to: visited',
    'move: mn.wlan0, to: visited, over: 5s',
    '21:50: events[0].over: "mn" is one node: `over` spreads an event over the nodes of a `count`',
  ],
  [
    'move: mn.wlan0, to: visited',
    'move: mn.wlan0, to: visited, every: 5s',
    '21:51: events[0].every: says nothing without `times`: { every: 10s, times: 5 }',
  ],
  [
    'move: mn.wlan0, to: visited',
    'drain: mn',
    '21:22: events[0].drain: "mn" has the role mobile-node: only servers of one address are drained',
  ],
  [
    'move: mn.wlan0, to: visited',
    'answer: { node: mn, status: 500 }',
    '21:31: events[0].answer.node: nobody asks "mn" by HTTP: an agent of its address does with `check: { http: 80 }`',
  ],
  [
    'move: mn.wlan0, to: visited',
    'restart: ha',
    '21:24: events[0].restart: "ha" runs by then: add { at: ..., crash: ha } before it',
  ],
  [
    'move: mn.wlan0, to: visited',
    'move: mn.wlan0, crash: ha, to: visited',
    '21:38: events[0].crash: is a second event beside "move": write two events with the same time',
  ],
  ['off: [', 'until: 3s\noff: [', '21:11: events[0].at: is after `until`: the run is over by then'],
  [
    '[return-routability]',
    '[return-routabilty]',
    '26:7: off[0]: "return-routabilty" is unknown: did you mean "return-routability"?',
  ],
  [
    '[return-routability]',
    '[magic]',
    `26:7: off[0]: "magic" is unknown: known here: ${Object.keys(MECHANISMS).join(', ')}`,
  ],
  [
    '  download: { survives',
    '  dwnload: { survives',
    '23:3: expect.dwnload: is no flow and no node of this file: did you mean "download"?',
  ],
  [
    'survives: true',
    'survives: yes',
    '23:25: expect.download.survives: is not true or false (the session is kept)',
  ],
  [
    '"< 300ms"',
    '"< 300"',
    '23:45: expect.download.interruption: "300" has no unit: write a time with its unit, such as 4s or 250ms, or a bound such as "< 300ms"',
  ],
  [
    '"< 300ms"',
    '300',
    '23:45: expect.download.interruption: "300" has no unit: write a time with its unit, such as 4s or 250ms, or a bound such as "< 300ms"',
  ],
  [
    'bu_retransmitted',
    'bu_retransmited',
    '24:60: expect.mn.counters.mobility.bu_retransmited: is no counter: did you mean "mobility.bu_retransmitted"?',
  ],
  [
    'routing-2',
    'routing2',
    '25:64: expect.packets[0].headers[1]: "routing2" is no header: did you mean "routing-2"?',
  ],
  [
    '"6s.."',
    '"6s"',
    '25:30: expect.packets[0].at: "6s" is not a stretch of time, such as "6s.." or "2s..5s"',
  ],
  [
    'interruption: "< 300ms"',
    'lost: 0',
    '23:37: expect.download.lost: is counted for UDP only: TCP mends it. Expect `interruption` or `bytes`',
  ],
  [
    'title: A download survives a move\n',
    '',
    '1:1: title: is missing: one sentence that says what the scenario shows',
  ],
  [
    '2001:db8:2::/64',
    'fe80::/64',
    '4:22: links.visited.prefix: "fe80::/64" is no prefix to give to a link: write one such as 2001:db8:1::/64',
  ],
  [
    'size: 1MB',
    'size: 100GB',
    '18:54: traffic.download.size: is more than a run carries in bounded time: write at most 1GB',
  ],
  [
    'payload: 64B',
    'payload: 9000B',
    '19:67: traffic.ticks.payload: is more than any link here carries in one packet: write at most 1452B, or give the links a larger mtu',
  ],
  [
    'cn: { role: correspondent-node, on: [core] }',
    'cn: { role: correspondent-node, on: *nope }',
    '16:39: "*nope" has no anchor above it: write &nope where it is meant, or quote a text that begins with *',
  ],
  [
    'cn: { role: correspondent-node, on: [core] }',
    'cn: { role: correspondent-node, on: [core], count: 2 }',
    '18:36: traffic.download.from: "cn" are 2 nodes: name one of them, such as cn-0',
    '19:41: traffic.ticks.to: "cn" are 2 nodes: name one of them, such as cn-0',
    '25:44: expect.packets[0].from: "cn" is no node of this file: there are several: name one, such as cn-0',
  ],
  [
    'title:',
    'titel:',
    '1:1: titel: is no key here: did you mean "title"?',
    '1:1: title: is missing: one sentence that says what the scenario shows',
  ],
  [
    '  ar: {',
    '\tar: {',
    '8:1: a tab indents this line: use spaces (Tabs are not allowed as indentation)',
    '9:1: this line is indented otherwise than its neighbours: line them up (All mapping items must start at the same column)',
    '16:1: this line is indented otherwise than its neighbours: line them up (All mapping items must start at the same column)',
  ],
  [
    '  ar: {',
    '  ha: {',
    '8:3: this key stands here twice: keep one of them (Map keys must be unique)',
  ],
  [
    'core] }\n  mn',
    'core }\n  mn',
    '8:49: a } or ] is missing before this, which closes what was opened on an earlier line (Flow sequence in block collection must be sufficiently indented and end with a ])',
    '9:3: a } or ] is missing before this, which closes what was opened on an earlier line (Flow map in block collection must be sufficiently indented and end with a })',
  ],
  ['events:\n  - {', 'events:\n  {', '21:3: events: is not a list: begin each entry with "- "'],
  [
    '  ticks:',
    '  mn:',
    '9:3: nodes.mn: a flow is named "mn" too: `expect` could not tell them apart',
    '24:9: expect.mn.bindings: is no key here: known here: survives, fails, interruption, lost, duplicated, reordered, bytes, carried-by',
    '24:22: expect.mn.counters: is no key here: known here: survives, fails, interruption, lost, duplicated, reordered, bytes, carried-by',
  ],
  [
    '  visited: {',
    '  Visited: {',
    '4:3: links.Visited: "Visited" is not a name: a name begins with a-z and holds a-z, 0-9 and "-", at most 31 of them',
    '8:35: nodes.ar.on[0]: "visited" is no link of this file: did you mean "Visited"?',
    '21:35: events[0].to: "visited" is no link of this file: did you mean "Visited"?',
  ],
];

for (const [from, to, ...wanted] of CASES) {
  test(`${JSON.stringify(from)} -> ${JSON.stringify(to)}`, () => {
    assert.deepEqual(
      said(changed(from, to)),
      wanted.map((line) => `x.yaml:${line}`),
    );
  });
}

test('another kind of file gets one sentence, and no words of the machine', () => {
  const wanted = 'is no scenario: a mapping with title, links, nodes and more is wanted';
  for (const text of ['hello\n', '- a\n', '5\n']) {
    assert.deepEqual(said(text), [`x.yaml:1:1: ${wanted}`]);
  }
  const [deep, ...rest] = said(`links: ${'['.repeat(5000)}${']'.repeat(5000)}\n`);
  assert.match(deep ?? '', /is nested too deep/);
  assert.deepEqual(rest, []);
});

test('what a run could not bear: two flows on one port, too many datagrams, more than a day', () => {
  const twins = changed('start: 1s }', 'start: 1s, port: 80 }').replace(
    '  ticks:',
    '  again: { protocol: tcp, from: ar, to: mn, size: 1MB, start: 1s, port: 80 }\n  ticks:',
  );
  assert.deepEqual(said(twins), [
    'x.yaml:19:73: traffic.again.port: is the port of "download" on "mn" already: leave it out, and one is chosen',
  ]);
  assert.deepEqual(said(changed('rate: 100/s', 'rate: 1000000/s')), [
    'x.yaml:19:51: traffic.ticks.rate: makes 8000000 datagrams: 5000000 are kept account of at most, so make it slower or shorter',
  ]);
  assert.deepEqual(said(changed('stop: 9s', 'stop: 25h')), [
    'x.yaml:19:89: traffic.ticks.stop: is more than a day: write at most 24h',
  ]);
});

test('all faults of a file are told at once, in order of place', () => {
  const wrong = changed('delay: 1ms', 'dely: 1ms')
    .replace('home-agent: ha', 'home-agent: hb')
    .replace('to: visited }', 'to: visitd }')
    .replace('bindings: 2', 'bindngs: 2');
  assert.deepEqual(
    said(wrong).map((line) => line.split(': ', 2).join(': ')),
    [
      'x.yaml:3:36: links.home.dely',
      'x.yaml:12:17: nodes.mn.home-agent',
      'x.yaml:21:35: events[0].to',
      'x.yaml:24:9: expect.mn.bindngs',
    ],
  );
});

test('a key in a file that is not there', () => {
  assert.deepEqual(said(changed('"hex:00112233445566778899aabbccddeeff"', '"file:mn.key"')), [
    'x.yaml:15:39: nodes.mn.auth.rfc4285.key: "file:mn.key" cannot be read: no such file',
  ]);
});

test('two mobile nodes with one home address', () => {
  const twin = `  mn2: { role: mobile-node, home: home, home-agent: ha, home-address: 2001:db8:1::100,
    interfaces: { wlan0: home }, auth: { rfc4285: { spi: 257, key: "hex:00112233445566778899aabbccddeeff" } } }
  cn:`;
  assert.deepEqual(said(changed('  cn:', twin)), [
    'x.yaml:16:71: nodes.mn2.home-address: 2001:db8:1::100 is the home address of "mn" already: give each node its own',
  ]);
});

test('an empty file', () => {
  const empty = ['x.yaml:1:1: is empty: `careof lab new NAME` writes an example to begin with'];
  assert.deepEqual(said(''), empty);
  assert.deepEqual(said('\n\n# only a comment\n'), empty);
});

test('a file that is no text', () => {
  assert.deepEqual(said(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0x00, 0x01)), [
    'x.yaml:1:1: is not text: octet 4 is NUL. A scenario is a YAML file in UTF-8',
  ]);
  assert.deepEqual(said(Uint8Array.of(0x74, 0x3a, 0x20, 0xff)), [
    'x.yaml:1:1: is not UTF-8: save it as UTF-8',
  ]);
});

test('a file that is far too long', () => {
  assert.deepEqual(said('#'.repeat(3 << 20)), [
    'x.yaml:1:1: is 3072 KiB long: a scenario is 1024 KiB at most',
  ]);
});

test('a file that is cut off in the middle of an entry', () => {
  assert.deepEqual(said(RIGHT.slice(0, RIGHT.indexOf('core: {') + 20)), [
    'x.yaml:5:23: the file ends in the middle of an entry: is it cut off, or is a } or ] missing?',
  ]);
});

test('a file that is cut off between two entries', () => {
  assert.deepEqual(said(RIGHT.slice(0, RIGHT.indexOf('nodes:'))), [
    'x.yaml:1:1: nodes: are missing (is the file cut off?): write nodes: and below it cn: { role: correspondent-node, on: [home] }',
  ]);
});

test('two documents, lists, aliases that multiply', () => {
  assert.match(said(`${RIGHT}---\n${RIGHT}`)[0]!, /^x\.yaml:2\d:\d: is a second document/);
  assert.match(said('- a\n- b\n')[0]!, /^x\.yaml:1:1: is no scenario: a mapping with title/);
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (const [one, next] of ['ab', 'bc', 'cd', 'de'].map((pair) => [...pair])) {
    bomb.push(`${next}: &${next} [${new Array(9).fill(`*${one}`).join(', ')}]`);
  }
  assert.match(said(bomb.join('\n'))[0]!, /^x\.yaml:1:1: has aliases that cannot be followed/);
});

test('every cut of the right file is refused or read, and never throws', () => {
  for (let end = 0; end < RIGHT.length; end += 7) said(RIGHT.slice(0, end));
});
