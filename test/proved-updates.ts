/** Binding Updates proved with keys, put together by hand, and what a correspondent answers. */
import { generateKeyPairSync } from 'node:crypto';
import type { CorrespondentNodeConfig } from '../src/core/config.ts';
import type { Mechanism } from '../src/core/mechanisms.ts';
import { cgaAddress, cgaParametersOctets } from '../src/core/security/cga.ts';
import { signMessage } from '../src/core/security/mobility-signature.ts';
import {
  type BindingEnds,
  signBindingAuthorization,
  verifyBindingAuthorization,
} from '../src/core/security/return-routability.ts';
import { nodeCryptography as crypto } from '../src/lab/crypto.ts';
import { type Address, address, addressOctets } from '../src/wire/address.ts';
import type { MobilityOptionInput } from '../src/wire/packet.ts';
import { ByHand, packet } from './by-hand.ts';

export const rsa = crypto.rsa!;
export const A = address('2001:db8:a::1');
export const B = address('2001:db8:b::1');
export const SELF = address('2001:db8:f::c');
const PREFIX = addressOctets(address('2001:db8:1::')).slice(0, 8);

/** A correspondent. */
export const correspondent = (
  config: Partial<CorrespondentNodeConfig> = {},
  without: readonly Mechanism[] = [],
) => {
  const correspondentNode = { maxBindings: 4, ...config };
  const one = new ByHand({ name: 'cn', correspondentNode }, without);
  return one.feed({ kind: 'start' }, 0).address(SELF, 0);
};

/** A mobile node that has a key. */
export function owner(fill: number) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const parameters = {
    modifier: new Uint8Array(16).fill(fill),
    prefix: PREFIX,
    collisionCount: 0,
    publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    extensions: new Uint8Array(),
  };
  return {
    home: cgaAddress(crypto, parameters, 0),
    privateKey: new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' })),
    parameters: cgaParametersOctets(parameters),
  };
}
export type Owner = ReturnType<typeof owner>;
export interface Update {
  readonly sequence: number;
  readonly home: Address;
  readonly source?: Address;
  readonly careOf?: Address;
  /** Units of 4 s. */
  readonly lifetime?: number;
  readonly homeNonceIndex?: number;
  readonly careOfNonceIndex?: number;
  readonly key: Uint8Array;
  readonly options?: readonly MobilityOptionInput[];
  readonly acknowledge?: boolean;
  readonly signedBy?: Owner;
}

export function update(what: Update): Uint8Array {
  const { home, source = A, careOf = source, lifetime = 21_600, options = [] } = what;
  const octets = packet(source, SELF, [
    {
      layer: 'destination-options',
      options: [{ option: 'home-address', homeAddress: home }],
    },
    {
      layer: 'binding-update',
      sequence: what.sequence,
      acknowledge: what.acknowledge ?? true,
      lifetime,
      options: [
        { option: 'alternate-care-of-address', careOfAddress: careOf },
        ...options,
        {
          option: 'nonce-indices',
          homeNonceIndex: what.homeNonceIndex ?? 0,
          careOfNonceIndex: what.careOfNonceIndex ?? 0,
        },
        { option: 'binding-authorization-data', authenticator: new Uint8Array(12) },
      ],
    },
  ]);
  const ends: BindingEnds = { careOf, correspondent: SELF };
  if (what.signedBy !== undefined) signMessage(rsa, octets, what.signedBy.privateKey, ends);
  signBindingAuthorization(crypto, octets, what.key, ends);
  return octets;
}

/** The answer: status, lifetime in units, options, and whether `key` has signed it. */
export function answer(one: ByHand, octets: Uint8Array, time: number, key: Uint8Array, careOf = A) {
  const { message, octets: sent } = one.packet(octets, time).one('binding-acknowledgement');
  const ends = { careOf, correspondent: SELF };
  return { ...message, signed: verifyBindingAuthorization(crypto, sent, key, ends) };
}
