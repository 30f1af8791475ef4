/**
 * The kinds of field that a declaration is made of: bits, numbers, addresses, octets.
 *
 * A fixed field knows its width in bits and, once told where it stands, how to read and write
 * itself; `message.ts` adds up the widths. A tail (`rest`, `addresses`, an option list) takes what
 * is left of the header and can stand only at its end.
 */
import {
  type Address,
  addressOf,
  formatAddress,
  IPV4_SIZE,
  IPV6_SIZE,
  parseAddress,
  readAddress,
  UNSPECIFIED,
  UNSPECIFIED_IPV4,
  writeAddress,
} from './address.ts';
import type { Result, WireReason, WireReply } from './result.ts';

export type Json = null | boolean | number | string | Json[] | { readonly [key: string]: Json };

/** What went wrong inside a tail; the message that holds it adds the layer's name. */
export interface Fault {
  readonly reason: WireReason;
  readonly offset: number;
  readonly field: string;
  readonly message: string;
  readonly reply?: WireReply;
}

/** Thrown while JSON is turned into values; `layersFromJson` catches it and says where. */
export class JsonFault extends Error {
  readonly path: string;
  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

interface AnyField<T, I> {
  /** What serialising puts where the input has nothing. */
  readonly initial: I;
  toJson(value: T): Json;
  /** Throws JsonFault with `path` where the JSON holds no such value. */
  fromJson(json: unknown, path: string): I;
}

/** Reads and writes one field of the header that starts at `at`. */
export interface Access<T> {
  read(octets: Uint8Array, at: number): T;
  write(octets: Uint8Array, at: number, value: T): void;
}

/** A field of known width. `stand` is given the bits before it in its header. */
export interface FixedField<T> extends AnyField<T, T> {
  readonly kind: 'fixed';
  readonly bits: number;
  stand(bitsBefore: number): Access<T>;
}

/**
 * A field that takes the rest of its header. `exact` asks for what stands in the value and nothing
 * else; without it an option list adds the padding that alignment needs. `start` is the offset of
 * the header that holds the tail, since alignment counts from there.
 */
export interface TailField<T, I = T> extends AnyField<T, I> {
  readonly kind: 'tail';
  /** Where it ends in the header that starts at `start`; absent where it takes all that is left. */
  endAt?(octets: Uint8Array, start: number): number;
  parse(octets: Uint8Array, at: number, end: number, start: number): Result<T, Fault>;
  sizeOf(value: I, before: number, exact: boolean): number;
  write(octets: Uint8Array, at: number, value: I, before: number, exact: boolean): void;
}

/** Any field, for tables. */
// biome-ignore lint/suspicious/noExplicitAny: a table holds fields of every value type
export type Field = FixedField<any> | TailField<any, any>;

/** An unsigned number of 1 to 32 bits, wherever it stands. */
export function bits(width: number, initial = 0): FixedField<number> {
  const most = 2 ** width - 1;
  const inRange = (value: number): number => {
    if (Number.isInteger(value) && value >= 0 && value <= most) return value;
    throw new RangeError(`${value} is not a whole number from 0 to ${most}`);
  };
  return {
    kind: 'fixed',
    bits: width,
    initial,
    stand: (before) => numberAccess(before, width, inRange),
    toJson: (value) => value,
    fromJson: (json, path) => {
      if (typeof json === 'number' && Number.isInteger(json) && json >= 0 && json <= most) {
        return json;
      }
      throw new JsonFault(path, `must be a whole number from 0 to ${most}`);
    },
  };
}

/** An unsigned number of one octet. */
export const u8 = (initial = 0): FixedField<number> => bits(8, initial);
/** An unsigned number of two octets. */
export const u16 = (initial = 0): FixedField<number> => bits(16, initial);
/** An unsigned number of four octets. */
export const u32 = (initial = 0): FixedField<number> => bits(32, initial);

/** Bits that are sent as zero and ignored on receipt; kept, so that re-serialising is exact. */
export const reserved = (width: number): FixedField<number> => bits(width);

function numberAccess(
  before: number,
  width: number,
  inRange: (value: number) => number,
): Access<number> {
  const first = before >> 3;
  if (before % 8 === 0 && width === 8) {
    return {
      read: (o, at) => o[at + first]!,
      write: (o, at, value) => {
        o[at + first] = inRange(value);
      },
    };
  }
  if (before % 8 === 0 && width === 16) {
    return {
      read: (o, at) => (o[at + first]! << 8) | o[at + first + 1]!,
      write: (o, at, value) => {
        o[at + first] = inRange(value) >> 8;
        o[at + first + 1] = value;
      },
    };
  }
  if (before % 8 === 0 && width === 32) {
    return {
      read: (o, at) => {
        const p = at + first;
        return ((o[p]! << 24) | (o[p + 1]! << 16) | (o[p + 2]! << 8) | o[p + 3]!) >>> 0;
      },
      write: (o, at, value) => {
        const p = at + first;
        o[p] = inRange(value) >>> 24;
        o[p + 1] = value >>> 16;
        o[p + 2] = value >>> 8;
        o[p + 3] = value;
      },
    };
  }
  return bitAccess(before, width, inRange);
}

/** Bits that begin or end inside an octet; other fields' bits in the same octets stay. */
function bitAccess(
  before: number,
  width: number,
  inRange: (value: number) => number,
): Access<number> {
  const first = before >> 3;
  const last = (before + width - 1) >> 3;
  // Multiplication, not shifts: with odd bits at both ends the octets may exceed 32 bits.
  const below = 2 ** (8 * (last + 1) - before - width);
  const span = 2 ** width;
  const whole = (o: Uint8Array, at: number): number => {
    let value = 0;
    for (let i = first; i <= last; i++) value = value * 256 + o[at + i]!;
    return value;
  };
  const read = (o: Uint8Array, at: number) => Math.floor(whole(o, at) / below) % span;
  return {
    read,
    write: (o, at, value) => {
      let rest = whole(o, at) + (inRange(value) - read(o, at)) * below;
      for (let i = last; i >= first; i--) {
        o[at + i] = rest % 256;
        rest = Math.floor(rest / 256);
      }
    },
  };
}

/** One bit, true or false. */
export function flag(): FixedField<boolean> {
  return {
    kind: 'fixed',
    bits: 1,
    initial: false,
    stand: (before) => {
      const first = before >> 3;
      const mask = 0x80 >> (before % 8);
      return {
        read: (o, at) => (o[at + first]! & mask) !== 0,
        write: (o, at, value) => {
          o[at + first] = value ? o[at + first]! | mask : o[at + first]! & ~mask;
        },
      };
    },
    toJson: (value) => value,
    fromJson: (json, path) => {
      if (typeof json === 'boolean') return json;
      throw new JsonFault(path, 'must be true or false');
    },
  };
}

/** An unsigned number of eight octets. */
export function u64(): FixedField<bigint> {
  return {
    kind: 'fixed',
    bits: 64,
    initial: 0n,
    stand: (before) => {
      const high = u32().stand(before);
      const low = u32().stand(before + 32);
      return {
        read: (o, at) => (BigInt(high.read(o, at)) << 32n) | BigInt(low.read(o, at)),
        write: (o, at, value) => {
          if (BigInt.asUintN(64, value) !== value) {
            throw new RangeError(`${value} does not fit 64 bits`);
          }
          high.write(o, at, Number(value >> 32n));
          low.write(o, at, Number(value & 0xffff_ffffn));
        },
      };
    },
    toJson: (value) => value.toString(),
    fromJson: (json, path) => {
      if (typeof json === 'string' && /^\d{1,20}$/.test(json) && BigInt(json) < 1n << 64n) {
        return BigInt(json);
      }
      throw new JsonFault(path, 'must be decimal text of a number below 2^64');
    },
  };
}

/** An IPv6 address. */
export function ipv6Address(): FixedField<Address> {
  return {
    kind: 'fixed',
    bits: 8 * IPV6_SIZE,
    initial: UNSPECIFIED,
    stand: (before) => {
      const first = before >> 3;
      return {
        read: (o, at) => readAddress(o, at + first),
        write: (o, at, value) => {
          if (value.length !== IPV6_SIZE) throw new RangeError('not an IPv6 address');
          writeAddress(o, at + first, value);
        },
      };
    },
    toJson: formatAddress,
    fromJson: addressFromJson,
  };
}

/** An IPv4 address. */
export function ipv4Address(): FixedField<Address> {
  return {
    kind: 'fixed',
    bits: 8 * IPV4_SIZE,
    initial: UNSPECIFIED_IPV4,
    stand: (before) => {
      const first = before >> 3;
      return {
        read: (o, at) => addressOf(o.subarray(at + first, at + first + IPV4_SIZE)),
        write: (o, at, value) => {
          if (value.length !== IPV4_SIZE) throw new RangeError('not an IPv4 address');
          writeAddress(o, at + first, value);
        },
      };
    },
    toJson: formatAddress,
    fromJson: (json, path) => {
      const parsed = typeof json === 'string' ? parseAddress(json) : undefined;
      if (parsed?.length === IPV4_SIZE) return parsed;
      throw new JsonFault(path, 'must be the text of an IPv4 address');
    },
  };
}

/** The IPv6 address that a JSON text names. Throws JsonFault. */
export function addressFromJson(json: unknown, path: string): Address {
  const parsed = typeof json === 'string' ? parseAddress(json) : undefined;
  if (parsed?.length === IPV6_SIZE) return parsed;
  throw new JsonFault(path, 'must be the text of an IPv6 address');
}

/** A number that comes from the headers around and has no octets here, such as a protocol. */
export function aside(initial: number): FixedField<number> {
  return { ...u16(initial), bits: 0, stand: () => ({ read: () => initial, write: () => {} }) };
}

/** Something that is read off the octets and never written, such as a type's name. */
export function derived(read: (octets: Uint8Array, at: number) => string): FixedField<string> {
  return {
    kind: 'fixed',
    bits: 0,
    initial: '',
    stand: () => ({ read, write: () => {} }),
    toJson: (value) => value,
    fromJson: () => '',
  };
}
