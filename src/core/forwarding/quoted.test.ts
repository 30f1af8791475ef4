import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import { serialisePacket } from '../../wire/packet.ts';
import { PacketView } from './packet-view.ts';
import { asSent, quotedInside, quotedPacket } from './quoted.ts';
import { insertHomeAddress, insertRouting2, pushIpv6 } from './rewrite.ts';

const home = address('2001:db8:1::100');
const careOf = address('2001:db8:2::7');
const peer = address('2001:db8:f::1');
const peerCareOf = address('2001:db8:3::9');
const agent = address('2001:db8:1::1');

const sent = serialisePacket([
  { layer: 'ipv6', source: home, destination: peer },
  { layer: 'udp', sourcePort: 1, destinationPort: 2, payload: new Uint8Array(64).fill(7) },
]);

function octets(rewritten: Uint8Array | string): Uint8Array {
  assert.ok(typeof rewritten !== 'string', String(rewritten));
  return rewritten;
}

test('a packet with both mobility headers is quoted as its sender made it', () => {
  const moved = octets(insertHomeAddress(new PacketView(sent), careOf));
  const both = octets(insertRouting2(new PacketView(moved), peerCareOf));
  const quoted = quotedPacket(both);
  assert.ok(quoted);
  assert.deepEqual(asSent(quoted), { octets: sent, shorter: 48 });
});

test('of a packet that is quoted in part, as much is given back', () => {
  const moved = octets(insertHomeAddress(new PacketView(sent), careOf)).subarray(0, 40 + 24 + 12);
  const quoted = quotedPacket(moved);
  assert.ok(quoted);
  assert.deepEqual(asSent(quoted).octets, sent.subarray(0, 52));
});

test('a packet in a tunnel is found inside of it', () => {
  const tunnelled = octets(pushIpv6(new PacketView(sent), careOf, agent));
  const inside = quotedInside(quotedPacket(tunnelled)!);
  assert.ok(inside);
  assert.deepEqual(asSent(inside), { octets: sent, shorter: 0 });
});
