import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { at, ByHand, packet } from '../../../test/by-hand.ts';
import { homeAgentsAnycast } from '../../core/home-agents-anycast.ts';
import {
  HomeAgentsList,
  MAX_ADDRESSES_OF_AGENT,
  MAX_HOME_AGENTS,
  MAX_LISTED_ADDRESSES,
} from '../../core/neighbor-discovery/home-agents-list.ts';
import type { Advertisement } from '../../core/neighbor-discovery/router-advertisement.ts';
import { seconds } from '../../core/time.ts';
import { type Address, ALL_NODES, address, formatAddress } from '../../wire/address.ts';
import type { NdOptionInput } from '../../wire/packet.ts';

const PREFIX = address('2001:db8:1::');
const OWN = address('2001:db8:1::1');
const ANYCAST = homeAgentsAnycast(PREFIX);
const ASKER = address('2001:db8:a::7');
const ICMP = { reason: 'icmpv6' } as const;

/** A home agent with preference 10. */
function agent(): ByHand {
  const advertisement = {
    ...{ link: 'eth0', prefix: PREFIX, prefixLength: 64 },
    ...{ minInterval: seconds(300), maxInterval: seconds(600), solicitedDelay: seconds(0) },
    routerLifetime: seconds(1800),
    ...{ validLifetime: seconds(86_400), preferredLifetime: seconds(14_400) },
    homeAgent: { address: OWN, preference: 10 },
    intervalOption: false,
  };
  const homeAgent = {
    ...{ link: 'eth0', address: OWN, prefix: PREFIX, prefixLength: 64 },
    ...{ mobileNodes: [], allowUnauthenticated: true, maxBindings: 10, advertisement },
  };
  const one = new ByHand({ name: 'ha', homeAgent });
  return one.feed({ kind: 'start' }, 0).link(0).address(OWN, 0);
}

interface Described {
  readonly h?: boolean;
  readonly router?: number;
  /** Home Agent Information option: preference and lifetime in seconds. */
  readonly information?: readonly [number, number];
  readonly addresses?: readonly string[];
  /** R bit. */
  readonly r?: boolean;
  readonly hopLimit?: number;
  readonly from?: string;
}

/** What the agent number `n` of the link advertises. */
function advertisement(n: number, one: Described = {}): Uint8Array {
  const { h = true, router = 1800, information, r = true } = one;
  const options: NdOptionInput[] = (one.addresses ?? [`2001:db8:1::${n}`]).map((text) => ({
    option: 'prefix-information',
    prefixLength: 64,
    routerAddress: r,
    validLifetime: 86_400,
    preferredLifetime: 14_400,
    prefix: address(text),
  }));
  if (information !== undefined) {
    const [homeAgentPreference, homeAgentLifetime] = information;
    options.push({ option: 'home-agent-information', homeAgentPreference, homeAgentLifetime });
  }
  return packet(
    address(one.from ?? `fe80::${n}`),
    ALL_NODES,
    [{ layer: 'router-advertisement', homeAgent: h, routerLifetime: router, options }],
    one.hopLimit ?? 255,
  );
}

const hears = (one: ByHand, n: number, what: Described, time: number): ByHand =>
  one.packet(advertisement(n, what), time, ICMP);

const request = (to: Address = ANYCAST, from = ASKER, identifier = 0x1234) =>
  packet(from, to, [{ layer: 'home-agent-address-discovery-request', identifier }]);

/** Ends of the addresses that the reply lists. */
function listed(one: ByHand, time: number): string[] {
  const { message } = one.packet(request(), time, ICMP).one('home-agent-address-discovery-reply');
  return message.homeAgentAddresses.map((each) => formatAddress(each).split('::')[1]!);
}

test('the anycast address of a prefix, as others have it', () => {
  const folder =
    process.env.CAREOF_VECTORS ??
    fileURLToPath(new URL('../../../../shared/vectors', import.meta.url));
  const file = join(folder, 'vectors/crypto.json');
  assert.equal(formatAddress(ANYCAST), '2001:db8:1:0:fdff:ffff:ffff:fffe');
  if (!existsSync(file)) return;
  const samples = JSON.parse(readFileSync(file, 'utf8')).groups.home_agents_anycast;
  assert.ok(samples.length > 0);
  for (const { prefix, address: expected } of samples) {
    assert.equal(formatAddress(homeAgentsAnycast(address(prefix.split('/')[0]))), expected);
  }
});

test('it takes the anycast address, and answers from its own with the identifier of the request', () => {
  const one = new ByHand({ name: 'ha', homeAgent: { ...BARE, address: OWN } }, []);
  one.feed({ kind: 'start' }, 0);
  const [given] = one.outputs.filter(({ kind }) => kind === 'address');
  assert.ok(given?.kind === 'address' && given.anycast === true && given.address === ANYCAST);
  one.link(0).address(OWN, 0).packet(request(), 1, ICMP);
  const reply = one.one('home-agent-address-discovery-reply');
  assert.deepEqual([reply.source, reply.destination], [OWN, ASKER]);
  assert.equal(reply.message.identifier, 0x1234);
  assert.deepEqual(reply.message.homeAgentAddresses, [OWN]);
});
const BARE = {
  ...{ link: 'eth0', prefix: PREFIX, prefixLength: 64 },
  ...{ mobileNodes: [], allowUnauthenticated: true, maxBindings: 1 },
};

test('a request to another address, or from nobody, is refused and counted', () => {
  const one = agent();
  const wrong = [
    request(OWN),
    request(homeAgentsAnycast(address('2001:db8:2::'))),
    request(ANYCAST, address('fe80::9')),
    request(ANYCAST, address('::')),
  ];
  for (const octets of wrong) assert.deepEqual(one.packet(octets, 1, ICMP).names(), []);
  assert.equal(one.counters['discovery.request_refused'], wrong.length);
});

test('replies are rate limited', () => {
  const one = agent();
  for (let i = 0; i < 100; i++) one.packet(request(), 1, ICMP);
  assert.equal(one.counters['discovery.reply_sent'], 20);
  assert.equal(one.counters['discovery.reply_suppressed'], 80);
  assert.deepEqual(listed(one, 2), ['1']);
});

test('the list is ordered by preference, which is unsigned and 0 where nothing is said', () => {
  const one = agent();
  hears(one, 2, { information: [0xffff, 1800] }, 1);
  hears(one, 3, { information: [0x7fff, 1800] }, 1);
  hears(one, 4, { information: [9, 1800] }, 1);
  hears(one, 5, {}, 1);
  assert.deepEqual(listed(one, 2), ['2', '3', '1', '4', '5']);
  hears(one, 5, { information: [11, 1800] }, 3);
  assert.deepEqual(listed(one, 4), ['2', '3', '5', '1', '4']);
  hears(one, 5, {}, 5);
  assert.deepEqual(listed(one, 6), ['2', '3', '1', '4', '5']);
});

test('an entry lives as long as the option says, else as long as the router lifetime', () => {
  const one = agent();
  hears(one, 2, { information: [20, 32] }, 1);
  hears(one, 3, { router: 50 }, 1);
  assert.deepEqual(listed(one, 32.9), ['2', '1', '3']);
  assert.deepEqual(listed(one, 33), ['1', '3']);
  assert.deepEqual(listed(one, 50.9), ['1', '3']);
  assert.deepEqual(listed(one, 51), ['1']);
  hears(one, 2, { information: [20, 1000] }, 60);
  hears(one, 2, { information: [20, 5] }, 61);
  assert.deepEqual([listed(one, 65.9), listed(one, 66)], [['2', '1'], ['1']]);
});

test('it is deleted at once by lifetime 0, from the option or the router, and by a clear H bit', () => {
  for (const end of [
    { information: [20, 0] as const },
    { router: 0 },
    { h: false },
    { h: false, information: [20, 1800] as const },
  ]) {
    const one = agent();
    hears(one, 2, { information: [20, 1800] }, 1);
    assert.deepEqual(listed(one, 2), ['2', '1']);
    hears(one, 2, end, 3);
    assert.deepEqual(listed(one, 4), ['1'], JSON.stringify(end));
  }
});

test('an agent that is no default router is kept by the lifetime of the option', () => {
  const one = agent();
  hears(one, 2, { router: 0, information: [20, 100] }, 1);
  assert.deepEqual(listed(one, 2), ['2', '1']);
});

test('addresses count with the R bit only, several of one agent too, and none is forgotten', () => {
  const one = agent();
  hears(one, 2, { r: false, information: [20, 1800] }, 1);
  assert.deepEqual(listed(one, 2), ['1']);
  hears(one, 2, { information: [20, 1800], addresses: ['2001:db8:1::a', '2001:db8:1::b'] }, 3);
  assert.deepEqual(listed(one, 4).sort(), ['1', 'a', 'b']);
  hears(one, 2, { information: [20, 1800], addresses: ['2001:db8:1::a'] }, 5);
  assert.deepEqual(listed(one, 6).sort(), ['1', 'a', 'b']);
});

test('what was not said by a neighbour is not believed', () => {
  const one = agent();
  hears(one, 2, { hopLimit: 254 }, 1);
  const tunnel = { src: ASKER, dst: OWN };
  one.packet(advertisement(3), 1, { ...ICMP, tunnel });
  one.packet(advertisement(4), 1, { ...ICMP, link: 'eth1' });
  assert.deepEqual(listed(one, 2), ['1']);
  assert.equal(one.counters['nd.ra_refused'], 2);
});

test('equals come in an order drawn anew', () => {
  const list = new HomeAgentsList();
  const prefix = { prefix: PREFIX, length: 64, onLink: true, autonomous: true };
  for (let n = 2; n < 6; n++) {
    const routerAddress = address(`2001:db8:1::${n}`);
    const lifetimes = { validLifetime: seconds(100), preferredLifetime: seconds(50) };
    const said: Advertisement = {
      ...{ link: 'eth0', router: address(`fe80::${n}`), linkAddress: undefined },
      ...{ routerLifetime: seconds(100), interval: undefined },
      ...{
        homeAgent: true,
        managed: false,
        homeAgentPreference: 5,
        homeAgentLifetime: seconds(100),
      },
      prefixes: [{ ...prefix, ...lifetimes, routerAddress }],
      ...{ heardAt: at(1), packet: { to: ALL_NODES, octets: 0 } },
    };
    assert.equal(list.hear(said, at(1)), undefined);
  }
  let state = 7;
  const random = () => {
    state = (state * 48_271) % 0x7fff_ffff;
    return state / 0x7fff_ffff;
  };
  const seen = new Set<string>();
  for (let i = 0; i < 500; i++) {
    const order = list.ordered({ preference: 5, addresses: [OWN] }, random);
    assert.equal(new Set(order).size, 5);
    seen.add(order.map((one) => one.slice(-1)).join());
  }
  assert.ok(seen.size > 100, `${seen.size} of 120 orders`);
});

test('a flood of invented agents keeps the list bounded, and the better ones in it', () => {
  const one = agent();
  hears(one, 2, { information: [500, 1800] }, 1);
  for (let n = 0; n < 3 * MAX_HOME_AGENTS; n++) {
    const addresses = [`2001:db8:1::9:${n}`];
    const invented = { information: [100, 1800], addresses, from: `fe80::9:${n}` } as const;
    hears(one, 9, invented, 1);
  }
  const all = listed(one, 2);
  assert.deepEqual([all.length, all[0]], [MAX_LISTED_ADDRESSES, '2']);
  assert.equal(one.counters['discovery.agents_list_full'], 2 * MAX_HOME_AGENTS + 1);
  const many = Array.from({ length: 20 }, (_, n) => `2001:db8:1::8:${n}`);
  hears(one, 3, { information: [600, 1800], addresses: many }, 3);
  const first = listed(one, 4).slice(0, MAX_ADDRESSES_OF_AGENT + 1);
  assert.equal(first.filter((end) => end.startsWith('8:')).length, MAX_ADDRESSES_OF_AGENT);
  const reply = one.packet(request(), 5, ICMP).one('home-agent-address-discovery-reply');
  assert.ok(reply.octets.length <= 1280, 'the reply fits the least MTU');
});
