import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../wire/address.ts';
import { type LayerInput, serialisePacket } from '../wire/packet.ts';
import { DROPPABLE, isDropped } from './middlebox.ts';

const A = address('2001:db8:1::a');
const B = address('2001:db8:1::b');
const ipv6 = { layer: 'ipv6', source: A, destination: B } as const;
const udp = { layer: 'udp', sourcePort: 1, destinationPort: 2 } as const;
const option = {
  layer: 'destination-options',
  options: [{ option: 'home-address', homeAddress: A }],
} as const;
const routing = { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: A } as const;

/** What a packet meets with, of all that may be dropped. */
function met(...layers: LayerInput[]): string[] {
  const octets = serialisePacket([ipv6, ...layers]);
  return DROPPABLE.filter((header) => isDropped(octets, 'a', [{ header }]));
}

test('a packet is known by the headers behind its outermost IPv6 header', () => {
  assert.deepEqual(met(udp), ['udp']);
  assert.deepEqual(met({ layer: 'echo-request' }), []);
  assert.deepEqual(met(option, udp), ['destination-options', 'udp', 'unusual']);
  assert.deepEqual(met(routing, option, udp), ['destination-options', 'routing', 'udp', 'unusual']);
  assert.deepEqual(met({ layer: 'home-test-init' }), ['mobility', 'unusual']);
});

test('Packet Too Big is told apart from other messages, and from what a tunnel carries', () => {
  const tooBig = { layer: 'packet-too-big', mtu: 1280, invoking: new Uint8Array(40) } as const;
  assert.deepEqual(met(tooBig), ['packet-too-big']);
  assert.deepEqual(met(ipv6, tooBig), ['ipv6', 'unusual']);
});

test('what is in a tunnel is not seen', () => {
  assert.deepEqual(met(ipv6, option, udp), ['ipv6', 'unusual']);
});

test('of an IPv4 packet protocol and fragments are seen, and the message with an MTU', () => {
  const [source, destination] = [address('192.0.2.1'), address('192.0.2.2')];
  const ipv4 = { layer: 'ipv4', source, destination } as const;
  const headers = (header: LayerInput, ...layers: LayerInput[]) => {
    const octets = serialisePacket([header, ...layers]);
    return DROPPABLE.filter((one) => isDropped(octets, 'a', [{ header: one }]));
  };
  assert.deepEqual(headers(ipv4, udp), ['udp']);
  assert.deepEqual(headers({ ...ipv4, more: true }, udp), ['fragment', 'udp']);
  assert.deepEqual(headers(ipv4, { layer: 'icmpv4-echo-request' }), []);
  assert.deepEqual(headers(ipv4, ipv6, udp), ['ipv6', 'unusual']);
  const error = { layer: 'icmpv4-destination-unreachable', invoking: new Uint8Array(28) } as const;
  assert.deepEqual(headers(ipv4, { ...error, code: 4 }), ['packet-too-big']);
  assert.deepEqual(headers(ipv4, { ...error, code: 1 }), []);
});

test('a rule for one sender leaves the others alone', () => {
  const octets = serialisePacket([ipv6, udp]);
  assert.ok(isDropped(octets, 'a', [{ header: 'udp', from: 'a' }]));
  assert.ok(!isDropped(octets, 'b', [{ header: 'udp', from: 'a' }]));
});

test('a header that is cut off ends the reading', () => {
  const octets = serialisePacket([ipv6, option, udp]).slice(0, 44);
  assert.ok(isDropped(octets, 'a', [{ header: 'destination-options' }]));
  assert.ok(!isDropped(octets, 'a', [{ header: 'udp' }]));
});
