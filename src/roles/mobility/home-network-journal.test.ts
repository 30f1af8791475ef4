/** What a home agent that restarts knows of a home network that was renumbered before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByHand, EPOCH, packet } from '../../../test/by-hand.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import { seconds } from '../../core/time.ts';
import { address, formatAddress } from '../../wire/address.ts';
import { NETWORK_KEY, restorePrefixes } from './home-network-journal.ts';

const AGENT = address('2001:db8:1::1');
const HOME = address('2001:db8:1::100');
const A = address('2001:db8:a::1');

/** @param later seconds between the begin of the first life and that of this one. */
function node(later = 0, without: Mechanism[] = []): ByHand {
  const homeAgent = {
    link: 'eth0',
    address: AGENT,
    prefix: address('2001:db8:1::'),
    prefixLength: 64,
    mobileNodes: [],
    allowUnauthenticated: true,
    maxBindings: 9,
  };
  const one = new ByHand({ name: 'ha', homeAgent }, without, EPOCH + later * 1e6);
  return one.feed({ kind: 'start' }, 0).link(0).address(AGENT, 0);
}

function bind(one: ByHand, time: number): ByHand {
  const layers = [
    { layer: 'destination-options', options: [{ option: 'home-address', homeAddress: HOME }] },
    {
      layer: 'binding-update',
      sequence: 1,
      acknowledge: true,
      homeRegistration: true,
      lifetime: 999,
    },
  ] as const;
  one.packet(packet(A, AGENT, layers), time);
  one.run(time + 4);
  return one;
}

/** Prefixes with their valid lifetimes in seconds, as a node that asks is told. */
function told(one: ByHand, time: number): [string, number][] {
  const octets = packet(HOME, AGENT, [{ layer: 'mobile-prefix-solicitation', identifier: 7 }]);
  one.packet(octets, time, { reason: 'icmpv6' });
  return one.one('mobile-prefix-advertisement').message.options.map((option) => {
    assert.ok(option.option === 'prefix-information');
    return [formatAddress(option.prefix), option.validLifetime];
  });
}

/** The journal of an agent that was renumbered at 10 s: the old prefix ends at 1010 s. */
function journal(): string {
  const to = address('2001:db8:9::');
  const change = { to, valid: seconds(1000), preferred: seconds(100) };
  const command = { do: 'renumber', link: 'eth0', change } as const;
  return node().feed({ kind: 'command', command }, 10).store.get(NETWORK_KEY)!;
}

const restored = (one: ByHand, value: string) =>
  one.feed({ kind: 'restored', key: NETWORK_KEY, value }, 0);

test('it has its address in the new prefix again, and the old prefix ends when it was to', () => {
  const one = restored(node(500), journal());
  const taken = one.outputs.flatMap((output) =>
    output.kind === 'address' ? [[formatAddress(output.address), output.anycast ?? false]] : [],
  );
  assert.deepEqual(taken, [
    ['2001:db8:9::1', false],
    ['2001:db8:9:0:fdff:ffff:ffff:fffe', true],
  ]);
  assert.deepEqual(told(bind(one, 1), 10), [
    ['2001:db8:1::1', 500],
    ['2001:db8:9::1', 0xffff_ffff],
  ]);
});

test('what ended while it was dead is no prefix any more', () => {
  const one = restored(node(2000), journal());
  bind(one, 1);
  assert.equal(one.counters['mobility.bu_accepted'], undefined);
});

test('without the journal, or with a damaged one, it has what it is configured with', () => {
  const value = journal();
  const damaged = ['', '{', 'null', '[]', '[null]', '{"length":1}', value.slice(0, -1)];
  const strange = [
    value.replace('"length":64', '"length":"64"'),
    value.replace(/"prefix":"[^"]*"/, '"prefix":"x"'),
    value.replace(/"ends_us":\[/, '"ends_us":["x",'),
    value.replace(/"valid_us":\d+/, '"valid_us":null'),
    JSON.stringify(Array(9).fill(JSON.parse(value)[0])),
  ];
  for (const one of [...damaged, ...strange]) {
    assert.equal(restorePrefixes(one, EPOCH), undefined, one);
    assert.deepEqual(restored(node(), one).outputs, []);
  }
  assert.deepEqual(restored(node(0, ['journal']), value).outputs, []);
});
