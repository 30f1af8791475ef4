import assert from 'node:assert/strict';
import { createCipheriv, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { fromHex, toHex } from '../../wire/hex.ts';
import { openEsp, sealEsp } from './esp.ts';
import {
  ESP_ALGORITHMS,
  type EspAlgorithm,
  type EspTransform,
  espKeySize,
  espTransform,
} from './esp-algorithms.ts';

const octets = (hex: string) => fromHex(hex)!;
const counting = (count: number, from = 0) =>
  Uint8Array.from({ length: count }, (_, i) => (from + 7 * i) & 255);
const ALGORITHMS = Object.keys(ESP_ALGORITHMS) as EspAlgorithm[];
const transformOf = (algorithm: EspAlgorithm) =>
  espTransform(crypto, algorithm, counting(espKeySize(algorithm), 3));
const PAYLOAD = counting(40, 100);

function sealed(transform: EspTransform, payload = PAYLOAD, protocol = 135): Uint8Array {
  const content = { protocol, octets: payload };
  return sealEsp(transform, 0x1234, 7, counting(transform.iv, 50), content);
}

test('AES-GCM in ESP as the cases of draft-mcgrew-gcm-test-01 have it', () => {
  const key = octets(
    'abbccddef00112233445566778899aababbccddef00112233445566778899aab' + '11223344',
  );
  const packet = octets(
    '4a2cbfe300000002' +
      '0102030405060708' +
      'ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763' +
      '748a637985771d347f0545659f14e99def842d8eb335f4eecfdbf831824b4c49' +
      '15956c96',
  );
  const inside = octets(
    '4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000' +
      '7002400020bf0000020405b401010402',
  );
  const transform = espTransform(crypto, 'aes-gcm-256', key);
  assert.deepEqual(openEsp(transform, packet), { protocol: 1, octets: inside });
  const iv = octets('0102030405060708');
  const made = sealEsp(transform, 0x4a2cbfe3, 2, iv, { protocol: 1, octets: inside });
  assert.equal(toHex(made), toHex(packet));
});

test('the ciphers that are handed in: RFC 3602 case 1, RFC 4868 AUTH256-1', () => {
  const key = octets('06a9214036b8a15b512e03d534120006');
  const iv = octets('3dafba429d9eb430b422da802c9fac41');
  const cipher = crypto.aesCbc!.encrypt(key, iv, new TextEncoder().encode('Single block msg'));
  assert.equal(toHex(cipher), 'e353779c1079aeb82708942dbe77181a');
  const hash = crypto.hmacSha256!(
    new Uint8Array(32).fill(11),
    new TextEncoder().encode('Hi There'),
  );
  assert.equal(toHex(hash), '198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7');
});

test('what the ciphers of node:crypto make by themselves: header, IV, encrypted octets, check value', () => {
  const header = octets('0000123400000007');
  // 40 octets, two of trailer; padding to 16 makes 6, to 4 makes 2.
  const trailer = (padding: number) =>
    Buffer.from([...counting(0), ...range(padding), padding, 135]);
  for (const algorithm of ALGORITHMS) {
    const key = counting(espKeySize(algorithm), 3);
    const { cipher, encryptionKey, iv: size, ...sizes } = ESP_ALGORITHMS[algorithm];
    const iv = counting(size, 50);
    const clear = Buffer.concat([PAYLOAD, trailer(cipher === 'aes-cbc' ? 6 : 2)]);
    const aes = `aes-${8 * encryptionKey}`;
    let wanted: Buffer;
    if (cipher === 'aes-gcm') {
      const nonce = Buffer.concat([key.subarray(encryptionKey), iv]);
      const gcm = createCipheriv(
        `${aes}-gcm` as 'aes-128-gcm',
        key.subarray(0, encryptionKey),
        nonce,
      );
      gcm.setAAD(header);
      wanted = Buffer.concat([header, iv, gcm.update(clear), gcm.final(), gcm.getAuthTag()]);
    } else {
      let encrypted = clear;
      if (cipher === 'aes-cbc') {
        const cbc = createCipheriv(`${aes}-cbc`, key.subarray(0, encryptionKey), iv);
        encrypted = cbc.setAutoPadding(false).update(clear) as typeof clear;
      }
      const proved = Buffer.concat([header, iv, encrypted]);
      const hash = 'hash' in sizes && sizes.hash === 'hmacSha1' ? 'sha1' : 'sha256';
      const check = createHmac(hash, key.subarray(encryptionKey)).update(proved).digest();
      wanted = Buffer.concat([proved, check.subarray(0, hash === 'sha1' ? 12 : 16)]);
    }
    assert.equal(toHex(sealed(transformOf(algorithm))), wanted.toString('hex'), algorithm);
  }
});

const range = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

test('whatever its length, it comes out as it went in', () => {
  for (const algorithm of ALGORITHMS) {
    const transform = transformOf(algorithm);
    for (let length = 0; length <= 40; length++) {
      const packet = sealed(transform, counting(length), 58);
      assert.equal((packet.length - 8 - transform.iv - transform.icv) % transform.block, 0);
      assert.deepEqual(openEsp(transform, packet), { protocol: 58, octets: counting(length) });
    }
  }
});

test('cut at any octet, or with any bit changed, it is refused and nothing is thrown', () => {
  for (const algorithm of ALGORITHMS) {
    const transform = transformOf(algorithm);
    const packet = sealed(transform);
    for (let end = 0; end < packet.length; end++) {
      assert.equal(
        typeof openEsp(transform, packet.slice(0, end)),
        'string',
        `${algorithm} ${end}`,
      );
    }
    for (let bit = 0; bit < 8 * packet.length; bit++) {
      const wrong = packet.slice();
      wrong[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(openEsp(transform, wrong), 'wrong-check-value', `${algorithm} bit ${bit}`);
    }
    const longer = new Uint8Array([...packet, ...counting(transform.block)]);
    assert.equal(openEsp(transform, longer), 'wrong-check-value');
  }
});

test('another key, another algorithm: refused', () => {
  for (const algorithm of ALGORITHMS) {
    const packet = sealed(transformOf(algorithm));
    const other = espTransform(crypto, algorithm, counting(espKeySize(algorithm), 4));
    assert.equal(openEsp(other, packet), 'wrong-check-value');
    for (const another of ALGORITHMS) {
      if (another === algorithm) continue;
      assert.equal(
        typeof openEsp(transformOf(another), packet),
        'string',
        `${algorithm} ${another}`,
      );
    }
  }
});

test('proved, but with padding that cannot be: refused', () => {
  const transform = transformOf('null-hmac-sha-256');
  const header = octets('0000123400000007');
  const open = (clear: string) => {
    const rest = transform.seal(header, new Uint8Array(), octets(clear));
    return openEsp(transform, new Uint8Array([...header, ...rest]));
  };
  assert.deepEqual(open('aabb01020304043a'), { protocol: 58, octets: octets('aabb') });
  assert.deepEqual(open('aabbccdd0102073a'), 'malformed', 'seven of padding in six octets');
  assert.deepEqual(open('aabb01020304023a'), 'malformed', 'padding 03 04 does not count from 1');
  assert.deepEqual(open('aabbccdd0102023a'), { protocol: 58, octets: octets('aabbccdd') });
  assert.deepEqual(open('010203040506063a'), { protocol: 58, octets: new Uint8Array() });
  assert.deepEqual(open('aabbccddeeffff3a'), 'malformed', 'more padding than there are octets');
});

test('a key of another length, or ciphers that are not there, are the mistake of who configures', () => {
  const { sha1, hmacSha1 } = crypto;
  for (const algorithm of ALGORITHMS) {
    const size = espKeySize(algorithm);
    assert.throws(() => espTransform(crypto, algorithm, counting(size - 1)), RangeError);
    assert.throws(() => espTransform(crypto, algorithm, counting(size + 1)), RangeError);
    if (algorithm === 'null-hmac-sha-1') continue;
    const least = { sha1, hmacSha1 };
    assert.throws(() => espTransform(least, algorithm, counting(size)), RangeError, algorithm);
  }
});
