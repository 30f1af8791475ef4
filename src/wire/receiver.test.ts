import assert from 'node:assert/strict';
import test from 'node:test';
import { address } from './address.ts';
import type { DestinationOptionInput } from './extension/options-headers.ts';
import type { LayerInput } from './layer.ts';
import { parsePacket, receiverFault, serialisePacket, unknownOptionFault } from './packet.ts';

const HOME = address('2001:db8:1::100');
const HOST = address('2001:db8:9::1');
const GROUP = address('ff02::1');

function packet(layers: readonly LayerInput[], destination = HOST): Uint8Array {
  return serialisePacket([{ layer: 'ipv6', source: HOME, destination }, ...layers]);
}

function fault(layers: readonly LayerInput[], destination = HOST) {
  const parsed = parsePacket(packet(layers, destination));
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.message);
  return receiverFault(parsed.value);
}

const withOption = (option: DestinationOptionInput): LayerInput[] => [
  { layer: 'destination-options', options: [{ option: 'padn', data: new Uint8Array(2) }, option] },
  { layer: 'udp' },
];
const home = { option: 'home-address', homeAddress: HOME } as const;

test("an unknown option's two highest bits say what becomes of the packet", () => {
  const unknown = (type: number) => withOption({ option: 'unknown', type });
  assert.equal(fault(unknown(0x1e)), undefined);
  for (const [type, destination, code] of [
    [0x5e, HOST, undefined],
    [0x9e, HOST, 2],
    [0x9e, GROUP, 2],
    [0xde, HOST, 2],
    [0xde, GROUP, undefined],
  ] as const) {
    const found = fault(unknown(type), destination);
    assert.equal(found?.reason, 'unknown-type');
    assert.equal(found.offset, 46, 'the pointer is at the type of the option');
    const reply = code === undefined ? undefined : { kind: 'parameter-problem', code };
    assert.deepEqual(found.reply, reply);
    assert.deepEqual(unknownOptionFault(packet(unknown(type), destination)), found);
  }
});

test('Hop-by-Hop Options knows no home address, and stands first or not at all', () => {
  const hop = (type: number): LayerInput => ({
    layer: 'hop-by-hop-options',
    options: [{ option: 'unknown', type, data: new Uint8Array(16) }],
  });
  assert.deepEqual(fault([hop(0xc9), { layer: 'udp' }])?.reply, {
    kind: 'parameter-problem',
    code: 2,
  });
  const late = fault([{ layer: 'destination-options' }, hop(0x1e), { layer: 'udp' }]);
  assert.deepEqual([late?.offset, late?.reply], [40, { kind: 'parameter-problem', code: 1 }]);
});

test('a home address is unicast and routable, and there is one', () => {
  assert.equal(fault(withOption(home)), undefined);
  for (const text of ['::', '::1', 'ff3e::1', 'fe80::2']) {
    const found = fault(withOption({ ...home, homeAddress: address(text) }));
    assert.deepEqual([found?.reason, found?.reply, found?.offset], ['bad-value', undefined, 48]);
    const routing = fault([
      { layer: 'routing-type-2', homeAddress: address(text) },
      { layer: 'udp' },
    ]);
    assert.deepEqual([routing?.reason, routing?.offset], ['bad-value', 48]);
  }
  const header: LayerInput = { layer: 'destination-options', options: [home] };
  const twice = fault([header, header, { layer: 'udp' }]);
  assert.deepEqual([twice?.offset, twice?.reply], [70, { kind: 'parameter-problem', code: 0 }]);
});

test('segments that are left to visit are refused: type 2 has one, other types none', () => {
  const type2 = fault([
    { layer: 'routing-type-2', segmentsLeft: 2, homeAddress: HOME },
    { layer: 'udp' },
  ]);
  assert.deepEqual([type2?.offset, type2?.reply], [43, { kind: 'parameter-problem', code: 0 }]);
  const other = (segmentsLeft: number) =>
    fault([{ layer: 'routing', routingType: 0, segmentsLeft, data: new Uint8Array(4) }]);
  assert.deepEqual([other(1)?.offset, other(1)?.reply?.kind], [42, 'parameter-problem']);
  assert.equal(other(0), undefined);
});

test('an unknown Mobility Header type is owed a Binding Error', () => {
  const found = fault([{ layer: 'mobility', mhType: 8, data: new Uint8Array(2) }]);
  assert.deepEqual(found?.reply, { kind: 'binding-error', status: 2 });
  assert.match(found.message, /8 \(Fast Binding Update\)/);
});

test('an alternate care-of address is unicast and routable', () => {
  const update = (text: string) =>
    fault([
      {
        layer: 'binding-update',
        options: [{ option: 'alternate-care-of-address', careOfAddress: address(text) }],
      },
    ]);
  assert.equal(update('2001:db8:2::1'), undefined);
  assert.deepEqual([update('fe80::1')?.reason, update('fe80::1')?.reply], ['bad-value', undefined]);
});

test('a packet inside a tunnel is not judged before it comes out', () => {
  const inner = { layer: 'ipv6', source: HOME, destination: HOST } as const;
  assert.equal(
    fault([inner, { layer: 'mobility', mhType: 99, data: new Uint8Array(2) }]),
    undefined,
  );
});
