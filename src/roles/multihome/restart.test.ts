/** What a multihomed host takes up again of an earlier life, by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByHand } from '../../../test/by-hand.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import { seconds } from '../../core/time.ts';

function host(without: readonly Mechanism[] = []): ByHand {
  const multihomedHost = {
    ...{ links: ['eth0', 'wlan0'], keys: new Map(), lifetime: seconds(3600), dad: 'off' as const },
    probe: { interval: seconds(1), threshold: 3, idle: seconds(5), hold: seconds(30) },
    policy: { prefer: [], costs: [], bandwidths: [], rules: [] },
    maxSessions: 8,
  };
  return new ByHand({ name: 'mh', correspondentNode: { maxBindings: 8 }, multihomedHost }, without);
}

/** Another life of it, with what the first one stored. */
function again(stored: ReadonlyMap<string, string>, without: readonly Mechanism[] = []): ByHand {
  const one = host(without);
  for (const [key, value] of stored) {
    one.store.set(key, value);
    one.feed({ kind: 'restored', key, value }, 0);
  }
  return one.feed({ kind: 'start' }, 0).link(1);
}

const preferred = (one: ByHand) => one.role.inspect?.().multihoming?.preferred;

test('the operator’s word which provider to prefer is kept', () => {
  const one = host();
  one.feed({ kind: 'command', command: { do: 'prefer', link: 'wlan1' } }, 1);
  assert.equal(one.store.size, 0, 'there is none of that name');
  one.feed({ kind: 'command', command: { do: 'prefer', link: 'wlan0' } }, 2);
  assert.equal(preferred(again(one.store)), 'wlan0');
  assert.equal(preferred(again(one.store, ['journal'])), undefined);
  assert.equal(preferred(again(new Map([['prefer', 'gone0']]))), undefined);
});

test('what no session is left of goes from the journal', () => {
  const until = 9_999_999_999_999_999n;
  const mine = '2001:db8:a::1/2001:db8:f::2';
  const kept = new Map([
    [`session/${mine}`, `2001:db8:b::1 ${until}`],
    [`peer/${mine}`, `7 ${until} 2001:db8:b::1`],
  ]);
  const leftovers = new Map([
    ['peer/2001:db8:dead::1/2001:db8:f::2', `7 ${until} 2001:db8:b::1`],
    ['session/2001:db8:c::1/2001:db8:f::2', 'damaged'],
  ]);
  const others = new Map([['nonces', 'not ours']]);
  const one = again(new Map([...leftovers, ...kept, ...others]));
  for (const key of leftovers.keys()) assert.equal(one.store.has(key), false, key);
  for (const key of [...kept.keys(), ...others.keys()]) assert.ok(one.store.has(key), key);
});
