/** What a correspondent believes of home addresses made of keys: by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ByHand, packet } from '../../../test/by-hand.ts';
import {
  A,
  answer,
  B,
  correspondent,
  owner,
  rsa,
  SELF,
  type Update,
  update as updateOf,
} from '../../../test/proved-updates.ts';
import type { Input } from '../../core/role.ts';
import { cgaOptions } from '../../core/security/mobility-signature.ts';
import {
  bindingManagementKey,
  signBindingAuthorization,
} from '../../core/security/return-routability.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, address, formatAddress } from '../../wire/address.ts';
import type { MobilityOption, MobilityOptionInput } from '../../wire/packet.ts';

const VICTIM = address('2001:db8:dead::1');
const COOKIE = new Uint8Array(8).fill(3);
const mn = owner(1);
const other = owner(2);
/** An update of `mn` where nothing else is said. */
const update = (what: Omit<Update, 'home'> & { readonly home?: Address }) =>
  updateOf({ home: mn.home, ...what });

interface Token {
  readonly nonceIndex: number;
  readonly keygenToken: Uint8Array;
}

function homeToken(one: ByHand, home: Address, time: number): Token {
  one.packet(packet(home, SELF, [{ layer: 'home-test-init', homeInitCookie: COOKIE }]), time);
  const { nonceIndex, homeKeygenToken: keygenToken } = one.one('home-test').message;
  return { nonceIndex, keygenToken };
}

function careOfToken(one: ByHand, careOf: Address, time: number): Token {
  const init = { layer: 'care-of-test-init', careOfInitCookie: COOKIE } as const;
  one.packet(packet(careOf, SELF, [init]), time);
  const { nonceIndex, careOfKeygenToken: keygenToken } = one.one('care-of-test').message;
  return { nonceIndex, keygenToken };
}

/** An update after both tests, with what shows the key of `shown`, signed by `signedBy`. */
function first(
  one: ByHand,
  time: number,
  change: Partial<Update> & { readonly shown?: Uint8Array | undefined } = {},
): { readonly octets: Uint8Array; readonly key: Uint8Array } {
  const { home = mn.home, source = A, signedBy = mn } = change;
  const shown = 'shown' in change ? change.shown : mn.parameters;
  const ofHome = homeToken(one, home, time);
  const ofCareOf = careOfToken(one, source, time);
  const key = bindingManagementKey(crypto, ofHome.keygenToken, ofCareOf.keygenToken);
  const octets = update({
    sequence: 1,
    ...change,
    key,
    homeNonceIndex: ofHome.nonceIndex,
    careOfNonceIndex: ofCareOf.nonceIndex,
    options: shown === undefined ? [] : cgaOptions(shown, 128),
    ...(shown === undefined ? {} : { signedBy }),
  });
  return { octets, key };
}

const find = <Name extends MobilityOption['option']>(
  options: readonly MobilityOption[],
  name: Name,
) => options.find((one): one is Extract<MobilityOption, { option: Name }> => one.option === name);

/** Makes the first contact and gives the permanent token. */
function granted(one: ByHand, time: number): Uint8Array {
  const { octets, key } = first(one, time);
  const { status, options, signed } = answer(one, octets, time, key);
  assert.deepEqual([status, signed], [0, true]);
  const { token } = find(options, 'permanent-home-keygen-token')!;
  const permanent = rsa.decrypt(mn.privateKey, token)!;
  assert.equal(permanent.length, 8);
  assert.notDeepEqual(rsa.decrypt(other.privateKey, token), permanent, 'nobody else can read it');
  return permanent;
}

/** Does what the driver does with a question: the entries have carried so much. */
function carried(one: ByHand, use: Readonly<Record<string, number>>, time: number): void {
  for (const output of one.outputs) {
    if (output.kind !== 'ask') continue;
    const answers = output.entries.map((entry) => {
      const octets = use[entry] ?? 0;
      return { packets: octets > 0 ? 1 : 0, octets };
    });
    const input: Input = { kind: 'answer', id: output.id, use: answers };
    one.feed(input, time);
  }
}

const HOME = formatAddress(mn.home);
const path = (one: ByHand) => {
  const entry = one.entries.get(`path/to/${HOME}`);
  const [action] = entry?.do ?? [];
  const careOf = action !== undefined && 'careOf' in action ? action.careOf : undefined;
  return { careOf, credit: entry?.credit };
};

test('a home address that shows its key is granted a token, and a day', () => {
  const one = correspondent();
  granted(one, 1);
  assert.equal(one.one('binding-acknowledgement').message.lifetime, 86_400 / 4);
  assert.deepEqual(path(one), { careOf: A, credit: undefined });
});

test('with the token it moves at once, on credit until the new address is proved', () => {
  const one = correspondent();
  const permanent = granted(one, 1);
  carried(one, {}, 1);
  const homeKey = bindingManagementKey(crypto, permanent);
  const init: MobilityOptionInput[] = [{ option: 'care-of-test-init' }];
  const early = update({ sequence: 2, source: B, key: homeKey, options: init });
  const { status, lifetime, options, signed } = answer(one, early, 2, homeKey, B);
  assert.deepEqual([status, lifetime, signed], [0, 7, true]);
  assert.equal(path(one).careOf, undefined, 'not before it is known what may go there');
  carried(one, { [`peer/from/${HOME}/at/2001:db8:a::1`]: 5000 }, 2);
  assert.deepEqual(path(one), { careOf: B, credit: 5000 });
  const { careOfKeygenToken } = find(options, 'care-of-test')!;
  const key = bindingManagementKey(crypto, permanent, careOfKeygenToken);
  const { careOfNonceIndex } = find(options, 'nonce-indices')!;
  const complete = update({ sequence: 3, source: B, key, careOfNonceIndex });
  const done = answer(one, complete, 2, key, B);
  assert.deepEqual([done.status, done.lifetime, done.signed], [0, 86_400 / 4, true]);
  assert.deepEqual(path(one), { careOf: B, credit: undefined });
  assert.equal(one.counters['mobility.bu_early'], 1);
});

test('credit is what came less what went, and loses an eighth every five seconds', () => {
  const one = correspondent();
  const homeKey = bindingManagementKey(crypto, granted(one, 1));
  carried(one, {}, 1);
  const from = (careOf: string) => `peer/from/${HOME}/at/${careOf}`;
  const move = (sequence: number, source: Address, time: number) =>
    one.packet(update({ sequence, source, key: homeKey }), time);
  one.feed({ kind: 'tick' }, 6);
  carried(one, { [from('2001:db8:a::1')]: 8000 }, 6);
  move(2, B, 7);
  carried(one, { [from('2001:db8:a::1')]: 8000 }, 7);
  assert.equal(path(one).credit, 7000);
  move(3, VICTIM, 8);
  // One packet of 4000 octets went, and 24 more in its routing header; 100 came.
  carried(one, { [`path/to/${HOME}`]: 4000, [from('2001:db8:b::1')]: 100 }, 8);
  assert.deepEqual(path(one), { careOf: VICTIM, credit: 7000 - 4024 + 100 });
  one.run(50);
  assert.equal(path(one).careOf, undefined, 'a binding that is never proved ends');
});

test('what shows a key that is not the address’s, or signs with another, is refused', () => {
  for (const change of [
    { shown: other.parameters, signedBy: other }, // a wrong address for the key
    { signedBy: other }, // the right parameters, signed by somebody else
    { shown: Uint8Array.from(mn.parameters, (octet, at) => (at === 3 ? octet ^ 1 : octet)) },
    { shown: new Uint8Array(4) },
  ]) {
    const one = correspondent();
    const { octets, key } = first(one, 1, change);
    const { status, signed, options } = answer(one, octets, 1, key);
    assert.deepEqual([status, signed], [148, true]);
    assert.equal(find(options, 'permanent-home-keygen-token'), undefined);
    assert.equal(one.counters['mobility.bu_cga_failed'], 1);
    assert.equal(path(one).careOf, undefined);
  }
});

test('a signature taken from another update is refused', () => {
  // For another care-of address, and for the same one under another number.
  for (const source of [B, A]) {
    const one = correspondent();
    const seen = first(one, 1);
    answer(one, seen.octets, 1, seen.key);
    const spy = first(one, 2, { sequence: 2, source });
    // The spy receives at both addresses, and puts the signature that it saw into its own update.
    const near = (octets: Uint8Array) =>
      octets.findIndex((_, i) => i > 200 && octets[i] === 13 && octets[i + 1] === 128);
    const from = near(seen.octets) + 2;
    const to = near(spy.octets) + 2;
    assert.ok(from > 200 && to > 200);
    spy.octets.set(seen.octets.slice(from, from + 128), to);
    signBindingAuthorization(crypto, spy.octets, spy.key, { careOf: source, correspondent: SELF });
    assert.equal(answer(one, spy.octets, 2, spy.key, source).status, 148);
    assert.equal(one.counters['mobility.bu_cga_failed'], 1);
    assert.equal(one.one('binding-acknowledgement').message.sequence, 2);
    assert.equal(path(one).careOf, A);
  }
});

test('a whole update played back is refused by its number, and later by its nonces', () => {
  const one = correspondent();
  const { octets, key } = first(one, 1);
  answer(one, octets, 1, key);
  assert.equal(answer(one, octets, 2, key).status, 135);
  assert.equal(one.counters['mobility.bu_out_of_window'], 1);
  assert.equal(answer(one, octets, 300, key).status, 138);
  assert.equal(one.counters['mobility.bu_expired_nonce'], 1);
});

test('the token of another home address proves nothing', () => {
  const one = correspondent();
  const permanent = granted(one, 1);
  const key = bindingManagementKey(crypto, permanent);
  const theirs = update({ sequence: 9, home: other.home, source: B, key });
  const { status, signed } = answer(one, theirs, 2, key, B);
  assert.deepEqual([status, signed], [147, false]);
  assert.equal(one.counters['mobility.bu_permanent_token_unknown'], 1);
  const guessed = bindingManagementKey(crypto, new Uint8Array(8));
  assert.deepEqual(one.packet(update({ sequence: 2, source: B, key: guessed }), 2).names(), []);
  assert.equal(one.counters['mobility.bu_unauthenticated'], 1);
  assert.equal(path(one).careOf, A);
});

test('who receives at a home address that was granted a token cannot speak for it', () => {
  const one = correspondent();
  granted(one, 1);
  const { octets, key } = first(one, 2, { sequence: 2, source: B, shown: undefined });
  const { status, signed } = answer(one, octets, 2, key, B);
  assert.deepEqual([status, signed], [149, true]);
  assert.equal(one.counters['mobility.bu_permanent_token_exists'], 1);
  assert.equal(path(one).careOf, A);
});

test('its owner that has lost the token shows its key again, and gets the same one', () => {
  const one = correspondent();
  const permanent = granted(one, 1);
  const again = first(one, 2, { sequence: 2 });
  const { options } = answer(one, again.octets, 2, again.key);
  const { token } = find(options, 'permanent-home-keygen-token')!;
  assert.deepEqual(rsa.decrypt(mn.privateKey, token), permanent);
});

test('a key shown without a home test is refused', () => {
  const one = correspondent();
  const key = bindingManagementKey(crypto, new Uint8Array(8));
  const octets = update({
    sequence: 1,
    key,
    options: cgaOptions(mn.parameters, 128),
    signedBy: mn,
  });
  assert.equal(answer(one, octets, 1, key).status, 150);
  assert.equal(one.counters['mobility.bu_home_nonce_missing'], 1);
});

test('the care-of token of a victim is not sent to who names its address', () => {
  const one = correspondent();
  const key = bindingManagementKey(crypto, granted(one, 1));
  const options: MobilityOptionInput[] = [{ option: 'care-of-test-init' }];
  const octets = update({ sequence: 2, source: A, careOf: VICTIM, key, options });
  const { status, options: brought } = answer(one, octets, 2, key, VICTIM);
  assert.equal(status, 0);
  assert.equal(find(brought, 'care-of-test'), undefined);
  carried(one, {}, 2);
  assert.deepEqual(path(one), { careOf: VICTIM, credit: 0 });
});

test('a peer that knows return routability alone skips the options', () => {
  const one = correspondent({ enhanced: false });
  const { octets, key } = first(one, 1);
  const { status, lifetime, options } = answer(one, octets, 1, key);
  assert.deepEqual([status, lifetime], [0, 420 / 4]);
  assert.equal(find(options, 'permanent-home-keygen-token'), undefined);
});

test('tokens and credits are no more than bindings', () => {
  const one = correspondent({ maxBindings: 1 });
  const { octets, key } = first(one, 1, { lifetime: 10 });
  answer(one, octets, 1, key);
  const late = first(one, 1, { home: other.home, shown: other.parameters, signedBy: other });
  assert.equal(answer(one, late.octets, 1, late.key).status, 130);
  const { sizes } = one.role;
  const held = sizes?.call(one.role);
  assert.deepEqual([held?.['permanent-tokens'], held?.credits], [1, 1]);
  one.run(50);
  const after = sizes?.call(one.role);
  assert.deepEqual([after?.['permanent-tokens'], after?.credits], [0, 0]);
});
