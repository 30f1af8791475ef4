import { bits, flag, reserved, type TailField, u16, u32 } from '../field.ts';
import { type InputOf, message, type ValueOf } from '../message.ts';
import { optionalNumber } from '../octets-field.ts';

/** Bits of the first octet that announce the parts that may be absent. */
const CHECKSUM = 0x80;
const KEY = 0x20;
const SEQUENCE = 0x10;
/** Bits 1, 4 and 5: who does not process RFC 1701 refuses them (RFC 2784 section 2.3). */
export const RFC_1701_BITS = 0x4c;

/** A number that stands there where its bit says so, behind `before` and its own octets. */
const announced = (
  bit: number,
  size: 2 | 4,
  before: (first: number) => number,
): TailField<number | undefined> => ({
  ...optionalNumber(size === 2 ? u16() : u32()),
  endAt: (octets, start) => {
    const first = octets[start]!;
    return start + before(first) + ((first & bit) === 0 ? 0 : size);
  },
});

const behindChecksum = (first: number) => ((first & CHECKSUM) === 0 ? 4 : 8);
const behindKey = (first: number) => behindChecksum(first) + ((first & KEY) === 0 ? 0 : 4);

/**
 * Generic Routing Encapsulation, version 0. Protocol Type is an Ethernet type. What C, K and S
 * announce is absent without them; giving a key or a sequence number sets its bit, and a checksum
 * is computed where `checksumPresent` is set and none is given.
 *
 *     +-+-+-+-+-----------------+-----+-------------------------------+
 *     |C|R|K|S|    Reserved0    | Ver |         Protocol Type         |
 *     +-+-+-+-+-----------------+-----+-------------------------------+
 *     |      Checksum (with C)        |      Reserved1 (with C)       |
 *     +-------------------------------+-------------------------------+
 *     |                          Key (with K)                         |
 *     +---------------------------------------------------------------+
 *     |                    Sequence Number (with S)                   |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 2784 section 2, RFC 2890 section 2.
 */
export const gre = message('gre', 'RFC 2784 section 2, RFC 2890 section 2', {
  checksumPresent: flag(),
  routingPresent: flag(),
  keyPresent: flag(),
  sequencePresent: flag(),
  reserved0: reserved(9),
  version: bits(3),
  protocolType: u16(),
  checksum: announced(CHECKSUM, 2, () => 4),
  reserved1: announced(CHECKSUM, 2, (first) => ((first & CHECKSUM) === 0 ? 4 : 6)),
  key: announced(KEY, 4, behindChecksum),
  sequence: announced(SEQUENCE, 4, behindKey),
});

export type Gre = ValueOf<typeof gre>;
export type GreInput = InputOf<typeof gre>;

/** The input with bits and numbers that agree; a checksum that is to be computed is 0. */
export function completeGre(input: GreInput): GreInput {
  const { checksum, reserved1, key, sequence } = input;
  const checksumPresent = input.checksumPresent ?? checksum !== undefined;
  const keyPresent = input.keyPresent ?? key !== undefined;
  const sequencePresent = input.sequencePresent ?? sequence !== undefined;
  return {
    ...input,
    checksumPresent,
    keyPresent,
    sequencePresent,
    checksum: checksumPresent ? (checksum ?? 0) : undefined,
    reserved1: checksumPresent ? (reserved1 ?? 0) : undefined,
    key: keyPresent ? (key ?? 0) : undefined,
    sequence: sequencePresent ? (sequence ?? 0) : undefined,
  };
}
