/**
 * What both authenticators of mobility messages have in common: the data that they cover.
 *
 * Source: RFC 6275 section 6.2.7, RFC 4285 section 5.1.
 */
import { type Address, writeAddress } from '../../wire/address.ts';
import { IPV6_OPTION, PROTOCOL } from '../../wire/numbers.ts';
import { findMobilityOption, walkHeaders } from '../../wire/walk.ts';

/** Octets of an authenticator: First (96, ...). */
export const AUTHENTICATOR_SIZE = 12;

/** Where a packet's Mobility Header is, and one option in it; offsets count from the packet. */
export interface SignedPart {
  readonly mobilityAt: number;
  readonly mobilityEnd: number;
  readonly optionAt: number;
  readonly optionEnd: number;
}

/**
 * The last option of a type in the Mobility Header message of a packet; undefined where there is
 * none, or where anything but padding follows it. An authenticator stands last, and what is behind
 * it would not be proved by it.
 */
export function signedPart(packet: Uint8Array, type: number): SignedPart | undefined {
  const walk = walkHeaders(packet);
  if (walk?.protocol !== PROTOCOL.mobility || !walk.firstFragment) return undefined;
  const mobilityAt = walk.upperAt;
  const optionAt = findMobilityOption(packet, mobilityAt, type);
  if (optionAt < 0) return undefined;
  const mobilityEnd = mobilityAt + 8 * (packet[mobilityAt + 1]! + 1);
  const optionEnd = optionAt + 2 + packet[optionAt + 1]!;
  for (let at = optionEnd; at < mobilityEnd; ) {
    const padding = packet[at]!;
    if (padding !== IPV6_OPTION.pad1 && padding !== IPV6_OPTION.padN) return undefined;
    at += padding === IPV6_OPTION.pad1 ? 1 : 2 + packet[at + 1]!;
  }
  return { mobilityAt, mobilityEnd, optionAt, optionEnd };
}

/** More than two addresses and the longest Mobility Header; never read after the call that wrote it. */
const ROOM = new Uint8Array(32 + 8 * 256);

/**
 * Two addresses and the octets [from, to) of a packet's Mobility Header, its checksum as zero. Good
 * until the next call.
 */
export function mobilityData(
  first: Address,
  second: Address,
  packet: Uint8Array,
  from: number,
  to: number,
): Uint8Array {
  writeAddress(ROOM, 0, first);
  writeAddress(ROOM, 16, second);
  for (let i = from; i < to; i++) ROOM[32 + i - from] = packet[i]!;
  ROOM.fill(0, 32 + 4, 32 + 6);
  return ROOM.subarray(0, 32 + to - from);
}
