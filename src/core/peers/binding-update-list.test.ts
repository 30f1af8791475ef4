import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, packet } from '../../../test/by-hand.ts';
import { nodeCryptography as crypto } from '../../lab/crypto.ts';
import { type Address, address } from '../../wire/address.ts';
import { type Layer, type LayerInput, parsePacket } from '../../wire/packet.ts';
import { BindingCache } from '../bindings/binding-cache.ts';
import { BindingErrors } from '../bindings/binding-errors.ts';
import { Paths } from '../bindings/paths.ts';
import { constantsWith } from '../constants.ts';
import type { Received } from '../part.ts';
import type { Environment, Output } from '../role.ts';
import { Protection } from '../security/protection.ts';
import { bindingManagementKey, signBindingAuthorization } from '../security/return-routability.ts';
import { seconds } from '../time.ts';
import { AddressSets } from './address-sets.ts';
import { BindingUpdateList } from './binding-update-list.ts';

const HOME = address('2001:db8:1::100');
const CARE_OF = address('2001:db8:a::1');
const PEER = address('2001:db8:f::c');
const ELSEWHERE = address('2001:db8:e::c');
const LIAR = address('2001:db8:bad::1');

/** The list of a node whose home address is cut off, and that has tokens of its peers. */
function cutOff() {
  const env: Environment = {
    random: () => 0.5,
    secrets: (count) => new Uint8Array(count),
    crypto,
    epoch: 0,
    without: new Set(),
    constants: {},
  };
  const sets = new AddressSets();
  const state = {
    env,
    constants: constantsWith({}),
    sets,
    bindings: new BindingCache({ home: 0, peer: 0 }),
    paths: new Paths(),
    errors: new BindingErrors(env),
    protection: new Protection({ name: 'mh' }, env),
  };
  const lifetime = seconds(420);
  const identity = { home: HOME, lifetime, allowed: () => lifetime, isCutOff: () => true };
  const list = new BindingUpdateList({ home: HOME, maxPeers: 4 }, identity, () => true, state);
  const move = (peer: Address) => {
    const registration = list.add(peer);
    const token = { nonceIndex: 1, keygenToken: tokenOf(peer), until: at(210) };
    registration.proof.learn('home', HOME, token);
    registration.proof.learn('care-of', CARE_OF, token);
    return sent(registration.move(CARE_OF, at(1)));
  };
  return { list, sets, move };
}

const tokenOf = (peer: Address) => new Uint8Array(8).fill(peer.charCodeAt(15));

const sent = (outputs: readonly Output[]): Layer[] =>
  outputs.flatMap((one) => {
    const parsed = one.kind === 'transmit' ? parsePacket(one.octets) : undefined;
    return parsed?.ok ? parsed.value.slice(-1) : [];
  });

const counted = (outputs: readonly Output[]) =>
  outputs.flatMap((one) => (one.kind === 'count' ? [one.counter] : []));

function received(source: Address, layer: LayerInput, key?: Uint8Array): Received {
  const routing = { layer: 'routing-type-2', segmentsLeft: 1, homeAddress: HOME } as const;
  const octets = packet(source, CARE_OF, [routing, layer]);
  const ends = { careOf: CARE_OF, correspondent: source };
  if (key !== undefined) signBindingAuthorization(crypto, octets, key, ends);
  const parsed = parsePacket(octets);
  assert.ok(parsed.ok);
  const message = parsed.value.at(-1)!;
  const ways = { link: 'eth0', source, destination: CARE_OF, routing2: HOME } as const;
  return { kind: 'received', octets, reason: 'mobility', ...ways, message };
}

function acknowledgement(update: Layer | undefined, peer: Address, source: Address): Received {
  assert.equal(update?.layer, 'binding-update');
  const options = [
    { option: 'binding-authorization-data', authenticator: new Uint8Array(12) },
  ] as const;
  const base = { layer: 'binding-acknowledgement', status: 0, lifetime: 100, options } as const;
  const key = bindingManagementKey(crypto, tokenOf(peer), tokenOf(peer));
  return received(source, { ...base, sequence: update.sequence } as LayerInput, key);
}

test('while home is cut off an error makes the update go again, with the tokens at hand', () => {
  const { list, move } = cutOff();
  const [update] = move(PEER);
  list.received(acknowledgement(update, PEER, PEER), at(1));
  const registration = list.get(PEER)!;
  assert.ok(registration.expiresAt !== undefined);
  const [again] = sent(registration.unknownToPeer(at(10)));
  assert.equal(again?.layer, 'binding-update');
});

test('who has answered a test is not believed to know no Mobility Header', () => {
  const { list, move } = cutOff();
  move(PEER);
  const error = { layer: 'binding-error', status: 2, homeAddress: HOME } as const;
  assert.deepEqual(counted(list.received(received(PEER, error), at(2))), ['mobility.be_ignored']);
  assert.ok(list.get(PEER)!.asking);
});

test('an answer from an address that several peers have told of is the one`s that signed it', () => {
  const { list, sets, move } = cutOff();
  sets.tell(LIAR, { addresses: [ELSEWHERE], parks: false });
  sets.tell(PEER, { addresses: [ELSEWHERE], parks: false });
  move(LIAR);
  const [update] = move(PEER);
  list.received(acknowledgement(update, PEER, ELSEWHERE), at(1));
  assert.equal(list.get(LIAR)!.expiresAt, undefined);
  assert.ok(list.get(PEER)!.expiresAt !== undefined);
});
