/** Makes the packets of the correspondent node items: tests, updates and echoes, right or wrong. */

import { mobilityData } from '../../src/core/security/mobility-data.ts';
import {
  AUTHENTICATOR_SIZE,
  bindingManagementKey,
} from '../../src/core/security/return-routability.ts';
import { nodeCryptography as crypto } from '../../src/lab/crypto.ts';
import { type Address, readAddress, UNSPECIFIED } from '../../src/wire/address.ts';
import {
  type LayerInput,
  type MobilityOptionInput,
  serialisePacket,
} from '../../src/wire/packet.ts';
import { fixUpperChecksum, walkHeaders } from '../../src/wire/walk.ts';
import type { Words } from './words.ts';

/** The token of an address, and the index of the nonce that it was made with. */
export interface Token {
  readonly index: number;
  readonly token: Uint8Array;
}

/** Which address stands in the authenticator of a de-registration sent from a care-of address. */
export type ReleaseForm = 'home address' | 'care-of address';

/** Where a packet comes from and goes to, and who its Home Address option names. */
export interface Ends {
  readonly source: Address;
  readonly destination: Address;
  readonly home?: Address;
}

export interface Update extends Ends {
  readonly careOf: Address;
  /** The home address, with or without an option that names it. */
  readonly owner: Address;
  readonly alternate?: Address;
  readonly sequence: number;
  readonly lifetime: number;
  readonly homeToken?: Token;
  readonly careOfToken?: Token;
  readonly form: ReleaseForm;
}

const ALL_ONES = new Uint8Array(8).fill(0xff);
const NONCE_INDICES_END = 12 + 6;

function headers({ source, destination, home }: Ends): LayerInput[] {
  const layers: LayerInput[] = [{ layer: 'ipv6', source, destination, hopLimit: 64 }];
  if (home !== undefined) {
    const options = [{ option: 'home-address', homeAddress: home } as const];
    layers.push({ layer: 'destination-options', options });
  }
  return layers;
}

function strangeOptions(words: Words): MobilityOptionInput[] {
  switch (words.strangeOption) {
    case 'nonce':
      return [{ option: 'nonce-indices', homeNonceIndex: 1, careOfNonceIndex: 1 }];
    case 'alternate':
      return [{ option: 'alternate-care-of-address', careOfAddress: UNSPECIFIED }];
    case 'refresh':
      return [{ option: 'binding-refresh-advice', refreshInterval: 10 }];
    default:
      return [];
  }
}

/** A Home Test Init or Care-of Test Init. */
export function testInit(
  kind: 'HoTI' | 'CoTI',
  ends: Ends,
  cookie: Uint8Array,
  words: Words,
): Uint8Array {
  const options = strangeOptions(words);
  const layer: LayerInput =
    kind === 'HoTI'
      ? { layer: 'home-test-init', homeInitCookie: cookie, options }
      : { layer: 'care-of-test-init', careOfInitCookie: cookie, options };
  return finished(serialisePacket([...headers(ends), layer]), words);
}

/** An Echo Request whose sequence number tells its reply. */
export function echoRequest(ends: Ends, sequence: number, words: Words): Uint8Array {
  const layers = headers(ends);
  if (words.routing2 === true) {
    layers.push({ layer: 'routing-type-2', segmentsLeft: 1, homeAddress: ends.destination });
  }
  const echo = { layer: 'echo-request', identifier: 7, sequence } as const;
  const packet = serialisePacket([...layers, echo]);
  if (words.wrongEchoChecksum !== true) return packet;
  const plain = serialisePacket([...headers({ ...ends, home: ends.source }), echo]);
  const at = walkHeaders(packet)!.upperAt + 2;
  packet.set(plain.subarray(at, at + 2), at);
  return packet;
}

/** The key of an update: of both tokens, or of the home token alone where it releases a binding. */
export function keyOf(update: Update, words: Words): Uint8Array | undefined {
  const { homeToken, careOfToken } = update;
  if (homeToken === undefined) return undefined;
  const home = words.wrongToken === 'home' ? ALL_ONES : homeToken.token;
  if (isRelease(update)) return bindingManagementKey(crypto, home);
  if (careOfToken === undefined) return undefined;
  const careOf = words.wrongToken === 'care-of' ? ALL_ONES : careOfToken.token;
  return bindingManagementKey(crypto, home, careOf);
}

export const isRelease = ({ lifetime, careOf, owner }: Update): boolean =>
  lifetime === 0 || careOf === owner;

/** The addresses that are signed in an update and in its answer. Source: RFC 6275 section 6.2.7. */
export function signedEnds(update: Update) {
  const release = isRelease(update) && update.form === 'home address';
  return {
    careOf: release ? update.owner : update.careOf,
    correspondent: update.destination,
  };
}

/** A Binding Update for a correspondent node. */
export function bindingUpdate(update: Update, words: Words): Uint8Array {
  const { flags } = words;
  const options: MobilityOptionInput[] = [...strangeOptions(words)];
  if (update.alternate !== undefined) {
    options.push({ option: 'alternate-care-of-address', careOfAddress: update.alternate });
  }
  const { homeToken, careOfToken } = update;
  if (words.withoutNonce !== true) {
    options.push({
      option: 'nonce-indices',
      homeNonceIndex: words.homeIndex ?? homeToken?.index ?? 0,
      careOfNonceIndex: words.careOfIndex ?? careOfToken?.index ?? 0,
    });
  }
  const key = keyOf(update, words);
  const signed = words.withoutAuthenticator !== true && key !== undefined;
  if (signed) {
    const authenticator = new Uint8Array(AUTHENTICATOR_SIZE);
    options.push({ option: 'binding-authorization-data', authenticator });
  }
  const padded = words.paddedAuthenticator === true;
  if (padded) options.push({ option: 'padn', data: new Uint8Array(6) });
  const packet = serialisePacket([
    ...headers(update),
    {
      layer: 'binding-update',
      sequence: update.sequence,
      acknowledge: flags.A ?? true,
      homeRegistration: flags.H ?? false,
      linkLocalAddressCompatibility: flags.L ?? false,
      keyManagementMobilityCapability: flags.K ?? false,
      lifetime: update.lifetime,
      options,
      // With a length the options stand as they are: 12 octets, 6, 14, and 8 of padding.
      ...(padded ? { headerLen: 4 } : {}),
    },
  ]);
  overwrite(packet, words);
  if (signed) sign(packet, key, update, padded, words);
  return finished(packet, words);
}

function sign(packet: Uint8Array, key: Uint8Array, update: Update, padded: boolean, words: Words) {
  const { upperAt } = walkHeaders(packet)!;
  const at = padded ? upperAt + NONCE_INDICES_END + 2 : packet.length - AUTHENTICATOR_SIZE;
  const { careOf, correspondent } = signedEnds(update);
  const data = mobilityData(careOf, correspondent, packet, upperAt, at);
  packet.set(crypto.hmacSha1(key, data).subarray(0, AUTHENTICATOR_SIZE), at);
  if (words.wrongAuthenticator === true) packet[at]! ^= 1;
}

function overwrite(packet: Uint8Array, words: Words): void {
  const { upperAt } = walkHeaders(packet)!;
  for (const [at, value] of words.overwritten) packet[upperAt + at] = value;
}

/** Writes what is to be wrong, and the checksum that goes with it. */
function finished(packet: Uint8Array, words: Words): Uint8Array {
  const { upperAt } = walkHeaders(packet)!;
  overwrite(packet, words);
  fixUpperChecksum(packet);
  if (words.wrongMhChecksum === true) packet.fill(0, upperAt + 4, upperAt + 6);
  return packet;
}

/** A Destination Unreachable about a packet that the node under test sent. */
export function unreachable(router: Address, invoking: Uint8Array): Uint8Array {
  const destination = readAddress(invoking, 8);
  return serialisePacket([
    { layer: 'ipv6', source: router, destination, hopLimit: 64 },
    { layer: 'destination-unreachable', code: 3, invoking },
  ]);
}
