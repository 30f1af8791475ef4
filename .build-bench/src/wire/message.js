/**
 * The declarer: a header, message or option is written down once, as an ordered table of fields,
 * and from it come its TypeScript types, parser, serialiser, offsets and description.
 *
 *     const sample = message('sample', 'RFC 0000 section 1', { code: u8(), quick: flag(),
 *       reserved: reserved(7), data: rest() });
 *     type Sample = ValueOf<typeof sample>;
 */
import { JsonFault, } from './field.js';
import { fail, ok } from './result.js';
const NONE = {};
/** Declares a header or message; its values carry the name under `layer`. */
export function message(name, source, fields) {
    return new Declaration('layer', name, source, fields);
}
/** A header, message or option as declared. `Tag` is the key that holds its name in a value. */
export class Declaration {
    tag;
    name;
    source;
    fields;
    size;
    open;
    #placed;
    #tails;
    /** A value with every key in place: a copy of it is filled faster than an empty object. */
    #blank;
    constructor(tag, name, source, fields) {
        const { placed, tails, size } = place(name, fields);
        this.tag = tag;
        this.name = name;
        this.source = source;
        this.fields = fields;
        this.size = size;
        this.open = tails.length > 0;
        this.#placed = placed;
        this.#tails = tails;
        const initials = Object.entries(fields).map(([key, field]) => [key, field.initial]);
        this.#blank = { [tag]: name, ...Object.fromEntries(initials) };
    }
    parse(octets, at = 0, end = octets.length) {
        if (end - at < this.size)
            return fail(this.#truncated(at, end));
        const value = { ...this.#blank };
        for (const one of this.#placed)
            value[one.key] = one.read(octets, at);
        let from = at + this.size;
        for (const { key, field } of this.#tails) {
            const to = field.endAt === undefined ? end : field.endAt(octets, at);
            if (to < from || to > end)
                return fail(this.#wrongLength(key, from, to, end));
            const parsed = field.parse(octets, from, to, at);
            if (!parsed.ok)
                return fail(inLayer(this.name, parsed.error));
            value[key] = parsed.value;
            from = to;
        }
        // The loops above put in exactly the keys and types that the table names.
        return ok(value);
    }
    sizeOf(input, exact = false) {
        let size = this.size;
        for (const { key, field } of this.#tails) {
            size += field.sizeOf(input[key] ?? field.initial, size, exact);
        }
        return size;
    }
    write(octets, at, input, exact = false, computed = NONE) {
        let key = '';
        try {
            for (const one of this.#placed) {
                key = one.key;
                one.write(octets, at, input[key] ?? computed[key] ?? one.initial);
            }
            let size = this.size;
            for (const tail of this.#tails) {
                key = tail.key;
                const value = input[key] ?? tail.field.initial;
                tail.field.write(octets, at + size, value, size, exact);
                size += tail.field.sizeOf(value, size, exact);
            }
        }
        catch (cause) {
            if (!(cause instanceof RangeError))
                throw cause;
            throw new RangeError(`${this.name}.${key}: ${cause.message}`, { cause });
        }
    }
    /** The octets of a value. Throws RangeError where a number does not fit its field. */
    serialise(input, exact = false) {
        const octets = new Uint8Array(this.sizeOf(input, exact));
        this.write(octets, 0, input, exact);
        return octets;
    }
    /** Offset of the octet in which a field begins; a tail behind another tail has none. */
    offsetOf(field) {
        if (this.#tails[0]?.key === field)
            return this.size;
        const found = this.#placed.find(({ key }) => key === field);
        if (found === undefined)
            throw new RangeError(`${this.name}.${field} has no fixed offset`);
        return found.offset;
    }
    /** One line for each field, `name = value`. */
    describe(value) {
        return Object.entries(this.toJson(value))
            .slice(1)
            .map(([key, json]) => `${key} = ${typeof json === 'string' ? json : JSON.stringify(json)}`);
    }
    toJson(value) {
        const json = { [this.tag]: this.name };
        for (const [key, field] of Object.entries(this.fields)) {
            if (value[key] !== undefined)
                json[key] = field.toJson(value[key]);
        }
        return json;
    }
    fromJson(json, path) {
        const value = { [this.tag]: this.name };
        for (const [key, one] of Object.entries(json)) {
            if (key === this.tag)
                continue;
            const field = Object.hasOwn(this.fields, key) ? this.fields[key] : undefined;
            if (field === undefined) {
                const known = Object.keys(this.fields).join(', ');
                throw new JsonFault(`${path}.${key}`, `is no field of ${this.name}; it has ${known}`);
            }
            value[key] = field.fromJson(one, `${path}.${key}`);
        }
        return value;
    }
    #truncated(at, end) {
        const have = Math.max(end - at, 0);
        return {
            reason: 'truncated',
            offset: at + have,
            layer: this.name,
            field: this.#placed.find(({ end: needs }) => needs > have)?.key ?? '',
            message: `${have} octets are left where ${this.name} needs at least ${this.size}`,
        };
    }
    #wrongLength(field, from, to, end) {
        const message = `${field} would take ${to - from} octets of the ${end - from} that are left`;
        return { reason: 'bad-length', offset: from, layer: this.name, field, message };
    }
}
/** Gives each field its place. A declaration whose bits make no whole octets is our own mistake. */
function place(name, fields) {
    const placed = [];
    const tails = [];
    let bits = 0;
    for (const [key, field] of Object.entries(fields)) {
        if (field.kind === 'tail') {
            tails.push({ key, field });
            continue;
        }
        if (tails.length > 0)
            throw new RangeError(`${name}: ${key} stands behind a tail`);
        const { initial } = field;
        const access = field.stand(bits);
        const offset = bits >> 3;
        bits += field.bits;
        placed.push({ key, offset, end: Math.ceil(bits / 8), initial, ...access });
    }
    if (bits % 8 !== 0)
        throw new RangeError(`${name}: ${bits} bits are no whole octets`);
    if (tails.slice(0, -1).some(({ field }) => field.endAt === undefined)) {
        throw new RangeError(`${name}: only the last tail may be unbounded`);
    }
    return { placed, tails, size: bits / 8 };
}
const inLayer = (layer, fault) => ({ ...fault, layer });
