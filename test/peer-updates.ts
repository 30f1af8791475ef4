/** Updates to a correspondent node that is fed by hand, proved as a mobile node would prove them. */
import assert from 'node:assert/strict';
import type { DelegatedKey } from '../src/core/config.ts';
import {
  bindingManagementKey,
  signBindingAuthorization,
} from '../src/core/security/return-routability.ts';
import { delegatedProof } from '../src/core/signalling/delegated-update.ts';
import { NO_PROOF } from '../src/core/signalling/signalling.ts';
import { nodeCryptography as crypto } from '../src/lab/crypto.ts';
import { type Address, address } from '../src/wire/address.ts';
import type { LayerInput, MobilityOptionInput } from '../src/wire/packet.ts';
import { type ByHand, packet } from './by-hand.ts';

export const HOME = address('2001:db8:1::100');
export const A = address('2001:db8:a::1');
export const SELF = address('2001:db8:f::c');
export const COOKIE = new Uint8Array(8).fill(3);

export interface Tokens {
  readonly home: { readonly index: number; readonly token: Uint8Array };
  readonly careOf: { readonly index: number; readonly token: Uint8Array };
}

export function homeToken(one: ByHand, time: number, home = HOME): Tokens['home'] {
  one.packet(packet(home, SELF, [{ layer: 'home-test-init', homeInitCookie: COOKIE }]), time);
  const { message, destination } = one.one('home-test');
  assert.equal(destination, home);
  assert.deepEqual(message.homeInitCookie, COOKIE);
  return { index: message.nonceIndex, token: message.homeKeygenToken };
}

export function careOfToken(one: ByHand, careOf: Address, time: number): Tokens['careOf'] {
  const init = { layer: 'care-of-test-init', careOfInitCookie: COOKIE } as const;
  const { message, destination } = one
    .packet(packet(careOf, SELF, [init]), time)
    .one('care-of-test');
  assert.equal(destination, careOf);
  return { index: message.nonceIndex, token: message.careOfKeygenToken };
}

export const tokens = (one: ByHand, careOf: Address, time: number, home = HOME): Tokens => ({
  home: homeToken(one, time, home),
  careOf: careOfToken(one, careOf, time),
});

export interface Update {
  readonly sequence: number;
  readonly careOf?: Address;
  readonly home?: Address;
  /** Units of 4 s. */
  readonly lifetime?: number;
  /** Sent from the home address itself, without the option. */
  readonly atHome?: boolean;
  readonly homeRegistration?: boolean;
  readonly options?: readonly MobilityOptionInput[];
  /** What it shows besides. @see delegatedProof */
  readonly delegated?: DelegatedKey;
}

/** A Binding Update that its tokens prove. */
export function update(with_: Tokens, change: Update): Uint8Array {
  const { sequence, careOf = A, home = HOME, lifetime = 10, atHome = false } = change;
  const release = lifetime === 0 || atHome;
  const key = bindingManagementKey(
    crypto,
    with_.home.token,
    release ? undefined : with_.careOf.token,
  );
  const ends = { careOf: release ? home : careOf, correspondent: SELF };
  const binding = { home, careOf: ends.careOf, secret: key };
  const shown = change.delegated && delegatedProof(crypto, change.delegated, binding, NO_PROOF);
  const layers: LayerInput[] = [];
  if (!atHome) {
    const options = [{ option: 'home-address', homeAddress: home } as const];
    layers.push({ layer: 'destination-options', options });
  }
  layers.push({
    layer: 'binding-update',
    sequence,
    acknowledge: true,
    homeRegistration: change.homeRegistration ?? false,
    lifetime,
    options: [
      ...(shown?.options ?? []),
      {
        option: 'nonce-indices',
        homeNonceIndex: with_.home.index,
        careOfNonceIndex: release ? 0 : with_.careOf.index,
      },
      ...(change.options ?? []),
      { option: 'binding-authorization-data', authenticator: new Uint8Array(12) },
    ],
  });
  const octets = packet(atHome ? home : careOf, SELF, layers);
  shown?.sign(octets);
  signBindingAuthorization(crypto, octets, key, ends);
  return octets;
}
