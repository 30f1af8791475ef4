import assert from 'node:assert/strict';
import test from 'node:test';
import { address, readAddress } from './address.ts';
import type { LayerInput } from './layer.ts';
import { parsePacket, serialisePacket } from './packet.ts';
import { checksumOk, findMobilityOption, fixUpperChecksum, walkHeaders } from './walk.ts';

const HOME = address('2001:db8:1::100');
const PEER_HOME = address('2001:db8:3::9');
const IPV6: LayerInput = {
  layer: 'ipv6',
  source: address('2001:db8:2::100'),
  destination: address('2001:db8:9::1'),
};
const HOME_OPTION: LayerInput = {
  layer: 'destination-options',
  options: [{ option: 'home-address', homeAddress: HOME }],
};
const ROUTING: LayerInput = { layer: 'routing-type-2', homeAddress: PEER_HOME };

test('the walk finds the headers that forwarding asks for', () => {
  const octets = serialisePacket([IPV6, ROUTING, HOME_OPTION, { layer: 'tcp' }]);
  const walk = walkHeaders(octets)!;
  assert.deepEqual(walk, {
    ...{ protocol: 6, upperAt: 88, end: 108, nextHeaderAt: 64 },
    ...{ homeAddressAt: 72, homeOptionsAt: 64, routing2At: 40 },
    ...{ fragmentAt: -1, firstFragment: true, isPart: false },
  });
  assert.equal(readAddress(octets, walk.homeAddressAt), HOME);
  assert.equal(readAddress(octets, walk.routing2At + 8), PEER_HOME);
});

test('it starts at any IPv6 header, such as the one in a tunnel', () => {
  const inner = [IPV6, HOME_OPTION, { layer: 'udp' }] as const;
  const octets = serialisePacket([IPV6, ...inner]);
  assert.deepEqual([walkHeaders(octets)?.protocol, walkHeaders(octets)?.upperAt], [41, 40]);
  assert.deepEqual(
    [walkHeaders(octets, 40)?.protocol, walkHeaders(octets, 40)?.upperAt],
    [17, 104],
  );
});

test('a later fragment has no upper header; the walk stops there', () => {
  const fragment = (offset: number, nextHeader = 17) =>
    serialisePacket([
      IPV6,
      { layer: 'fragment', offset, more: true, nextHeader },
      { layer: 'payload', octets: new Uint8Array(16) },
    ]);
  const later = walkHeaders(fragment(2, 60))!;
  assert.deepEqual([later.fragmentAt, later.firstFragment, later.protocol], [40, false, 60]);
  assert.equal(walkHeaders(fragment(0))?.firstFragment, true);
});

test('a quoted packet is walked although it is cut; a cut header is not', () => {
  const octets = serialisePacket([IPV6, HOME_OPTION, { layer: 'udp' }]);
  assert.equal(walkHeaders(octets.subarray(0, 70))?.protocol, 17);
  assert.equal(walkHeaders(octets.subarray(0, 63)), undefined);
  assert.equal(walkHeaders(octets.subarray(0, 39)), undefined);
  const overrun = octets.slice();
  overrun[47] = 17; // the home address' length
  assert.equal(walkHeaders(overrun), undefined);
});

test('a segment that is used up names no destination', () => {
  const octets = serialisePacket([IPV6, { ...ROUTING, segmentsLeft: 0 }, { layer: 'udp' }]);
  assert.equal(walkHeaders(octets)?.routing2At, -1);
  assert.ok(checksumOk(octets));
});

test('checksums are mended in place for all four upper layers', () => {
  const uppers: readonly LayerInput[] = [
    { layer: 'binding-update', acknowledge: true },
    { layer: 'echo-request', data: Uint8Array.of(1, 2, 3) },
    { layer: 'udp', payload: Uint8Array.of(1) },
    { layer: 'tcp', syn: true, options: Uint8Array.of(2, 4, 5, 0xa0) },
  ];
  for (const upper of uppers) {
    const right = serialisePacket([IPV6, HOME_OPTION, ROUTING, upper]);
    assert.ok(parsePacket(right).ok);
    const wrong = { ...upper, checksum: 0xbad } as LayerInput;
    const octets = serialisePacket([IPV6, HOME_OPTION, ROUTING, wrong]);
    assert.equal(checksumOk(octets), false, upper.layer);
    assert.equal(fixUpperChecksum(octets), true);
    assert.deepEqual(octets, right);
  }
});

test('there is no checksum to mend in a fragment, in another protocol, or behind a wrong length', () => {
  const fragment: LayerInput = { layer: 'fragment', more: true };
  const udp: LayerInput = { layer: 'udp', checksum: 7 };
  for (const layers of [
    [IPV6, fragment, udp],
    [IPV6, { layer: 'payload', protocol: 50, octets: new Uint8Array(20) }],
    [IPV6, { ...udp, length: 9 }],
    [IPV6, { ...udp, length: 7 }],
    [IPV6, { layer: 'binding-update', headerLen: 9, checksum: 7 }],
  ] as const) {
    const octets = serialisePacket(layers);
    const before = octets.slice();
    assert.equal(fixUpperChecksum(octets), false);
    assert.deepEqual(octets, before);
  }
});

test('a UDP checksum that comes out as zero is sent as ffff', () => {
  const zero: LayerInput = { layer: 'udp', checksum: 0 };
  const octets = serialisePacket([IPV6, zero]);
  fixUpperChecksum(octets);
  const sum = (octets[46]! << 8) | octets[47]!;
  const payload = Uint8Array.of(sum >> 8, sum & 0xff);
  const chosen = serialisePacket([IPV6, { layer: 'udp', length: 8, payload: new Uint8Array(0) }]);
  assert.deepEqual(chosen, octets);
  // The length of the payload counts twice, in the pseudo-header and in the header.
  const word = sum - 4 < 0 ? sum - 4 + 0xffff : sum - 4;
  payload.set([word >> 8, word & 0xff]);
  const summed = serialisePacket([IPV6, { layer: 'udp', payload }]);
  assert.deepEqual([...summed.subarray(46, 48)], [0xff, 0xff]);
  assert.ok(checksumOk(summed));
  summed.fill(0, 46, 48);
  fixUpperChecksum(summed);
  assert.deepEqual([...summed.subarray(46, 48)], [0xff, 0xff]);
});

test('a mobility option is found by its type, padding or not', () => {
  const octets = serialisePacket([
    IPV6,
    {
      layer: 'binding-update',
      options: [
        { option: 'nonce-indices', homeNonceIndex: 1 },
        { option: 'binding-authorization-data', authenticator: new Uint8Array(12) },
      ],
    },
  ]);
  assert.equal(findMobilityOption(octets, 40, 4), 52);
  assert.equal(findMobilityOption(octets, 40, 5), 58);
  assert.equal(findMobilityOption(octets, 40, 3), -1);
  assert.equal(findMobilityOption(octets.subarray(0, 60), 40, 5), -1);
  octets[53] = 60; // runs over the end
  assert.equal(findMobilityOption(octets, 40, 4), -1);
});
