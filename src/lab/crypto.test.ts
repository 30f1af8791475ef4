import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { nodeCryptography } from './crypto.ts';

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
