import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant } from '../../core/time.ts';
import { address } from '../../wire/address.ts';
import {
  forgetSession,
  type RememberedSession,
  rememberedSession,
  rememberSession,
} from './host-journal.ts';

const [identity, peer, by] = ['2001:db8:a::1', '2001:db8:f::2', '2001:db8:b::1'].map(address);
const SESSION: RememberedSession = {
  identity: identity!,
  peer: peer!,
  by: by!,
  port: 873,
  validUntil: 5_000_000 as Instant,
  token: {
    nonceIndex: 65_535,
    keygenToken: Uint8Array.of(0, 1, 2, 3, 252, 253, 254, 255),
    until: 210_000_000 as Instant,
  },
};

/** What is stored by a life that began at one time of the wall clock, as read by one that began at another. */
function through(session: RememberedSession, written: number, read: number) {
  const stored = rememberSession(session, { epoch: written });
  assert.ok(stored.kind === 'store' && stored.value !== undefined);
  return { known: rememberedSession(stored.key, stored.value, { epoch: read }), stored };
}

test('what is kept of a session is read again, its times on another clock', () => {
  assert.deepEqual(through(SESSION, 1000, 1000).known, SESSION);
  const { token: _, ...unproved } = SESSION;
  assert.deepEqual(through(unproved, 1000, 1000).known, unproved);
  const plain = { ...unproved, port: undefined };
  assert.deepEqual(through(plain, 1000, 1000).known, plain);
  const later = through(SESSION, 1_000_000, 3_000_000).known;
  assert.equal(later?.validUntil, 3_000_000);
  assert.equal(later?.token?.until, 208_000_000);
});

test('a session is forgotten by the key that it is kept by', () => {
  const { stored } = through(SESSION, 0, 0);
  const gone = forgetSession(SESSION.identity, SESSION.peer);
  assert.ok(stored.kind === 'store' && gone.kind === 'store');
  assert.equal(gone.key, stored.key);
  assert.equal(gone.value, undefined);
});

test('what is damaged, or is not about a session, is none', () => {
  const { stored } = through(SESSION, 0, 0);
  assert.ok(stored.kind === 'store' && stored.value !== undefined);
  const clock = { epoch: 0 };
  for (const value of ['', 'x', stored.value.slice(0, 12), stored.value.slice(0, -4).concat('x')]) {
    assert.equal(rememberedSession(stored.key, value, clock), undefined, value);
  }
  for (const key of ['session', 'session/x/y', `peer/${stored.key.slice(8)}`, 'session/::1']) {
    assert.equal(rememberedSession(key, stored.value, clock), undefined, key);
  }
});
