import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { fromHex } from '../wire/hex.ts';
import { ed25519KeyPair, nodeCryptography } from './crypto.ts';

const rsa = nodeCryptography.rsa!;
const pair = (modulusLength: number) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  return {
    privateKey: new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' })),
    publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
  };
};
const { privateKey, publicKey } = pair(1024);
const other = pair(1024);
const data = new TextEncoder().encode('an address of my own');
const secrets = (count: number) => new Uint8Array(count); // zeros: padding must not be

test('a signature is of one key and one message', () => {
  const signature = rsa.sign(privateKey, data);
  assert.ok(rsa.verify(publicKey, data, signature));
  assert.ok(!rsa.verify(other.publicKey, data, signature));
  assert.ok(!rsa.verify(publicKey, data.slice(1), signature));
  assert.ok(!rsa.verify(publicKey, data, signature.slice(1)));
});

test('what is encrypted is read by the owner of the key alone', () => {
  const sealed = rsa.encrypt(publicKey, data, secrets)!;
  assert.deepEqual(rsa.decrypt(privateKey, sealed), data);
  assert.notDeepEqual(rsa.decrypt(other.privateKey, sealed), data);
  assert.equal(rsa.decrypt(privateKey, sealed.slice(1)), undefined);
  assert.equal(rsa.decrypt(privateKey, new Uint8Array(128)), undefined);
  assert.equal(rsa.encrypt(publicKey, new Uint8Array(118), secrets), undefined, 'too long');
  assert.ok(rsa.encrypt(publicKey, new Uint8Array(117), secrets));
});

test('no key and another kind of key are refused as values', () => {
  const { publicKey: curve } = generateKeyPairSync('ed25519');
  const bad = [
    new Uint8Array(),
    publicKey.slice(0, -1),
    new Uint8Array(curve.export({ type: 'spki', format: 'der' })),
  ];
  for (const key of bad) {
    assert.equal(rsa.verify(key, data, new Uint8Array(128)), false);
    assert.equal(rsa.encrypt(key, data, secrets), undefined);
  }
});

test('Ed25519 is that of RFC 8032, with a bare key and with one in PEM', () => {
  // RFC 8032 section 7.1, TEST 2.
  const secret = fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')!;
  const known = fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')!;
  const signature = fromHex(
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  )!;
  const ed25519 = nodeCryptography.ed25519!;
  const message = Uint8Array.of(0x72);
  assert.deepEqual(ed25519.sign(secret, message), signature);
  assert.ok(ed25519.verify(known, message, signature));
  assert.ok(!ed25519.verify(known, Uint8Array.of(0x73), signature));
  for (const wrong of [new Uint8Array(), new Uint8Array(32), known.subarray(1)]) {
    assert.ok(!ed25519.verify(wrong, message, signature));
  }
  assert.ok(!ed25519.verify(known, message, signature.subarray(1)));
  const { privateKey: own } = generateKeyPairSync('ed25519');
  const pem = new Uint8Array(Buffer.from(own.export({ type: 'pkcs8', format: 'pem' })));
  const pair = ed25519KeyPair(pem)!;
  assert.ok(ed25519.verify(pair.publicKey, message, ed25519.sign(pair.privateKey, message)));
  assert.deepEqual(ed25519KeyPair(secret)!.publicKey, known);
  assert.equal(ed25519KeyPair(privateKey), undefined, 'an RSA key');
  assert.equal(ed25519KeyPair(Uint8Array.of(1, 2, 3)), undefined);
});
