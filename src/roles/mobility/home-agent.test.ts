import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, ByHand, EPOCH, packet } from '../../../test/by-hand.ts';
import type { Authentication } from '../../core/config.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import { ntpTimestamp } from '../../core/security/authentication-option.ts';
import { homeProof } from '../../core/signalling/home-authentication.ts';
import { seconds } from '../../core/time.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import {
  type Address,
  ALL_NODES,
  address,
  solicitedNode,
  UNSPECIFIED,
} from '../../wire/address.ts';
import type { LayerInput } from '../../wire/packet.ts';
import { restoreBinding } from './binding-journal.ts';

const HOME = address('2001:db8:1::100');
const SECOND = address('2001:db8:1::200');
const AGENT = address('2001:db8:1::1');
const A = address('2001:db8:a::1');
const B = address('2001:db8:b::1');
const auth: Authentication = { method: 'rfc4285', spi: 256, key: new Uint8Array(16).fill(7) };
const NONE: Authentication = { method: 'none' };

function node(
  change: { max?: number; open?: boolean; epoch?: number; without?: Mechanism[] } = {},
) {
  const homeAgent = {
    link: 'eth0',
    address: AGENT,
    prefix: address('2001:db8:1::'),
    prefixLength: 64,
    mobileNodes: [HOME, SECOND].map((home) => ({ home, authentication: auth })),
    allowUnauthenticated: change.open ?? false,
    maxBindings: change.max ?? 10,
  };
  const cn = { correspondentNode: { maxBindings: 1 } };
  const one = new ByHand({ name: 'ha', homeAgent, ...cn }, change.without, change.epoch);
  return one.feed({ kind: 'start' }, 0).link(0).address(AGENT, 0);
}

interface Update {
  readonly sequence?: number;
  readonly careOf?: Address;
  readonly home?: Address;
  readonly lifetime?: number;
  readonly authentication?: Authentication;
  /** When it was made, in seconds; else when it is sent. */
  readonly made?: number;
  /** Source, where it is not the care-of address; then that stands in its option. */
  readonly source?: Address;
  readonly replayProtection?: false;
}

function update(time: number, change: Update = {}): Uint8Array {
  const { sequence = 1, careOf = A, home = HOME, lifetime = 15, authentication = auth } = change;
  const source = change.source ?? careOf;
  const subject = { careOf, home };
  const proof = homeProof(
    authentication,
    crypto,
    subject,
    ntpTimestamp(EPOCH, at(change.made ?? time)),
  );
  const options = proof.options.filter(
    ({ option }) => change.replayProtection !== false || option !== 'replay-protection',
  );
  const layers: LayerInput[] = [];
  if (source !== home) {
    const option = { option: 'home-address', homeAddress: home } as const;
    layers.push({ layer: 'destination-options', options: [option] });
  }
  const alternate = { option: 'alternate-care-of-address', careOfAddress: careOf } as const;
  layers.push({
    layer: 'binding-update',
    sequence,
    acknowledge: true,
    homeRegistration: true,
    lifetime,
    options: [...(source === careOf ? [] : [alternate]), ...options],
  });
  const octets = packet(source, AGENT, layers);
  proof.sign(octets);
  return octets;
}

const status = (one: ByHand) => one.one('binding-acknowledgement').message.status;
const bound = (one: ByHand) => {
  const [action] = one.entries.get('home/to/2001:db8:1::100')?.do ?? [];
  return action !== undefined && 'dst' in action ? action.dst : undefined;
};

/** A home agent that holds a binding of HOME at A, number 1. */
function holding(change: Parameters<typeof node>[0] = {}): ByHand {
  const one = node(change);
  one.packet(update(1), 1);
  one.run(2);
  assert.equal(bound(one), A);
  return one;
}

test('a new home address is probed for a second; then it is bound, claimed and answered', () => {
  const one = node();
  one.packet(update(1), 1);
  const probe = one.one('neighbor-solicitation');
  assert.deepEqual([probe.source, probe.message.targetAddress], [UNSPECIFIED, HOME]);
  assert.equal(bound(one), A, 'packets flow already; nothing is claimed or acknowledged');
  assert.equal(one.entries.get('home/to/2001:db8:1::100')?.expiresAt, at(61));
  const done = one.run(2);
  assert.deepEqual(
    done.map(({ time, packet }) => [time, packet.layers.at(-1)!.layer]),
    [
      [2, 'neighbor-advertisement'],
      [2, 'binding-acknowledgement'],
    ],
  );
  assert.deepEqual([status(one), one.one('binding-acknowledgement').destination], [0, A]);
  assert.equal(one.entries.get('home/to/2001:db8:1::100')?.expiresAt, at(62));
  assert.deepEqual(
    one.run(60).map(({ time }) => time),
    [3, 10],
    'claimed three times in all',
  );
});

test('both placements of the home address, and of the care-of address, are taken', () => {
  for (const source of [HOME, B, A]) {
    const one = node();
    one.packet(update(1, { source }), 1);
    one.run(2);
    assert.equal(bound(one), A);
    assert.equal(one.one('binding-acknowledgement').destination, source);
  }
});

test('an update repeated in the middle of DAD is answered once, for the newest', () => {
  const one = node();
  one.packet(update(1, { sequence: 1 }), 1);
  assert.deepEqual(one.packet(update(1.5, { sequence: 2, careOf: B }), 1.5).names(), []);
  one.run(2);
  const { message, destination } = one.one('binding-acknowledgement');
  assert.deepEqual([message.sequence, destination, bound(one)], [2, B, B]);
  assert.deepEqual(one.packet(update(2.5, { sequence: 3 }), 2.5).names(), [
    'binding-acknowledgement',
  ]);
});

test('taken back in the middle of DAD: the probe ends and nothing is bound', () => {
  const one = node();
  one.packet(update(1, { sequence: 1 }), 1);
  one.packet(update(1.5, { sequence: 2, careOf: HOME, source: HOME, lifetime: 0 }), 1.5);
  assert.equal(status(one), 0);
  assert.deepEqual(one.run(100), []);
  assert.equal(bound(one), undefined);
});

const claim = (hopLimit = 255) =>
  packet(
    address('fe80::9'),
    ALL_NODES,
    [{ layer: 'neighbor-advertisement', targetAddress: HOME, override: true }],
    hopLimit,
  );

test('134: somebody on the home link has the address; nobody can claim it from afar', () => {
  const one = node();
  const icmp = { reason: 'icmpv6' } as const;
  one.packet(update(1), 1);
  one.packet(claim(254), 1.2, icmp);
  one.packet(claim(), 1.2, { ...icmp, link: 'eth1' });
  assert.deepEqual([one.names(), one.counters['nd.malformed']], [[], 1]);
  one.packet(claim(), 1.3, icmp);
  assert.equal(status(one), 134);
  assert.deepEqual([bound(one), one.role.deadline()], [undefined, undefined]);
  one.packet(update(2, { sequence: 2 }), 2);
  assert.deepEqual(one.names(), ['neighbor-solicitation'], 'the next one is tested anew');
});

test('130, 132, 133, 135, 139, 145, 146, 174: each refusal has its status', () => {
  const refused = (one: ByHand, time: number, change: Update) => {
    one.packet(update(time, change), time);
    return status(one);
  };
  assert.equal(refused(node({ max: 0 }), 1, {}), 130);
  assert.equal(refused(node(), 1, { home: address('2001:db8:9::1') }), 132);
  assert.equal(refused(node(), 1, { home: address('2001:db8:1::9') }), 133);
  assert.equal(refused(node(), 1, { careOf: HOME, source: HOME, lifetime: 0 }), 133);
  assert.equal(refused(holding(), 3, { sequence: 1 }), 135);
  assert.equal(refused(holding(), 3, { sequence: 0xffff }), 135);
  assert.equal(refused(node(), 1, { replayProtection: false }), 145);
  const wrong = { ...auth, key: new Uint8Array(16) } as Authentication;
  assert.equal(refused(node(), 1, { authentication: wrong }), 146);
  assert.equal(refused(node(), 1, { authentication: { ...wrong, spi: 9 } as Authentication }), 146);
  assert.equal(refused(node(), 1, { authentication: NONE }), 146);
  assert.equal(refused(node(), 1, { careOf: AGENT, source: A }), 174);
  assert.equal(refused(node(), 1, { careOf: address('2001:db8:1::9') }), 174);
  assert.equal(refused(holding(), 3, { sequence: 2, careOf: address('2001:db8:1::9') }), 174);
});

test('an update that is older than the one that took the binding back does not bring it again', () => {
  const one = holding();
  const back = { careOf: HOME, source: HOME, lifetime: 0 };
  one.packet(update(3, { sequence: 9, ...back }), 3);
  assert.deepEqual([status(one), bound(one)], [0, undefined]);
  one.packet(update(4, { sequence: 8 }), 4);
  const { message } = one.one('binding-acknowledgement');
  assert.deepEqual([message.status, message.sequence, bound(one)], [135, 9, undefined]);
  one.packet(update(5, { sequence: 8, ...back }), 5);
  assert.equal(status(one), 133, 'nothing is left to be taken back');
  one.packet(update(6, { sequence: 10 }), 6);
  one.run(8);
  assert.equal(bound(one), A);
});

test('after seven minutes its number is forgotten', () => {
  const one = holding();
  one.packet(update(3, { sequence: 9, careOf: HOME, source: HOME, lifetime: 0 }), 3);
  one.packet(update(424, { sequence: 8 }), 424);
  one.run(426);
  assert.equal(bound(one), A);
});

test('an update for an address that is no unicast one gets no answer', () => {
  const one = node();
  one.packet(update(1, { careOf: address('fe80::9') }), 1);
  assert.deepEqual(one.names(), []);
  assert.equal(one.counters['mobility.bu_unauthenticated'], 1);
});

test('135 carries the last number', () => {
  const one = holding();
  one.packet(update(3, { sequence: 0x9000 }), 3);
  const { status, sequence } = one.one('binding-acknowledgement').message;
  assert.deepEqual([status, sequence], [135, 1]);
});

test('144: the same update again, an older one, and a clock more than 7 s off', () => {
  const one = holding();
  one.packet(update(3, { sequence: 2, made: 1 }), 3);
  assert.equal(status(one), 144, 'the time stamp of the first');
  one.packet(update(3, { sequence: 2, made: 0.5 }), 3);
  assert.equal(status(one), 144);
  one.packet(update(20, { sequence: 2, made: 12.9 }), 20);
  assert.equal(status(one), 144);
  one.packet(update(20, { sequence: 2, made: 27.1 }), 20);
  assert.equal(status(one), 144);
  assert.equal(one.counters['mobility.bu_replayed'], 4);
  one.packet(update(20, { sequence: 2, made: 13 }), 20);
  assert.equal(status(one), 0);
});

test('a replay is refused after a restart too, when the journal was kept', () => {
  const one = holding();
  const journal = [...one.store];
  const later = node({ epoch: EPOCH + seconds(3) });
  for (const [key, value] of journal) later.feed({ kind: 'restored', key, value }, 0);
  assert.equal(bound(later), A);
  assert.equal(later.entries.get('home/to/2001:db8:1::100')?.expiresAt, at(59));
  later.packet(update(1), 0);
  assert.equal(status(later), 144);
  const forgetful = node({ epoch: EPOCH + seconds(3), without: ['journal'] });
  for (const [key, value] of journal) forgetful.feed({ kind: 'restored', key, value }, 0);
  assert.equal(bound(forgetful), undefined);
});

/** Is there more than the tunnel, which there is before Duplicate Address Detection is over? */
const inForce = (one: ByHand) => one.entries.has('home/agent-to/2001:db8:1::100');

/** A home agent that finds a binding of HOME at A in its journal; one second later it may claim. */
function restored(without: Mechanism[] = []): ByHand {
  const journal = [...holding().store];
  const later = node({ epoch: EPOCH + seconds(3), without });
  for (const [key, value] of journal) {
    later.store.set(key, value);
    later.feed({ kind: 'restored', key, value }, 0);
  }
  return later;
}

test('a binding of an earlier life carries at once, and is claimed when nobody else has the address', () => {
  const one = restored();
  assert.deepEqual([bound(one), inForce(one)], [A, false]);
  assert.deepEqual(
    one.run(12).map(({ time, packet }) => [time, packet.layers.at(-1)!.layer]),
    [1, 2, 9].map((time) => [time, 'neighbor-advertisement']),
  );
  assert.deepEqual([bound(one), inForce(one)], [A, true]);
});

test('a home agent whose node went to another while it was down leaves the node to that', () => {
  const key = 'home-binding/2001:db8:1::100';
  const claim = { layer: 'neighbor-advertisement', targetAddress: HOME } as const;
  const claimed = packet(address('2001:db8:1::2'), ALL_NODES, [claim], 255);
  const one = restored().packet(claimed, 0.5, { reason: 'icmpv6' });
  assert.deepEqual(one.names(), []);
  assert.deepEqual(one.events(), ['binding.deleted']);
  assert.equal(one.counters['mobility.home_duplicate'], 1);
  assert.deepEqual([bound(one), one.store.has(key), one.run(100)], [undefined, false, []]);
  const hasty = restored(['home-dad']).packet(claimed, 0.5, { reason: 'icmpv6' });
  assert.deepEqual([bound(hasty), hasty.store.has(key)], [A, true]);
});

test('a node that asks while its binding is taken up again is answered as any new one', () => {
  const one = restored();
  one.packet(update(3.4, { sequence: 2, careOf: B }), 0.4);
  assert.deepEqual([bound(one), one.names()], [B, []]);
  one.run(1);
  assert.deepEqual([bound(one), status(one), inForce(one)], [B, 0, true]);
  const home = restored();
  home.packet(update(3.4, { sequence: 2, careOf: HOME, source: HOME, lifetime: 0 }), 0.4);
  assert.deepEqual([bound(home), status(home), inForce(home)], [undefined, 0, false]);
  assert.equal(home.store.has('home-binding/2001:db8:1::100'), false);
});

test('a binding that ran out while the node was down is in the journal no more', () => {
  const journal = [...holding().store];
  const later = node({ epoch: EPOCH + seconds(300) });
  for (const [key, value] of journal) {
    later.store.set(key, value);
    later.feed({ kind: 'restored', key, value }, 0);
  }
  assert.equal(bound(later), undefined);
  const kept = ['restart-counter', 'home-timestamp/2001:db8:1::100'];
  assert.deepEqual([...later.store.keys()], kept);
});

test('a damaged journal is no binding, and nothing throws', () => {
  const key = 'home-binding/2001:db8:1::100';
  const good = JSON.parse(holding().store.get(key)!);
  for (const value of [
    '',
    'null',
    '7',
    '"x"',
    '[]',
    '{}',
    '{"careof":1}',
    JSON.stringify(good).slice(0, -1),
  ]) {
    assert.equal(restoreBinding('home', key, value, EPOCH, at(3)), undefined, value);
  }
  for (const field of Object.keys(good)) {
    assert.equal(
      restoreBinding('home', key, JSON.stringify({ ...good, [field]: {} }), EPOCH, at(3)),
      undefined,
    );
  }
  assert.equal(
    restoreBinding('home', 'home-binding/x', JSON.stringify(good), EPOCH, at(3)),
    undefined,
  );
  assert.ok(restoreBinding('home', key, JSON.stringify(good), EPOCH, at(3)));
});

test('taken back, it stands in for nobody', () => {
  const one = holding();
  one.packet(update(5, { sequence: 2, careOf: HOME, source: HOME, lifetime: 0 }), 5);
  assert.equal(status(one), 0);
  const { destination, layers } = one.one('binding-acknowledgement');
  assert.deepEqual([destination, layers.length], [HOME, 2], 'no routing header');
  assert.deepEqual([bound(one), one.run(1000)], [undefined, []]);
  const probe = packet(
    UNSPECIFIED,
    solicitedNode(HOME),
    [{ layer: 'neighbor-solicitation', targetAddress: HOME }],
    255,
  );
  assert.deepEqual(one.packet(probe, 6, { reason: 'icmpv6' }).names(), []);
});

test('while it stands in, it answers who asks and who would take the address', () => {
  const one = holding();
  one.run(10);
  const ask = (source: Address, hopLimit = 255) => {
    const message = { layer: 'neighbor-solicitation', targetAddress: HOME } as const;
    const octets = packet(source, solicitedNode(HOME), [message], hopLimit);
    return one.packet(octets, 11, { reason: 'icmpv6' });
  };
  const host = address('fe80::9');
  const solicited = ask(host).one('neighbor-advertisement');
  assert.deepEqual([solicited.destination, solicited.message.solicited], [host, true]);
  const defended = ask(UNSPECIFIED).one('neighbor-advertisement');
  assert.deepEqual([defended.destination, defended.message.solicited], [ALL_NODES, false]);
  assert.deepEqual(ask(host, 254).names(), []);
});

test('an expired binding is gone', () => {
  const one = holding();
  one.run(62);
  assert.equal(bound(one), undefined);
  assert.ok(!one.store.has('home-binding/2001:db8:1::100'));
});

test('forged updates make no flood of answers', () => {
  const one = node();
  let answers = 0;
  for (let i = 0; i < 100; i++) {
    one.packet(update(1, { authentication: NONE }), 1);
    answers += one.names().length;
  }
  assert.equal(answers, 10);
  assert.equal(one.counters['mobility.bu_unauthenticated'], 100);
});

test('a registered node whose binding is gone is told so when it uses the tunnel', () => {
  const one = node();
  const inside = [{ layer: 'ipv6', source: HOME, destination: B }, { layer: 'udp' }] as const;
  const octets = packet(A, AGENT, inside);
  const { message, destination } = one
    .packet(octets, 1, { reason: 'tunnel-unverified' })
    .one('binding-error');
  assert.deepEqual([message.status, message.homeAddress, destination], [1, HOME, A]);
  assert.equal(one.counters['mobility.tunnel_unverified'], 1);
});

test('a tunnel from elsewhere than where the node is registered gets no answer', () => {
  const inside = [{ layer: 'ipv6', source: HOME, destination: B }, { layer: 'udp' }] as const;
  const one = holding().packet(packet(B, AGENT, inside), 3, { reason: 'tunnel-unverified' });
  assert.deepEqual(one.names(), []);
  assert.equal(one.counters['mobility.tunnel_unverified'], 1);
});

test('unproved registrations are taken of whoever is in the prefix, where that is allowed', () => {
  const one = node({ open: true });
  const stranger = address('2001:db8:1::9');
  one.packet(update(1, { home: stranger, authentication: NONE }), 1);
  one.run(2);
  assert.equal(status(one), 0);
  one.packet(update(3, { authentication: NONE }), 3);
  assert.equal(status(one), 146, 'a node that has a key must use it');
});

const serve = (one: ByHand, time: number, authentication?: Authentication) =>
  one.feed(
    {
      kind: 'command',
      command: { do: 'serve', home: HOME, ...(authentication && { authentication }) },
    },
    time,
  );

test('whom the operator serves no more is bound no more, and refused with 133', () => {
  const one = holding();
  serve(one, 3);
  assert.deepEqual([bound(one), one.store.has('home-binding/2001:db8:1::100')], [undefined, false]);
  one.packet(update(4, { sequence: 2 }), 4);
  assert.deepEqual([status(one), bound(one)], [133, undefined]);
  // Served anew, it must not be moved by what was sent while it was ours before.
  serve(one, 5, auth);
  one.packet(update(4, { sequence: 3 }), 5.1);
  assert.equal(bound(one), undefined);
  one.packet(update(6, { sequence: 4 }), 6);
  assert.equal(bound(one), A);
});

test('another key for a mobile node leaves its binding, and the old key proves nothing', () => {
  const one = holding();
  const other: Authentication = { method: 'rfc4285', spi: 256, key: new Uint8Array(16).fill(8) };
  serve(one, 3, other);
  assert.equal(bound(one), A);
  one.packet(update(4, { sequence: 2, careOf: B }), 4);
  assert.equal(bound(one), A);
  one.packet(update(5, { sequence: 3, careOf: B, authentication: other }), 5);
  assert.equal(bound(one), B);
});
