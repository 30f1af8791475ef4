import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketView, wholePacket } from '../../core/forwarding/packet-view.ts';
import { insertHomeAddress, pushIp } from '../../core/forwarding/rewrite.ts';
import { address } from '../../wire/address.ts';
import { upperLayerChecksum } from '../../wire/checksum.ts';
import { parsePacket, serialisePacket } from '../../wire/packet.ts';
import { checksumOk, walkHeaders } from '../../wire/walk.ts';
import { finished, type Offload, readOffload } from './offloads.ts';

const source = address('2001:db8:1::100');
const destination = address('2001:db8:f::1');
const payload = Uint8Array.from({ length: 5000 }, (_, index) => index * 11);

function segment(from: number, to: number, flags: { readonly finish?: true }): Uint8Array {
  return serialisePacket([
    { layer: 'ipv6', source, destination },
    {
      layer: 'tcp',
      sourcePort: 1,
      destinationPort: 2,
      sequence: (0xffff_f000 + from) >>> 0,
      acknowledgement: 7,
      ack: true,
      window: 100,
      ...(flags.finish && { fin: true }),
      payload: payload.subarray(from, to),
    },
  ] as Parameters<typeof serialisePacket>[0]);
}

const datagram = (from: number, to: number): Uint8Array =>
  serialisePacket([
    { layer: 'ipv6', source, destination },
    { layer: 'udp', sourcePort: 1, destinationPort: 2, payload: payload.subarray(from, to) },
  ]);

/** The packet as the kernel has it: the sum over the pseudo-header where the checksum will be. */
function unfinished(packet: Uint8Array, protocol: 6 | 17): Uint8Array {
  const octets = packet.slice();
  const field = 40 + (protocol === 6 ? 16 : 6);
  octets[field] = 0;
  octets[field + 1] = 0;
  const nothing = new Uint8Array(octets.length - 40);
  const pseudo = ~upperLayerChecksum(source, destination, protocol, nothing, 0, nothing.length);
  octets[field] = pseudo >> 8;
  octets[field + 1] = pseudo;
  return octets;
}

const offload = (type: number, start: number, field: number): Offload => ({
  needsChecksum: true,
  type,
  segment: 1200,
  checksumStart: start,
  checksumField: start + field,
});
const cuts = [
  [0, 1200],
  [1200, 2400],
  [2400, 3600],
  [3600, 4800],
  [4800, 5000],
] as const;

test('a checksum that is missing is filled in', () => {
  for (const [whole, protocol, field] of [
    [segment(0, 1000, {}), 6, 16],
    [datagram(0, 999), 17, 6],
  ] as const) {
    const octets = unfinished(whole, protocol);
    assert.equal(checksumOk(octets), false);
    assert.deepEqual(finished(octets, offload(0, 40, field)), [whole]);
  }
});

test('a packet of many segments becomes the segments that TCP would have sent', () => {
  const octets = unfinished(segment(0, 5000, { finish: true }), 6);
  const expected = cuts.map(([from, to]) => segment(from, to, to === 5000 ? { finish: true } : {}));
  assert.deepEqual(finished(octets, offload(4, 40, 16)), expected);
});

test('a packet of many datagrams too', () => {
  const octets = unfinished(datagram(0, 5000), 17);
  assert.deepEqual(
    finished(octets, offload(5, 40, 6)),
    cuts.map(([from, to]) => datagram(from, to)),
  );
});

test('in a tunnel and behind a Home Address option all lengths are right', () => {
  const octets = unfinished(segment(0, 5000, {}), 6);
  const moved = insertHomeAddress(new PacketView(octets), address('2001:db8:2::7'));
  assert.ok(typeof moved !== 'string');
  const tunnelled = pushIp(new PacketView(moved), { src: source, dst: destination });
  assert.ok(typeof tunnelled !== 'string');
  const segments = finished(tunnelled, offload(4, 104, 16));
  assert.equal(segments.length, 5);
  for (const one of segments) {
    const outer = walkHeaders(one)!;
    assert.equal(outer.end, one.length);
    assert.equal(walkHeaders(one, 40)!.end, one.length);
    assert.equal(checksumOk(one, 40), true);
  }
});

test('TCP over IPv4, inside a tunnel and outside: lengths, numbers and checksums are right', () => {
  const [from, to] = [address('198.51.100.7'), address('192.0.2.80')];
  const payload = new Uint8Array(5000).fill(7);
  const whole = serialisePacket([
    { layer: 'ipv4', source: from, destination: to, identification: 0xffff, dontFragment: true },
    { layer: 'tcp', sourcePort: 1, destinationPort: 80, sequence: 100, payload },
  ]);
  // The kernel leaves the sum over addresses, protocol and length there.
  const length = whole.length - 20;
  let pseudo = 6 + length;
  for (let at = 12; at < 20; at += 2) pseudo += (whole[at]! << 8) | whole[at + 1]!;
  while (pseudo > 0xffff) pseudo = (pseudo & 0xffff) + (pseudo >>> 16);
  new DataView(whole.buffer).setUint16(36, pseudo);
  const tunnelled = pushIp(new PacketView(whole), { src: source, dst: destination });
  assert.ok(typeof tunnelled !== 'string');
  for (const [octets, before] of [
    [whole, 0],
    [tunnelled, 40],
  ] as const) {
    const segments = finished(octets.slice(), offload(1, before + 20, 16));
    assert.deepEqual(finished(octets.slice(), offload(4, before + 20, 16)), []);
    assert.equal(segments.length, 5);
    segments.forEach((one, i) => {
      const inner = one.subarray(before);
      const parsed = parsePacket(one);
      assert.ok(parsed.ok, 'the Header Checksum is right');
      assert.ok(checksumOk(inner));
      assert.equal(wholePacket(inner)?.length, inner.length);
      assert.equal((inner[4]! << 8) | inner[5]!, (0xffff + i) & 0xffff, 'Identification');
    });
  }
});

test('a header that makes no sense gives nothing, and none leaves the packet as it is', () => {
  const whole = segment(0, 1000, {});
  assert.deepEqual(finished(whole, readOffload(new Uint8Array(10), 0, 14)), [whole]);
  for (const wrong of [
    offload(4, 30, 16),
    offload(4, 44, 16),
    offload(0, 40, 2000),
    offload(1, 40, 16),
    { ...offload(4, 40, 16), segment: 0 },
    { ...offload(4, 40, 16), needsChecksum: false },
  ]) {
    assert.deepEqual(finished(whole.slice(), wrong), []);
  }
  const octets = Uint8Array.of(1, 0x84, 0x40, 0, 0x20, 0x05, 0x36, 0, 0x10, 0);
  const read = {
    needsChecksum: true,
    type: 4,
    segment: 1312,
    checksumStart: 40,
    checksumField: 56,
  };
  assert.deepEqual(readOffload(octets, 0, 14), read);
});
