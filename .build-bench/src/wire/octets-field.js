/** Fields that hold octets or addresses in a row: a fixed count of them, or all that are left. */
import { formatAddress, IPV6_SIZE, readAddress, writeAddress } from './address.js';
import { addressFromJson, JsonFault } from './field.js';
import { fromHex, toHex } from './hex.js';
import { fail, ok } from './result.js';
/** A fixed count of octets, such as a cookie. */
export function octets(count) {
    return {
        kind: 'fixed',
        bits: 8 * count,
        initial: new Uint8Array(count),
        stand: (before) => {
            const first = before >> 3;
            return {
                read: (o, at) => o.slice(at + first, at + first + count),
                write: (o, at, value) => {
                    if (value.length !== count)
                        throw new RangeError(`${value.length} octets, not ${count}`);
                    o.set(value, at + first);
                },
            };
        },
        toJson: toHex,
        fromJson: (json, path) => {
            const value = octetsFromJson(json, path);
            if (value.length === count)
                return value;
            throw new JsonFault(path, `must be the hex text of ${count} octets`);
        },
    };
}
/** All octets that are left. */
export function rest() {
    return {
        kind: 'tail',
        initial: new Uint8Array(),
        parse: (o, at, end) => ok(o.slice(at, end)),
        sizeOf: (value) => value.length,
        write: (o, at, value) => o.set(value, at),
        toJson: toHex,
        fromJson: octetsFromJson,
    };
}
/** IPv6 addresses in a row up to the end; octets that make no whole address are refused. */
export function addresses(field) {
    return {
        kind: 'tail',
        initial: [],
        parse: (o, at, end) => {
            if ((end - at) % IPV6_SIZE !== 0) {
                const offset = end - ((end - at) % IPV6_SIZE);
                const message = `${end - offset} octets are left over; an address has 16`;
                return fail({ reason: 'bad-length', offset, field, message });
            }
            const found = [];
            for (let p = at; p < end; p += IPV6_SIZE)
                found.push(readAddress(o, p));
            return ok(found);
        },
        sizeOf: (value) => IPV6_SIZE * value.length,
        write: (o, at, value) => {
            for (const [i, one] of value.entries())
                writeAddress(o, at + IPV6_SIZE * i, one);
        },
        toJson: (value) => value.map(formatAddress),
        fromJson: (json, path) => {
            if (!Array.isArray(json))
                throw new JsonFault(path, 'must be a list of IPv6 addresses');
            return json.map((one, i) => addressFromJson(one, `${path}[${i}]`));
        },
    };
}
/** The octets that a hex text names. Throws JsonFault. */
export function octetsFromJson(json, path) {
    const value = typeof json === 'string' ? fromHex(json) : undefined;
    if (value !== undefined)
        return value;
    throw new JsonFault(path, 'must be hex text, two digits an octet');
}
