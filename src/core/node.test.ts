import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByHand, type PacketChange, packet } from '../../test/by-hand.ts';
import { nodeCryptography } from '../lab/crypto.ts';
import { createNode } from '../roles/create.ts';
import { type Address, ALL_NODES, address } from '../wire/address.ts';
import { type LayerInput, serialisePacket } from '../wire/packet.ts';
import { fixUpperChecksum } from '../wire/walk.ts';
import { Node } from './node.ts';
import type { NodeState } from './node-state.ts';
import { count, type Part } from './part.ts';
import type { Output } from './role.ts';
import { START } from './time.ts';

const SELF = address('2001:db8:f::c');
const A = address('2001:db8:a::1');
const HOME = address('2001:db8:1::100');

const node = () => {
  const one = new ByHand({ name: 'cn', correspondentNode: { maxBindings: 2 } });
  return one.feed({ kind: 'start' }, 0).address(SELF, 0);
};
const INIT = { layer: 'care-of-test-init', careOfInitCookie: new Uint8Array(8) } as const;
const HOTI = { layer: 'home-test-init', homeInitCookie: new Uint8Array(8) } as const;
const TOKENS = { nonceIndex: 1 };
const OPTION: LayerInput = {
  layer: 'destination-options',
  options: [{ option: 'home-address', homeAddress: HOME }],
};
const ROUTING: LayerInput = { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: HOME };

/** Counters that a packet raised, and what was answered. */
function told(octets: Uint8Array, change: PacketChange = {}): [string[], string[]] {
  const one = node().packet(octets, 1, change);
  return [Object.keys(one.counters), one.names()];
}
/** An Init with octets changed and its checksum mended. */
function changed(at: number, value: number, source: Address = A, to: Address = SELF): Uint8Array {
  const octets = packet(source, to, [INIT]);
  octets[at] = value;
  fixUpperChecksum(octets);
  return octets;
}

test('a message that is well and well placed is answered', () => {
  assert.deepEqual(told(packet(A, SELF, [INIT])), [['mobility.coti_answered'], ['care-of-test']]);
});

test('a wrong checksum is met by silence', () => {
  const octets = packet(A, SELF, [INIT]);
  octets[44]! ^= 1;
  assert.deepEqual(told(octets), [['mobility.malformed'], []]);
});

test('a packet of IPv4 is counted, and answered by nothing', () => {
  const octets = serialisePacket([{ layer: 'ipv4' }, { layer: 'udp' }]);
  for (const reason of ['mobility', 'icmpv6'] as const) {
    assert.deepEqual(told(octets, { reason }), [['mobility.malformed'], []]);
  }
  const reason = 'tunnel-unverified';
  assert.deepEqual(told(octets, { reason }), [['mobility.tunnel_unverified'], []]);
});

test('a payload protocol other than 59: Parameter Problem at that octet', () => {
  const one = node().packet(changed(40, 6), 1);
  assert.deepEqual(one.counters, { 'mobility.malformed': 1 });
  const { message, destination } = one.one('parameter-problem');
  assert.deepEqual([message.code, message.pointer, destination], [0, 40, A]);
});

test('a flood that is answered with one kind of error silences no other kind', () => {
  const one = node();
  const other: LayerInput = { layer: 'mobility', mhType: 99, data: new Uint8Array(2) };
  for (let i = 0; i < 100; i++) one.packet(packet(A, SELF, [other]), 1);
  assert.equal(one.counters['mobility.be_suppressed'], 90);
  one.packet(changed(40, 6), 1).one('parameter-problem');
});

test('a header too short for its type: Parameter Problem at the length', () => {
  const one = node().packet(changed(41, 0), 1);
  const { message } = one.one('parameter-problem');
  assert.deepEqual([message.code, message.pointer], [0, 41]);
});

test('an unknown type: Binding Error 2, with the home address of its option if it has one', () => {
  const other: LayerInput = { layer: 'mobility', mhType: 99, data: new Uint8Array(2) };
  for (const [layers, home] of [
    [[other], address('::')],
    [[OPTION, other], HOME],
  ] as const) {
    const one = node().packet(packet(A, SELF, layers), 1);
    const { message, destination } = one.one('binding-error');
    assert.deepEqual([message.status, message.homeAddress, destination], [2, home, A]);
    assert.equal(one.counters['mobility.unknown_type'], 1);
  }
});

test('a Home Address option may come with an update alone, a Type 2 Routing header with an answer alone', () => {
  const layers: LayerInput[] = [
    INIT,
    HOTI,
    { layer: 'home-test', ...TOKENS },
    { layer: 'care-of-test', ...TOKENS },
    { layer: 'binding-refresh-request' },
    { layer: 'binding-error', status: 1 },
    { layer: 'binding-acknowledgement' },
    { layer: 'binding-update' },
  ];
  for (const layer of layers) {
    const misplaced = [['mobility.misplaced_header'], []];
    const [option] = told(packet(A, SELF, [OPTION, layer]));
    const [routing] = told(packet(A, SELF, [ROUTING, layer]));
    const name = layer.layer;
    assert.equal(option.includes('mobility.misplaced_header'), name !== 'binding-update', name);
    const allowed = name === 'binding-acknowledgement';
    assert.equal(routing.includes('mobility.misplaced_header'), !allowed, name);
    if (name !== 'binding-update') {
      assert.deepEqual(told(packet(A, SELF, [OPTION, layer])), misplaced, name);
    }
  }
});

test('a Home Address option without a binding: Binding Error 1 to the care-of address', () => {
  const one = node();
  one.packet(packet(A, SELF, [OPTION, { layer: 'udp' }]), 1, { reason: 'home-address-unverified' });
  const { message, source, destination } = one.one('binding-error');
  assert.deepEqual([message.status, message.homeAddress], [1, HOME]);
  assert.deepEqual([source, destination], [SELF, A]);
});

test('a Type 2 Routing header that is not ours, and a stranger in a tunnel, are counted', () => {
  const udp = { layer: 'udp' } as const;
  assert.deepEqual(told(packet(A, SELF, [ROUTING, udp]), { reason: 'routing-2-unknown' }), [
    ['mobility.misplaced_header'],
    [],
  ]);
  const inside = packet(A, SELF, [{ layer: 'ipv6', source: HOME, destination: SELF }, udp]);
  assert.deepEqual(told(inside, { reason: 'tunnel-unverified' }), [
    ['mobility.tunnel_unverified'],
    [],
  ]);
});

test('no error goes to or from multicast, to nobody, or about an error', () => {
  const other: LayerInput = { layer: 'mobility', mhType: 99, data: new Uint8Array(2) };
  for (const [source, to] of [
    [ALL_NODES, SELF],
    [address('::'), SELF],
    [A, ALL_NODES],
  ] as const) {
    assert.deepEqual(told(changed(40, 6, source, to))[1], [], 'Parameter Problem');
    assert.deepEqual(told(packet(source, to, [other]))[1], [], 'Binding Error 2');
    const data = packet(source, to, [OPTION, { layer: 'udp' }]);
    assert.deepEqual(told(data, { reason: 'home-address-unverified' })[1], [], 'Binding Error 1');
  }
  const problem: LayerInput = { layer: 'parameter-problem', code: 0, pointer: 0 };
  const twice = packet(A, SELF, [OPTION, OPTION, problem]);
  assert.deepEqual(told(twice)[1], []);
});

test('what a node without a correspondent part swallows is counted', () => {
  const agent = {
    address: SELF,
    link: 'eth0',
    prefix: address('2001:db8:f::'),
    prefixLength: 64,
    mobileNodes: [],
    allowUnauthenticated: false,
    maxBindings: 1,
  };
  const one = new ByHand({ name: 'ha', homeAgent: agent });
  one.feed({ kind: 'start' }, 0).address(SELF, 0);
  const update = { layer: 'binding-update', sequence: 1, lifetime: 10 } as const;
  for (const layers of [[INIT], [HOTI], [OPTION, update]]) one.packet(packet(A, SELF, layers), 1);
  assert.deepEqual(one.counters, { 'mobility.not_taken': 3 });
});

test('errors are a trickle: ten at once, then ten a second', () => {
  const one = node();
  const bad = changed(40, 6);
  let answers = 0;
  for (let i = 0; i < 1000; i++) answers += one.packet(bad, 100 + i / 1000).names().length;
  assert.equal(answers, 19);
});

test('malformed Neighbor Discovery is counted, and answered by nothing', () => {
  const octets = packet(A, SELF, [{ layer: 'neighbor-advertisement', targetAddress: HOME }], 254);
  assert.deepEqual(told(octets, { reason: 'icmpv6' }), [['nd.malformed'], []]);
  octets[42]! ^= 1;
  assert.deepEqual(told(octets, { reason: 'icmpv6' }), [['nd.malformed'], []]);
});

test('cut anywhere, with any octet changed, nothing throws', () => {
  const messages: LayerInput[][] = [[INIT], [OPTION, { layer: 'binding-update' }], [ROUTING, HOTI]];
  for (const layers of messages) {
    const octets = packet(A, SELF, layers);
    const one = node();
    for (const reason of [
      'mobility',
      'icmpv6',
      'tunnel-unverified',
      'home-address-unverified',
    ] as const) {
      for (let end = 0; end <= octets.length; end++)
        one.packet(octets.slice(0, end), 1, { reason });
      for (let at = 0; at < octets.length; at++) {
        const wrong = octets.slice();
        wrong[at]! ^= 0xff;
        one.packet(wrong, 1, { reason });
      }
    }
  }
});

test('a part may have something to do for each of very many bindings at once', () => {
  const many = new Array<Output>(500_000).fill(count('mobility.bu_received'));
  const part: Part = { handle: () => many, deadline: () => undefined };
  const env = { random: () => 0, secrets: () => new Uint8Array(2), crypto: nodeCryptography };
  let state: NodeState | undefined;
  const all = { ...env, epoch: 0, without: new Set<never>(), constants: {} };
  createNode({ name: 'cn' }, all, (made) => {
    state = made;
  });
  const one = new Node([part], state!);
  assert.equal(one.handle({ kind: 'tick' }, START).length, many.length);
});
