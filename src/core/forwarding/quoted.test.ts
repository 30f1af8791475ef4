import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import { serialisePacket } from '../../wire/packet.ts';
import { ipv4, udp } from './case-packets.ts';
import { PacketView } from './packet-view.ts';
import { asSent, quotedInside, quotedPacket, quotedPorts } from './quoted.ts';
import { insertHomeAddress, insertRouting2, pushIp } from './rewrite.ts';

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
  const tunnelled = octets(pushIp(new PacketView(sent), { src: careOf, dst: agent }));
  const inside = quotedInside(quotedPacket(tunnelled)!);
  assert.ok(inside);
  assert.deepEqual(asSent(inside), { octets: sent, shorter: 0 });
});

const client = address('198.51.100.7');
const service = address('192.0.2.80');
const query = ipv4({ src: client, dst: service }, udp(client, service));
const asQuoted = { source: client, destination: service, protocol: 17 };

test('an IPv4 packet is found in tunnels over both versions, and is quoted as it is', () => {
  for (const ends of [
    { src: careOf, dst: agent },
    { src: address('203.0.113.1'), dst: address('203.0.113.33') },
  ]) {
    const outer = quotedPacket(octets(pushIp(new PacketView(query), ends)));
    assert.equal(outer?.protocol, 4);
    const inside = quotedInside(outer!);
    assert.deepEqual(inside, { octets: query, ...asQuoted, at: 20 });
    assert.deepEqual(quotedPorts(inside!), { from: 5000, to: 53 });
    assert.deepEqual(asSent(inside!), { octets: query, shorter: 0 });
  }
});

test('a quote that is cut in its header or behind it, and one of a later fragment', () => {
  assert.equal(quotedPacket(query.subarray(0, 19)), undefined);
  assert.deepEqual(quotedPacket(query.subarray(0, 28)), {
    ...{ octets: query.subarray(0, 28), ...asQuoted, at: 20 },
  });
  const later = ipv4(
    { src: client, dst: service, fragment: { offset: 3, more: false } },
    udp(client, service),
  );
  assert.equal(quotedPacket(later), undefined);
});
