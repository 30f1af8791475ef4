/** What a mobile node with a key sends, and where it asks for more than the answers bring. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from '../../../test/by-hand.ts';
import { A, B, owner, SELF } from '../../../test/proved-updates.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import type { Address } from '../../wire/address.ts';
import type { LayerOf, MobilityOptionInput } from '../../wire/packet.ts';
import { BindingCache } from '../bindings/binding-cache.ts';
import { BindingErrors } from '../bindings/binding-errors.ts';
import { Paths } from '../bindings/paths.ts';
import { constantsWith } from '../constants.ts';
import type { Environment } from '../role.ts';
import { Protection } from '../security/protection.ts';
import { AddressSets } from './address-sets.ts';
import { CgaProof, MAX_TOKEN_UPDATES } from './cga-proof.ts';
import type { Proving } from './peer-proof.ts';
import { ReturnRoutabilityProof } from './return-routability-proof.ts';

const mn = owner(1);
const { rsa } = crypto;
const COOKIES = 8;

/** A proof for whose peer both tests have been answered. */
function tested(): CgaProof {
  const env: Environment = {
    random: () => 0.5,
    secrets: (count) => new Uint8Array(count).fill(count === COOKIES ? 1 : 2),
    crypto,
    epoch: 0,
    without: new Set(),
    constants: {},
  };
  const state = {
    env,
    constants: constantsWith({}),
    sets: new AddressSets(),
    bindings: new BindingCache({ home: 0, peer: 0 }),
    paths: new Paths(),
    errors: new BindingErrors(env),
    protection: new Protection({ name: 'mn' }, env),
  };
  const tests = new ReturnRoutabilityProof(SELF, mn.home, state);
  const proof = new CgaProof(mn.home, mn, rsa!, tests, state);
  proof.begin(A, at(1));
  answerTest(proof, 'home', mn.home);
  answerTest(proof, 'care-of', A);
  return proof;
}

function answerTest(proof: CgaProof, kind: 'home' | 'care-of', where: Address): void {
  const token = { nonceIndex: 5, keygenToken: new Uint8Array(8).fill(7) };
  proof.received(kind, where, new Uint8Array(COOKIES).fill(1), token, at(1));
}

const answerWith = (options: readonly MobilityOptionInput[]) =>
  ({ layer: 'binding-acknowledgement', options }) as unknown as LayerOf<'binding-acknowledgement'>;

function granted(): CgaProof {
  const proof = tested();
  assert.deepEqual(names(proof), [
    ...['cga-parameters', 'signature', 'nonce-indices', 'binding-authorization-data'],
  ]);
  const secrets = (count: number) => new Uint8Array(count).fill(9);
  const publicKey = mn.parameters.subarray(25);
  const token = rsa!.encrypt(publicKey, new Uint8Array(8).fill(4), secrets)!;
  const message = answerWith([{ option: 'permanent-home-keygen-token', token }]);
  assert.equal(proof.accepted(message, A, at(1)), false);
  return proof;
}

const names = (proof: CgaProof, careOf = A) =>
  proof.proof(careOf, at(1))!.options.map(({ option }) => option as string);
const sent = ({ outputs }: Proving) =>
  outputs.flatMap((one) =>
    one.kind === 'event' && 'message' in one.event ? one.event.message : [],
  );

test('what shows the key, and what asks for a token, stands before the nonce indices', () => {
  const proof = granted();
  const early = ['care-of-test-init', 'nonce-indices', 'binding-authorization-data'];
  assert.deepEqual(names(proof, B), early);
});

test('an answer without a nonce to name is followed by a care-of test', () => {
  const proof = granted();
  names(proof, B);
  const careOfKeygenToken = new Uint8Array(8);
  const message = answerWith([{ option: 'care-of-test', careOfKeygenToken }]);
  assert.equal(proof.accepted(message, B, at(1)), true, 'the peer is to be told once more');
  assert.deepEqual(sent(proof.begin(B, at(1))), ['Care-of Test Init']);
});

test('a token is renewed before sequence numbers come again', () => {
  const proof = granted();
  for (let i = 1; i < MAX_TOKEN_UPDATES; i++) proof.proof(B, at(1));
  assert.equal(proof.begin(B, at(1)).result, 'proved');
  proof.proof(B, at(1));
  assert.deepEqual(sent(proof.begin(B, at(1))), ['Care-of Test Init']);
  answerTest(proof, 'care-of', B);
  assert.ok(names(proof, B).includes('cga-parameters'));
});

test('what a restart keeps is the permanent token and how much it has signed; the first update with it is complete', () => {
  const proof = granted();
  assert.deepEqual(names(proof).slice(-1), ['binding-authorization-data']);
  const kept = proof.kept();
  assert.equal(kept, '0404040404040404/1');
  const again = tested();
  assert.equal(again.kept(), undefined);
  again.takeUp(kept!, A);
  assert.equal(again.needsHomeTest(at(1)), false);
  assert.equal(
    again.kept(),
    '0404040404040404/65',
    'some more may have been sent than were counted',
  );
  assert.deepEqual(names(again), ['nonce-indices', 'binding-authorization-data']);
  for (const damaged of ['', '04/1', '0404040404040404', 'x404040404040404/1']) {
    const none = tested();
    none.takeUp(damaged, A);
    assert.equal(none.kept(), undefined, damaged);
  }
});
