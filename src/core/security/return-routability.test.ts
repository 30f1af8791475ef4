import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { address } from '../../wire/address.ts';
import { serialisePacket } from '../../wire/packet.ts';
import { checksumOk } from '../../wire/walk.ts';
import { DEFAULT_CONSTANTS } from '../constants.ts';
import { type Instant, milliseconds, seconds } from '../time.ts';
import { signAuthenticationOption, verifyAuthenticationOption } from './authentication-option.ts';
import { equalOctets } from './constant-time.ts';
import { mobilityData } from './mobility-data.ts';
import {
  NonceTable,
  signBindingAuthorization,
  verifyBindingAuthorization,
} from './return-routability.ts';

const at = (wait: number) => wait as Instant;
const counting = () => {
  let next = 0;
  return (count: number) => Uint8Array.from({ length: count }, () => next++);
};

test('a nonce serves 30 s and its tokens hold 240 s, to the microsecond', () => {
  const table = new NonceTable(counting(), DEFAULT_CONSTANTS);
  const first = table.current(at(seconds(10)));
  assert.equal(first.index, 1, 'the first two secrets, 0 and 1, are the first index');
  assert.equal(first.nonce.length, 8);
  assert.equal(table.current(at(seconds(40) - 1)), first);
  const second = table.current(at(seconds(40)));
  assert.equal(second.index, 2);
  assert.notDeepEqual(second.nonce, first.nonce);
  assert.deepEqual(table.lookup(1, at(seconds(250) - 1)), first.nonce);
  assert.equal(table.lookup(1, at(seconds(250))), undefined);
  assert.deepEqual(table.lookup(2, at(seconds(250))), second.nonce);
  assert.equal(table.lookup(3, at(seconds(250))), undefined);
});

test('nonces are few however long and often they are asked for, and indices wrap', () => {
  const table = new NonceTable((count) => new Uint8Array(count).fill(0xff), DEFAULT_CONSTANTS);
  assert.equal(table.current(at(0)).index, 0xffff);
  for (let t = 0; t < seconds(1000); t += milliseconds(500)) {
    assert.notEqual(table.current(at(t)).index, 0, '0 stands for no nonce at all');
    assert.ok(table.size <= 8, `${table.size} nonces`);
  }
  assert.equal(table.current(at(seconds(1000))).index, 33);
});

test('octets are equal or not', () => {
  const a = Uint8Array.of(1, 2, 3);
  assert.ok(equalOctets(a, Uint8Array.of(1, 2, 3)));
  assert.ok(!equalOctets(a, Uint8Array.of(1, 2, 4)));
  assert.ok(!equalOctets(a, Uint8Array.of(0, 2, 3)));
  assert.ok(!equalOctets(a, Uint8Array.of(1, 2)));
  assert.ok(!equalOctets(Uint8Array.of(1, 2), a));
  assert.ok(equalOctets(new Uint8Array(0), new Uint8Array(0)));
});

const careOf = address('2001:db8:2::100');
const home = address('2001:db8:1::100');
const correspondent = address('2001:db8:4::7');
const key = new Uint8Array(20).fill(7);

const KINDS = {
  'binding-authorization-data': {
    option: { option: 'binding-authorization-data', authenticator: new Uint8Array(12) },
    sign: (packet: Uint8Array) =>
      signBindingAuthorization(crypto, packet, key, { careOf, correspondent }),
    verify: (packet: Uint8Array) =>
      verifyBindingAuthorization(crypto, packet, key, { careOf, correspondent }),
  },
  authentication: {
    option: {
      option: 'authentication',
      subtype: 1,
      spi: 256,
      authenticationData: new Uint8Array(12),
    },
    sign: (packet: Uint8Array) => signAuthenticationOption(crypto, packet, key, { careOf, home }),
    verify: (packet: Uint8Array) =>
      verifyAuthenticationOption(crypto, packet, key, { careOf, home }),
  },
} as const;

/** A Binding Update as our own roles make it, and where its Mobility Header begins. */
const MOBILITY_AT = 64;
const update = (kind: keyof typeof KINDS): Uint8Array =>
  serialisePacket([
    { layer: 'ipv6', source: careOf, destination: correspondent },
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: home }] },
    {
      layer: 'binding-update',
      sequence: 7,
      lifetime: 105,
      options: [
        { option: 'nonce-indices', homeNonceIndex: 1, careOfNonceIndex: 2 },
        KINDS[kind].option,
      ],
    },
  ]);

for (const kind of ['binding-authorization-data', 'authentication'] as const) {
  const { sign, verify } = KINDS[kind];

  test(`${kind}: signed in place, any changed bit of the message is found`, () => {
    const packet = update(kind);
    assert.ok(!verify(packet));
    sign(packet);
    assert.ok(verify(packet));
    assert.ok(checksumOk(packet));
    for (let bit = 8 * MOBILITY_AT; bit < 8 * packet.length; bit++) {
      const octet = bit >> 3;
      if (octet === MOBILITY_AT + 4 || octet === MOBILITY_AT + 5) continue; // the checksum
      const flipped = packet.slice();
      flipped[octet]! ^= 0x80 >> (bit & 7);
      assert.ok(!verify(flipped), `bit ${bit & 7} of octet ${octet - MOBILITY_AT}`);
    }
  });

  test(`${kind}: cut anywhere it is refused, and nothing throws`, () => {
    const packet = update(kind);
    sign(packet);
    for (let end = 0; end < packet.length; end++) assert.ok(!verify(packet.slice(0, end)));
  });

  test(`${kind}: nothing to sign is our own mistake`, () => {
    const other = kind === 'authentication' ? 'binding-authorization-data' : 'authentication';
    assert.throws(() => sign(update(other)), RangeError);
  });
}

/**
 * A Binding Update whose Mobility Header has these options, signed by hand as if all were well: the
 * authenticator is written at `at`, an offset in the Mobility Header.
 */
function signedByHand(options: number[], at: number, other = home): Uint8Array {
  const size = Math.ceil((12 + options.length) / 8) * 8;
  const packet = new Uint8Array(40 + size);
  packet.set(serialisePacket([{ layer: 'ipv6', source: careOf, destination: correspondent }]));
  packet.set([0, size, 135], 4);
  packet.set([59, size / 8 - 1, 5, 0, 0, 0, 0, 7, 0xc0, 0, 0, 105, ...options], 40);
  const data = mobilityData(careOf, other, packet, 40, 40 + at);
  packet.set(crypto.hmacSha1(key, data).subarray(0, 12), 40 + at);
  return packet;
}

const TWELVE = new Array<number>(12).fill(0);

test('authentication: it is last but for padding, of subtype 1, and has 12 octets of data', () => {
  const { verify } = KINDS.authentication;
  const verdict = (after: number[], subtype = 1, more: number[] = []) => {
    const option = [9, 17 + more.length, subtype, 0, 0, 1, 0, ...TWELVE, ...more];
    return verify(signedByHand([0, ...option, ...after], 12 + 1 + 7));
  };
  assert.equal(verdict([]), true);
  assert.equal(verdict([1, 2, 0, 0, 0]), true);
  assert.equal(verdict([4, 4, 0, 1, 0, 2, 1, 0]), false, 'Nonce Indices behind it');
  assert.equal(verdict([], 2), false, 'the option of an authorisation server');
  assert.equal(verdict([], 1, [0, 0, 0, 0]), false, '16 octets');
});

test('binding-authorization-data: nothing follows it, and it has 12 octets', () => {
  const { verify } = KINDS['binding-authorization-data'];
  const verdict = (before: number[], after: number[], more: number[] = []) => {
    const option = [5, 12 + more.length, ...TWELVE, ...more];
    const packet = [...before, ...option, ...after];
    return verify(signedByHand(packet, 12 + before.length + 2, correspondent));
  };
  const padding = [1, 4, 0, 0, 0, 0];
  assert.equal(verdict(padding, []), true);
  assert.equal(verdict([], padding), false);
  assert.equal(verdict(padding, [4, 4, 0, 1, 0, 2, 0, 0]), false);
  assert.equal(verdict(padding, [], [0, 0, 0, 0, 0, 0, 0, 0]), false);
});
