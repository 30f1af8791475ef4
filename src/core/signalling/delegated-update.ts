/**
 * The proof that a Binding Update comes from somebody who may bind an anycast address: the delegation, and
 * a signature with its key, in one vendor-specific mobility option.
 *
 *     +---------------------------------------------------------------+
 *     |                      Vendor ID = 32473                        |
 *     +---------------+-----------------------------------------------+
 *     | Sub-Type = 5  |  Delegation, 130 octets; Signature, 64 octets
 *     +---------------+- - - - - - - - - - - - - - - -
 *
 *     signed data = tag | home | length of secret | secret | care-of | correspondent | MH data up to the signature
 *
 * The secret is the binding management key of return routability, so that a signature is of no use with
 * other tokens; to an agent, the number of the security association. The checksum counts as zero. No other
 * vendor-specific option follows.
 *
 * Source: docs/registry.md; seed anycast, "proof that it is authorized to use the anycast address".
 */
import { type Address, addressOctets } from '../../wire/address.ts';
import { MOBILITY_OPTION } from '../../wire/numbers.ts';
import type { MobilityOption } from '../../wire/packet.ts';
import { findMobilityOption, fixUpperChecksum, walkHeaders } from '../../wire/walk.ts';
import type { DelegatedKey } from '../config.ts';
import type { Cryptography, Ed25519 } from '../role.ts';
import { DELEGATION_SIZE, ED25519_SIGNATURE_SIZE } from '../security/delegation.ts';
import { mobilityData } from '../security/mobility-data.ts';
import { destinationOf } from './binding-authorization.ts';
import type { Proof } from './signalling.ts';
import { vendorDataIn, vendorOption } from './vendor-options.ts';

const TAG = Uint8Array.from('careof binding, version 1\0', (one) => one.charCodeAt(0));
const SIZE = DELEGATION_SIZE + ED25519_SIGNATURE_SIZE;

/** What a signature is for, beside the message. */
export interface DelegatedBinding {
  readonly home: Address;
  readonly careOf: Address;
  /** 255 octets at most. */
  readonly secret: Uint8Array;
}

/** The proof of an update with the delegation before it; what it signs is covered by that proof in turn. */
export function delegatedProof(
  { ed25519 }: Pick<Cryptography, 'ed25519'>,
  { privateKey, delegation }: DelegatedKey,
  binding: DelegatedBinding,
  proof: Proof,
): Proof {
  if (ed25519 === undefined)
    throw new RangeError('a delegation needs Ed25519, and none is handed in');
  const data = new Uint8Array(SIZE);
  data.set(delegation);
  return {
    options: [vendorOption('delegation', data), ...proof.options],
    sign: (packet) => {
      const place = signatureAt(packet);
      if (place === undefined) throw new RangeError('no delegation to sign for');
      packet.set(ed25519.sign(privateKey, signedData(packet, binding, place)), place.at);
      fixUpperChecksum(packet);
      proof.sign(packet);
    },
  };
}

/** The delegation that a message shows; undefined where it shows none, empty where that is cut. */
export function shownDelegation(options: readonly MobilityOption[]): Uint8Array | undefined {
  const shown = vendorDataIn(options, 'delegation').at(-1);
  return shown?.subarray(0, shown.length === SIZE ? DELEGATION_SIZE : 0);
}

/** Is the message signed with the key that the delegation is for? */
export function isSignedWith(
  ed25519: Ed25519,
  serverKey: Uint8Array,
  packet: Uint8Array,
  binding: DelegatedBinding,
): boolean {
  const place = signatureAt(packet);
  if (place === undefined) return false;
  const shown = packet.subarray(place.at, place.at + ED25519_SIGNATURE_SIZE);
  return ed25519.verify(serverKey, signedData(packet, binding, place), shown);
}

interface Place {
  readonly mobilityAt: number;
  readonly at: number;
}

/** At the end of the last vendor-specific option. */
function signatureAt(packet: Uint8Array): Place | undefined {
  const walk = walkHeaders(packet);
  if (walk === undefined) return undefined;
  const mobilityAt = walk.upperAt;
  const option = findMobilityOption(packet, mobilityAt, MOBILITY_OPTION.vendorSpecific);
  if (option < 0 || packet[option + 1]! < SIZE) return undefined;
  return { mobilityAt, at: option + 2 + packet[option + 1]! - ED25519_SIGNATURE_SIZE };
}

function signedData(
  packet: Uint8Array,
  { home, careOf, secret }: DelegatedBinding,
  { mobilityAt, at }: Place,
): Uint8Array {
  const message = mobilityData(careOf, destinationOf(packet), packet, mobilityAt, at);
  return Uint8Array.of(...TAG, ...addressOctets(home), secret.length, ...secret, ...message);
}
