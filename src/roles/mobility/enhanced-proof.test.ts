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
  NO_CARE_OF_TOKEN,
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
function granted(one: ByHand, time: number, sequence = 1): Uint8Array {
  const { octets, key } = first(one, time, { sequence });
  const { status, options, signed } = answer(one, octets, time, key);
  assert.deepEqual([status, signed], [0, true]);
  const { token } = find(options, 'permanent-home-keygen-token')!;
  const permanent = rsa.decrypt(mn.privateKey, token)!;
  assert.equal(permanent.length, 8);
  assert.notDeepEqual(rsa.decrypt(other.privateKey, token), permanent, 'nobody else can read it');
  return permanent;
}

/** What an update is proved with that names no care-of nonce. Source: RFC 4866 section 4.1. */
const earlyKey = (homeToken: Uint8Array) =>
  bindingManagementKey(crypto, homeToken, NO_CARE_OF_TOKEN);

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
  const homeKey = earlyKey(permanent);
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
  const homeKey = earlyKey(granted(one, 1));
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
  // One packet of 4000 octets went, and 24 more in its routing header. 100 came, from anybody.
  carried(one, { [`path/to/${HOME}`]: 4000, [from('2001:db8:b::1')]: 100 }, 8);
  assert.deepEqual(path(one), { careOf: VICTIM, credit: 7000 - 4024 });
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
  const key = earlyKey(permanent);
  const theirs = update({ sequence: 9, home: other.home, source: B, key });
  const { status, signed } = answer(one, theirs, 2, key, B);
  assert.deepEqual([status, signed], [147, false]);
  assert.equal(one.counters['mobility.bu_permanent_token_unknown'], 1);
  // Without the token, and with the key of a release, which has no care-of token in it.
  for (const wrong of [earlyKey(new Uint8Array(8)), bindingManagementKey(crypto, permanent)]) {
    assert.deepEqual(one.packet(update({ sequence: 2, source: B, key: wrong }), 2).names(), []);
  }
  assert.equal(one.counters['mobility.bu_unauthenticated'], 2);
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

test('its owner that shows its key again gets a new token once it has used the old one', () => {
  const one = correspondent();
  const permanent = granted(one, 1);
  // The answer may have been lost, and the first of two answers is the one that is read.
  assert.deepEqual(granted(one, 2, 2), permanent);
  const moved = update({ sequence: 3, source: B, key: earlyKey(permanent) });
  assert.equal(answer(one, moved, 3, earlyKey(permanent), B).status, 0);
  const renewed = granted(one, 4, 4);
  assert.notDeepEqual(renewed, permanent);
  const old = update({ sequence: 5, source: B, key: earlyKey(permanent) });
  assert.deepEqual(one.packet(old, 5).names(), []);
  const next = update({ sequence: 5, source: B, key: earlyKey(renewed) });
  assert.equal(answer(one, next, 5, earlyKey(renewed), B).status, 0);
});

/** An error about a packet to a care-of address, with nothing heard from there. */
function unreachable(one: ByHand, careOf: Address, time: number): void {
  const invoking = packet(SELF, careOf, [
    { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: mn.home },
    { layer: 'udp', sourcePort: 1, destinationPort: 2 },
  ]);
  const layers = [{ layer: 'destination-unreachable', invoking } as const];
  one.packet(packet(address('2001:db8:2::1'), SELF, layers), time, { reason: 'icmpv6' });
  carried(one, {}, time);
}

/** A binding by a permanent token whose care-of address is given up at 13 s. */
function givenUp(): { readonly one: ByHand; readonly permanent: Uint8Array } {
  const one = correspondent();
  const permanent = granted(one, 1);
  for (const time of [10, 11, 12, 13]) unreachable(one, A, time);
  assert.deepEqual(
    [path(one).careOf, one.counters['mobility.unreachable_dropped']],
    [undefined, 1],
  );
  return { one, permanent };
}

/** An update by the permanent token and a test of the care-of address. */
function later(one: ByHand, permanent: Uint8Array, change: Partial<Update>, time: number) {
  const { source = B } = change;
  const { keygenToken, nonceIndex: careOfNonceIndex } = careOfToken(one, source, time);
  const key = bindingManagementKey(crypto, permanent, keygenToken);
  const octets = update({ sequence: 2, source, ...change, key, careOfNonceIndex });
  return { octets, key };
}

test('errors end a binding, not the token: its owner may have no other way to prove itself', () => {
  const { one, permanent } = givenUp();
  const stranger = first(one, 20, { sequence: 2, source: B, shown: undefined });
  assert.equal(
    answer(one, stranger.octets, 20, stranger.key, B).status,
    149,
    'nobody else binds it',
  );
  const old = later(one, permanent, { sequence: 1 }, 500);
  assert.equal(answer(one, old.octets, 500, old.key, B).status, 135, 'nothing is played back');
  const { octets, key } = later(one, permanent, {}, 500);
  assert.equal(answer(one, octets, 500, key, B).status, 0);
  assert.deepEqual(path(one), { careOf: B, credit: undefined });
  assert.equal(one.role.sizes?.()['permanent-tokens'], 1);
});

test('a token whose binding was ended by errors goes with its time, and by a release', () => {
  const late = givenUp();
  const { octets, key } = later(late.one, late.permanent, {}, 86_402);
  assert.equal(answer(late.one, octets, 86_402, key, B).status, 147);
  const { one, permanent } = givenUp();
  const released = { sequence: 2, lifetime: 0, source: A };
  const release = bindingManagementKey(crypto, permanent);
  assert.equal(answer(one, update({ ...released, key: release }), 20, release, mn.home).status, 0);
  assert.equal(one.role.sizes?.()['permanent-tokens'], 0);
});

test('a care-of address that was never proved ends with its binding, and the token stays', () => {
  const one = correspondent();
  const permanent = granted(one, 1);
  const key = earlyKey(permanent);
  assert.equal(answer(one, update({ sequence: 2, source: B, key }), 2, key, B).status, 0);
  one.run(50);
  assert.equal(path(one).careOf, undefined);
  const proved = later(one, permanent, { sequence: 3 }, 60);
  assert.equal(answer(one, proved.octets, 60, proved.key, B).status, 0);
});

test('a home test alone is enough to send from a new address, and nothing goes there', () => {
  const one = correspondent();
  const home = homeToken(one, mn.home, 1);
  const key = earlyKey(home.keygenToken);
  const what = { sequence: 1, source: B, homeNonceIndex: home.nonceIndex };
  const init: MobilityOptionInput[] = [{ option: 'care-of-test-init' }];
  const early = update({ ...what, key, options: init, acknowledge: false });
  const { status, lifetime, signed, options } = answer(one, early, 1, key, B);
  assert.deepEqual([status, lifetime, signed], [0, 7, true]);
  assert.ok(one.entries.has(`peer/from/${HOME}/at/2001:db8:b::1`));
  carried(one, { [`peer/from/${HOME}/at/2001:db8:b::1`]: 5000 }, 1);
  assert.equal(path(one).careOf, undefined);
  const { careOfKeygenToken } = find(options, 'care-of-test')!;
  const { careOfNonceIndex } = find(options, 'nonce-indices')!;
  const both = bindingManagementKey(crypto, home.keygenToken, careOfKeygenToken);
  const complete = update({ ...what, sequence: 2, key: both, careOfNonceIndex });
  assert.deepEqual(answer(one, complete, 2, both, B).lifetime, 420 / 4);
  assert.deepEqual(path(one), { careOf: B, credit: undefined });
});

test('a key shown before the care-of address is proved brings both tokens, asked for or not', () => {
  const one = correspondent();
  const home = homeToken(one, mn.home, 1);
  const key = earlyKey(home.keygenToken);
  const octets = update({
    ...{ sequence: 1, key, homeNonceIndex: home.nonceIndex, signedBy: mn, acknowledge: false },
    options: [...cgaOptions(mn.parameters, 128), { option: 'care-of-test-init' }],
  });
  const { status, lifetime, options } = answer(one, octets, 1, key);
  assert.deepEqual([status, lifetime], [0, 7]);
  const names = options.map(({ option }) => option as string);
  const [permanent, careOf] = ['permanent-home-keygen-token', 'care-of-test'];
  assert.ok(names.includes(permanent!) && names.indexOf(careOf!) > names.indexOf(permanent!));
});

test('parameters of a key that do not stand right before a signature are refused', () => {
  const [parameters, signature] = cgaOptions(mn.parameters, 128);
  const between: MobilityOptionInput = { option: 'care-of-test-init' };
  const bytes = mn.parameters;
  const pieces = [bytes.slice(0, 100), bytes.slice(100)].map(
    (piece): MobilityOptionInput => ({ option: 'cga-parameters', parameters: piece }),
  );
  for (const options of [
    [parameters!],
    [parameters!, between, signature!],
    [signature!, parameters!],
    [...pieces, signature!],
  ]) {
    const one = correspondent();
    const home = homeToken(one, mn.home, 1);
    const careOf = careOfToken(one, A, 1);
    const key = bindingManagementKey(crypto, home.keygenToken, careOf.keygenToken);
    const indices = { homeNonceIndex: home.nonceIndex, careOfNonceIndex: careOf.nonceIndex };
    const signed = options.length > 1 ? { signedBy: mn } : {};
    const octets = update({ sequence: 1, key, ...indices, options, ...signed });
    assert.equal(answer(one, octets, 1, key).status, 148);
    assert.equal(path(one).careOf, undefined);
  }
});

test('a key shown without a home test is refused', () => {
  const one = correspondent();
  const key = earlyKey(new Uint8Array(8));
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
  const key = earlyKey(granted(one, 1));
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
