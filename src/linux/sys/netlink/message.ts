/**
 * Netlink messages and attributes: written into one growing buffer, read with every length checked.
 *
 *      0                   1                   2                   3
 *     +---------------------------------------------------------------+
 *     |              Length of the message, header included           |
 *     +-------------------------------+-------------------------------+
 *     |             Type              |             Flags             |
 *     +-------------------------------+-------------------------------+
 *     |                           Sequence                            |
 *     +---------------------------------------------------------------+
 *     |                     Port of the asking socket                 |
 *     +---------------------------------------------------------------+
 *     |  body: a structure of the family, then attributes, each:      |
 *     |  length (2, header included), type (2), value, padding to 4   |
 *
 * Numbers are in the order of the host, which is little-endian on all machines that we run on.
 *
 * Source: <linux/netlink.h>; RFC 3549 section 2.3.
 */

const HEADER = { size: 16, length: 0, type: 4, flags: 6, sequence: 8, port: 12 };
const ATTRIBUTE_HEADER = 4;
/** Bits of an attribute's type that say how its value is to be read; <linux/netlink.h> NLA_F_*. */
const ATTRIBUTE_TYPE_MASK = 0x3fff;
const NLA_F_NESTED = 0x8000;

/** NLM_F_* of <linux/netlink.h>. */
export const NLM_F = {
  REQUEST: 0x1,
  MULTI: 0x2,
  ACK: 0x4,
  DUMP_INTR: 0x10,
  DUMP: 0x300,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
  /** In an error: the message that failed is not repeated whole. */
  CAPPED: 0x100,
  /** In an error: attributes follow. */
  ACK_TLVS: 0x200,
} as const;

/** Message types that are no family's own; <linux/netlink.h> NLMSG_*. */
export const NLMSG = { NOOP: 1, ERROR: 2, DONE: 3, OVERRUN: 4 } as const;

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** A view: what outlives the buffer must be copied. */
  readonly body: Uint8Array;
}

export type Attributes = ReadonlyMap<number, Uint8Array>;

const align = (length: number): number => (length + 3) & ~3;
const viewOf = (octets: Uint8Array): DataView =>
  new DataView(octets.buffer, octets.byteOffset, octets.byteLength);

/** All messages of one datagram. Throws RangeError where a length does not fit. */
export function parseMessages(octets: Uint8Array): Message[] {
  const view = viewOf(octets);
  const messages: Message[] = [];
  let at = 0;
  while (at < octets.length) {
    if (octets.length - at < HEADER.size) throw new RangeError('netlink: half a header');
    const length = view.getUint32(at + HEADER.length, true);
    if (length < HEADER.size || length > octets.length - at) {
      throw new RangeError(`netlink: a message of ${length} octets at ${at} of ${octets.length}`);
    }
    messages.push({
      type: view.getUint16(at + HEADER.type, true),
      flags: view.getUint16(at + HEADER.flags, true),
      sequence: view.getUint32(at + HEADER.sequence, true),
      body: octets.subarray(at + HEADER.size, at + length),
    });
    at += align(length);
  }
  return messages;
}

/** The attributes behind `from` octets; of two of a type the last. Throws RangeError as above. */
export function parseAttributes(octets: Uint8Array, from = 0): Attributes {
  const view = viewOf(octets);
  const attributes = new Map<number, Uint8Array>();
  let at = from;
  while (at < octets.length) {
    if (octets.length - at < ATTRIBUTE_HEADER) throw new RangeError('netlink: half an attribute');
    const length = view.getUint16(at, true);
    if (length < ATTRIBUTE_HEADER || length > octets.length - at) {
      throw new RangeError(`netlink: an attribute of ${length} octets at ${at}`);
    }
    const type = view.getUint16(at + 2, true) & ATTRIBUTE_TYPE_MASK;
    attributes.set(type, octets.subarray(at + ATTRIBUTE_HEADER, at + length));
    at += align(length);
  }
  return attributes;
}

/** An attribute's number of 4 octets; undefined where it is absent or shorter. */
export function u32(attributes: Attributes, type: number): number | undefined {
  const value = attributes.get(type);
  return value === undefined || value.length < 4 ? undefined : viewOf(value).getUint32(0, true);
}

/** An attribute's number of 1 octet. */
export const u8 = (attributes: Attributes, type: number): number | undefined =>
  attributes.get(type)?.[0];

/** An attribute's text, without the zero at its end. */
export function text(attributes: Attributes, type: number): string | undefined {
  const value = attributes.get(type);
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return Buffer.from(value.subarray(0, end < 0 ? value.length : end)).toString('utf8');
}

/** Attributes inside of an attribute; none where it is absent. */
export const nested = (attributes: Attributes, type: number): Attributes =>
  parseAttributes(attributes.get(type) ?? new Uint8Array(0));

/** Writes messages one behind the other. */
export class MessageWriter {
  #octets = Buffer.alloc(4096);
  #length = 0;

  /** What was written so far; a view that is valid until more is written. */
  octets(): Buffer {
    return this.#octets.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** One message; `body` writes the structure and the attributes. */
  message(type: number, flags: number, sequence: number, body: () => void): void {
    const start = this.#reserve(HEADER.size);
    body();
    this.#octets.writeUInt32LE(this.#length - start, start + HEADER.length);
    this.#octets.writeUInt16LE(type, start + HEADER.type);
    this.#octets.writeUInt16LE(flags, start + HEADER.flags);
    this.#octets.writeUInt32LE(sequence, start + HEADER.sequence);
    this.#octets.writeUInt32LE(0, start + HEADER.port);
  }

  /** A structure: `size` octets of zero, whose numbers `fill` writes from offset `at` on. */
  structure(size: number, fill: (octets: Buffer, at: number) => void): void {
    const at = this.#reserve(size);
    fill(this.#octets, at);
  }

  attribute(type: number, value: Uint8Array): void {
    const at = this.#attributeHeader(type, value.length);
    this.#octets.set(value, at);
  }

  /** An attribute of an address, octet by octet from its characters. */
  address(type: number, value: string): void {
    const at = this.#attributeHeader(type, value.length);
    for (let i = 0; i < value.length; i++) this.#octets[at + i] = value.charCodeAt(i);
  }

  u8(type: number, value: number): void {
    const at = this.#attributeHeader(type, 1);
    this.#octets.writeUInt8(value, at);
  }

  u32(type: number, value: number): void {
    const at = this.#attributeHeader(type, 4);
    this.#octets.writeUInt32LE(value >>> 0, at);
  }

  /** Text with a zero at its end. */
  text(type: number, value: string): void {
    this.attribute(type, Buffer.from(`${value}\0`, 'utf8'));
  }

  /** An attribute of what `body` writes. */
  nest(type: number, body: () => void): void {
    const at = this.#reserve(ATTRIBUTE_HEADER);
    body();
    this.#octets.writeUInt16LE(this.#length - at, at);
    this.#octets.writeUInt16LE(type | NLA_F_NESTED, at + 2);
  }

  #attributeHeader(type: number, length: number): number {
    if (length > 0xffff - ATTRIBUTE_HEADER) throw new RangeError('netlink: attribute too long');
    const at = this.#reserve(ATTRIBUTE_HEADER + length);
    this.#octets.writeUInt16LE(ATTRIBUTE_HEADER + length, at);
    this.#octets.writeUInt16LE(type, at + 2);
    return at + ATTRIBUTE_HEADER;
  }

  /** Room at the end, zeroed and padded to 4 octets. */
  #reserve(size: number): number {
    const at = this.#length;
    const end = at + align(size);
    if (end > this.#octets.length) {
      const larger = Buffer.alloc(Math.max(end, 2 * this.#octets.length));
      larger.set(this.octets());
      this.#octets = larger;
    }
    this.#octets.fill(0, at, end);
    this.#length = end;
    return at;
  }
}
