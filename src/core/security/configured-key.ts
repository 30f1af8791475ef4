/**
 * The binding management key of two nodes that were given what it is made of beforehand: the tokens
 * are those of return routability, and nobody sends them.
 *
 * Such a key never changes by itself, so nothing but the sequence number tells a new message from an
 * old one. It is therefore compared as it stands and never begins again: a key serves for 32 767
 * updates, and whoever takes updates keeps the last number over a restart.
 *
 * Source: RFC 4449 sections 3 and 4.
 */
import type { Address } from '../../wire/address.ts';
import type { ConfiguredKey } from '../config.ts';
import type { Cryptography } from '../role.ts';
import { bindingManagementKey, keygenToken } from './return-routability.ts';

/** Of the home token alone where a binding is taken back, as after return routability. */
export function configuredManagementKey(
  crypto: Cryptography,
  { key, homeNonce, careOfNonce }: ConfiguredKey,
  home: Address,
  careOf: Address,
): Uint8Array {
  const homeToken = keygenToken(crypto, key, home, homeNonce, 'home');
  if (careOf === home) return bindingManagementKey(crypto, homeToken);
  const careOfToken = keygenToken(crypto, key, careOf, careOfNonce, 'care-of');
  return bindingManagementKey(crypto, homeToken, careOfToken);
}
