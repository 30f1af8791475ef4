/** Wrong keys for peers, and what is said of them; and the home address that a right one makes. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { verifyCga } from '../../core/security/cga.ts';
import { formatAddress } from '../../wire/address.ts';
import { nodeCryptography } from '../crypto.ts';
import { planOf } from '../plan.ts';
import { diagnosticLine } from './diagnostic.ts';
import { readScenario } from './read.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const large = generateKeyPairSync('rsa', { modulusLength: 2048 });
const FILES: Readonly<Record<string, string>> = {
  'key.pem': privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
  'large.pem': large.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
  'curve.pem': generateKeyPairSync('ed25519').privateKey.export({
    format: 'pem',
    type: 'pkcs8',
  }) as string,
};

const KEY = '{ key: "hex:000102030405060708090a0b0c0d0e0f10111213" }';

const scenario = (mn: string, cn: string, more = '') => `title: Keys for peers
links:
  home: { prefix: 2001:db8:1::/64 }
  core: { prefix: 2001:db8:f::/64 }
nodes:
  ha: { role: home-agent, on: [home, core], serves: home, allow-unauthenticated: true }
  mn: { role: mobile-node, home: home, home-agent: ha, interfaces: { wlan0: home },${more}
        peers: ${mn} }
  cn: { role: correspondent-node, on: [core], peers: ${cn} }
traffic:
  ticks: { protocol: udp, from: mn, to: cn, rate: 1/s, payload: 64B, start: 1s, stop: 2s }
`;

const read = (text: string) =>
  readScenario('x.yaml', new TextEncoder().encode(text), (path) => {
    const file = FILES[path];
    if (file === undefined) throw new Error('no such file');
    return new TextEncoder().encode(file);
  });

function said(mn: string, cn: string, more = ''): string[] {
  const result = read(scenario(mn, cn, more));
  return result.ok
    ? []
    : result.error.map((one) => diagnosticLine(one).replace(/^x\.yaml:(\d+):\d+:/, '$1:'));
}

test('keys that are right are taken, and make an address of their own', () => {
  const text = scenario(
    `{ rfc4866: { key: "file:key.pem", sec: 1 }, rfc4449: { cn: ${KEY} } }`,
    `{ rfc4449: { mn: ${KEY} } }`,
  );
  const result = read(text);
  assert.ok(result.ok);
  const node = (name: string) => planOf(result.value).nodes.find((one) => one.name === name)!;
  const { home, peers } = node('mn').config!.mobileNode!;
  assert.match(formatAddress(home), /^2001:db8:1:0:[23]/, 'Sec 1 in the address');
  assert.ok(verifyCga(nodeCryptography, home, peers!.cga!.parameters));
  assert.deepEqual([...peers!.keys.keys()], [node('cn').identity]);
  assert.deepEqual([...node('cn').config!.correspondentNode!.keys!.keys()], [home]);
  assert.equal(node('mn').identity, home);
});

test('nodes that share a key have addresses of their own', () => {
  const result = read(
    scenario('{ rfc4866: { key: "file:key.pem" } }', '{}', ' count: 3,').replace(
      'from: mn',
      'from: mn-0',
    ),
  );
  assert.ok(result.ok);
  const homes = planOf(result.value).nodes.flatMap(({ config }) => config?.mobileNode?.home ?? []);
  assert.equal(new Set(homes).size, 3);
});

/** `peers` of mn and of cn, what else mn has, and all that is said of it, with the line. */
const CASES: readonly (readonly [string, string, string, ...string[]])[] = [
  [
    '{ rfc4866: { key: "file:none.pem" } }',
    '{}',
    '',
    '8: nodes.mn.peers.rfc4866.key: "file:none.pem" cannot be read: no such file',
  ],
  [
    '{ rfc4866: { key: "file:curve.pem" } }',
    '{}',
    '',
    '8: nodes.mn.peers.rfc4866.key: is no RSA private key in PEM: make one with openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2032 -out key.pem',
  ],
  [
    '{ rfc4866: { key: "file:large.pem" } }',
    '{}',
    '',
    '8: nodes.mn.peers.rfc4866.key: has 2048 bits, and a signature of 256 octets fits in no mobility option: make one with openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2032 -out key.pem',
  ],
  [
    '{ rfc4866: { key: "file:key.pem" } }',
    '{}',
    ' home-address: 2001:db8:1::100,',
    '7: nodes.mn.home-address: is made from the key in peers.rfc4866: leave it out, or leave out the key',
  ],
  [
    '{ rfc4449: { cn: { key: "hex:0011" } } }',
    `{ rfc4449: { mn: ${KEY} } }`,
    '',
    '8: nodes.mn.peers.rfc4449.cn.key: has 2 octets: RFC 4449 wants 20 at least',
  ],
  [
    `{ rfc4449: { cm: ${KEY} } }`,
    '{}',
    '',
    '8: nodes.mn.peers.rfc4449.cm: "cm" is no node of this file: did you mean "cn"?',
  ],
  [
    `{ rfc4449: { cn: ${KEY} } }`,
    '{}',
    '',
    '8: nodes.mn.peers.rfc4449.cn: "cn" has no key for "mn": write peers: { rfc4449: { mn: { key: ... } } } there too',
  ],
  [
    '{}',
    `{ rfc4449: { ha: ${KEY} } }`,
    '',
    '9: nodes.cn.peers.rfc4449.ha: "ha" is a home-agent: a key is shared between a mobile node or multihomed host and a correspondent node, or another such one',
  ],
  [
    '{ rfc4866: { key: "file:key.pem", sec: 2 } }',
    '{}',
    '',
    '8: nodes.mn.peers.rfc4866.sec: is not a whole number from 0 to 1 (how dear the address is to make and to forge)',
  ],
];

for (const [mn, cn, more, ...expected] of CASES) {
  test(`${mn} and ${cn}`, () => assert.deepEqual(said(mn, cn, more), expected));
}
