import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByHand, packet } from '../../../test/by-hand.ts';
import {
  type Address,
  ALL_NODES,
  ALL_ROUTERS,
  address,
  solicitedNode,
  UNSPECIFIED,
} from '../../wire/address.ts';
import type { NdOptionInput } from '../../wire/packet.ts';
import { seconds } from '../time.ts';

const ROUTER = address('fe80::1');
const SELF = address('fe80::ff:fe00:7');
const A = address('2001:db8:a::ff:fe00:7');
const B = address('2001:db8:b::ff:fe00:7');
const ICMP = { reason: 'icmpv6' } as const;

function node(dad: 'optimistic' | 'normal' | 'off' = 'normal'): ByHand {
  const one = new ByHand({
    name: 'mn',
    mobileNode: {
      home: address('2001:db8:1::100'),
      homePrefixLength: 64,
      homeAgent: address('2001:db8:1::1'),
      authentication: { method: 'none' },
      links: ['eth0'],
      lifetime: seconds(600),
      dad,
      routeOptimisation: false,
      maxPeers: 1,
    },
  });
  return one.feed({ kind: 'start' }, 0).link(0).address(SELF, 0);
}

interface Advertised {
  readonly router?: Address;
  readonly lifetime?: number;
  /** In milliseconds. */
  readonly interval?: number;
  readonly hopLimit?: number;
  /** Valid and preferred lifetime in seconds. */
  readonly lives?: readonly [number, number];
}

function advertisement(prefix: string | undefined, change: Advertised = {}): Uint8Array {
  const { router = ROUTER, lifetime = 1800, interval, hopLimit = 255 } = change;
  const options: NdOptionInput[] = [];
  if (prefix !== undefined) {
    options.push({
      option: 'prefix-information',
      prefixLength: 64,
      onLink: true,
      autonomous: true,
      validLifetime: change.lives?.[0] ?? 86_400,
      preferredLifetime: change.lives?.[1] ?? 14_400,
      prefix: address(prefix),
    });
  }
  if (interval !== undefined) {
    options.push({ option: 'advertisement-interval', advertisementInterval: interval });
  }
  const layer = { layer: 'router-advertisement', routerLifetime: lifetime, options } as const;
  return packet(router, ALL_NODES, [layer], hopLimit);
}

/** Addresses that the kernel was given (+) and lost (-), of what the last input gave. */
const addresses = (one: ByHand) =>
  one.outputs.flatMap((output) =>
    output.kind === 'address' && output.link === 'eth0'
      ? [
          `${output.action === 'add' ? '+' : '-'}${output.address === A ? 'A' : output.address === B ? 'B' : '?'}`,
        ]
      : [],
  );
const probe = (target: Address) =>
  packet(
    UNSPECIFIED,
    solicitedNode(target),
    [{ layer: 'neighbor-solicitation', targetAddress: target }],
    255,
  );

test('a link that comes up is asked at once, then more and more seldom until a router answers', () => {
  const one = node();
  const log = one.run(20_000);
  assert.deepEqual(
    log.map(({ packet }) => [packet.layers.at(-1)!.layer, packet.destination]),
    log.map(() => ['router-solicitation', ALL_ROUTERS]),
  );
  // From 4 s on doubled; 3600 s at most. The dice of these tests add no jitter.
  assert.deepEqual(
    log.map(({ time }) => time),
    [0, 4, 12, 28, 60, 124, 252, 508, 1020, 2044, 4092, 7692, 11_292, 14_892, 18_492],
  );
  one.packet(advertisement('2001:db8:a::'), 20_001, ICMP);
  assert.deepEqual(
    one.run(30_000).filter(({ packet }) => packet.destination === ALL_ROUTERS).length,
    12,
    'asked again only when the router is gone, at 21801 s',
  );
});

test('normal DAD: a delay of up to 1 s, one probe, 1 s of silence, and the address is there', () => {
  const one = node();
  one.packet(advertisement('2001:db8:a::'), 1, ICMP);
  assert.deepEqual([one.events().includes('address.tentative'), addresses(one)], [true, []]);
  const log = one.run(2.4);
  assert.deepEqual(
    log.map(({ time, packet }) => [time, packet.layers.at(-1)!.layer, packet.source]),
    [[1.5, 'neighbor-solicitation', UNSPECIFIED]],
  );
  one.run(2.5);
  assert.deepEqual(addresses(one), ['+A']);
});

test('optimistic and no DAD: the address is there at once', () => {
  for (const dad of ['optimistic', 'off'] as const) {
    const one = node(dad);
    one.packet(advertisement('2001:db8:a::'), 1, ICMP);
    assert.deepEqual(addresses(one), ['+A']);
    assert.equal(one.names().includes('neighbor-solicitation'), dad === 'optimistic');
  }
});

test('somebody has the address: another is tried, and after three the link is given up', () => {
  const one = node('optimistic');
  let [tried] = probed(one.packet(advertisement('2001:db8:a::'), 1, ICMP));
  const seen = new Set<Address>();
  for (let i = 0; i < 2; i++) {
    seen.add(tried!);
    one.packet(probe(tried!), 1.1, ICMP);
    [tried] = probed(one);
  }
  seen.add(tried!);
  assert.equal(seen.size, 3);
  one.packet(probe(tried!), 1.2, ICMP);
  assert.equal(one.counters['nd.duplicate_address'], 3);
  one.packet(advertisement('2001:db8:a::'), 2, ICMP);
  assert.deepEqual(one.names(), [], 'also when the router speaks again');
  one.link(3, false).link(3).packet(advertisement('2001:db8:a::'), 3, ICMP);
  assert.deepEqual(one.names().includes('neighbor-solicitation'), true, 'until the link changes');
});

/** The addresses that the last input made it ask about. */
const probed = (one: ByHand): Address[] =>
  one.sent().flatMap(({ layers }) => {
    const message = layers.at(-1)!;
    return message.layer === 'neighbor-solicitation' ? message.targetAddress : [];
  });

test('the link-local address is tested again in each network, and goes on being used', () => {
  const one = node('optimistic');
  assert.equal(probed(one.packet(advertisement('2001:db8:a::'), 1, ICMP)).at(-1), SELF);
  assert.deepEqual(probed(one.packet(advertisement('2001:db8:a::'), 1.5, ICMP)), []);
  one.packet(probe(SELF), 1.6, ICMP);
  assert.deepEqual(
    [one.events(), one.counters['nd.duplicate_address']],
    [['address.duplicate'], 1],
  );
  assert.deepEqual(addresses(one), [], 'nothing is given up');
  one.link(3, false).link(3).packet(advertisement('2001:db8:b::'), 4, ICMP);
  assert.equal(probed(one).at(-1), SELF);
  assert.deepEqual(probed(node('off').packet(advertisement('2001:db8:a::'), 1, ICMP)), []);
});

test('nobody makes DAD fail from afar', () => {
  const one = node('optimistic');
  one.packet(advertisement('2001:db8:a::'), 1, ICMP);
  const claim = { layer: 'neighbor-advertisement', targetAddress: A } as const;
  one.packet(packet(ROUTER, A, [claim], 64), 1.1, ICMP);
  one.packet(packet(ROUTER, A, [claim], 255), 1.1, { ...ICMP, tunnel: { src: B, dst: A } });
  assert.deepEqual(
    [one.counters['nd.malformed'], one.counters['nd.duplicate_address']],
    [2, undefined],
  );
});

test('a link that goes in the middle of DAD leaves nothing behind', () => {
  const one = node();
  one.packet(advertisement('2001:db8:a::'), 1, ICMP);
  one.run(1.5);
  one.link(1.7, false);
  assert.deepEqual(addresses(one), []);
  assert.deepEqual(one.run(10), []);
  one.link(10).packet(advertisement('2001:db8:a::'), 10, ICMP);
  assert.equal(one.run(11).at(-1)?.time, 10.5);
  one.run(11.5);
  assert.deepEqual(addresses(one), ['+A']);
});

test('a new network on the link moves nobody whose router is still there when it is asked', () => {
  const one = node('off');
  const other = { router: address('fe80::2') };
  one.packet(advertisement('2001:db8:a::'), 1, ICMP);
  one.packet(advertisement('2001:db8:b::', other), 1.5, ICMP);
  assert.deepEqual(addresses(one), [], 'not at once');
  one.feed({ kind: 'tick' }, 1.5);
  const answer = {
    layer: 'neighbor-advertisement',
    targetAddress: ROUTER,
    solicited: true,
  } as const;
  assert.equal(one.one('neighbor-solicitation').message.targetAddress, ROUTER);
  one.packet(packet(ROUTER, SELF, [answer], 255), 1.6, ICMP);
  one.run(9);
  assert.deepEqual(addresses(one), [], 'it stays');
});

test('a new network is used when the old router is asked three times in vain', () => {
  const one = node('off');
  one.packet(advertisement('2001:db8:a::'), 1, ICMP);
  one.packet(advertisement('2001:db8:b::', { router: address('fe80::2') }), 1.5, ICMP);
  const asked = one
    .run(4.4)
    .filter(({ packet }) => packet.layers.at(-1)!.layer === 'neighbor-solicitation');
  assert.equal(asked.length, 3);
  one.feed({ kind: 'tick' }, 4.5);
  assert.deepEqual(addresses(one), ['-A', '+B']);
});

test('a router that offers a prefix only in a later advertisement is used then', () => {
  const one = node('off');
  one.packet(advertisement(undefined), 1, ICMP);
  assert.deepEqual(addresses(one), []);
  one.packet(advertisement('2001:db8:a::'), 2, ICMP);
  assert.deepEqual(addresses(one), ['+A']);
});

test('a router that misses three advertisements is asked three times; then it is lost', () => {
  const one = node('off');
  one.packet(advertisement('2001:db8:a::', { interval: 1000 }), 1, ICMP);
  const asked = one
    .run(6.9)
    .filter(({ packet }) => packet.layers.at(-1)!.layer === 'neighbor-solicitation');
  assert.deepEqual(
    asked.map(({ time }) => time),
    [4, 5, 6],
  );
  one.feed({ kind: 'tick' }, 7);
  assert.deepEqual(addresses(one), ['-A']);
});

test('a router that says goodbye is lost; one that answers is not', () => {
  const one = node('off');
  one.packet(advertisement('2001:db8:a::', { interval: 1000 }), 1, ICMP);
  one.run(4);
  const answer = {
    layer: 'neighbor-advertisement',
    targetAddress: ROUTER,
    solicited: true,
  } as const;
  one.packet(packet(ROUTER, SELF, [answer], 255), 4.1, ICMP);
  one.run(7);
  assert.deepEqual(addresses(one), []);
  one.packet(advertisement('2001:db8:a::', { lifetime: 0 }), 7, ICMP);
  assert.deepEqual(addresses(one), ['-A']);
});

test('an interval of 0 makes nobody probe without end', () => {
  const one = node('off');
  one.packet(advertisement('2001:db8:a::', { interval: 0 }), 1, ICMP);
  assert.equal(one.run(1.2).length, 0);
});

test('an advertisement from another network is refused', () => {
  const one = node('off');
  one.packet(advertisement('2001:db8:a::', { hopLimit: 254 }), 1, ICMP);
  one.packet(advertisement('2001:db8:a::', { router: address('2001:db8::1') }), 1, ICMP);
  assert.deepEqual([one.counters['nd.ra_refused'], addresses(one)], [2, []]);
});

/** Advertised at 1 s with lifetimes, and again at 2 s; when is the address lost? */
function lostAt(first: readonly [number, number], second?: readonly [number, number]): number {
  const one = node('off');
  const said = { lifetime: 9000, interval: 1_000_000_000 };
  one.packet(advertisement('2001:db8:a::', { ...said, lives: first }), 1, ICMP);
  assert.deepEqual(addresses(one), ['+A']);
  if (second !== undefined) {
    one.packet(advertisement('2001:db8:a::', { ...said, lives: second }), 2, ICMP);
  }
  for (;;) {
    const now = one.role.deadline();
    assert.ok(now !== undefined && now <= seconds(9001), 'the address is lost');
    one.feed({ kind: 'tick' }, now / seconds(1));
    if (addresses(one).includes('-A')) return now / seconds(1);
  }
}

test('an address leaves use when its valid lifetime ends, which a later advertisement renews', () => {
  assert.equal(lostAt([60, 30]), 61);
  assert.equal(lostAt([60, 30], [90, 30]), 92);
  assert.equal(lostAt([5000, 30], [7300, 0]), 7302);
});

test('no advertisement takes an address away within two hours', () => {
  assert.equal(lostAt([60, 30], [0, 0]), 61, 'less than was left: as it was');
  assert.equal(lostAt([7100, 30], [10, 10]), 7101);
  assert.equal(lostAt([8000, 30], [10, 10]), 7202, 'more was left: two hours');
});

test('a deprecated address is left for a preferred one, and used while there is no other', () => {
  const one = node('off');
  one.packet(advertisement('2001:db8:a::', { lives: [600, 10] }), 1, ICMP);
  one.run(20);
  assert.deepEqual(addresses(one), []);
  const other = { router: address('fe80::2'), lives: [600, 0] } as const;
  one.packet(advertisement('2001:db8:b::', other), 21, ICMP);
  assert.deepEqual(addresses(one), []);
  one.packet(advertisement('2001:db8:b::', { ...other, lives: [600, 60] }), 22, ICMP);
  assert.deepEqual(addresses(one), ['-A', '+B']);
});

test('a deprecated address is left at once for one that is known already', () => {
  const one = node('off');
  const first = advertisement('2001:db8:a::', { lives: [600, 10] });
  const other = { router: address('fe80::2'), lives: [600, 300] } as const;
  one.packet(first, 1, ICMP).packet(advertisement('2001:db8:b::', other), 2, ICMP);
  assert.deepEqual(addresses(one), []);
  one.packet(first, 3, ICMP).run(12);
  assert.deepEqual(addresses(one), []);
  one.run(13);
  assert.deepEqual(addresses(one), ['-A', '+B']);
});

test('a prefix that was heard long ago is no place any more', () => {
  const one = node('off');
  const other = { router: address('fe80::2'), lives: [60, 60] } as const;
  one.packet(advertisement('2001:db8:a::'), 1, ICMP);
  one.packet(advertisement('2001:db8:b::', other), 2, ICMP);
  one.packet(advertisement('2001:db8:a::'), 3, ICMP);
  one.run(100);
  one.packet(advertisement('2001:db8:a::', { lifetime: 0 }), 100, ICMP);
  assert.deepEqual(addresses(one), ['-A']);
});

test('home is home by a router that does not route, and routed by one that does', () => {
  const one = node('off');
  const routes = () =>
    one.outputs.flatMap((output) =>
      output.kind === 'route' && output.prefixLength === 0
        ? [`${output.action} ${output.via === ROUTER}`]
        : [],
    );
  one.packet(advertisement('2001:db8:1::', { lifetime: 0 }), 1, ICMP);
  assert.ok(one.events().includes('home.returned'));
  assert.deepEqual(routes(), []);
  one.packet(advertisement('2001:db8:1::', { router: address('fe80::2') }), 2, ICMP);
  assert.deepEqual(routes(), ['add false']);
  one.packet(advertisement('2001:db8:1::'), 3, ICMP);
  assert.deepEqual(routes(), []);
  one.packet(advertisement('2001:db8:1::', { router: address('fe80::2'), lifetime: 0 }), 4, ICMP);
  assert.deepEqual(routes(), ['remove false', 'add true']);
  assert.equal(one.events().includes('home.left'), false);
});
