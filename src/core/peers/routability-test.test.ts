import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from '../../wire/address.ts';
import { DEFAULT_CONSTANTS } from '../constants.ts';
import type { Mechanism } from '../mechanisms.ts';
import { type Instant, milliseconds, seconds } from '../time.ts';
import { RoutabilityTest, type TestKind, type TestOutput } from './routability-test.ts';

const at = (count: number) => seconds(count) as unknown as Instant;
const HOME = address('2001:db8:1::100');
const A = address('2001:db8:a::1');
const B = address('2001:db8:b::1');

function tests(...without: Mechanism[]): RoutabilityTest {
  let next = 0;
  const secrets = (count: number) => new Uint8Array(count).fill(++next);
  return new RoutabilityTest(DEFAULT_CONSTANTS, { secrets, without: new Set(without) });
}

/** `home` and `care-of` where an Init was sent, else what else it was. */
const told = (outputs: readonly TestOutput[]) =>
  outputs.map((one) => (one.kind === 'send' ? one.test : one.kind));
const cookie = (outputs: readonly TestOutput[], kind: TestKind) => {
  const found = outputs.find((one) => one.kind === 'send' && one.test === kind);
  assert.ok(found?.kind === 'send', `no ${kind} Init`);
  return found.cookie;
};
const token = (nonceIndex: number) => ({ nonceIndex, keygenToken: new Uint8Array(8) });

/** Both addresses proved at `now`. */
function proved(one: RoutabilityTest, now = 0, careOf = A): void {
  const sent = one.begin(HOME, careOf, at(now));
  const home = sent.some((output) => output.kind === 'send' && output.test === 'home');
  if (home) one.received('home', HOME, cookie(sent, 'home'), token(1), at(now));
  const done = one.received('care-of', careOf, cookie(sent, 'care-of'), token(2), at(now));
  assert.deepEqual(told(done), ['proved']);
}

test('both tests go out at once, and both answers make a proof', () => {
  const one = tests();
  const sent = one.begin(HOME, A, at(0));
  assert.deepEqual(told(sent), ['home', 'care-of']);
  assert.notDeepEqual(cookie(sent, 'home'), cookie(sent, 'care-of'));
  assert.deepEqual(one.received('home', HOME, cookie(sent, 'home'), token(1), at(1)), []);
  assert.equal(one.proof(A, at(1)), undefined);
  assert.ok(one.waiting);
  const done = one.received('care-of', A, cookie(sent, 'care-of'), token(2), at(1));
  assert.deepEqual(done, [{ kind: 'proved', began: 0 }]);
  assert.equal(one.waiting, false);
  const proof = one.proof(A, at(1));
  assert.deepEqual([proof?.home.nonceIndex, proof?.careOf?.nonceIndex], [1, 2]);
  assert.equal(one.deadline(), undefined);
});

test('an answer counts once, with its cookie, at its address', () => {
  const one = tests();
  const sent = one.begin(HOME, A, at(0));
  const care = cookie(sent, 'care-of');
  const other = Uint8Array.from(care, (octet) => octet ^ 1);
  const feed = (kind: TestKind, to: typeof A, shown: Uint8Array) =>
    told(one.received(kind, to, shown, token(9), at(0.1)));
  assert.deepEqual(feed('care-of', A, other), ['unexpected']);
  assert.deepEqual(feed('care-of', B, care), ['unexpected']);
  assert.deepEqual(feed('home', A, care), ['unexpected']);
  assert.deepEqual(feed('care-of', A, care.subarray(0, 7)), ['unexpected']);
  assert.deepEqual(feed('care-of', A, care), []);
  assert.deepEqual(feed('care-of', A, care), ['unexpected'], 'a duplicate');
  assert.ok(one.isPending(cookie(sent, 'home')));
  assert.ok(!one.isPending(care), 'it is answered');
});

test('tokens hold 210 s from when they came, to the microsecond', () => {
  const one = tests();
  proved(one, 10);
  assert.ok(one.proof(A, (at(220) - 1) as Instant));
  assert.equal(one.proof(A, at(220)), undefined);
  assert.deepEqual(told(one.begin(HOME, A, at(220))), ['home', 'care-of'], 'both anew');
});

test('a care-of token is for one care-of address; the home token is for all', () => {
  const one = tests();
  proved(one);
  assert.equal(one.proof(B, at(1)), undefined);
  const sent = one.begin(HOME, B, at(1));
  assert.deepEqual(told(sent), ['care-of'], 'at once, however short ago the last one was');
  assert.deepEqual(told(one.received('care-of', A, cookie(sent, 'care-of'), token(3), at(1))), [
    'unexpected',
  ]);
  assert.deepEqual(told(one.received('care-of', B, cookie(sent, 'care-of'), token(3), at(1))), [
    'proved',
  ]);
  assert.equal(one.proof(A, at(1)), undefined);
});

test('fresh tokens prove at once', () => {
  const one = tests();
  proved(one);
  assert.deepEqual(told(one.begin(HOME, A, at(5))), ['proved']);
});

test('to take a binding back the home address alone is proved', () => {
  const one = tests();
  const sent = one.begin(HOME, undefined, at(0));
  assert.deepEqual(told(sent), ['home']);
  assert.deepEqual(told(one.received('home', HOME, cookie(sent, 'home'), token(1), at(0))), [
    'proved',
  ]);
  assert.deepEqual(one.proof(undefined, at(0))?.careOf, undefined);
});

test('a home token that runs out while the care-of address is under test is asked for again', () => {
  const one = tests();
  proved(one);
  const sent = one.begin(HOME, B, at(209));
  assert.deepEqual(told(sent), ['care-of']);
  const late = one.received('care-of', B, cookie(sent, 'care-of'), token(3), at(211));
  assert.deepEqual(told(late), ['home']);
  const done = one.received('home', HOME, cookie(late, 'home'), token(4), at(211.1));
  assert.deepEqual(told(done), ['proved']);
});

/** Ticks at each deadline; gives [seconds, what]. */
function run(one: RoutabilityTest, end = 1000): [number, string][] {
  const log: [number, string][] = [];
  for (let now = one.deadline(); now !== undefined && now <= at(end); now = one.deadline()) {
    for (const what of told(one.tick(now))) log.push([now / seconds(1), what]);
  }
  return log;
}

test('an Init is sent five times, 1, 2, 4, 8 s apart; 16 s later the peer is silent', () => {
  const one = tests();
  const sent = one.begin(HOME, A, at(0));
  one.received('care-of', A, cookie(sent, 'care-of'), token(1), at(0));
  assert.deepEqual(run(one), [
    [1, 'home'],
    [3, 'home'],
    [7, 'home'],
    [15, 'home'],
    [31, 'silent'],
  ]);
  assert.equal(one.waiting, false);
  assert.deepEqual(told(one.received('home', HOME, cookie(sent, 'home'), token(1), at(32))), [
    'unexpected',
  ]);
});

test('where the home test is answered and the other is not, it is the path that is silent', () => {
  const one = tests();
  const sent = one.begin(HOME, A, at(0));
  one.received('home', HOME, cookie(sent, 'home'), token(1), at(0));
  assert.deepEqual(told(one.tick(at(1))), ['care-of']);
  assert.deepEqual(one.tick(at(3), true), [{ kind: 'silent', test: 'care-of' }], 'in a hurry');
  assert.equal(one.waiting, false);
  const patient = tests();
  const again = patient.begin(HOME, A, at(0));
  patient.received('home', HOME, cookie(again, 'home'), token(1), at(0));
  assert.deepEqual(run(patient).at(-1), [31, 'silent']);
});

test('a repeat has a new cookie, and the answer to it alone is taken', () => {
  const one = tests();
  const sent = one.begin(HOME, undefined, at(0));
  const repeat = one.tick(at(1));
  assert.notDeepEqual(cookie(repeat, 'home'), cookie(sent, 'home'));
  assert.deepEqual(told(one.received('home', HOME, cookie(sent, 'home'), token(1), at(1.5))), [
    'unexpected',
  ]);
  assert.deepEqual(told(one.received('home', HOME, cookie(repeat, 'home'), token(1), at(1.6))), [
    'proved',
  ]);
});

test('the same test is not begun again within a third of a second', () => {
  const one = tests();
  proved(one);
  one.forgetTokens();
  assert.deepEqual(told(one.begin(HOME, A, at(0.1))), []);
  const due = milliseconds(334) as unknown as Instant;
  assert.equal(one.deadline(), due);
  assert.deepEqual(told(one.tick(due)), ['home', 'care-of']);
  assert.deepEqual(run(one).at(-1), [31.334, 'silent'], 'and it waits as long as ever');
});

test('a new test has a new cookie', () => {
  const one = tests();
  const first = cookie(one.begin(HOME, undefined, at(0)), 'home');
  one.received('home', HOME, first, token(1), at(0));
  one.forgetTokens();
  assert.notDeepEqual(cookie(one.begin(HOME, undefined, at(1)), 'home'), first);
});

test('stopped, it asks for nothing and keeps what it has', () => {
  const one = tests();
  proved(one);
  one.begin(HOME, B, at(1));
  one.stop();
  assert.deepEqual([one.deadline(), one.waiting], [undefined, false]);
  assert.deepEqual(told(one.begin(HOME, B, at(2))), ['care-of'], 'the home token is there');
});

test('mechanisms that are taken away', () => {
  const silent = tests('retransmission');
  silent.begin(HOME, A, at(0));
  assert.deepEqual(silent.tick(at(1000)), []);

  const late = tests('first-send-at-once');
  assert.deepEqual(late.begin(HOME, A, at(0)), []);
  assert.deepEqual(told(late.tick(milliseconds(334) as unknown as Instant)), ['home', 'care-of']);

  const lazy = tests('new-care-of-test');
  proved(lazy);
  assert.deepEqual(told(lazy.begin(HOME, B, at(1))), ['proved'], 'with the token of A');
});

test('the wait between two Inits grows to MAX_BINDACK_TIMEOUT and no more', () => {
  const constants = { ...DEFAULT_CONSTANTS, MAX_BINDACK_TIMEOUT: seconds(3) };
  const secrets = (count: number) => new Uint8Array(count);
  const one = new RoutabilityTest(constants, { secrets, without: new Set() });
  one.begin(HOME, A, at(0));
  const due: number[] = [];
  for (let now = one.deadline(); now !== undefined && due.length < 5; now = one.deadline()) {
    due.push(now / 1e6);
    one.tick(now);
  }
  assert.deepEqual(due, [1, 3, 6, 9, 12]);
});
