/** What a correspondent node that asks for a delegation takes, and what it refuses by which name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByHand } from '../../../test/by-hand.ts';
import { authority, BEGIN, delegated, pairOf } from '../../../test/delegations.ts';
import { A, SELF, type Tokens, tokens, update } from '../../../test/peer-updates.ts';
import type { CorrespondentNodeConfig, DelegatedKey } from '../../core/config.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import {
  bindingManagementKey,
  signBindingAuthorization,
} from '../../core/security/return-routability.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { address } from '../../wire/address.ts';
import { MOBILITY_OPTION } from '../../wire/numbers.ts';
import { findMobilityOption, fixUpperChecksum } from '../../wire/walk.ts';

const node = (
  change: Partial<CorrespondentNodeConfig> = {},
  without: readonly Mechanism[] = [],
  epoch?: number,
) => {
  const correspondentNode = { maxBindings: 4, authorities: [authority], ...change };
  const one = new ByHand({ name: 'cn', correspondentNode }, without, epoch);
  return one.feed({ kind: 'start' }, 0).address(SELF, 0);
};

/** The status of the answer, and the names under which refusals were counted. */
function verdict(one: ByHand, octets: Uint8Array, time = 1): [number | undefined, string[]] {
  one.packet(octets, time);
  const answered = one.names().includes('binding-acknowledgement');
  const status = answered ? one.one('binding-acknowledgement').message.status : undefined;
  return [status, Object.keys(one.counters).filter((name) => name.startsWith('delegation.'))];
}

const shows = (one: ByHand, what: DelegatedKey | undefined, sequence = 1, time = 1) =>
  verdict(one, update(tokens(one, A, time), { sequence, ...(what && { delegated: what }) }), time);

test('an address that has an authority is bound with its delegation, and others without', () => {
  const one = node();
  assert.deepEqual(shows(one, delegated()), [0, []]);
  assert.ok(one.entries.has('path/to/2001:db8:1::100'));
  const other = address('2001:db8:2::100');
  const plain = update(tokens(one, A, 1, other), { sequence: 1, home: other });
  assert.deepEqual(verdict(one, plain), [0, []]);
});

test('it is refused by name: none, of another prefix, out of date, of another authority', () => {
  const [other, near] = [address('2001:db8:2::'), address('2001:db8:1::80')];
  for (const [what, counter] of [
    [undefined, 'delegation.missing'],
    [delegated({ prefix: { address: other, length: 64 } }), 'delegation.outside'],
    [delegated({ prefix: { address: near, length: 128 } }), 'delegation.outside'],
    [delegated({ notBefore: BEGIN + 2 }), 'delegation.out_of_date'],
    [delegated({ notAfter: BEGIN }), 'delegation.out_of_date'],
    [delegated({}, { authorityFill: 2 }), 'delegation.not_of_authority'],
    // Its delegation is right, and not for its key.
    [{ ...delegated(), privateKey: pairOf(8).privateKey }, 'delegation.wrong_signature'],
  ] as const) {
    const one = node();
    assert.deepEqual(shows(one, what), [129, [counter]]);
    assert.equal(one.entries.has('path/to/2001:db8:1::100'), false, counter);
    assert.equal(one.counters['mobility.bu_refused'], 1);
  }
});

test('a second before its end it holds for a second, and no binding outlives it', () => {
  const one = node();
  assert.deepEqual(shows(one, delegated({ notAfter: BEGIN + 20 })), [0, []]);
  assert.equal(one.one('binding-acknowledgement').message.lifetime, 5, '20 s, and not 40 s');
  assert.deepEqual(shows(one, delegated({ notAfter: BEGIN + 20 }), 2, 20.9)[0], 0);
  assert.deepEqual(shows(one, delegated({ notAfter: BEGIN + 20 }), 3, 21)[0], 129);
});

test('an authority may change its key: either is taken while both are listed', () => {
  const next = { ...authority, key: pairOf(2).publicKey };
  for (const authorityFill of [1, 2]) {
    const one = node({ authorities: [authority, next] });
    assert.deepEqual(shows(one, delegated({}, { authorityFill })), [0, []]);
  }
});

test('an authority has its own prefix to give away, and no other', () => {
  const wide = { address: address('2001:db8::'), length: 32 };
  const elsewhere = {
    prefix: { address: address('2001:db8:2::'), length: 64 },
    key: pairOf(2).publicKey,
  };
  const one = node({ authorities: [authority, elsewhere] });
  const claimed = delegated({ prefix: wide }, { authorityFill: 2 });
  assert.deepEqual(shows(one, claimed), [129, ['delegation.not_of_authority']]);
  assert.deepEqual(shows(one, delegated({ prefix: wide }), 2)[0], 0);
});

test('an option that was cut is refused, and so is one behind which another stands', () => {
  const { delegation } = delegated();
  const vendor = { option: 'vendor-specific', vendorId: 32473, subtype: 5 } as const;
  for (const data of [delegation, new Uint8Array(193), new Uint8Array(195), new Uint8Array()]) {
    const one = node();
    const cut = update(tokens(one, A, 1), { sequence: 1, options: [{ ...vendor, data }] });
    assert.deepEqual(verdict(one, cut), [129, ['delegation.malformed']], `${data.length}`);
  }
});

/** The update with other tokens' authenticator, as somebody who has them could make it. */
function provedAnew(octets: Uint8Array, { home, careOf }: Tokens): Uint8Array {
  const key = bindingManagementKey(crypto, home.token, careOf.token);
  signBindingAuthorization(crypto, octets, key, { careOf: A, correspondent: SELF });
  return octets;
}

test('a signature is of no use to another client, with other tokens, or with another number', () => {
  const one = node();
  const mine = tokens(one, A, 1);
  const signed = update(mine, { sequence: 1, delegated: delegated() });
  // A client elsewhere gives other tokens; whoever has those too has no signature over them.
  const other = node({}, [], 1_700_000_000_000_001);
  tokens(other, address('2001:db8:b::1'), 0);
  const theirs = tokens(other, A, 60);
  assert.notDeepEqual(theirs.home.token, mine.home.token);
  const indices = [theirs.home.index, theirs.careOf.index].flatMap((one) => [one >> 8, one & 255]);
  const moved = signed.slice();
  moved.set(indices, findMobilityOption(moved, 40 + 24, MOBILITY_OPTION.nonceIndices) + 2);
  assert.deepEqual(verdict(other, provedAnew(moved, theirs), 60), [
    129,
    ['delegation.wrong_signature'],
  ]);
  const renumbered = signed.slice();
  renumbered[40 + 24 + 7]! += 1;
  assert.deepEqual(verdict(one, provedAnew(renumbered, mine)), [
    129,
    ['delegation.wrong_signature'],
  ]);
  assert.deepEqual(verdict(one, signed.slice())[0], 0, 'as it was it is right');
});

test('nobody else takes the binding back, or tells of other addresses', () => {
  const one = node();
  shows(one, delegated());
  const proof = tokens(one, A, 2);
  for (const change of [
    { lifetime: 0, atHome: true },
    { lifetime: 10, atHome: true },
  ]) {
    assert.equal(verdict(one, update(proof, { sequence: 2, ...change }), 2)[0], 129);
    assert.ok(one.entries.has('path/to/2001:db8:1::100'));
  }
  const own = { sequence: 3, lifetime: 0, atHome: true, delegated: delegated() };
  assert.equal(verdict(one, update(proof, own), 2)[0], 0);
  assert.equal(one.entries.has('path/to/2001:db8:1::100'), false);
});

test('no signature is looked at before return routability is passed, and few a second after it', () => {
  let verified = 0;
  const ed25519 = crypto.ed25519!;
  const verify = ed25519.verify;
  const counting: typeof verify = (...of) => {
    verified += 1;
    return verify.apply(ed25519, of);
  };
  Object.assign(ed25519, { verify: counting });
  try {
    const one = node();
    const proof = tokens(one, A, 1);
    const forged = update(proof, { sequence: 1, delegated: delegated() });
    forged[forged.length - 1]! ^= 1;
    fixUpperChecksum(forged);
    assert.deepEqual(verdict(one, forged), [undefined, []]);
    assert.equal(one.counters['mobility.bu_unauthenticated'], 1);
    assert.equal(verified, 0);
    const wrong = delegated({}, { authorityFill: 2 });
    for (let n = 0; n < 150; n++) {
      verdict(one, update(proof, { sequence: n, delegated: wrong }));
    }
    assert.equal(verified, 100);
    assert.equal(one.counters['delegation.deferred'], 50);
    assert.equal(one.names().length, 0, 'it may come again');
    assert.equal(verdict(one, update(proof, { sequence: 1, delegated: delegated() }), 1.1)[0], 0);
  } finally {
    Object.assign(ed25519, { verify });
  }
});

test('after a restart it is shown anew', () => {
  const one = node({ authorities: [] });
  shows(one, undefined);
  const [[key, value] = ['', '']] = one.store;
  assert.ok(value.length > 0);
  const strict = node();
  strict.feed({ kind: 'restored', key, value }, 2);
  assert.equal(strict.entries.has('path/to/2001:db8:1::100'), false);
  shows(strict, delegated());
  assert.equal(strict.store.size, 0);
});

test('without the mechanism whoever receives at the address binds it', () => {
  assert.deepEqual(shows(node({}, ['delegation']), undefined), [0, []]);
});
