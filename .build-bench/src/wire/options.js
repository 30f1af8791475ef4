/**
 * Options of type, length and data, as Destination Options, Hop-by-Hop Options and Mobility Header
 * messages carry them: one list of rules, two tables.
 *
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+- - - - - - - -
 *     |  Option Type  | Option Length |  Option Data       type 0 is Pad1: no length, no data
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+- - - - - - - -
 *
 * Supported standards: RFC 8200 section 4.2, RFC 6275 section 6.2.1.
 */
import { JsonFault, u8 } from './field.js';
import { Declaration, } from './message.js';
import { rest } from './octets-field.js';
import { fail, ok } from './result.js';
/** An option as declared; its values carry the name under `option`. */
export class OptionDeclaration extends Declaration {
    type;
    traits;
    constructor(name, type, source, fields, traits) {
        super('option', name, source, fields);
        this.type = type;
        this.traits = traits;
    }
}
/** Declares an option: fields of its data, that is, without type and length. */
export function option(name, type, source, fields, traits = {}) {
    return new OptionDeclaration(name, type, source, fields, traits);
}
/** One octet of padding. Source: RFC 8200 section 4.2. */
export const pad1 = option('pad1', 0, 'RFC 8200 section 4.2', {});
/** Two or more octets of padding. Source: RFC 8200 section 4.2. */
export const padn = option('padn', 1, 'RFC 8200 section 4.2', { data: rest() });
/** Any option that has no declaration: kept as it stands. */
export const unknownOption = new Declaration('option', 'unknown', 'RFC 8200 section 4.2', {
    type: u8(),
    data: rest(),
});
/** An option list as the last field of a header. */
export function optionList(declared) {
    const byType = new Map(declared.map((one) => [one.type, one]));
    const byName = optionNames([pad1, padn, ...declared]);
    return {
        kind: 'tail',
        initial: [],
        parse: (octets, at, end) => parseOptions(octets, at, end, byType),
        sizeOf: (list, before, exact) => {
            let size = 0;
            for (const one of layOut(list, before, exact, byName))
                size += one.size;
            return size;
        },
        write: (octets, at, list, before, exact) => {
            let p = at;
            for (const one of layOut(list, before, exact, byName)) {
                writeOption(octets, p, one);
                p += one.size;
            }
        },
        ...optionsJson(byName),
    };
}
function parseOptions(octets, at, end, byType) {
    const found = [];
    let p = at;
    while (p < end) {
        const type = octets[p];
        if (type === 0) {
            found.push({ option: 'pad1' });
            p += 1;
            continue;
        }
        const one = byType.get(type);
        if (p + 1 >= end)
            return fail(fault('truncated', p, `option ${type} has no length octet`));
        const length = octets[p + 1];
        const from = p + 2;
        p = from + length;
        if (one !== undefined && (one.open ? length < one.size : length !== one.size)) {
            const right = `${one.open ? 'at least ' : ''}${one.size}`;
            const message = `the length of ${one.name} is ${length}; it must be ${right}`;
            return fail(fault('bad-length', from - 1, message, one.traits.wrongLength));
        }
        if (p > end) {
            const message = `option ${type} says ${length} octets; ${end - from} are left in its header`;
            return fail(fault('bad-length', from - 1, message));
        }
        if (type === 1)
            found.push({ option: 'padn', data: octets.slice(from, p) });
        else if (one === undefined)
            found.push({ option: 'unknown', type, data: octets.slice(from, p) });
        else {
            const parsed = one.parse(octets, from, p);
            if (!parsed.ok)
                return parsed;
            found.push(parsed.value);
        }
    }
    return ok(found);
}
function fault(reason, offset, message, reply) {
    const plain = { reason, offset, field: 'options', message };
    return reply === undefined ? plain : { ...plain, reply };
}
/** The list as it will stand: with the padding that alignment needs, unless it is to be exact. */
function* layOut(list, before, exact, byName) {
    let p = before;
    for (const value of list) {
        const declaration = value.option === 'unknown' ? undefined : byName.get(value.option);
        if (declaration === undefined && value.option !== 'unknown') {
            throw new RangeError(`${value.option} is no option of this header`);
        }
        const size = value.option === 'pad1' ? 1 : 2 + (declaration ?? unknownOption).sizeOf(value);
        // The declaration of unknown options counts the type octet among its data.
        const laid = { size: declaration === undefined ? size - 1 : size, declaration, value };
        if (!exact) {
            const gap = padding(p, laid.size, declaration?.traits.align);
            if (gap > 0)
                yield pad(gap);
            p += gap;
        }
        yield laid;
        p += laid.size;
    }
    if (!exact && p % 8 !== 0)
        yield pad(8 - (p % 8));
}
function padding(at, size, align) {
    if (align === undefined)
        return 0;
    if (align === 'last')
        return (16 - ((at + size) % 8)) % 8;
    return (align.y - (at % align.n) + align.n) % align.n;
}
function pad(size) {
    if (size === 1)
        return { size, declaration: pad1, value: { option: 'pad1' } };
    return { size, declaration: padn, value: { option: 'padn', data: new Uint8Array(size - 2) } };
}
function writeOption(octets, at, { size, declaration, value }) {
    if (value.option === 'pad1')
        return;
    if (size > 257)
        throw new RangeError(`${value.option} has ${size - 2} octets; 255 fit`);
    octets[at + 1] = size - 2;
    if (declaration === undefined) {
        // `type` comes first in this declaration and the length octet second on the wire.
        octets[at] = value.type;
        octets.set(value.data ?? [], at + 2);
    }
    else {
        octets[at] = declaration.type;
        declaration.write(octets, at + 2, value);
    }
}
/** Declarations under their names. */
export const optionNames = (list) => new Map(list.map((one) => [one.name, one]));
/** JSON of an option list, whatever its wire form. */
export function optionsJson(byName) {
    const find = (name) => (name === 'unknown' ? unknownOption : byName.get(name));
    return {
        toJson: (list) => list.map((one) => find(one.option).toJson(one)),
        fromJson: (json, path) => {
            if (!Array.isArray(json))
                throw new JsonFault(path, 'must be a list of options');
            return json.map((one, i) => {
                const here = `${path}[${i}]`;
                const fields = recordFromJson(one, here);
                const declaration = typeof fields.option === 'string' ? find(fields.option) : undefined;
                if (declaration === undefined) {
                    const known = [...byName.keys(), 'unknown'].join(', ');
                    throw new JsonFault(`${here}.option`, `must be one of ${known}`);
                }
                return declaration.fromJson(fields, here);
            });
        },
    };
}
/** The members of a JSON object. Throws JsonFault for anything else. */
export function recordFromJson(json, path) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
        throw new JsonFault(path, 'must be an object');
    }
    return json;
}
