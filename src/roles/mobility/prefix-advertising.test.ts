/** What a home agent tells mobile nodes of the home network's prefixes, whom, and how often. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByHand, layerOf, type PacketChange, packet } from '../../../test/by-hand.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import { seconds } from '../../core/time.ts';
import { type Address, address } from '../../wire/address.ts';

const AGENT = address('2001:db8:1::1');
const HOME = address('2001:db8:1::100');
const SECOND = address('2001:db8:1::200');
const A = address('2001:db8:a::1');
const B = address('2001:db8:b::1');
const NEW = address('2001:db8:9::');
/** Longer than any test. Units of 4 s. */
const LONG = 0xffff;

function node(without: Mechanism[] = []): ByHand {
  const homeAgent = {
    link: 'eth0',
    address: AGENT,
    prefix: address('2001:db8:1::'),
    prefixLength: 64,
    mobileNodes: [],
    allowUnauthenticated: true,
    maxBindings: 9,
  };
  const config = { name: 'ha', homeAgent, correspondentNode: { maxBindings: 9 } };
  return new ByHand(config, without).feed({ kind: 'start' }, 0).link(0).address(AGENT, 0);
}

function update(one: ByHand, time: number, home = HOME, careOf = A, sequence = 1, lifetime = LONG) {
  const layers = [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: home }] },
    { layer: 'binding-update', sequence, acknowledge: true, homeRegistration: true, lifetime },
  ] as const;
  return one.packet(packet(careOf, AGENT, layers), time);
}

/** A home agent that holds a binding of HOME at A since the second second. */
function holding(without: Mechanism[] = []): ByHand {
  const one = update(node(without), 1);
  one.run(5);
  assert.ok(one.entries.has('home/to/2001:db8:1::100'));
  return one;
}

/** A solicitation as it comes to the control side: the binding's entry has taken the option off. */
function solicit(one: ByHand, time: number, source = HOME, change: PacketChange = {}): ByHand {
  const octets = packet(source, AGENT, [{ layer: 'mobile-prefix-solicitation', identifier: 77 }]);
  return one.packet(octets, time, { reason: 'icmpv6', ...change });
}

/** The network gets NEW; the old prefix is preferred for 100 s more, so that nodes are told soon. */
function renumber(one: ByHand, time: number): ByHand {
  const change = { to: NEW, valid: seconds(200_000), preferred: seconds(100) };
  const command = { do: 'renumber', link: 'eth0', change } as const;
  return one.feed({ kind: 'command', command }, time);
}

/** When, and to whom, advertisements are sent up to `end`. */
const told = (one: ByHand, end: number): [number, Address][] =>
  one
    .run(end)
    .filter(({ packet }) => packet.layers.at(-1)!.layer === 'mobile-prefix-advertisement')
    .map(({ time, packet }) => [time, packet.destination]);

const statusOf = (one: ByHand) => one.one('binding-acknowledgement').message.status;

test('a node that asks is told all prefixes at its care-of address, by its home address', () => {
  const one = renumber(holding(), 10);
  solicit(one, 20);
  const sent = one.one('mobile-prefix-advertisement');
  assert.deepEqual([sent.source, sent.destination, sent.message.identifier], [AGENT, A, 77]);
  const routing = layerOf(sent.layers, 'routing-type-2');
  assert.deepEqual([routing.homeAddress, routing.segmentsLeft], [HOME, 1]);
  const prefixes = sent.message.options.map((option) => {
    assert.ok(option.option === 'prefix-information');
    const { prefix, routerAddress, autonomous, validLifetime, preferredLifetime } = option;
    return [prefix, routerAddress, autonomous, validLifetime, preferredLifetime];
  });
  const endless = 0xffff_ffff;
  assert.deepEqual(prefixes, [
    [AGENT, true, true, 199_990, 90],
    [address('2001:db8:9::1'), true, true, endless, endless],
  ]);
  assert.equal(one.counters['prefix.advertisement_sent'], 1);
});

test('nobody else is told: no binding, out of a tunnel, a binding of a peer', () => {
  const strangers: [Address, PacketChange][] = [
    [SECOND, {}],
    [A, {}],
    [HOME, { tunnel: { src: A, dst: AGENT } }],
  ];
  for (const [source, change] of strangers) {
    const one = solicit(holding(), 10, source, change);
    assert.deepEqual([one.names(), one.counters['prefix.solicitation_refused']], [[], 1]);
  }
  const gone = holding();
  update(gone, 6, HOME, A, 2, 0);
  solicit(gone, 7);
  assert.deepEqual([gone.names(), gone.counters['prefix.solicitation_refused']], [[], 1]);
  const off = solicit(holding(['prefix-discovery']), 10);
  assert.deepEqual([off.names(), off.counters['prefix.advertisement_sent']], [[], undefined]);
});

test('a flood of solicitations is answered 20 times at once, then 20 times a second', () => {
  const one = holding();
  for (let i = 0; i < 100; i++) solicit(one, 10);
  assert.equal(one.counters['prefix.advertisement_sent'], 20);
  assert.equal(one.counters['prefix.advertisement_suppressed'], 80);
  for (let i = 0; i < 100; i++) solicit(one, 10.1);
  assert.equal(one.counters['prefix.advertisement_sent'], 22);
});

test('when the prefixes change, each node that is away is told, and again after 3, 6 and 12 s', () => {
  const one = holding();
  update(one, 5, SECOND, B);
  one.run(8);
  renumber(one, 10);
  assert.deepEqual(one.names(), [], 'not all at once');
  // 600 s, and half of what that differs from 100 s: the dice are all 0.5 here.
  const times = [860, 863, 869, 881];
  assert.deepEqual(
    told(one, 2000),
    times.flatMap((time) => [
      [time, A],
      [time, B],
    ]),
  );
});

test('what was not asked for has the identifier 0, and says what is left by then', () => {
  const one = renumber(holding(), 10);
  one.run(860);
  const { identifier, options } = one.one('mobile-prefix-advertisement').message;
  const [old] = options;
  assert.ok(old?.option === 'prefix-information');
  assert.deepEqual([identifier, old.validLifetime, old.preferredLifetime], [0, 199_150, 0]);
});

test('a node that asks is told nothing more; status 1 makes it ask', () => {
  const one = renumber(holding(), 10);
  update(one, 11, HOME, A, 2);
  assert.equal(statusOf(one), 1, 'there is news');
  solicit(one, 12).one('mobile-prefix-advertisement');
  // The old prefix is deprecated by and by, which status 1 says for as long as it lasts.
  update(one, 13, HOME, A, 3);
  assert.equal(statusOf(one), 0, 'it knows');
  assert.deepEqual(told(one, 2000), []);
});

test('one that did not ask is told again when it has registered again', () => {
  const one = renumber(holding(), 10);
  assert.equal(told(one, 2000).length, 4);
  update(one, 2000, HOME, B, 2);
  assert.deepEqual(
    told(one, 3000).map(([time, to]) => [time - 2000, to]),
    [3, 6, 12, 24].map((time) => [time, B]),
  );
});

test('a binding that is gone is owed nothing', () => {
  const one = renumber(holding(), 10);
  update(one, 20, HOME, A, 2, 0);
  assert.deepEqual(told(one, 2000), []);
  update(one, 2000, HOME, A, 3);
  assert.deepEqual(told(one, 3000), [], 'not even when it is back');
});

test('a second change in the meantime does not put off what is owed, nor add to it', () => {
  const one = renumber(holding(), 10);
  renumber(one, 500);
  assert.deepEqual(
    told(one, 2000).map(([time]) => time),
    [860, 863, 869, 881],
  );
});
