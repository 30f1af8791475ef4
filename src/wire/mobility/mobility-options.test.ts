import assert from 'node:assert/strict';
import test from 'node:test';
import { address } from '../address.ts';
import { layersFromJson, layersToJson } from '../describe.ts';
import { fromHex, toHex } from '../hex.ts';
import type { LayerInput } from '../layer.ts';
import { parsePacket } from '../parse-packet.ts';
import { decodePart, encodePart } from '../parts.ts';
import { receiverFault } from '../receiver.ts';
import { serialisePacket } from '../serialise-packet.ts';
import { summarise } from '../summary.ts';
import { mobilityOptions } from './mobility-options.ts';

/** Each option alone: name, octets as its RFC lays them out, and the fields that they hold. */
const SINGLE: readonly (readonly [string, string, object])[] = [
  ['cga-parameters-request', '0b00', {}],
  ['cga-parameters', '0c03a1b2c3', { parameters: 'a1b2c3' }],
  ['signature', '0d0401020304', { signature: '01020304' }],
  ['permanent-home-keygen-token', '0e080102030405060708', { token: '0102030405060708' }],
  ['care-of-test-init', '0f00', {}],
  ['care-of-test', '1008f1f2f3f4f5f6f7f8', { careOfKeygenToken: 'f1f2f3f4f5f6f7f8' }],
  ['vendor-specific', '13070000137f05abcd', { vendorId: 4991, subtype: 5, data: 'abcd' }],
  ['timestamp', '1b08000012345678ffff', { timestamp: '20015998369791' }],
  ['restart-counter', '1c0400000007', { restartCounter: 7 }],
  [
    'binding-identifier',
    '2304001e0083',
    {
      bindingId: 30,
      status: 0,
      simultaneousHomeAndForeign: true,
      priority: 3,
    },
  ],
  [
    'binding-identifier',
    '2308ffffa400c0000201',
    {
      bindingId: 65535,
      status: 164,
      simultaneousHomeAndForeign: false,
      priority: 0,
      careOfAddress: '192.0.2.1',
    },
  ],
  [
    'flow-identification',
    '2d19000100020080' + '02040003000400' + '0305010020010d' + '6303010203',
    {
      flowId: 1,
      priority: 2,
      reserved: 0,
      status: 128,
      subOptions: [
        { option: 'binding-reference', bindingIds: [3, 4] },
        { option: 'pad1' },
        { option: 'traffic-selector', format: 1, reserved: 0, selector: '20010d' },
        { option: 'unknown', type: 99, data: '010203' },
      ],
    },
  ],
  [
    'load-information',
    '301200010000000200000003000000040000ffff',
    {
      priority: 1,
      sessionsInUse: 2,
      maximumSessions: 3,
      usedCapacity: 4,
      maximumCapacity: 65535,
    },
  ],
  [
    'ipv4-home-address',
    '1d068000c0000201',
    { prefixLength: 32, prefixRequested: false, reserved: 0, homeAddress: '192.0.2.1' },
  ],
  [
    'ipv4-address-acknowledgement',
    '1e068180c0000201',
    { status: 129, prefixLength: 32, reserved: 0, homeAddress: '192.0.2.1' },
  ],
  ['nat-detection', '1f0680000000006e', { forced: true, reserved: 0, refreshTime: 110 }],
  ['ipv4-care-of-address', '20060000c6336407', { reserved: 0, careOfAddress: '198.51.100.7' }],
];

test('the options of later RFCs, each from its octets to fields and back', () => {
  for (const [option, hex, fields] of SINGLE) {
    const decoded = decodePart('option', fromHex(hex)!);
    assert.ok(decoded.ok, `${option}: ${decoded.ok ? '' : decoded.error.message}`);
    assert.deepEqual(decoded.value, { options: [{ option, ...fields }] });
    const encoded = encodePart('option', JSON.parse(JSON.stringify(decoded.value)));
    assert.equal(encoded.ok && toHex(encoded.value), hex, option);
  }
});

test('an option whose length its RFC forbids is refused at the length', () => {
  for (const hex of [
    '0b0100',
    '0f0100',
    '100700000000000000',
    '130400000000',
    '1b0700000000000000',
    '1c03000000',
    '2303000000',
    '2d050000000000',
    `3011${'00'.repeat(17)}`,
    '1d050000000000',
    '1e0700000000000000',
    '1f050000000000',
    '200400000000',
  ]) {
    const decoded = decodePart('option', fromHex(hex)!);
    assert.deepEqual(!decoded.ok && [decoded.error.reason, decoded.error.offset], [
      'bad-length',
      1,
    ]);
  }
  // Inside: a care-of address of 5 octets, half a binding number, a sub-option that overruns.
  for (const [hex, offset] of [
    ['2309000100000102030405', 6],
    ['2d09000100020000' + '020100', 10],
    ['2d08000100020000' + '0305', 9],
  ] as const) {
    const decoded = decodePart('option', fromHex(hex)!);
    assert.deepEqual(
      !decoded.ok && [decoded.error.reason, decoded.error.offset],
      ['bad-length', offset],
      hex,
    );
  }
});

test('each option is put where its RFC wants it to stand', () => {
  const careOfAddress = address('2001:db8::1');
  const list = [
    ['vendor-specific', { vendorId: 1 }, 4, 2],
    ['timestamp', { timestamp: 1n }, 8, 2],
    ['restart-counter', { restartCounter: 1 }, 4, 2],
    ['binding-identifier', { careOfAddress }, 8, 2],
    ['flow-identification', { flowId: 1 }, 2, 0],
    ['load-information', { priority: 1 }, 4, 0],
    ['ipv4-home-address', { prefixLength: 32 }, 4, 0],
    ['ipv4-address-acknowledgement', { status: 129 }, 4, 0],
    ['nat-detection', { refreshTime: 110 }, 4, 0],
    ['ipv4-care-of-address', {}, 4, 0],
  ] as const;
  for (const [option, fields, n, y] of list) {
    // An odd number of octets before it, so that nothing is right by chance.
    const update = {
      layer: 'binding-update',
      options: [{ option: 'pad1' }, { option, ...fields }],
    };
    const octets = serialisePacket([update as LayerInput]);
    const parsed = mobilityOptions.parse(octets, 12, octets.length, 0);
    assert.ok(parsed.ok);
    const before = parsed.value.slice(
      0,
      parsed.value.findIndex((one) => one.option === option),
    );
    const at = 12 + mobilityOptions.sizeOf(before, 12, true);
    assert.equal(at % n, y, option);
  }
});

const ENDS = {
  layer: 'ipv6',
  source: address('2001:db8::a'),
  destination: address('2001:db8::b'),
} as const;

/** Each message by itself: what it is made of, its message data, and its line for people. */
const MESSAGES: readonly (readonly [LayerInput, string, string])[] = [
  [
    {
      layer: 'home-agent-switch',
      homeAgentAddresses: [address('2001:db8::1'), address('2001:db8::2')],
    },
    '020020010db800000000000000000000000120010db8000000000000000000000002',
    'Home Agent Switch 2001:db8::1 2001:db8::2',
  ],
  [{ layer: 'home-agent-switch' }, '0000', 'Home Agent Switch'],
  [
    { layer: 'heartbeat', response: true, unsolicited: true, sequence: 0x01020304 },
    '00030102030401020000',
    'Heartbeat response seq 16909060 U',
  ],
  [
    {
      layer: 'heartbeat',
      response: true,
      sequence: 9,
      options: [{ option: 'restart-counter', restartCounter: 5 }],
    },
    '0001000000090100' + '1c0400000005' + '01020000',
    'Heartbeat response seq 9 (Restart Counter 5)',
  ],
  [
    { layer: 'binding-revocation-indication', trigger: 1, sequence: 7, global: true },
    '01010007200001020000',
    'Binding Revocation Indication seq 7 trigger 1 (Administrative Reason) G',
  ],
  [
    { layer: 'binding-revocation-acknowledgement', status: 128, sequence: 7, proxyBinding: true },
    '02800007800001020000',
    'Binding Revocation Acknowledgement seq 7 status 128 (Binding Does Not Exist) P',
  ],
];

test('the messages of later RFCs, each from its fields to octets and back', () => {
  for (const [message, hex, line] of MESSAGES) {
    const octets = serialisePacket([ENDS, message]);
    assert.equal(toHex(octets.subarray(46)), hex, message.layer);
    const parsed = parsePacket(octets);
    assert.ok(parsed.ok, message.layer);
    assert.equal(parsed.value[1]!.layer, message.layer);
    assert.deepEqual(serialisePacket(parsed.value), octets);
    const json = layersFromJson(JSON.parse(JSON.stringify(layersToJson(parsed.value))));
    assert.deepEqual(json.ok && serialisePacket(json.value), octets);
    assert.ok(summarise(parsed.value).endsWith(` | ${line}`), summarise(parsed.value));
    // Who does not process the message owes a Binding Error; who does owes nothing.
    assert.equal(receiverFault(parsed.value)?.reply?.kind, 'binding-error');
    assert.equal(receiverFault(parsed.value, new Set([message.layer])), undefined);
  }
});

test('a Home Agent Switch that counts more addresses than it has is refused', () => {
  const octets = serialisePacket([{ layer: 'home-agent-switch', addressCount: 1 }]);
  const decoded = decodePart('mobility', octets);
  assert.deepEqual(
    !decoded.ok && [decoded.error.reason, decoded.error.offset, decoded.error.field],
    ['bad-length', 8, 'homeAgentAddresses'],
  );
});

test('a Binding Revocation that is neither of the two is kept', () => {
  const octets = fromHex('3b01100000000300000700000102' + '0000')!;
  const decoded = decodePart('mobility', octets);
  assert.ok(decoded.ok);
  const [layer] = decoded.value.layers as { layer: string; name: string }[];
  assert.deepEqual([layer!.layer, layer!.name], ['mobility', 'Binding Revocation']);
  const encoded = encodePart('mobility', JSON.parse(JSON.stringify(decoded.value)));
  assert.ok(encoded.ok);
  assert.equal(toHex(encoded.value), toHex(octets));
});
