import assert from 'node:assert/strict';
import test from 'node:test';
import { address } from './address.ts';
import { layersFromJson, layersToJson } from './describe.ts';
import type { LayerInput } from './layer.ts';
import { parsePacket, serialisePacket } from './packet.ts';
import { decodePart, encodePart } from './parts.ts';
import { summarise } from './summary.ts';

const HOME = address('2001:db8:1::100');
const UPDATE: readonly LayerInput[] = [
  { layer: 'ipv6', source: address('2001:db8:2::100'), destination: address('2001:db8:1::1') },
  { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: HOME }] },
  {
    layer: 'binding-update',
    ...{ sequence: 7, acknowledge: true, homeRegistration: true, lifetime: 105 },
    options: [{ option: 'replay-protection', timestamp: 2n ** 63n + 1n }],
  },
];

function described(layers: readonly LayerInput[]) {
  const parsed = parsePacket(serialisePacket(layers));
  assert.ok(parsed.ok);
  return parsed.value;
}

test('layers are plain JSON: addresses and big numbers as text, octets as hex', () => {
  const json = JSON.parse(JSON.stringify(layersToJson(described(UPDATE))));
  assert.equal(json[0].source, '2001:db8:2::100');
  assert.deepEqual(json[1].options, [
    { option: 'padn', data: '0000' },
    { option: 'home-address', homeAddress: '2001:db8:1::100' },
  ]);
  assert.equal(json[2].lifetime, 105, 'as it stands on the wire');
  assert.deepEqual(json[2].options.at(-2), {
    option: 'replay-protection',
    timestamp: '9223372036854775809',
  });
});

test('JSON comes back to the same octets', () => {
  const json = JSON.parse(JSON.stringify(layersToJson(described(UPDATE))));
  const back = layersFromJson(json);
  assert.ok(back.ok);
  assert.deepEqual(serialisePacket(back.value), serialisePacket(UPDATE));
});

test('wrong JSON is refused with the place and what would be right', () => {
  const update = (fields: object) => [{ layer: 'binding-update', ...fields }];
  for (const [json, path, message] of [
    [{}, 'layers', /a list of layers/],
    [[7], 'layers[0]', /an object/],
    [[{ layer: 'binding-updat' }], 'layers[0].layer', /one of ipv6, .*binding-update/],
    [update({ sequence: 70000 }), 'layers[0].sequence', /from 0 to 65535/],
    [update({ acknowledge: 1 }), 'layers[0].acknowledge', /true or false/],
    [update({ sequense: 1 }), 'layers[0].sequense', /it has .*sequence/],
    [update({ toString: 1 }), 'layers[0].toString', /no field/],
    [update({ options: {} }), 'layers[0].options', /list of options/],
    [update({ options: [{ option: 'nonce' }] }), 'layers[0].options[0].option', /nonce-indices/],
    [[{ layer: 'ipv6', source: '192.0.2.1' }], 'layers[0].source', /IPv6 address/],
    [[{ layer: 'udp', payload: 'abc' }], 'layers[0].payload', /two digits/],
    [[{ layer: 'home-test', homeInitCookie: 'ab' }], 'layers[0].homeInitCookie', /8 octets/],
    [
      update({ options: [{ option: 'replay-protection', timestamp: 5 }] }),
      'layers[0].options[0].timestamp',
      /decimal text/,
    ],
  ] as const) {
    const result = layersFromJson(json);
    assert.ok(!result.ok, path);
    assert.equal(result.error.path, path);
    assert.match(result.error.message, message);
  }
});

test('a packet in one line, for people', () => {
  assert.equal(
    summarise(described(UPDATE)),
    'IPv6 2001:db8:2::100 -> 2001:db8:1::1 | Destination Options (Home Address 2001:db8:1::100)' +
      ' | Binding Update seq 7 A H lifetime 420 s (Replay Protection)',
  );
  const [ipv6] = UPDATE as [LayerInput];
  const line = (layer: LayerInput) => summarise(described([ipv6, layer])).split(' | ')[1];
  assert.equal(
    line({ layer: 'binding-acknowledgement', status: 135, sequence: 9 }),
    'Binding Acknowledgement seq 9 status 135 (Sequence Number Out Of Window) lifetime 0 s',
  );
  assert.equal(
    line({ layer: 'mobility', mhType: 8, data: new Uint8Array(2) }),
    'Mobility type 8 (Fast Binding Update)',
  );
  assert.equal(line({ layer: 'care-of-test-init' }), 'Care-of Test Init cookie 0000000000000000');
  assert.equal(
    line({ layer: 'esp', spi: 256, sequence: 7, payload: new Uint8Array(40) }),
    'ESP spi 256 seq 7 len 40',
  );
  assert.equal(line({ layer: 'tcp', syn: true, sequence: 5 }), 'TCP 0 -> 0 SYN seq 5 ack 0 len 0');
});

test('a summary exists for every layer that can be sent', () => {
  const [ipv6] = UPDATE as [LayerInput];
  for (const layer of ['binding-error', 'redirect', 'packet-too-big', 'echo-reply'] as const) {
    assert.match(summarise(described([ipv6, { layer }])), /^IPv6 .* \| [A-Z]/);
  }
});

test('parts by themselves: messages without a packet, and bare options', () => {
  for (const [part, hex, name] of [
    ['mobility', '3b010500000037b51400fe8b01020000', 'binding-update'],
    ['icmpv6', '800000000001000201', 'echo-request'],
  ] as const) {
    const octets = Uint8Array.from(Buffer.from(hex, 'hex'));
    const decoded = decodePart(part, octets);
    assert.ok(decoded.ok);
    const { layers } = decoded.value as { layers: { layer: string }[] };
    assert.deepEqual(
      layers.map(({ layer }) => layer),
      [name],
    );
    const encoded = encodePart(part, decoded.value);
    assert.deepEqual(encoded.ok && encoded.value, octets);
  }
  for (const [part, hex] of [
    ['option', '0404000100020100'],
    ['nd-option', '0501000000000578'],
  ] as const) {
    const octets = Uint8Array.from(Buffer.from(hex, 'hex'));
    const decoded = decodePart(part, octets);
    const encoded = decoded.ok ? encodePart(part, decoded.value) : decoded;
    assert.deepEqual(encoded.ok && encoded.value, octets);
  }
});

test('a part that is wrong is refused with its offset, and bad JSON with its path', () => {
  const cut = decodePart('option', Uint8Array.of(4, 3, 0, 0, 0));
  assert.deepEqual(!cut.ok && [cut.error.offset, cut.error.layer], [1, 'option']);
  const long = encodePart('option', {
    options: [{ option: 'unknown', type: 9, data: '00'.repeat(300) }],
  });
  assert.match(long.ok ? '' : long.error.message, /255 fit/);
  const none = encodePart('packet', {});
  assert.equal(!none.ok && none.error.path, 'layers');
});
