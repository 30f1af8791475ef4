import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Address, address, addressOf } from './address.ts';
import type { Field } from './field.ts';
import { fromHex, toHex } from './hex.ts';
import { LAYERS, type Layer, type LayerInput } from './layer.ts';
import { parsePacket, serialisePacket } from './packet.ts';
import { checksumOk, walkHeaders } from './walk.ts';

const HOME = address('2001:db8:1::100');
const CARE_OF = address('2001:db8:2::100');
const AGENT = address('2001:db8:1::1');
const ENDS = { layer: 'ipv6', source: CARE_OF, destination: AGENT } as const;

function parsed(octets: Uint8Array): Layer[] {
  const result = parsePacket(octets);
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.error));
  return result.value;
}

function refused(octets: Uint8Array) {
  const result = parsePacket(octets);
  assert.ok(!result.ok);
  return result.error;
}

test('a Binding Update that Zeek captured, both ways', () => {
  // zeek/zeek, testing/btest/Traces/mobile-ipv6/mip6_bu.pcap, frame 1.
  const octets = fromHex(
    '6000000000108740200104f80004000702e081fffe52ffff200104f80004000702e081fffe529a6b' +
      '3b01050003640025d000000301020000',
  )!;
  const ours = serialisePacket([
    {
      layer: 'ipv6',
      source: address('2001:4f8:4:7:2e0:81ff:fe52:ffff'),
      destination: address('2001:4f8:4:7:2e0:81ff:fe52:9a6b'),
    },
    {
      layer: 'binding-update',
      ...{ acknowledge: true, homeRegistration: true, keyManagementMobilityCapability: true },
      ...{ sequence: 37, lifetime: 3 },
    },
  ]);
  assert.equal(toHex(ours), toHex(octets));
  const [ipv6, update] = parsed(octets);
  assert.ok(ipv6?.layer === 'ipv6' && update?.layer === 'binding-update');
  assert.deepEqual([ipv6.payloadLength, ipv6.nextHeader, ipv6.hopLimit], [16, 135, 64]);
  assert.deepEqual([update.sequence, update.lifetime, update.checksum], [37, 3, 868]);
});

test("the checksum of a Home Address option's packet that Zeek captured is right", () => {
  // zeek/zeek, testing/btest/Traces/mobile-ipv6/ipv6-mobile-hoa.pcap, frame 1.
  const octets = fromHex(
    '6000000000243c40200104f80004000702e081fffe52ffff200104f80004000702e081fffe529a6b' +
      '110201020000c91020010078000100320000000000000001753032c8000c43de58585858',
  )!;
  assert.ok(checksumOk(octets));
  const udp = parsed(octets)[2];
  assert.ok(udp?.layer === 'udp');
  const { checksum: _, ...without } = udp;
  assert.deepEqual(serialisePacket([...parsed(octets).slice(0, 2), without]), octets);
});

test('lengths, next headers and checksums are computed along the chain', () => {
  const octets = serialisePacket([
    ENDS,
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: HOME }] },
    { layer: 'routing-type-2', homeAddress: address('2001:db8:3::9') },
    { layer: 'udp', sourcePort: 5, destinationPort: 6, payload: Uint8Array.of(1, 2, 3) },
  ]);
  const layers = parsed(octets);
  assert.deepEqual(
    layers.map((layer) => ('nextHeader' in layer ? layer.nextHeader : layer.layer)),
    [60, 43, 17, 'udp'],
  );
  assert.ok(checksumOk(octets), 'the checksum counts with the home addresses of both');
  assert.equal(layers[3]?.layer === 'udp' && layers[3].length, 11);
});

test('what is given stands, also where it is wrong', () => {
  const octets = serialisePacket([
    { ...ENDS, nextHeader: 60, payloadLength: 16 },
    { layer: 'binding-update', checksum: 0x1234, headerLen: 7, mhType: 9 },
  ]);
  assert.equal(octets[6], 60);
  assert.equal(toHex(octets.subarray(40, 46)), '3b0709001234');
});

test('a packet in a packet is taken apart, down to four inside the first', () => {
  const tunnel = (depth: number): LayerInput[] => [
    ...Array.from({ length: depth + 1 }, () => ENDS),
    { layer: 'echo-request', data: Uint8Array.of(1) },
  ];
  assert.equal(parsed(serialisePacket(tunnel(4))).length, 6);
  const error = refused(serialisePacket(tunnel(5)));
  assert.deepEqual([error.reason, error.offset], ['too-deep', 200]);
});

test('a fault inside a tunnel is refused without a reply: the way out of the tunnel answers', () => {
  const update = { layer: 'binding-update', payloadProto: 6 } as const;
  assert.deepEqual(refused(serialisePacket([ENDS, update])).reply, {
    kind: 'parameter-problem',
    code: 0,
  });
  const error = refused(serialisePacket([ENDS, ENDS, update]));
  assert.deepEqual([error.offset, error.reply], [80, undefined]);
});

test('a first fragment is taken apart as far as it goes; a later one is octets', () => {
  const whole = serialisePacket([ENDS, { layer: 'udp', payload: new Uint8Array(32) }]);
  const part = (offset: number, more: boolean, octets: Uint8Array) =>
    serialisePacket([
      ENDS,
      { layer: 'fragment', offset, more, nextHeader: 17, identification: 9 },
      { layer: 'payload', protocol: 17, octets },
    ]);
  const first = parsed(part(0, true, whole.subarray(40, 56)));
  assert.equal(first[2]?.layer, 'udp');
  const later = parsed(part(2, false, whole.subarray(56)));
  assert.equal(later[2]?.layer, 'payload');
  assert.equal(parsed(part(0, true, whole.subarray(40, 44)))[2]?.layer, 'payload');
  assert.equal(parsed(part(0, false, whole.subarray(40)))[2]?.layer, 'udp');
});

test('octets behind the end of a length are kept, and are none of its checksum', () => {
  const update = serialisePacket([ENDS, { layer: 'binding-update' }]);
  const behind = Uint8Array.of(...update, 9, 9);
  assert.deepEqual(
    parsed(behind).map(({ layer }) => layer),
    ['ipv6', 'binding-update', 'trailer'],
  );
  behind[5] = 18; // the same two octets within the packet, behind the Mobility Header
  assert.deepEqual(
    parsed(behind).map(({ layer }) => layer),
    ['ipv6', 'binding-update', 'no-next-header'],
  );
  assert.deepEqual(serialisePacket(parsed(behind)), behind);
});

test('a computed Payload Length does not count a trailer', () => {
  const octets = serialisePacket([
    ENDS,
    { layer: 'udp' },
    { layer: 'trailer', octets: new Uint8Array(6) },
  ]);
  assert.equal(octets[5], 8);
  assert.equal(parsed(octets).at(-1)?.layer, 'trailer');
});

test('TCP options are filled up to 4 octets, and Data Offset says so', () => {
  const [, tcp] = parsed(
    serialisePacket([
      ENDS,
      { layer: 'tcp', options: Uint8Array.of(3, 3, 7), payload: Uint8Array.of(9) },
    ]),
  );
  assert.ok(tcp?.layer === 'tcp');
  assert.deepEqual([...tcp.options], [3, 3, 7, 0]);
  assert.deepEqual([tcp.dataOffset, ...tcp.payload], [6, 9]);
});

test('a UDP length that is longer than the packet, or shorter than its header, is refused', () => {
  for (const length of [7, 9, 0xffff]) {
    const error = refused(serialisePacket([ENDS, { layer: 'udp', length }]));
    assert.deepEqual([error.reason, error.offset, error.reply], ['bad-length', 44, undefined]);
  }
});

test('a Neighbor Discovery option of length 0 ends the packet, not the program', () => {
  const octets = serialisePacket([
    ENDS,
    { layer: 'icmpv6', type: 134, data: fromHex('4000070800000000000000000300')! },
  ]);
  const error = refused(octets);
  assert.deepEqual([error.reason, error.layer], ['bad-length', 'router-advertisement']);
  assert.equal(error.offset, 57);
});

test('more extension headers than 32 are refused', () => {
  const chain = (count: number) =>
    serialisePacket([
      ENDS,
      ...Array.from({ length: count }, () => ({ layer: 'destination-options' }) as const),
      { layer: 'udp' },
    ]);
  assert.equal(parsed(chain(32)).length, 34);
  assert.equal(refused(chain(33)).reason, 'too-deep');
  assert.equal(walkHeaders(chain(32))?.protocol, 17);
  assert.equal(walkHeaders(chain(33)), undefined);
});

/** Values that fit a field; lists of options are left to the vectors. */
function valuesOf(key: string, field: Field): fc.Arbitrary<unknown> {
  if (field.kind === 'tail') {
    if (key === 'options' && Array.isArray(field.initial)) return fc.constant([]);
    if (Array.isArray(field.initial)) return fc.array(addresses, { maxLength: 3 });
    return fc.uint8Array({ maxLength: 12 }).map((octets) => octets.slice(0, octets.length & ~3));
  }
  if (typeof field.initial === 'boolean') return fc.boolean();
  if (field.initial instanceof Uint8Array) {
    const size = field.bits / 8;
    return fc.uint8Array({ minLength: size, maxLength: size });
  }
  if (field.bits === 128) return addresses;
  if (typeof field.initial === 'string') return ipv4Addresses;
  return fc.nat(2 ** field.bits - 1);
}

const addresses: fc.Arbitrary<Address> = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map(addressOf);

const ipv4Addresses: fc.Arbitrary<Address> = fc
  .uint8Array({ minLength: 4, maxLength: 4 })
  .map(addressOf);

/** Fields that the parser judges, and that only another value can make right. */
const FIXED = new Set(
  'version nextHeader headerLen payloadLength length dataOffset mhType type checksum payloadProto'
    .split(' ')
    .concat('protocol', 'name', 'routingType', 'addressCount', 'revocationType'),
);

const IPV4_ENDS = { layer: 'ipv4' } as const;

test('every layer with any values comes back from its own octets', () => {
  // These depend on what stands around them, or are filled up to 8 octets.
  const others = 'ipv6 ipv4 gre fragment payload mobility icmpv6 icmpv4 trailer routing'.split(' ');
  const names = [...LAYERS.keys()].filter((name) => !others.includes(name));
  for (const name of names) {
    const fields = Object.entries(LAYERS.get(name)!.declaration.fields);
    const free = fields.filter(([key]) => !FIXED.has(key));
    const record = Object.fromEntries(free.map(([key, field]) => [key, valuesOf(key, field)]));
    fc.assert(
      fc.property(fc.record(record), (values) => {
        if (name === 'no-next-header' && (values.octets as Uint8Array).length === 0) return;
        // The record has exactly the fields of the layer of this name.
        const layer = { layer: name, ...values } as unknown as LayerInput;
        const ends = name.startsWith('icmpv4') ? IPV4_ENDS : ENDS;
        const octets = serialisePacket([ends, layer]);
        const back = parsed(octets)[1];
        assert.equal(back?.layer, name);
        for (const [key, value] of Object.entries(values)) {
          if (key === 'options' && Array.isArray(value)) continue; // padding came in
          assert.deepEqual((back as unknown as Record<string, unknown>)[key], value);
        }
        assert.deepEqual(serialisePacket(parsed(octets)), octets);
      }),
      { numRuns: 40 },
    );
  }
});
