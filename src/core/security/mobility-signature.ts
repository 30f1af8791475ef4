/**
 * The signature of Enhanced Route Optimization: who sends a Binding Update has the key that its home
 * address was made from.
 *
 *     signed data = type tag | care-of | correspondent | MH data up to the last CGA Parameters option
 *
 * The checksum counts as zero. The Signature option stands right behind the last CGA Parameters
 * option and before the Binding Authorization Data option, which therefore covers it and the nonce
 * indices; the sequence number is in both, so an old signature is of no use.
 *
 * Supported standards: RFC 4866 sections 4.5 and 4.6, RFC 3972 section 6.
 */
import { fromHex } from '../../wire/hex.ts';
import { MOBILITY_OPTION, PROTOCOL } from '../../wire/numbers.ts';
import type { MobilityOption, MobilityOptionInput } from '../../wire/packet.ts';
import { findMobilityOption, fixUpperChecksum, walkHeaders } from '../../wire/walk.ts';
import type { Rsa } from '../role.ts';
import { mobilityData } from './mobility-data.ts';
import type { BindingEnds } from './return-routability.ts';

/** Tells these signatures from those of other protocols. Source: RFC 4866 section 7. */
const TYPE_TAG = fromHex('5f2705868d6c4c56a2469ebb9b2a2e13')!;
/** The most octets that one option holds. */
const MAX_OPTION_DATA = 255;

/**
 * The options that a Binding Update proves its home address with; the signature holds zeros.
 * @param parameters a CGA Parameters data structure, which may need several options.
 * @param size octets of a signature.
 */
export function cgaOptions(parameters: Uint8Array, size: number): MobilityOptionInput[] {
  const options: MobilityOptionInput[] = [];
  for (let at = 0; at < parameters.length; at += MAX_OPTION_DATA) {
    const piece = parameters.slice(at, at + MAX_OPTION_DATA);
    options.push({ option: 'cga-parameters', parameters: piece });
  }
  return [...options, { option: 'signature', signature: new Uint8Array(size) }];
}

/**
 * The CGA Parameters in a message, put together; undefined where it has none. Empty, and so of no
 * address, where they do not stand one behind the other, full but for the last, and right before a
 * Signature option. Source: RFC 4866 sections 4.2 and 5.1.
 */
export function shownCga(options: readonly MobilityOption[]): Uint8Array | undefined {
  const pieces = options.filter((one) => one.option === 'cga-parameters');
  if (pieces.length === 0) return undefined;
  const from = options.findIndex((one) => one.option === 'cga-parameters');
  const inOrder = pieces.every(
    (piece, i) =>
      options[from + i] === piece &&
      (i === pieces.length - 1 || piece.parameters.length === MAX_OPTION_DATA),
  );
  const signed = options[from + pieces.length]?.option === 'signature';
  if (!inOrder || !signed) return new Uint8Array();
  return Uint8Array.from(pieces.flatMap(({ parameters }) => [...parameters]));
}

/**
 * Fills the Signature option of a finished packet in place, and mends the checksum. Throws RangeError
 * where there is none, or none of the key's size, to fill.
 */
export function signMessage(
  rsa: Rsa,
  packet: Uint8Array,
  privateKey: Uint8Array,
  ends: BindingEnds,
): void {
  const place = signatureAt(packet);
  if (place === undefined) throw new RangeError('no Signature option to fill');
  const signature = rsa.sign(privateKey, signedData(packet, ends, place));
  if (signature.length !== place.size) throw new RangeError('a Signature option of another size');
  packet.set(signature, place.at);
  fixUpperChecksum(packet);
}

/** Does the packet carry a signature made with the key? */
export function verifySignature(
  rsa: Rsa,
  packet: Uint8Array,
  publicKey: Uint8Array,
  ends: BindingEnds,
): boolean {
  const place = signatureAt(packet);
  if (place === undefined) return false;
  const shown = packet.subarray(place.at, place.at + place.size);
  return rsa.verify(publicKey, signedData(packet, ends, place), shown);
}

interface Place {
  readonly mobilityAt: number;
  /** Of the signature itself, behind the option's type and length. */
  readonly at: number;
  readonly size: number;
}

function signatureAt(packet: Uint8Array): Place | undefined {
  const walk = walkHeaders(packet);
  if (walk?.protocol !== PROTOCOL.mobility || !walk.firstFragment) return undefined;
  const option = findMobilityOption(packet, walk.upperAt, MOBILITY_OPTION.signature);
  if (option < 0) return undefined;
  return { mobilityAt: walk.upperAt, at: option + 2, size: packet[option + 1]! };
}

function signedData(
  packet: Uint8Array,
  { careOf, correspondent }: BindingEnds,
  { mobilityAt, at }: Place,
): Uint8Array {
  const message = mobilityData(careOf, correspondent, packet, mobilityAt, at - 2);
  const data = new Uint8Array(TYPE_TAG.length + message.length);
  data.set(TYPE_TAG);
  data.set(message, TYPE_TAG.length);
  return data;
}
