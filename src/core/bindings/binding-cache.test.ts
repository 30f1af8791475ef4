import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, address } from '../../wire/address.ts';
import type { Duration, Instant } from '../time.ts';
import { type Binding, BindingCache, type BindingScope } from './binding-cache.ts';

const homeOf = (n: number): Address => address(`2001:db8:1::${(n + 1).toString(16)}`);
const CARE_OF = address('2001:db8:a::1');

function binding(n: number, expiresAt: number, scope: BindingScope = 'peer'): Binding {
  return {
    scope,
    home: homeOf(n),
    registrant: '',
    bindingId: 0,
    careOf: CARE_OF,
    sequence: 1,
    lifetime: 1 as Duration,
    expiresAt: expiresAt as Instant,
  };
}

test('a full scope refuses new bindings, renews old ones, and leaves the other scope alone', () => {
  const cache = new BindingCache({ home: 1, peer: 2 });
  assert.ok(cache.set(binding(0, 10)) && cache.set(binding(1, 10)));
  assert.equal(cache.set(binding(2, 10)), false);
  assert.equal(cache.get(homeOf(2)), undefined);
  assert.ok(cache.set(binding(1, 99)), 'a renewal');
  assert.ok(cache.set(binding(3, 10, 'home')), 'strangers take no room from mobile nodes');
  assert.equal(cache.set(binding(4, 10, 'home')), false);
  assert.deepEqual([cache.size, cache.room('home'), cache.room('peer')], [3, 0, 0]);
  cache.delete(homeOf(1));
  assert.ok(cache.set(binding(2, 10)));
});

test('a care-of address is known as one as long as a binding names it', () => {
  const cache = new BindingCache({ home: 1, peer: 2 });
  assert.equal(cache.isCareOf(CARE_OF), false);
  cache.set(binding(0, 10));
  assert.deepEqual([cache.isCareOf(CARE_OF), cache.isCareOf(homeOf(0))], [true, false]);
  cache.set(binding(1, 10));
  cache.delete(homeOf(0));
  assert.equal(cache.isCareOf(CARE_OF), true, 'another names it');
  cache.set({ ...binding(1, 20), careOf: homeOf(5) });
  assert.deepEqual([cache.isCareOf(CARE_OF), cache.isCareOf(homeOf(5))], [false, true]);
  cache.expire('peer', 20 as Instant);
  assert.equal(cache.isCareOf(homeOf(5)), false);
});

test('several registrants and identifiers of one identity do not meet', () => {
  const cache = new BindingCache({ home: 0, peer: 9 });
  for (const [registrant, bindingId] of [
    ['', 0],
    ['', 1],
    ['a', 0],
    ['a', 1],
  ] as const) {
    assert.ok(cache.set({ ...binding(0, 10), registrant, bindingId }));
  }
  assert.equal(cache.size, 4);
  cache.delete(homeOf(0), 'a', 1);
  assert.deepEqual([cache.size, cache.get(homeOf(0), 'a')?.bindingId], [3, 0]);
});

test('a binding renewed for ever costs no more than one', () => {
  const cache = new BindingCache({ home: 0, peer: 9 });
  for (let i = 1; i <= 10_000; i++) cache.set(binding(0, i));
  assert.equal(cache.deadline('peer'), 10_000);
  assert.equal(cache.expire('peer', 10_000 as Instant).length, 1);
  assert.equal(cache.deadline('peer'), undefined);
});

test('it does what a list that is searched from end to end does', () => {
  const step = fc.record(
    {
      kind: fc.constantFrom('set', 'delete', 'expire'),
      n: fc.integer({ min: 0, max: 5 }),
      at: fc.integer({ min: 0, max: 20 }),
      scope: fc.constantFrom<BindingScope>('home', 'peer'),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const cache = new BindingCache({ home: 2, peer: 3 });
      let slow: Binding[] = [];
      for (const { kind, n, at, scope } of steps) {
        const others = slow.filter(({ home }) => home !== homeOf(n));
        if (kind === 'delete') {
          cache.delete(homeOf(n));
          slow = others;
        } else if (kind === 'set') {
          const full =
            others.filter((one) => one.scope === scope).length >= (scope === 'home' ? 2 : 3);
          const taken = cache.set(binding(n, at, scope));
          assert.equal(taken, !full, 'taken');
          if (taken) slow = [...others, binding(n, at, scope)];
        } else {
          const due = slow.filter((one) => one.scope === scope && one.expiresAt <= at);
          const gone = cache.expire(scope, at as Instant);
          const times = gone.map(({ expiresAt }) => expiresAt);
          assert.deepEqual(
            times,
            [...times].sort((a, b) => a - b),
            'the first to expire first',
          );
          assert.deepEqual(new Set(gone), new Set(due), 'expired');
          slow = slow.filter((one) => !due.includes(one));
        }
        assert.equal(cache.size, slow.length, 'size');
        const ends = slow.filter((one) => one.scope === scope).map((one) => one.expiresAt);
        assert.equal(
          cache.deadline(scope),
          ends.length === 0 ? undefined : Math.min(...ends),
          'next',
        );
      }
    }),
  );
});
