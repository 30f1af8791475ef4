import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from '../../../test/by-hand.ts';
import { address, formatAddress } from '../../wire/address.ts';
import { LeasePool } from './lease-pool.ts';

const FIRST = address('2001:db8:a::1:0');
const second = address('2001:db8:a::1:1');

/** The last group of the address that a client is offered. */
function offered(pool: LeasePool, client: string, time: number, wanted = FIRST): string {
  const found = pool.offer(client, wanted, at(time));
  return found === undefined ? 'none' : (formatAddress(found).split(':').at(-1) ?? '');
}

test('each client has one address, the wanted one where it is free', () => {
  const pool = new LeasePool(FIRST, 3);
  pool.lease('a', second, at(10));
  assert.equal(offered(pool, 'a', 1), '1', 'what it has');
  assert.equal(offered(pool, 'b', 1, second), '0', 'the wanted one is taken');
  assert.equal(offered(pool, 'b', 1, address('2001:db8:a::1:2')), '2');
  for (const foreign of ['2001:db8:a::1:3', '2001:db8:b::1:2', '2001:db8:a::']) {
    assert.equal(offered(pool, 'b', 1, address(foreign)), '0', foreign);
  }
});

test('a full pool has nothing until a lease ends or is given back', () => {
  const pool = new LeasePool(FIRST, 2);
  pool.lease('a', FIRST, at(10));
  pool.lease('b', second, at(20));
  assert.equal(offered(pool, 'c', 5), 'none');
  assert.equal(offered(pool, 'c', 10.5), '0', 'the first one has ended');
  assert.equal(pool.of('a', at(10)), undefined);
  pool.lease('c', FIRST, at(30));
  assert.ok(!pool.release('a', FIRST, at(11)), 'it is no more its own');
  assert.ok(pool.release('b', second, at(11)));
  assert.equal(offered(pool, 'a', 11), '1');
  assert.equal(pool.leases, 1);
});

test('a lease that ended goes to whoever wants its address, and its client loses it', () => {
  const pool = new LeasePool(FIRST, 2);
  pool.lease('a', FIRST, at(10));
  assert.equal(offered(pool, 'b', 11, FIRST), '0');
  pool.lease('b', FIRST, at(20));
  assert.equal(pool.of('a', at(11)), undefined);
  assert.equal(pool.leases, 1);
});

test('an address that somebody uses unasked is nobody`s for a while', () => {
  const pool = new LeasePool(FIRST, 1);
  pool.lease('a', FIRST, at(10));
  assert.ok(!pool.quarantine('b', FIRST, at(20), at(1)), 'only its client can say so');
  assert.ok(pool.quarantine('a', FIRST, at(20), at(1)));
  assert.equal(offered(pool, 'a', 2), 'none');
  assert.equal(offered(pool, 'a', 21), '0');
});
