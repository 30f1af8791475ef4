import { type Address, readAddress } from '../../wire/address.ts';
import type { MobilityOptionInput } from '../../wire/packet.ts';
import type { Cryptography } from '../role.ts';
import {
  AUTHENTICATOR_SIZE,
  type BindingEnds,
  signBindingAuthorization,
} from '../security/return-routability.ts';
import type { Proof } from './signalling.ts';

/**
 * The proof of a message between a mobile node and a correspondent: these options, and behind them
 * the Binding Authorization Data made with a binding management key. Source: RFC 6275 section 6.2.7.
 */
export const bindingAuthorization = (
  crypto: Cryptography,
  key: Uint8Array,
  ends: BindingEnds,
  options: readonly MobilityOptionInput[] = [],
): Proof => authorization(crypto, key, () => ends, options);

/**
 * The same for an update: the correspondent is whom it goes to, which may be another address of the
 * peer than the one that it is known by.
 */
export const updateAuthorization = (
  crypto: Cryptography,
  key: Uint8Array,
  careOf: Address,
  options: readonly MobilityOptionInput[] = [],
): Proof =>
  authorization(
    crypto,
    key,
    (packet) => ({ careOf, correspondent: destinationOf(packet) }),
    options,
  );

function authorization(
  crypto: Cryptography,
  key: Uint8Array,
  endsOf: (packet: Uint8Array) => BindingEnds,
  options: readonly MobilityOptionInput[],
): Proof {
  const authenticator = new Uint8Array(AUTHENTICATOR_SIZE);
  return {
    options: [...options, { option: 'binding-authorization-data', authenticator }],
    sign: (packet) => signBindingAuthorization(crypto, packet, key, endsOf(packet)),
  };
}

/** Whom a packet goes to. */
export const destinationOf = (packet: Uint8Array): Address => readAddress(packet, 24);
