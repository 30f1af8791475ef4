/** ESP as the roles see it: whom a home agent and a mobile node believe, and after a restart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByHand, packet, type Sent } from '../../../test/by-hand.ts';
import type { EspAssociations } from '../../core/config.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import { Protection } from '../../core/security/protection.ts';
import { checkHomeProof } from '../../core/signalling/home-authentication.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, address } from '../../wire/address.ts';
import type { LayerInput } from '../../wire/packet.ts';

const HOME = address('2001:db8:1::100');
const AGENT = address('2001:db8:1::1');
const A = address('2001:db8:a::1');
const B = address('2001:db8:b::1');
const PEER = address('2001:db8:f::c');

const pair = (spi: number): EspAssociations => {
  const one = { algorithm: 'null-hmac-sha-1', key: new Uint8Array(20).fill(spi) } as const;
  return { toAgent: { ...one, spi }, toNode: { ...one, spi: spi + 1 } };
};
const authentication = { method: 'esp', transport: pair(4096), tunnel: pair(4098) } as const;

function node(without: Mechanism[] = []): ByHand {
  const homeAgent = {
    link: 'eth0',
    address: AGENT,
    prefix: address('2001:db8:1::'),
    prefixLength: 64,
    mobileNodes: [{ home: HOME, authentication }],
    allowUnauthenticated: false,
    maxBindings: 9,
  };
  const config = { name: 'ha', homeAgent, correspondentNode: { maxBindings: 9 } };
  return new ByHand(config, without).feed({ kind: 'start' }, 0).link(0).address(AGENT, 0);
}

/** The mobile node's half, by which this test speaks as it would. */
function mobile(): Protection {
  const config = {
    home: HOME,
    homeAgent: AGENT,
    authentication,
  };
  return new Protection(
    // Its associations are all that is asked of it here.
    { name: 'mn', mobileNode: config as never },
    {
      random: () => 0.5,
      secrets: (count) => new Uint8Array(count),
      crypto,
      epoch: 0,
      without: new Set(),
      constants: {},
    },
  );
}

interface Update {
  readonly source?: Address;
  /** What the option names; false: there is none. */
  readonly alternate?: Address | false;
  readonly sequence?: number;
  readonly lifetime?: number;
}

function update({ source = A, alternate = source, sequence = 1, lifetime = 15 }: Update = {}) {
  const home: LayerInput = {
    layer: 'destination-options',
    options: [{ option: 'home-address', homeAddress: HOME }],
  };
  const message: LayerInput = {
    layer: 'binding-update',
    sequence,
    acknowledge: true,
    homeRegistration: true,
    lifetime,
    options:
      alternate === false
        ? []
        : [{ option: 'alternate-care-of-address', careOfAddress: alternate }],
  };
  return packet(source, AGENT, [home, message]);
}

const protectedBy = (from: Protection, octets: Uint8Array): Uint8Array => {
  const [output] = from.protect([{ kind: 'transmit', octets }]).slice(-1);
  assert.ok(output?.kind === 'transmit');
  return output.octets;
};
const tell = (one: ByHand, octets: Uint8Array, time: number) =>
  one.packet(octets, time, { reason: 'esp' });
const bound = (one: ByHand): Address | undefined => {
  const [action] = one.entries.get('home/to/2001:db8:1::100')?.do ?? [];
  return action !== undefined && 'dst' in action ? action.dst : undefined;
};
/** The acknowledgement as the mobile node reads it. */
function answer(by: Protection, sent: readonly Sent[]): Sent['layers'][number] {
  const [one] = sent.filter(({ layers }) => layers.at(-1)!.layer === 'esp');
  assert.ok(one !== undefined, 'an answer in ESP');
  const input = { kind: 'packet', link: 'wlan0', octets: one.octets, reason: 'esp' } as const;
  const opened = by.open(input).packet;
  assert.ok(opened !== undefined, 'the mobile node can read it');
  const reader = new ByHand({ name: 'reader' });
  reader.outputs = [{ kind: 'transmit', octets: opened.octets }];
  return reader.sent()[0]!.layers.at(-1)!;
}

test('an update in ESP binds and is answered in ESP; in the clear it is refused without an answer', () => {
  const mn = mobile();
  const one = node();
  one.packet(update(), 1);
  assert.deepEqual([one.counters['esp.unprotected'], one.outputs.length], [1, 1]);
  tell(one, protectedBy(mn, update()), 1);
  assert.equal(bound(one), A);
  const sent = one.run(2).map((each) => each.packet);
  const told = answer(mn, sent);
  assert.ok(told.layer === 'binding-acknowledgement');
  assert.deepEqual([told.status, told.sequence], [0, 1]);
});

test('the care-of address is believed from its option alone, since ESP does not cover the source', () => {
  const mn = mobile();
  const elsewhere = node();
  tell(elsewhere, protectedBy(mn, update({ source: B, alternate: A })), 1);
  assert.equal(bound(elsewhere), A);
  const none = node();
  tell(none, protectedBy(mn, update({ alternate: false })), 1);
  assert.deepEqual([bound(none), none.counters['mobility.bu_unauthenticated']], [undefined, 1]);
});

test('the association of one home address proves nothing of another', () => {
  const subject = { careOf: A, home: HOME };
  const env = { crypto, without: new Set<Mechanism>() };
  const received = (provedHome: Address | undefined) =>
    ({ message: { layer: 'binding-acknowledgement' }, provedHome }) as never;
  const results = [HOME, address('2001:db8:1::200'), undefined].map((home) =>
    checkHomeProof(authentication, env, subject, received(home)),
  );
  assert.deepEqual(results, ['proved', 'wrong', 'missing']);
});

test('a binding is taken back from away without that option', () => {
  const mn = mobile();
  const one = node();
  tell(one, protectedBy(mn, update()), 1).run(2);
  tell(one, protectedBy(mn, update({ alternate: false, sequence: 2, lifetime: 0 })), 3);
  assert.equal(bound(one), undefined);
  assert.equal(one.entries.has('esp/out/2001:db8:1::100'), false);
});

test('what is played back after a restart is old, what is new is taken', () => {
  const mn = mobile();
  const old = protectedBy(mn, update());
  const first = node();
  tell(first, old, 1).run(2);
  const second = node();
  for (const [key, value] of first.store) {
    if (key.startsWith('esp/')) second.feed({ kind: 'restored', key, value }, 3);
  }
  tell(second, old, 4);
  assert.deepEqual([bound(second), second.counters['esp.replayed']], [undefined, 1]);
  tell(second, protectedBy(mn, update({ source: B, sequence: 2 })), 5);
  assert.equal(bound(second), B);
  const answered = second.run(6).map((each) => each.packet);
  assert.equal(
    answer(mn, answered).layer,
    'binding-acknowledgement',
    'its own numbers went on too',
  );
});

test('without the journal nothing is restored', () => {
  const mn = mobile();
  const old = protectedBy(mn, update());
  const one = node(['journal']);
  one.feed({ kind: 'restored', key: 'esp/received/2001:db8:1::100/4096', value: '1' }, 0);
  tell(one, old, 1);
  assert.equal(bound(one), A);
});

test('the tunnel follows the binding: tests go on to the peer, and back to where the node is', () => {
  const mn = mobile();
  const one = node();
  tell(one, protectedBy(mn, update()), 1).run(2);
  mn.follow(HOME, A);
  const init = packet(HOME, PEER, [{ layer: 'home-test-init' }]);
  const input = { kind: 'packet', link: '', octets: init, reason: 'esp-wanted' } as const;
  const [output] = mn.tunnel(input).slice(-1);
  assert.ok(output?.kind === 'transmit');
  tell(one, output.octets, 3);
  assert.deepEqual(
    one.sent().map(({ destination, hopLimit }) => [destination, hopLimit]),
    [[PEER, 63]],
  );
  tell(one, protectedBy(mn, update({ source: B, sequence: 2 })), 4);
  const test = packet(PEER, HOME, [{ layer: 'home-test' }]);
  one.packet(test, 5, { reason: 'esp-wanted' });
  assert.deepEqual(
    one.sent().map(({ source, destination }) => [source, destination]),
    [[AGENT, B]],
  );
  const plain = { reason: 'esp-missing', tunnel: { src: B, dst: AGENT } } as const;
  one.packet(init, 6, plain);
  assert.deepEqual([one.sent(), one.counters['esp.unprotected']], [[], 1]);
  one.packet(init, 7, { reason: 'esp-missing' });
  assert.equal(one.sent().length, 1, 'from the home link it is on its way, as any packet');
});

const solicitation = (from: Address) =>
  packet(from, AGENT, [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: HOME }] },
    { layer: 'mobile-prefix-solicitation', identifier: 7 },
  ]);

test('prefix discovery goes through ESP, and what did not is neither answered nor believed', () => {
  const mn = mobile();
  const one = node();
  tell(one, protectedBy(mn, update()), 1).run(2);
  one.packet(solicitation(A), 3, { reason: 'icmpv6' });
  assert.deepEqual([one.sent(), one.counters['esp.unprotected']], [[], 1]);
  tell(one, protectedBy(mn, solicitation(A)), 4);
  const told = answer(mn, one.sent());
  assert.ok(told.layer === 'mobile-prefix-advertisement');
  assert.equal(told.identifier, 7);
});

test('ESP proves who asks, not where it is: without a binding there is a Binding Error', () => {
  const mn = mobile();
  const one = node();
  tell(one, protectedBy(mn, solicitation(A)), 1);
  const { message, destination } = one.one('binding-error');
  assert.deepEqual([message.status, message.homeAddress, destination], [1, HOME, A]);
  tell(one, protectedBy(mn, update()), 2).run(3);
  tell(one, protectedBy(mn, solicitation(B)), 4);
  assert.deepEqual([one.names(), one.sent()[0]!.destination], [['binding-error'], B]);
  assert.equal(one.counters['mobility.home_address_unverified'], 2);
});
