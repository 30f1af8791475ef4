import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { address } from './address.ts';
import { internetChecksum, upperLayerChecksum } from './checksum.ts';
import { fromHex } from './hex.ts';

test('the example of RFC 1071 section 3', () => {
  // Words 0001 f203 f4f5 f6f7 add up to ddf2; the checksum is its complement.
  assert.equal(internetChecksum(fromHex('0001f203f4f5f6f7')!), 0x220d);
});

test('an odd last octet counts as if a zero followed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 99 }), (octets) => {
      const padded = new Uint8Array(octets.length + (octets.length % 2));
      padded.set(octets);
      assert.equal(internetChecksum(octets), internetChecksum(padded));
    }),
  );
});

test('many octets of ones do not overflow the sum', () => {
  assert.equal(internetChecksum(new Uint8Array(65536).fill(0xff)), 0);
});

test('a Home Test Init of scapy 2.5.0 has a right checksum, and no other address fits', () => {
  const octets = fromHex('3b010100b96500000162c8dbd2f4e2f0')!; // gen-s1-00001-hoti
  const source = address('3ffe:501:6d1f:b6df:bdb0:ae07:5528:1220');
  const destination = address('3ffe:501:5858:9eaf:f309:cad6:8386:d070');
  assert.equal(upperLayerChecksum(source, destination, 135, octets, 0, 16), 0);
  assert.notEqual(upperLayerChecksum(source, address('::1'), 135, octets, 0, 16), 0);
  assert.notEqual(upperLayerChecksum(source, destination, 58, octets, 0, 16), 0);
});
