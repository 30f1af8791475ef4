import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import { parsePacket } from '../../wire/packet.ts';
import type { Instant } from '../time.ts';
import { type Ipv4Fields, ipv4, raw } from './case-packets.ts';
import { fragment, Reassembly } from './fragments.ts';
import { PacketView } from './packet-view.ts';

const now = 0 as Instant;
const ends = { src: address('198.51.100.7'), dst: address('192.0.2.80') };
const content = Array.from({ length: 3000 }, (_, index) => (index * 7) & 0xff);
const packet = (fields: Partial<Ipv4Fields> = {}) =>
  ipv4({ ...ends, mayBeCut: true, ...fields }, raw(17, ...content));

test('what is cut into fragments comes together in any order', () => {
  const parts = fragment(packet(), 1280, 77)!;
  assert.equal(parts.length, 3);
  for (const part of parts) {
    assert.ok(part.length <= 1280);
    assert.ok(parsePacket(part).ok, 'the Header Checksum is right');
    assert.ok(new PacketView(part).isPart);
  }
  for (const order of [
    [0, 1, 2],
    [2, 0, 1],
  ]) {
    const reassembly = new Reassembly();
    const got = order.map((index) => reassembly.add(parts[index]!, now));
    assert.deepEqual(got.slice(0, 2), [undefined, undefined]);
    assert.deepEqual(got[2], packet({ identification: 77 }));
  }
});

test('packets of other protocols or identifications do not mix', () => {
  const reassembly = new Reassembly();
  const [first, second] = [fragment(packet(), 1600, 1)!, fragment(packet(), 1600, 2)!];
  assert.equal(reassembly.add(first[0]!, now), undefined);
  assert.equal(reassembly.add(second[1]!, now), undefined);
  assert.equal(reassembly.size, 2);
});

test('a fragment is cut further, and keeps its identification and place', () => {
  const [first, last] = fragment(packet(), 1600, 77)!;
  const parts = [...fragment(first!, 600, 5)!, ...fragment(last!, 600, 6)!];
  const reassembly = new Reassembly();
  const whole = parts.map((part) => reassembly.add(part, now)).at(-1);
  assert.deepEqual(whole, packet({ identification: 77 }));
});

test('only options that say so stand in every fragment', () => {
  // Record Route stays behind; Router Alert (RFC 2113) goes with all.
  const options = [7, 7, 4, 0, 0, 0, 0, 1, 148, 4, 0, 0];
  const [first, second] = fragment(packet({ options }), 1600, 77)!;
  assert.deepEqual([...first!.subarray(20, 32)], options);
  assert.deepEqual([...second!.subarray(20, 32)], [1, 1, 1, 1, 1, 1, 1, 1, 148, 4, 0, 0]);
});

test('no room for eight octets, or no header: nothing is cut', () => {
  assert.equal(fragment(packet(), 27, 1), undefined);
  assert.equal(fragment(packet({ headerLength: 4 }), 1280, 1), undefined);
  assert.equal(new Reassembly().add(packet(), now), undefined, 'a whole packet is no part');
});
