import type { MobilityOptionInput } from '../wire/packet.ts';
import type { Cryptography } from './role.ts';
import {
  AUTHENTICATOR_SIZE,
  type BindingEnds,
  signBindingAuthorization,
} from './security/return-routability.ts';
import type { Proof } from './signalling.ts';

/**
 * The proof of a message between a mobile node and a correspondent: these options, and behind them
 * the Binding Authorization Data made with a binding management key. Source: RFC 6275 section 6.2.7.
 */
export function bindingAuthorization(
  crypto: Cryptography,
  key: Uint8Array,
  ends: BindingEnds,
  options: readonly MobilityOptionInput[] = [],
): Proof {
  const authenticator = new Uint8Array(AUTHENTICATOR_SIZE);
  return {
    options: [...options, { option: 'binding-authorization-data', authenticator }],
    sign: (packet) => signBindingAuthorization(crypto, packet, key, ends),
  };
}
