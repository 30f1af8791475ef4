import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { address, addressOctets } from '../../wire/address.ts';
import { fromHex, toHex } from '../../wire/hex.ts';
import {
  type CgaParameters,
  cgaAddress,
  cgaParametersOctets,
  hash1,
  hash2,
  parseCgaParameters,
  searchModifier,
  verifyCga,
} from './cga.ts';

// Worked values that others computed, RFC 3972's own among them; see the README beside them.
const folder =
  process.env.CAREOF_VECTORS ??
  fileURLToPath(new URL('../../../../shared/vectors', import.meta.url));
const file = join(folder, 'vectors/crypto.json');
const skip = existsSync(file) ? false : `no ${file} (set CAREOF_VECTORS)`;
// biome-ignore lint/suspicious/noExplicitAny: the file's own shape, read by name below
const samples: any[] = skip ? [] : JSON.parse(readFileSync(file, 'utf8')).groups.rfc3972_cga;

test('rfc3972_cga: every address verifies or is refused as it should', { skip }, () => {
  assert.ok(samples.length > 20);
  for (const one of samples) {
    const octets = fromHex(one.parameters)!;
    const key = verifyCga(crypto, address(one.address), octets);
    assert.equal(key && toHex(key), one.verify ? one.public_key : undefined, one.name);
  }
});

test('rfc3972_cga: hashes, addresses and octets are made anew', { skip }, () => {
  const whole = samples.filter(({ hash1: known }) => known !== undefined);
  assert.ok(whole.length > 15);
  for (const one of whole) {
    const parameters = parseCgaParameters(fromHex(one.parameters)!)!;
    assert.equal(toHex(hash1(crypto, parameters)), one.hash1, one.name);
    assert.equal(toHex(hash2(crypto, parameters)), one.hash2, one.name);
    assert.equal(toHex(parameters.modifier), one.modifier, one.name);
    assert.equal(parameters.collisionCount, one.collision_count, one.name);
    assert.equal(toHex(parameters.extensions), one.extensions ?? '', one.name);
    assert.equal(toHex(cgaParametersOctets(parameters)), one.parameters, one.name);
    if (one.why !== undefined) continue; // u and g bits that nobody would generate
    assert.equal(cgaAddress(crypto, parameters, one.sec), address(one.address), one.name);
  }
});

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const parameters: CgaParameters = {
  modifier: fromHex('00112233445566778899aabbccddfffe')!,
  prefix: addressOctets(address('2001:db8:1::')).slice(0, 8),
  collisionCount: 0,
  publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
  extensions: new Uint8Array(),
};

test('an address of one key verifies, for Sec 0 and Sec 1', () => {
  for (const sec of [0, 1]) {
    const { found } = searchModifier(crypto, parameters, sec, 5_000_000);
    assert.ok(found !== undefined);
    const made = cgaAddress(crypto, found, sec);
    const octets = cgaParametersOctets(found);
    assert.deepEqual(verifyCga(crypto, made, octets), parameters.publicKey);
    assert.equal(addressOctets(made)[8]! >> 5, sec);
    assert.equal(addressOctets(made)[8]! & 3, 0, 'u and g are zero');
    assert.equal(verifyCga(crypto, address('2001:db8:1::1'), octets), undefined);
    for (let end = 0; end < octets.length; end++) {
      assert.equal(verifyCga(crypto, made, octets.subarray(0, end)), undefined, `cut at ${end}`);
    }
  }
});

test('a search ends after its tries, and goes on where it stopped', () => {
  const whole = searchModifier(crypto, parameters, 1, 5_000_000).found!;
  let from = parameters;
  let steps = 0;
  for (; steps < 10_000; steps++) {
    const { found, next } = searchModifier(crypto, from, 1, 1000);
    if (found !== undefined) {
      assert.deepEqual(found, whole);
      break;
    }
    from = { ...from, modifier: next };
  }
  assert.ok(steps < 10_000, `${steps} steps`);
});

test('lengths of the key that are no DER are refused', () => {
  const fixed = new Uint8Array(25);
  const refused = [
    [],
    [0x30],
    [0x31, 0],
    [0x30, 0x80],
    [0x30, 0x83, 0, 0, 0],
    [0x30, 0x82, 1],
    [0x30, 2, 0],
  ];
  for (const key of refused) {
    assert.equal(parseCgaParameters(Uint8Array.from([...fixed, ...key])), undefined, `${key}`);
  }
  const read = parseCgaParameters(Uint8Array.from([...fixed, 0x30, 0x81, 2, 7, 8, 9]))!;
  assert.equal(toHex(read.publicKey), '3081020708');
  assert.equal(toHex(read.extensions), '09');
});
