import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import { parsePacket, serialisePacket } from '../../wire/packet.ts';
import { addressSetIn, addressSetOption, MAX_SET } from './address-set.ts';

const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => address(`2001:db8:a::${index + 1}`));

/** What a message with these options says to who reads it. */
function read(...options: ReturnType<typeof addressSetOption>[]) {
  const octets = serialisePacket([
    { layer: 'ipv6', source: address('2001:db8::1'), destination: address('2001:db8::2') },
    { layer: 'binding-update', sequence: 1, lifetime: 10, options },
  ]);
  const parsed = parsePacket(octets);
  const message = parsed.ok ? parsed.value.at(-1) : undefined;
  assert.ok(message?.layer === 'binding-update');
  return addressSetIn(message.options);
}

test('a set that is told is read again', () => {
  for (const parks of [true, false]) {
    for (const count of [0, 1, MAX_SET]) {
      const set = { addresses: numbered(count), parks };
      assert.deepEqual(read(addressSetOption(set)), set);
    }
  }
  const long = read(addressSetOption({ addresses: numbered(MAX_SET + 1), parks: true }));
  assert.equal(long?.addresses.length, MAX_SET);
});

test('options of other vendors, of other sizes, and with other addresses say nothing', () => {
  const right = addressSetOption({ addresses: numbered(2), parks: true });
  assert.ok(right.option === 'vendor-specific');
  assert.equal(read(), undefined);
  assert.equal(read({ ...right, vendorId: 1 }), undefined);
  assert.equal(read({ ...right, subtype: 2 }), undefined);
  assert.equal(read({ ...right, data: new Uint8Array() }), undefined);
  assert.equal(read({ ...right, data: new Uint8Array(18) }), undefined);
  assert.equal(read({ ...right, data: new Uint8Array(17) }), undefined, 'the unspecified address');
  assert.equal(read({ ...right, data: new Uint8Array(1 + 16 * 9).fill(0x20) }), undefined);
});
