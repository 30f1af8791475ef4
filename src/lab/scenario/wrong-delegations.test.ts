/** Wrong authorities and delegations, and what is said of them; and what right ones come to. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { authority, delegated, pairOf } from '../../../test/delegations.ts';
import { toHex } from '../../wire/hex.ts';
import { planOf } from '../plan.ts';
import { diagnosticLine } from './diagnostic.ts';
import { readScenario } from './read.ts';

const RSA = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
const FILES: Readonly<Record<string, string>> = {
  'rsa.pem': RSA.export({ format: 'pem', type: 'pkcs8' }) as string,
};
const hex = (octets: Uint8Array) => `"hex:${toHex(octets)}"`;
const AUTHORITIES = `[ { prefix: 2001:db8:1::/48, key: ${hex(authority.key)} } ]`;
const { privateKey, delegation } = delegated();
const DELEGATION = `{ key: ${hex(privateKey)}, signed: ${hex(delegation)} }`;

const scenario = (asks: string, shows: string) => `title: Delegations
links:
  site: { prefix: 2001:db8:2::/64 }
nodes:
  r: { role: router, on: [site] }
  a: { role: anycast-agent, on: [site], service: "2001:db8:1::80", authorities: ${asks} }
  s: { role: anycast-server, on: [site], service: "2001:db8:1::80", agents: [a], auth: { rfc4285: { spi: 257, key: "hex:000102030405060708090a0b0c0d0e0f" } },
       delegation: ${shows} }
  c: { role: correspondent-node, on: [site], authorities: ${asks} }
  h: { role: multihomed-host, interfaces: { eth0: site }, authorities: ${AUTHORITIES} }
  ha: { role: home-agent, on: [site], serves: site, allow-unauthenticated: true }
  mn: { role: mobile-node, home: site, home-agent: ha, interfaces: { wlan0: site }, authorities: ${AUTHORITIES} }
traffic:
  ticks: { protocol: udp, from: c, to: a, rate: 1/s, payload: 64B, start: 1s, stop: 2s }
`;

const read = (asks: string, shows: string) =>
  readScenario('x.yaml', new TextEncoder().encode(scenario(asks, shows)), (path) => {
    const file = FILES[path];
    if (file === undefined) throw new Error('no such file');
    return new TextEncoder().encode(file);
  });

function said(asks = AUTHORITIES, shows = DELEGATION): string[] {
  const result = read(asks, shows);
  return result.ok
    ? []
    : result.error.map((one) => diagnosticLine(one).replace(/^x\.yaml:(\d+):\d+:/, '$1:'));
}

test('right ones are in the configurations of those that show them, and of those that ask', () => {
  const result = read(AUTHORITIES, DELEGATION);
  assert.ok(result.ok, said().join('\n'));
  const config = (name: string) =>
    planOf(result.value).nodes.find((one) => one.name === name)!.config!;
  assert.deepEqual(config('s').anycastServer?.delegation, { privateKey, delegation });
  assert.deepEqual(
    config('a').anycastAgent?.authorities,
    config('c').correspondentNode?.authorities,
  );
  for (const name of ['h', 'mn']) {
    const { authorities } = config(name).correspondentNode!;
    assert.deepEqual(authorities, config('c').correspondentNode?.authorities, name);
  }
  const [one] = config('c').correspondentNode!.authorities!;
  assert.deepEqual([one?.prefix.length, one?.key], [48, authority.key]);
});

test('a key that is none, and one that the delegation is not for', () => {
  const shows = (key: string, signed = hex(delegation)) =>
    said(undefined, `{ key: ${key}, signed: ${signed} }`);
  const mend = 'make one with careof delegation key FILE';
  for (const wrong of ['"file:rsa.pem"', '"hex:0011"']) {
    assert.deepEqual(shows(wrong), [
      `8: nodes.s.delegation.key: is no Ed25519 private key of 32 octets or in PEM: ${mend}`,
    ]);
  }
  assert.deepEqual(shows('"file:lost"'), [
    '8: nodes.s.delegation.key: "file:lost" cannot be read: no such file',
  ]);
  const [own, meant] = [pairOf(8).publicKey, pairOf(7).publicKey].map(toHex);
  assert.deepEqual(shows(hex(pairOf(8).privateKey)), [
    `8: nodes.s.delegation.signed: is for the key hex:${meant}, and the key here is hex:${own}`,
  ]);
});

test('a delegation that is cut, no hexadecimal number, or of another make', () => {
  const signed = (text: string) => said(undefined, `{ key: ${hex(privateKey)}, signed: ${text} }`);
  const where = '8: nodes.s.delegation.signed:';
  assert.deepEqual(signed(hex(delegation.subarray(1))), [
    `${where} "hex:" wants 130 octets here, and has 129`,
  ]);
  assert.deepEqual(signed('"deed"'), [`${where} "deed" is not "hex:" with 130 octets`]);
  const other = Uint8Array.of(2, ...delegation.subarray(1));
  assert.deepEqual(signed(hex(other)), [`${where} is no delegation: it cannot be read`]);
});

test('an authority without a prefix, of a host, with half a key, and too many of them', () => {
  const asks = (text: string) => said(text).filter((line) => line.startsWith('9:'));
  const one = (prefix: string, key = hex(authority.key)) =>
    `[ { prefix: ${prefix}, key: ${key} } ]`;
  const where = '9: nodes.c.authorities[0]';
  assert.deepEqual(asks(one('2001:db8:1::/129')), [
    `${where}.prefix: "2001:db8:1::/129" is not an IPv6 prefix, such as 2001:db8:a::/48`,
  ]);
  assert.deepEqual(asks(one('2001:db8:1::1/64')), [
    `${where}.prefix: "2001:db8:1::1/64" has bits set behind its 64: write a network`,
  ]);
  assert.deepEqual(asks(one('2001:db8:1::/64', '"hex:00"')), [
    `${where}.key: "hex:" wants 32 octets here, and has 1`,
  ]);
  const many = Array.from({ length: 17 }, () => one('2001:db8:1::/64').slice(1, -1));
  assert.deepEqual(asks(`[${many.join(',')}]`), ['9: nodes.c.authorities: are more than 16']);
});
