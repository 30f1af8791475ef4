import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByHand, packet } from '../../../test/by-hand.ts';
import { address, solicitedNode, UNSPECIFIED } from '../../wire/address.ts';
import type { LayerInput } from '../../wire/packet.ts';

const HOME = address('2001:db8:1::100');
const LINK_LOCAL = address('fe80::100');
const AGENT = address('2001:db8:1::1');
const A = address('2001:db8:a::1');
const B = address('2001:db8:b::1');

function node() {
  const homeAgent = {
    link: 'eth0',
    address: AGENT,
    prefix: address('2001:db8:1::'),
    prefixLength: 64,
    mobileNodes: [{ home: HOME, authentication: { method: 'none' } as const }],
    allowUnauthenticated: false,
    maxBindings: 10,
  };
  const one = new ByHand({ name: 'ha', homeAgent });
  return one.feed({ kind: 'start' }, 0).link(0).address(AGENT, 0);
}

interface Update {
  readonly sequence?: number;
  readonly careOf?: typeof A;
  readonly acknowledge?: boolean;
  readonly compatible?: boolean;
  readonly nonces?: boolean;
  readonly mhType?: number;
}

function update(change: Update = {}): Uint8Array {
  const { sequence = 1, careOf = A, acknowledge = true, compatible = false } = change;
  const home = { layer: 'destination-options', options: [] as object[] };
  home.options.push({ option: 'home-address', homeAddress: HOME });
  const nonces = { option: 'nonce-indices', homeNonceIndex: 1, careOfNonceIndex: 1 } as const;
  return packet(careOf, AGENT, [
    ...(careOf === HOME ? [] : [home as LayerInput]),
    {
      layer: 'binding-update',
      sequence,
      acknowledge,
      homeRegistration: true,
      linkLocalAddressCompatibility: compatible,
      lifetime: 15,
      options: change.nonces === true ? [nonces] : [],
      ...(change.mhType !== undefined && { mhType: change.mhType }),
    },
  ]);
}

const asked = (target: typeof A) =>
  packet(
    UNSPECIFIED,
    solicitedNode(target),
    [{ layer: 'neighbor-solicitation', targetAddress: target }],
    255,
  );
const claimed = (target: typeof A) =>
  packet(
    LINK_LOCAL,
    address('ff02::1'),
    [{ layer: 'neighbor-advertisement', override: true, targetAddress: target }],
    255,
  );
const icmpv6 = { reason: 'icmpv6' } as const;

test('the L bit: the link-local address is tested, claimed and answered for as well', () => {
  for (const compatible of [true, false]) {
    const one = node().packet(update({ compatible }), 1);
    const targets = one.sent().map(({ layers }) => {
      const last = layers.at(-1)!;
      return last.layer === 'neighbor-solicitation' ? last.targetAddress : undefined;
    });
    assert.deepEqual(targets, compatible ? [HOME, LINK_LOCAL] : [HOME]);
    one.run(3);
    assert.equal(one.packet(asked(HOME), 4, icmpv6).names().length, 1);
    assert.equal(one.one('neighbor-advertisement').message.override, false);
    assert.equal(one.packet(asked(LINK_LOCAL), 4, icmpv6).names().length, compatible ? 1 : 0);
  }
});

test('134: somebody else has the link-local address that goes with the home address', () => {
  const one = node().packet(update({ compatible: true }), 1);
  one.packet(claimed(LINK_LOCAL), 1.5, icmpv6);
  assert.equal(one.one('binding-acknowledgement').message.status, 134);
});

test('a home link that is down tells nothing about an address: the test begins when it is up', () => {
  const acknowledged = (log: ReturnType<ReturnType<typeof node>['run']>) =>
    log.filter(({ packet: { layers } }) => layers.at(-1)!.layer === 'binding-acknowledgement');
  const early = node().link(0.5, false).packet(update(), 1);
  assert.deepEqual(early.names(), []);
  assert.deepEqual(acknowledged(early.run(1.8)), []);
  const cut = node().packet(update(), 1).link(1.5, false);
  assert.deepEqual(acknowledged(cut.run(1.8)), []);
  for (const one of [early, cut]) {
    assert.deepEqual(one.link(1.8).names(), ['neighbor-solicitation']);
    assert.equal(acknowledged(one.run(8))[0]?.time, 2.8);
  }
  const alone = node().link(0.5, false).packet(update(), 1);
  assert.equal(acknowledged(alone.run(8))[0]?.time, 2, 'a link that stays down holds nobody up');
});

test('a home agent acknowledges whether it is asked to or not', () => {
  const one = node().packet(update({ acknowledge: false }), 1);
  const answers = one
    .run(3)
    .filter(({ packet: { layers } }) => layers.at(-1)!.layer.startsWith('b'));
  assert.equal(answers.length, 1);
});

test('a home registration with nonces is not heard', () => {
  const one = node().packet(update({ nonces: true }), 1);
  assert.deepEqual(one.names(), []);
  assert.equal(one.counters['mobility.bu_unauthenticated'], 1);
});

test('the home agent itself reaches the node without a tunnel, and believes its option', () => {
  const one = node().packet(update(), 1);
  one.run(3);
  assert.deepEqual(one.entries.get('home/agent-to/2001:db8:1::100')?.do, [
    { insert: 'routing-2', careOf: A },
  ]);
  assert.ok(one.entries.has('peer/from/2001:db8:1::100/at/2001:db8:a::1'));
  one.packet(update({ sequence: 2, careOf: B }), 4);
  assert.ok(!one.entries.has('peer/from/2001:db8:1::100/at/2001:db8:a::1'));
  one.run(100);
  assert.equal([...one.entries.keys()].filter((id) => /^peer|^home\/agent/.test(id)).length, 0);
});

test('a node that is home again is told of its mistakes there, not where it was', () => {
  const one = node().packet(update(), 1);
  one.run(3);
  const from = '\x02\0\0\0\0\x55';
  one.packet(update({ sequence: 2, careOf: HOME, mhType: 200 }), 4, { from } as object);
  const { output } = one.one('binding-error');
  assert.deepEqual([output.link, output.to], ['eth0', from]);
});

/** When the home agent claimed an address, of all that it sends until then. */
const claimsUntil = (one: ByHand, time: number) =>
  one
    .run(time)
    .filter(({ packet: { layers } }) => layers.at(-1)!.layer === 'neighbor-advertisement')
    .map((sent) => sent.time);

test('a node that was heard at home, though it told nobody: its address is claimed again', () => {
  const from = (source: typeof A) =>
    packet(
      source,
      solicitedNode(AGENT),
      [{ layer: 'neighbor-solicitation', targetAddress: AGENT }],
      255,
    );
  for (const [heard, again] of [
    [from(HOME), true],
    [claimed(HOME), true],
    [from(LINK_LOCAL), false],
    [claimed(A), false],
  ] as const) {
    const one = node().packet(update(), 1);
    assert.deepEqual(claimsUntil(one, 20), [2, 3, 10]);
    assert.deepEqual(one.packet(heard, 20, icmpv6).names(), []);
    const answers = one.packet(update({ sequence: 2, careOf: B }), 21).names();
    assert.equal(answers.includes('neighbor-advertisement'), again);
    // Once more for who missed it, and never again for the same reason.
    assert.deepEqual(claimsUntil(one, 30), again ? [28] : []);
    assert.deepEqual(one.packet(update({ sequence: 3 }), 31).names(), ['binding-acknowledgement']);
  }
});

test('however often it moves and is heard, claims stay seconds apart', () => {
  const one = node().packet(update(), 1);
  one.run(20);
  let claims = 0;
  for (let sequence = 2; sequence < 52; sequence++) {
    const time = 20 + sequence / 10;
    one.packet(claimed(HOME), time, icmpv6);
    const names = one.packet(update({ sequence, careOf: sequence % 2 ? A : B }), time).names();
    claims += names.filter((name) => name === 'neighbor-advertisement').length;
  }
  assert.equal(claims, 1);
});
