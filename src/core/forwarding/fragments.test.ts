import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import { parsePacket, serialisePacket } from '../../wire/packet.ts';
import { type Instant, seconds } from '../time.ts';
import { fragment, Reassembly } from './fragments.ts';
import { PacketView } from './packet-view.ts';
import { insertHomeAddress } from './rewrite.ts';

const now = 0 as Instant;
const packet = (size: number): Uint8Array => {
  const plain = serialisePacket([
    { layer: 'ipv6', source: address('2001:db8:1::100'), destination: address('2001:db8:f::1') },
    { layer: 'udp', sourcePort: 1, destinationPort: 2, payload: counting(size) },
  ]);
  const moved = insertHomeAddress(new PacketView(plain), address('2001:db8:2::7'));
  assert.ok(typeof moved !== 'string');
  return moved;
};
const counting = (size: number) => Uint8Array.from({ length: size }, (_, index) => index * 7);

test('what is cut into fragments comes together in any order', () => {
  const sent = packet(4000);
  const parts = fragment(sent, 1280, 77)!;
  assert.equal(parts.length, 4);
  assert.ok(parts.every((part) => part.length <= 1280 && parsePacket(part).ok));
  for (const part of parts) assert.ok(new PacketView(part).home, 'the option stands in front');
  for (const order of [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [2, 0, 3, 1],
  ]) {
    const reassembly = new Reassembly();
    const got = order.map((index) => reassembly.add(parts[index]!, now));
    assert.deepEqual(got.slice(0, 3), [undefined, undefined, undefined]);
    assert.deepEqual(got[3], sent);
    assert.equal(reassembly.size, 0);
  }
});

test('packets do not mix, and a part that overlaps another spoils its packet', () => {
  const [one, other] = [fragment(packet(2000), 1280, 1)!, fragment(packet(2000), 1280, 2)!];
  const reassembly = new Reassembly();
  assert.equal(reassembly.add(one[0]!, now), undefined);
  assert.equal(reassembly.add(other[1]!, now), undefined);
  assert.equal(reassembly.size, 2);
  assert.equal(reassembly.add(one[0]!, now), undefined, 'the same again is no overlap');
  assert.equal(reassembly.failed, 0);
  const changed = one[0]!.slice();
  changed[changed.length - 1]! ^= 1;
  assert.equal(reassembly.add(changed, now), undefined);
  assert.equal(reassembly.failed, 1);
  assert.equal(reassembly.add(one[1]!, now), undefined, 'what came before is gone');
  assert.deepEqual(reassembly.add(other[0]!, now), packet(2000));
});

test('parts wait for a minute, and for others no longer than there is room', () => {
  const reassembly = new Reassembly();
  for (let i = 0; i < 1000; i++) reassembly.add(fragment(packet(2000), 1280, i)![0]!, now);
  assert.equal(reassembly.size, 256);
  const late = seconds(60) as number as Instant;
  assert.equal(reassembly.add(fragment(packet(2000), 1280, 999)![1]!, late), undefined);
  assert.equal(reassembly.size, 1);
});

test('a packet in more than 128 parts is given up', () => {
  const parts = fragment(packet(1200), 80, 1)!;
  assert.ok(parts.length > 128, `${parts.length}`);
  const reassembly = new Reassembly();
  const got = parts.map((part) => reassembly.add(part, now)).filter((whole) => whole !== undefined);
  assert.deepEqual(got, []);
  assert.equal(reassembly.failed, 1);
});

test('small parts cost more than their octets', () => {
  const reassembly = new Reassembly();
  for (let i = 0; i < 256; i++) {
    for (const part of fragment(packet(1000), 80, i)!.slice(1, 100)) reassembly.add(part, now);
  }
  assert.ok(reassembly.size > 150 && reassembly.size < 256, `${reassembly.size}`);
});

test('a fragment that has grown is cut further', () => {
  const sent = packet(4000);
  const parts = fragment(sent, 1304, 1)!.flatMap((part) => fragment(part, 1280, 2)!);
  assert.ok(parts.length > 4 && parts.every((part) => part.length <= 1280));
  const reassembly = new Reassembly();
  const got = parts.map((part) => reassembly.add(part, now)).filter((whole) => whole !== undefined);
  assert.deepEqual(got, [sent]);
});
