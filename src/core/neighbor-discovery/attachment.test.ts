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
      validLifetime: 86_400,
      preferredLifetime: 14_400,
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

test('a link that comes up is asked at once, three times 4 s apart', () => {
  const one = node();
  const log = one.run(100);
  assert.deepEqual(
    log.map(({ time, packet }) => [time, packet.layers.at(-1)!.layer, packet.destination]),
    [0, 4, 8].map((time) => [time, 'router-solicitation', ALL_ROUTERS]),
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
  let tried = one.packet(advertisement('2001:db8:a::'), 1, ICMP).one('neighbor-solicitation');
  const seen = new Set<Address>();
  for (let i = 0; i < 2; i++) {
    seen.add(tried.message.targetAddress);
    one.packet(probe(tried.message.targetAddress), 1.1, ICMP);
    tried = one.one('neighbor-solicitation');
  }
  seen.add(tried.message.targetAddress);
  assert.equal(seen.size, 3);
  one.packet(probe(tried.message.targetAddress), 1.2, ICMP);
  assert.equal(one.counters['nd.duplicate_address'], 3);
  one.packet(advertisement('2001:db8:a::'), 2, ICMP);
  assert.deepEqual(one.names(), [], 'also when the router speaks again');
  one.link(3, false).link(3).packet(advertisement('2001:db8:a::'), 3, ICMP);
  assert.deepEqual(one.names().includes('neighbor-solicitation'), true, 'until the link changes');
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

test('two advertisements in one instant: the later network is used, the other address is not', () => {
  const one = node('off');
  one.packet(advertisement('2001:db8:a::'), 1, ICMP);
  one.packet(advertisement('2001:db8:b::', { router: address('fe80::2') }), 1, ICMP);
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
