/** What a mobile node at home makes of the prefixes that its home link is advertised with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByHand, packet } from '../../../test/by-hand.ts';
import type { MobileNodeConfig } from '../../core/config.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import { seconds } from '../../core/time.ts';
import { ALL_NODES, address, solicitedNode, UNSPECIFIED } from '../../wire/address.ts';
import type { NdOptionInput } from '../../wire/packet.ts';

const HOME = address('2001:db8:1::100');
const AGENT = address('2001:db8:1::1');
const FORMED = address('2001:db8:9::100');
const ROUTER = address('fe80::1');

function node(dad: MobileNodeConfig['dad'] = 'normal', without: Mechanism[] = []): ByHand {
  const mobileNode = {
    home: HOME,
    homePrefixLength: 64,
    homeAgent: AGENT,
    authentication: { method: 'none' },
    links: ['eth0'],
    lifetime: seconds(100_000),
    dad,
    routeOptimisation: false,
    maxPeers: 2,
  } as const;
  const one = new ByHand({ name: 'mn', mobileNode }, without).feed({ kind: 'start' }, 0);
  return one.link(0).address(address('fe80::ff:fe00:7'), 0);
}

/** A prefix, or the router's address in one. */
function prefix(text: string, valid = 200_000, preferred = valid): NdOptionInput {
  return {
    option: 'prefix-information',
    prefixLength: 64,
    onLink: true,
    autonomous: true,
    routerAddress: !text.endsWith('::'),
    validLifetime: valid,
    preferredLifetime: preferred,
    prefix: address(text),
  };
}

interface Router {
  readonly homeAgent?: boolean;
  readonly router?: typeof ROUTER;
}
function advertise(one: ByHand, time: number, options: NdOptionInput[], change: Router = {}) {
  const { homeAgent = true, router = ROUTER } = change;
  const message = { layer: 'router-advertisement', routerLifetime: 9000, homeAgent } as const;
  return one.packet(packet(router, ALL_NODES, [{ ...message, options }], 255), time, {
    reason: 'icmpv6',
  });
}

const old = prefix('2001:db8:1::1');
const added = prefix('2001:db8:9::1');
/** Whatever an earlier life may have registered is taken back: nothing was, says the home agent. */
function released(one: ByHand, time: number, home = HOME, agent = AGENT): ByHand {
  const { message, source } = one.one('binding-update');
  assert.deepEqual([source, message.lifetime], [home, 0]);
  const { sequence } = message;
  const layer = { layer: 'binding-acknowledgement', status: 0, sequence, lifetime: 0 } as const;
  return one.packet(packet(agent, home, [layer]), time);
}

/** At home since the first second, by an advertisement of the old prefix alone. */
const home = (...how: Parameters<typeof node>) => released(advertise(node(...how), 1, [old]), 1);
const formed = (one: ByHand) =>
  one.outputs.flatMap((output) =>
    output.kind === 'event' && output.event.kind === 'home.formed' ? [output.event.home] : [],
  );
/** Does the kernel get the address, lose it, or hear that it is deprecated? */
const told = (one: ByHand, about = HOME) =>
  one.outputs.flatMap((output) =>
    output.kind === 'address' && output.address === about
      ? [output.action === 'add' && output.deprecated ? 'deprecated' : output.action]
      : [],
  );

test('a new prefix of the home agent makes a home address, unless somebody claims that', () => {
  const one = advertise(home(), 5, [old, added]);
  const probe = one.one('neighbor-solicitation');
  assert.deepEqual([probe.source, probe.destination], [UNSPECIFIED, solicitedNode(FORMED)]);
  advertise(one, 5.5, [old, added]);
  assert.deepEqual([one.names(), formed(one)], [[], []], 'one test is enough');
  one.run(6);
  assert.deepEqual([formed(one), told(one, FORMED)], [[FORMED], ['add', 'add', 'remove']]);
  // Its last place is the home link, not the interface where it stands while away.
  const kept = one.outputs.filter((output) => output.kind === 'address');
  assert.deepEqual(
    kept.map(({ link }) => link),
    ['careof0', 'eth0', 'careof0'],
  );
  released(one, 6, FORMED, address('2001:db8:9::1'));
  advertise(one, 7, [old, added]);
  assert.deepEqual(one.names(), []);
});

test('a claimed address is not taken', () => {
  const one = advertise(home(), 5, [old, added]);
  const claim = { layer: 'neighbor-advertisement', targetAddress: FORMED } as const;
  one.packet(packet(FORMED, ALL_NODES, [claim], 255), 5.5, { reason: 'icmpv6' });
  assert.equal(one.counters['nd.duplicate_address'], 1);
  one.run(100);
  const told = one.events().filter((kind) => kind !== 'signal.sent');
  assert.deepEqual([formed(one), told], [[], []]);
  advertise(one, 101, [old, added]).one('neighbor-solicitation');
});

test('where nothing is tested the address is there at once', () => {
  assert.deepEqual(formed(advertise(home('off'), 5, [old, added])), [FORMED]);
});

test('other prefixes of the link are not the home network`s', () => {
  const foreign: [NdOptionInput[], Router?][] = [
    [[old, prefix('2001:db8:9::')]],
    [[old, added], { homeAgent: false }],
    [[added], { router: address('fe80::2') }],
    [[old, { ...added, autonomous: false } as NdOptionInput]],
    [[old, prefix('2001:db8:9::1', 0)]],
    [[old, prefix('ff0e::1')]],
  ];
  for (const [options, change] of foreign) {
    assert.deepEqual(formed(advertise(home('off'), 5, options, change)), []);
  }
  assert.deepEqual(formed(advertise(home('off', ['prefix-discovery']), 5, [old, added])), []);
});

test('four home addresses at once, those under test included', () => {
  const more = ['a1', 'a2', 'a3', 'a4', 'a5'].map((part) => prefix(`2001:db8:${part}::1`));
  const one = advertise(home(), 5, [old, ...more]);
  assert.deepEqual(one.names(), Array(3).fill('neighbor-solicitation'));
  assert.equal(one.counters['prefix.list_full'], 2);
});

test('the test ends where the home link ends', () => {
  const one = advertise(home(), 5, [old, added]);
  one.link(5.5, false);
  assert.ok(one.outputs.some((output) => output.kind === 'group' && output.action === 'leave'));
  one.run(100);
  assert.deepEqual(formed(one), []);
});

test('an old prefix is deprecated, and ends when it was said to, but not sooner than in two hours', () => {
  const one = advertise(home('off'), 5, [old, added]);
  advertise(one, 10, [prefix('2001:db8:1::1', 30, 0), added]);
  assert.deepEqual(told(one), ['deprecated']);
  one.run(7209);
  assert.ok(!one.events().includes('home.ended'));
  one.run(7210);
  assert.deepEqual(told(one), ['remove']);
  assert.ok(one.events().includes('home.ended'));
  assert.deepEqual(told(advertise(one, 7300, [added])), []);
});

test('when it comes back to a link with the new prefix alone, it is home', () => {
  const one = advertise(home('off'), 5, [old, added]);
  released(one, 5, FORMED, address('2001:db8:9::1'));
  one.link(10, false).link(11);
  advertise(one, 11, [added]);
  assert.ok(one.events().includes('home.returned'));
  assert.ok(!one.names().includes('binding-update'));
});
