/** What a mobile node believes of its home network's prefixes, and how it asks for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByHand, layerOf, type PacketChange, packet, type Sent } from '../../../test/by-hand.ts';
import type { Output } from '../../core/role.ts';
import { seconds } from '../../core/time.ts';
import { type Address, ALL_NODES, address } from '../../wire/address.ts';
import type { LayerInput, NdOptionInput } from '../../wire/packet.ts';

const HOME = address('2001:db8:1::100');
const AGENT = address('2001:db8:1::1');
const CARE_OF = address('2001:db8:a::ff:fe00:7');
const FORMED = address('2001:db8:9::100');
const SOLICITATION = 'mobile-prefix-solicitation';

function node(): ByHand {
  const mobileNode = {
    home: HOME,
    homePrefixLength: 64,
    homeAgent: AGENT,
    authentication: { method: 'none' },
    links: ['eth0'],
    lifetime: seconds(100_000),
    dad: 'off',
    routeOptimisation: false,
    maxPeers: 2,
  } as const;
  const one = new ByHand({ name: 'mn', mobileNode }).feed({ kind: 'start' }, 0);
  return one.link(0).address(address('fe80::ff:fe00:7'), 0);
}

interface Prefix {
  readonly length?: number;
  readonly autonomous?: boolean;
  readonly valid?: number;
  readonly preferred?: number;
}
function prefix(text: string, change: Prefix = {}): NdOptionInput {
  const { length = 64, autonomous = true, valid = 200_000, preferred = valid } = change;
  return {
    option: 'prefix-information',
    prefixLength: length,
    onLink: true,
    autonomous,
    routerAddress: !text.endsWith('::'),
    validLifetime: valid,
    preferredLifetime: preferred,
    prefix: address(text),
  };
}

/** Comes to a network, by a link that went down and up. */
function arrive(one: ByHand, ...prefixes: NdOptionInput[]): (time: number) => ByHand {
  const message = { layer: 'router-advertisement', routerLifetime: 9000 } as const;
  const layers: LayerInput[] = [{ ...message, options: prefixes }];
  const octets = packet(address('fe80::1'), ALL_NODES, layers, 255);
  return (time) => one.link(time, false).link(time).packet(octets, time, { reason: 'icmpv6' });
}

/** The home agent answers the update that was sent last. */
function acknowledge(one: ByHand, time: number, status = 0, home = HOME, agent = AGENT): ByHand {
  const sent = one.sent().find(({ layers }) => homeOf(layers) === home)!;
  const { sequence, lifetime } = layerOf(sent.layers, 'binding-update');
  const layers = [
    { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: home },
    { layer: 'binding-acknowledgement', status, sequence, lifetime },
  ] as const;
  return one.packet(packet(agent, CARE_OF, layers), time);
}

/** The address in the Home Address option. */
function homeOf(layers: Sent['layers']): Address | undefined {
  const header = layers.find((one) => one.layer === 'destination-options');
  const options = header?.layer === 'destination-options' ? header.options : [];
  const option = options.find((one) => one.option === 'home-address');
  return option?.option === 'home-address' ? option.homeAddress : undefined;
}

/** Registered in the network `a` at 1 s; status 1 is what makes it ask. */
function away(status = 0): ByHand {
  const one = node();
  arrive(one, prefix('2001:db8:a::'))(1);
  return acknowledge(one, 1, status);
}

interface Told extends PacketChange {
  readonly identifier?: number;
  readonly source?: Address;
  readonly to?: Address;
  /** undefined: there is no Type 2 Routing header. */
  readonly routing?: Address | undefined;
}
/** The home agent's answer, or what somebody would have taken for it. */
function tell(one: ByHand, time: number, options: readonly NdOptionInput[], told: Told): ByHand {
  const { identifier = 0, source = AGENT, to = CARE_OF, tunnel } = told;
  const home = 'routing' in told ? told.routing : HOME;
  const layers: LayerInput[] = [
    { layer: 'mobile-prefix-advertisement', identifier, options: [...options] },
  ];
  if (home) layers.unshift({ layer: 'routing-type-2', segmentsLeft: 1, homeAddress: home });
  const change = tunnel === undefined ? {} : { tunnel };
  return one.packet(packet(source, to, layers), time, { reason: 'icmpv6', ...change });
}

const asked = (one: ByHand): number => one.one(SOLICITATION).message.identifier;
const formed = (outputs: readonly Output[]) =>
  outputs.flatMap((output) =>
    output.kind === 'event' && output.event.kind === 'home.formed' ? [output.event.home] : [],
  );
const solicitations = (one: ByHand, end: number) =>
  one
    .run(end)
    .filter(({ packet }) => packet.layers.at(-1)!.layer === SOLICITATION)
    .map(({ time }) => time);

test('status 1 makes it ask, by its home address, and again ever more slowly', () => {
  const one = away(1);
  const sent = one.one(SOLICITATION);
  assert.deepEqual([sent.source, sent.destination], [CARE_OF, AGENT]);
  assert.equal(homeOf(sent.layers), HOME);
  assert.deepEqual(
    solicitations(one, 400),
    [4, 10, 22, 46, 94, 190, 382],
    '3 s, doubled each time, under one identifier',
  );
  assert.equal(asked(one), sent.message.identifier);
  assert.equal(one.counters['prefix.solicitation_sent'], 8);
});

test('status 0 gives it no reason to ask', () => {
  const one = away();
  assert.deepEqual([one.names(), solicitations(one, 1000)], [[], []]);
});

test('the answer ends the asking, and a new prefix makes a new home address', () => {
  const one = away(1);
  const identifier = asked(one);
  const prefixes = [prefix('2001:db8:1::1'), prefix('2001:db8:9::1')];
  tell(one, 2, prefixes, { identifier });
  assert.deepEqual(formed(one.outputs), [FORMED]);
  const update = one.one('binding-update');
  assert.deepEqual([update.destination, homeOf(update.layers)], [address('2001:db8:9::1'), FORMED]);
  acknowledge(one, 2, 0, FORMED, address('2001:db8:9::1'));
  assert.equal(one.counters['prefix.advertisement_received'], 1);
  assert.equal(one.counters['prefix.advertisement_refused'], undefined);
  assert.deepEqual(solicitations(one, 1000), []);
});

test('nothing else is an answer', () => {
  const refused: Told[] = [
    { source: address('2001:db8:1::2') },
    { source: address('2001:db8:66::6') },
    { routing: address('2001:db8:1::200') },
    { routing: undefined },
    { routing: undefined, to: HOME, tunnel: { src: AGENT, dst: CARE_OF } },
    { identifier: 0 },
  ];
  for (const told of refused) {
    const one = away(1);
    const identifier = asked(one);
    tell(one, 2, [prefix('2001:db8:9::1')], { identifier, ...told });
    assert.deepEqual(
      [formed(one.outputs), one.counters['prefix.advertisement_refused'], one.names()],
      [[], 1, []],
      JSON.stringify(Object.keys(told)),
    );
    assert.equal(one.counters['prefix.advertisement_received'], undefined);
    assert.deepEqual(solicitations(one, 4), [4], 'it goes on asking');
  }
});

test('an answer counts once', () => {
  const one = away(1);
  const identifier = asked(one);
  tell(one, 2, [prefix('2001:db8:1::1')], { identifier });
  tell(one, 3, [prefix('2001:db8:9::1')], { identifier });
  assert.deepEqual(formed(one.outputs), []);
  assert.notEqual(asked(one), identifier, 'it asks anew instead');
});

test('what was not asked for only makes it ask, once a second at most', () => {
  const one = away();
  tell(one, 10, [prefix('2001:db8:9::1')], {});
  assert.deepEqual(formed(one.outputs), []);
  tell(one, 10.2, [], { identifier: asked(one) });
  tell(one, 10.5, [prefix('2001:db8:9::1')], {});
  assert.deepEqual(one.names(), []);
  tell(one, 11.1, [prefix('2001:db8:9::1')], {});
  asked(one);
  tell(one, 12.5, [prefix('2001:db8:9::1')], {});
  assert.deepEqual(one.names(), [], 'while it waits for an answer it does not begin again');
  assert.equal(one.counters['prefix.advertisement_refused'], 4);
});

test('the prefix is asked about when it is deprecated, and given up when it is over', () => {
  const one = away(1);
  tell(one, 2, [prefix('2001:db8:1::1', { valid: 100, preferred: 50 })], {
    identifier: asked(one),
  });
  assert.equal(
    layerOf(one.sent()[0]!.layers, 'binding-update').lifetime,
    25,
    'no longer than that',
  );
  acknowledge(one, 2);
  const log = one.run(51.9).map(({ packet }) => packet.layers.at(-1)!.layer);
  assert.ok(!log.includes(SOLICITATION));
  assert.deepEqual(solicitations(one, 52), [52]);
  const again = one.outputs.find((output) => output.kind === 'address');
  assert.ok(again?.kind === 'address' && again.deprecated && again.address === HOME);
  one.run(101.9);
  assert.ok(!one.events().includes('home.ended'));
  one.run(102);
  assert.ok(one.events().includes('home.ended'));
  assert.ok(one.outputs.some((each) => each.kind === 'address' && each.action === 'remove'));
});

test('what the home agent says may shorten a valid lifetime to less than two hours', () => {
  const one = away(1);
  tell(one, 2, [prefix('2001:db8:1::1')], { identifier: asked(one) });
  tell(one, 3, [], {});
  tell(one, 3, [prefix('2001:db8:1::1', { valid: 3000 })], { identifier: asked(one) });
  one.run(3000);
  assert.ok(!one.events().includes('home.ended'));
  one.run(3003);
  assert.ok(one.events().includes('home.ended'));
});

test('four home addresses at once; what no address can be made of is passed over', () => {
  const one = away(1);
  const more = ['b1', 'b2', 'b3', 'b4', 'b5'].map((part) => prefix(`2001:db8:${part}::1`));
  const useless = [
    prefix('2001:db8:c1::1', { autonomous: false }),
    prefix('2001:db8:c2::1', { length: 48 }),
    prefix('2001:db8:c3::1', { valid: 0 }),
    prefix('fe80::1'),
    prefix('ff0e::1'),
  ];
  tell(one, 2, [...useless, ...more], { identifier: asked(one) });
  const homes = ['b1', 'b2', 'b3'].map((part) => address(`2001:db8:${part}::100`));
  assert.deepEqual(formed(one.outputs), homes);
  assert.equal(one.counters['prefix.list_full'], 2);
});

test('at home it asks no more', () => {
  const one = away(1);
  arrive(one, prefix('2001:db8:1::'))(3);
  assert.deepEqual(solicitations(one, 100), []);
  arrive(one, prefix('2001:db8:a::'))(101);
  acknowledge(one, 101);
  assert.deepEqual(solicitations(one, 1000), [], 'nor when it is away again, without a reason');
});

test('what it heard at home it goes by when it is away, and asks when that changes', () => {
  const one = node();
  arrive(one, prefix('2001:db8:1::', { preferred: 50 }))(1);
  assert.deepEqual(solicitations(one, 100), [], 'deprecated, and at home nobody is asked');
  arrive(one, prefix('2001:db8:a::'))(100);
  acknowledge(one, 100, 1);
  tell(one, 101, [prefix('2001:db8:1::1', { preferred: 50 })], { identifier: asked(one) });
  assert.deepEqual(solicitations(one, 152), [151]);
});
