/**
 * The kinds of field that a declaration is made of: bits, numbers, addresses, octets.
 *
 * A fixed field knows its width in bits and, once told where it stands, how to read and write
 * itself; `message.ts` adds up the widths. A tail (`rest`, `addresses`, an option list) takes what
 * is left of the header and can stand only at its end.
 */
import { formatAddress, IPV6_SIZE, parseAddress, readAddress, UNSPECIFIED, writeAddress, } from './address.js';
/** Thrown while JSON is turned into values; `layersFromJson` catches it and says where. */
export class JsonFault extends Error {
    path;
    constructor(path, message) {
        super(message);
        this.path = path;
    }
}
/** An unsigned number of 1 to 32 bits, wherever it stands. */
export function bits(width, initial = 0) {
    const most = 2 ** width - 1;
    const inRange = (value) => {
        if (Number.isInteger(value) && value >= 0 && value <= most)
            return value;
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
export const u8 = (initial = 0) => bits(8, initial);
/** An unsigned number of two octets. */
export const u16 = (initial = 0) => bits(16, initial);
/** An unsigned number of four octets. */
export const u32 = (initial = 0) => bits(32, initial);
/** Bits that are sent as zero and ignored on receipt; kept, so that re-serialising is exact. */
export const reserved = (width) => bits(width);
function numberAccess(before, width, inRange) {
    const first = before >> 3;
    if (before % 8 === 0 && width === 8) {
        return {
            read: (o, at) => o[at + first],
            write: (o, at, value) => {
                o[at + first] = inRange(value);
            },
        };
    }
    if (before % 8 === 0 && width === 16) {
        return {
            read: (o, at) => (o[at + first] << 8) | o[at + first + 1],
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
                return ((o[p] << 24) | (o[p + 1] << 16) | (o[p + 2] << 8) | o[p + 3]) >>> 0;
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
function bitAccess(before, width, inRange) {
    const first = before >> 3;
    const last = (before + width - 1) >> 3;
    // Multiplication, not shifts: with odd bits at both ends the octets may exceed 32 bits.
    const below = 2 ** (8 * (last + 1) - before - width);
    const span = 2 ** width;
    const whole = (o, at) => {
        let value = 0;
        for (let i = first; i <= last; i++)
            value = value * 256 + o[at + i];
        return value;
    };
    const read = (o, at) => Math.floor(whole(o, at) / below) % span;
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
export function flag() {
    return {
        kind: 'fixed',
        bits: 1,
        initial: false,
        stand: (before) => {
            const first = before >> 3;
            const mask = 0x80 >> (before % 8);
            return {
                read: (o, at) => (o[at + first] & mask) !== 0,
                write: (o, at, value) => {
                    o[at + first] = value ? o[at + first] | mask : o[at + first] & ~mask;
                },
            };
        },
        toJson: (value) => value,
        fromJson: (json, path) => {
            if (typeof json === 'boolean')
                return json;
            throw new JsonFault(path, 'must be true or false');
        },
    };
}
/** An unsigned number of eight octets. */
export function u64() {
    return {
        kind: 'fixed',
        bits: 64,
        initial: 0n,
        stand: (before) => {
            const first = before >> 3;
            return {
                read: (o, at) => {
                    let value = 0n;
                    for (let i = 0; i < 8; i++)
                        value = (value << 8n) | BigInt(o[at + first + i]);
                    return value;
                },
                write: (o, at, value) => {
                    if (BigInt.asUintN(64, value) !== value) {
                        throw new RangeError(`${value} does not fit 64 bits`);
                    }
                    for (let i = 0; i < 8; i++) {
                        o[at + first + i] = Number((value >> BigInt(56 - 8 * i)) & 0xffn);
                    }
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
export function ipv6Address() {
    return {
        kind: 'fixed',
        bits: 8 * IPV6_SIZE,
        initial: UNSPECIFIED,
        stand: (before) => {
            const first = before >> 3;
            return {
                read: (o, at) => readAddress(o, at + first),
                write: (o, at, value) => {
                    if (value.length !== IPV6_SIZE)
                        throw new RangeError('not an IPv6 address');
                    writeAddress(o, at + first, value);
                },
            };
        },
        toJson: formatAddress,
        fromJson: addressFromJson,
    };
}
/** The IPv6 address that a JSON text names. Throws JsonFault. */
export function addressFromJson(json, path) {
    const parsed = typeof json === 'string' ? parseAddress(json) : undefined;
    if (parsed?.length === IPV6_SIZE)
        return parsed;
    throw new JsonFault(path, 'must be the text of an IPv6 address');
}
/** A number that comes from the headers around and has no octets here, such as a protocol. */
export function aside(initial) {
    return { ...u8(initial), bits: 0, stand: () => ({ read: () => initial, write: () => { } }) };
}
/** Something that is read off the octets and never written, such as a type's name. */
export function derived(read) {
    return {
        kind: 'fixed',
        bits: 0,
        initial: '',
        stand: () => ({ read, write: () => { } }),
        toJson: (value) => value,
        fromJson: () => '',
    };
}
