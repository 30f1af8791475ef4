import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { address } from '../../wire/address.ts';
import { fromHex, toHex } from '../../wire/hex.ts';
import { checksumOk } from '../../wire/walk.ts';
import { sequenceNewer } from '../signalling/sequence.ts';
import { signAuthenticationOption, verifyAuthenticationOption } from './authentication-option.ts';
import {
  bindingManagementKey,
  keygenToken,
  signBindingAuthorization,
  verifyBindingAuthorization,
} from './return-routability.ts';

// Worked values that others computed (python's hashlib and hmac); see the README beside them.
const folder =
  process.env.CAREOF_VECTORS ??
  fileURLToPath(new URL('../../../../shared/vectors', import.meta.url));
const file = join(folder, 'vectors/crypto.json');
const skip = existsSync(file) ? false : `no ${file} (set CAREOF_VECTORS)`;

// biome-ignore lint/suspicious/noExplicitAny: the file's own shape, read by name below
const groups: Record<string, any[]> = skip ? {} : JSON.parse(readFileSync(file, 'utf8')).groups;
const octets = (hex: string) => fromHex(hex)!;

/** Each sample of a group, by name; a group that is empty would prove nothing. */
// biome-ignore lint/suspicious/noExplicitAny: as above
function each(group: string, check: (sample: any) => void): void {
  const samples = groups[group] ?? [];
  assert.ok(samples.length > 0, `${group} is empty`);
  for (const sample of samples) check(sample);
}

test('rfc2202: HMAC-SHA1', { skip }, () => {
  each('rfc2202', ({ hmac_sha1: { key, data, digest } }) => {
    assert.equal(toHex(crypto.hmacSha1(octets(key), octets(data))), digest);
  });
});

test('rfc6275_rr: tokens and binding management keys', { skip }, () => {
  each('rfc6275_rr', (one) => {
    const token = (kind: 'home' | 'care-of', at: string, nonce: string) =>
      keygenToken(crypto, octets(one.kcn), address(at), octets(nonce), kind);
    const home = token('home', one.home_address, one.home_nonce);
    const careOf = token('care-of', one.careof_address, one.careof_nonce);
    assert.equal(toHex(home), one.home_keygen_token, one.name);
    assert.equal(toHex(careOf), one.careof_keygen_token, one.name);
    assert.equal(toHex(bindingManagementKey(crypto, home, careOf)), one.kbm, one.name);
    assert.equal(toHex(bindingManagementKey(crypto, home)), one.kbm_deregistration, one.name);
  });
});

test('rfc6275_binding_auth: verified, and signed anew to the same octets', { skip }, () => {
  each('rfc6275_binding_auth', (one) => {
    const packet = octets(one.hex);
    const { src, dst } = one.fields.ipv6;
    const mobility = one.fields.chain.at(-1);
    const isUpdate = mobility.name === 'BU';
    const home = one.fields.chain[0].home_address ?? one.fields.chain[0].options?.[1]?.home_address;
    const careOf = isUpdate ? src : dst;
    const released = mobility.body.lifetime === 0 && home !== undefined;
    const ends = {
      careOf: address(released ? home : careOf),
      correspondent: address(isUpdate ? dst : src),
    };
    const key = octets(one.kbm);
    assert.equal(verifyBindingAuthorization(crypto, packet, key, ends), one.verify, one.name);
    if (!one.verify) return;
    const blank = packet.slice();
    blank.fill(0, blank.length - 12);
    signBindingAuthorization(crypto, blank, key, ends);
    assert.equal(toHex(blank), one.hex, one.name);
  });
});

test('rfc4285_auth: MN-HA verified, and signed anew to the same octets', { skip }, () => {
  let seen = 0;
  each('rfc4285_auth', (one) => {
    const packet = octets(one.hex);
    const option = one.fields.chain.at(-1).options.at(-1);
    const binding = {
      careOf: address(one.fields.ipv6.src),
      home: address(one.fields.chain[0].options[1].home_address),
    };
    const key = octets(one.key);
    const expected = one.verify && option.subtype === 1;
    assert.equal(verifyAuthenticationOption(crypto, packet, key, binding), expected, one.name);
    if (!expected) return;
    seen += 1;
    const blank = packet.slice();
    blank.fill(0, blank.length - 12);
    signAuthenticationOption(crypto, blank, key, binding);
    assert.equal(toHex(blank), one.hex, one.name);
    assert.ok(checksumOk(blank));
  });
  assert.ok(skip || seen > 0, 'no MN-HA sample');
});

test('sequence_window', { skip }, () => {
  each('sequence_window', ({ last, new: next, accept }) => {
    assert.equal(sequenceNewer(next, last), accept, `${next} after ${last}`);
  });
});
