import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import { upperLayerChecksum } from '../../wire/checksum.ts';
import { serialisePacket } from '../../wire/packet.ts';
import { joined, type LargePacket, largePacket } from '../sys/large-packet.ts';
import { finished } from '../sys/offloads.ts';
import { PacketTrain } from './packet-train.ts';

const source = address('2001:db8:f::1');
const destination = address('2001:db8:1::100');
const content = Uint8Array.from({ length: 9000 }, (_, index) => index * 7);

interface Segment {
  readonly from: number;
  readonly to: number;
  readonly acknowledgement?: number;
  readonly psh?: true;
  readonly fin?: true;
  readonly sourcePort?: number;
  readonly hopLimit?: number;
}

function octetsOf({ from, to, hopLimit, ...more }: Segment): Uint8Array {
  return serialisePacket([
    { layer: 'ipv6', source, destination, ...(hopLimit !== undefined && { hopLimit }) },
    {
      layer: 'tcp',
      ...{ sourcePort: 1, destinationPort: 2, acknowledgement: 7, ack: true, window: 100 },
      ...{ sequence: (0xffff_f000 + from) >>> 0, payload: content.subarray(from, to), ...more },
    },
  ] as Parameters<typeof serialisePacket>[0]);
}

/** The segment as the kernel has it before its checksum is filled in. */
function segment(what: Segment): LargePacket {
  const octets = octetsOf(what);
  const nothing = new Uint8Array(octets.length - 40);
  const pseudo = ~upperLayerChecksum(source, destination, 6, nothing, 0, nothing.length);
  octets[56] = pseudo >> 8;
  octets[57] = pseudo;
  const missing = { needsChecksum: true, type: 0, segment: 0 };
  return largePacket(octets, { ...missing, checksumStart: 40, checksumField: 56 })!;
}

const octetsOfTrain = (train: PacketTrain): Uint8Array[] => {
  const { head, offload } = train.front();
  const payload = Uint8Array.from(train.payloads.flatMap((part) => [...part]));
  return finished(joined({ head, payload, offload }), offload);
};

test('segments that follow each other become one packet, which is cut into them again', () => {
  const cars: Segment[] = [
    { from: 0, to: 1400 },
    { from: 1400, to: 2800 },
    { from: 2800, to: 4200 },
    { from: 4200, to: 4600, psh: true },
  ];
  const train = new PacketTrain(segment(cars[0]!));
  for (const car of cars.slice(1)) assert.ok(train.add(segment(car)));
  assert.deepEqual(octetsOfTrain(train), cars.map(octetsOf));
  assert.ok(!train.add(segment({ from: 4600, to: 6000 })), 'a short one ends it');
  assert.deepEqual(octetsOfTrain(new PacketTrain(segment(cars[3]!))), [octetsOf(cars[3]!)]);
});

test('what does not follow is not hung on', () => {
  const first: Segment = { from: 0, to: 1400 };
  const next: Segment = { from: 1400, to: 2800 };
  assert.ok(new PacketTrain(segment(first)).add(segment(next)));
  for (const other of [
    { ...next, from: 1401 },
    { from: 1400, to: 2900 },
    { ...next, acknowledgement: 8 },
    { ...next, sourcePort: 3 },
    { ...next, hopLimit: 3 },
    { ...next, fin: true as const },
    { from: 1400, to: 1400 },
  ]) {
    assert.ok(!new PacketTrain(segment(first)).add(segment(other)), JSON.stringify(other));
  }
  for (const start of [
    { ...first, psh: true as const },
    { ...first, fin: true as const },
    { ...first, from: 1400 },
  ]) {
    assert.ok(!new PacketTrain(segment(start)).add(segment(next)), JSON.stringify(start));
  }
});
