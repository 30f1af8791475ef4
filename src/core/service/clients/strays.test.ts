import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../../wire/address.ts';
import { type LayerInput, serialisePacket } from '../../../wire/packet.ts';
import { PacketView } from '../../forwarding/packet-view.ts';
import { type Instant, seconds } from '../../time.ts';
import { Strays } from './strays.ts';

const client = address('2001:db8:1::2');
const service = address('2001:db8:a::80');
const at = (s: number) => seconds(s) as number as Instant;

function packet(layer: LayerInput): PacketView {
  const ipv6 = { layer: 'ipv6', source: client, destination: service, hopLimit: 64 } as const;
  return new PacketView(serialisePacket([ipv6, layer]));
}
const ports = { sourcePort: 5000, destinationPort: 80 };
const segment = (flags: object) => packet({ layer: 'tcp', ...ports, ...flags });

test('what opens something is never another server`s', () => {
  const strays = new Strays(new Set());
  assert.equal(strays.mayBeOthers(client, segment({ syn: true }), at(1)), false);
  assert.equal(strays.mayBeOthers(client, packet({ layer: 'udp', ...ports }), at(1)), false);
});

test('others have a second to say that a client is theirs, and are asked again later', () => {
  const strays = new Strays(new Set());
  const middle = segment({ ack: true });
  assert.equal(strays.mayBeOthers(client, middle, at(1)), true);
  assert.equal(strays.mayBeOthers(client, middle, at(1.9)), true);
  assert.equal(strays.mayBeOthers(client, middle, at(2)), false);
  assert.equal(strays.mayBeOthers(client, middle, at(10.9)), false);
  assert.equal(strays.mayBeOthers(client, middle, at(11)), true);
  assert.equal(strays.mayBeOthers(client, segment({ syn: true, ack: true }), at(30)), true);
});

test('a thousand clients are asked about at once, and the oldest goes', () => {
  const strays = new Strays(new Set());
  const middle = segment({ ack: true });
  strays.mayBeOthers(client, middle, at(1));
  for (let i = 0; i < 1000; i++) {
    strays.mayBeOthers(address(`2001:db8:2::${i.toString(16)}`), middle, at(1));
  }
  assert.equal(strays.mayBeOthers(client, middle, at(3)), true);
});

test('in the middle of a session of QUIC are packets with a short header, at its ports', () => {
  const strays = new Strays(new Set(), [80]);
  const datagram = (first: number, destinationPort = 80) =>
    packet({ layer: 'udp', sourcePort: 5000, destinationPort, payload: Uint8Array.of(first, 1) });
  assert.equal(strays.mayBeOthers(client, datagram(0xc3), at(1)), false, 'it begins one');
  assert.equal(strays.mayBeOthers(client, datagram(0x43, 53), at(1)), false, 'another port');
  assert.equal(strays.mayBeOthers(client, datagram(0x43), at(1)), true);
  const off = new Strays(new Set(['quic-sessions'] as const), [80]);
  assert.equal(off.mayBeOthers(client, datagram(0x43), at(1)), false);
});
