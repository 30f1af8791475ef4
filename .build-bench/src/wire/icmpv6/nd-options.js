/**
 * Neighbor Discovery options: type, length in units of 8 octets, data.
 *
 *     +---------------+---------------+- - - - - - - -
 *     |     Type      |    Length     |  data
 *     +---------------+---------------+- - - - - - - -
 *
 * The pictures below begin with the third octet. A length of zero is refused with the whole packet
 * (RFC 4861 section 4.6).
 *
 * Supported standards: RFC 4861 section 4.6, RFC 6275 sections 7.2 to 7.4.
 */
import { flag, ipv6Address, reserved, u8, u16, u32 } from '../field.js';
import { ND_OPTION } from '../numbers.js';
import { octets, rest } from '../octets-field.js';
import { option, optionNames, optionsJson, unknownOption, } from '../options.js';
import { fail, ok } from '../result.js';
/** The sender's link-layer address. Source: RFC 4861 section 4.6.1. */
export const sourceLinkLayerAddress = option('source-link-layer-address', ND_OPTION.sourceLinkLayerAddress, 'RFC 4861 section 4.6.1', { linkLayerAddress: rest() });
/** The target's link-layer address. Source: RFC 4861 section 4.6.1. */
export const targetLinkLayerAddress = option('target-link-layer-address', ND_OPTION.targetLinkLayerAddress, 'RFC 4861 section 4.6.1', { linkLayerAddress: rest() });
/**
 * A prefix of the link; with R set the router's whole address stands in the prefix. Lifetimes in
 * seconds.
 *
 *                                     +---------------+-+-+-+---------+
 *                                     | Prefix Length |L|A|R|Reserved |
 *     +-------------------------------+---------------+-+-+-+---------+
 *     |                        Valid Lifetime                         |
 *     +---------------------------------------------------------------+
 *     |                      Preferred Lifetime                       |
 *     +---------------------------------------------------------------+
 *     |                           Reserved                            |
 *     +---------------------------------------------------------------+
 *     |                      Prefix (16 octets)                       |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 4861 section 4.6.2, RFC 6275 section 7.2.
 */
export const prefixInformation = option('prefix-information', ND_OPTION.prefixInformation, 'RFC 6275 section 7.2', {
    prefixLength: u8(),
    onLink: flag(),
    autonomous: flag(),
    routerAddress: flag(),
    reserved: reserved(5),
    validLifetime: u32(),
    preferredLifetime: u32(),
    reserved2: reserved(32),
    prefix: ipv6Address(),
});
/** The packet that caused a redirect, as much as fits. Source: RFC 4861 section 4.6.3. */
export const redirectedHeader = option('redirected-header', ND_OPTION.redirectedHeader, 'RFC 4861 section 4.6.3', { reserved: octets(6), invoking: rest() });
/** The link's MTU. Source: RFC 4861 section 4.6.4. */
export const mtuOption = option('mtu', ND_OPTION.mtu, 'RFC 4861 section 4.6.4', {
    reserved: reserved(16),
    mtu: u32(),
});
/**
 * Largest time between two unsolicited Router Advertisements, in milliseconds.
 *
 *                                     +-------------------------------+
 *                                     |           Reserved            |
 *     +-------------------------------+-------------------------------+
 *     |                    Advertisement Interval                     |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 6275 section 7.3.
 */
export const advertisementInterval = option('advertisement-interval', ND_OPTION.advertisementInterval, 'RFC 6275 section 7.3', { reserved: reserved(16), advertisementInterval: u32() });
/**
 * How willing this home agent is (unsigned: 0xffff is the best) and for how many seconds.
 *
 *                                     +-------------------------------+
 *                                     |           Reserved            |
 *     +-------------------------------+-------------------------------+
 *     |     Home Agent Preference     |      Home Agent Lifetime      |
 *     +-------------------------------+-------------------------------+
 *
 * Source: RFC 6275 section 7.4.
 */
export const homeAgentInformation = option('home-agent-information', ND_OPTION.homeAgentInformation, 'RFC 6275 section 7.4', { reserved: reserved(16), homeAgentPreference: u16(), homeAgentLifetime: u16() });
const DECLARED = [
    sourceLinkLayerAddress,
    targetLinkLayerAddress,
    prefixInformation,
    redirectedHeader,
    mtuOption,
    advertisementInterval,
    homeAgentInformation,
];
const BY_TYPE = new Map(DECLARED.map((one) => [one.type, one]));
const BY_NAME = optionNames(DECLARED);
/** The option list that ends a Neighbor Discovery message. Source: RFC 4861 section 4.6. */
export const ndOptions = {
    kind: 'tail',
    initial: [],
    parse: (from, at, end) => parseOptions(from, at, end),
    sizeOf: (list) => list.reduce((size, one) => size + sizeOf(one), 0),
    write: (to, at, list) => {
        let p = at;
        for (const one of list) {
            const size = sizeOf(one);
            if (size > 8 * 255)
                throw new RangeError(`${one.option} has ${size} octets; 2040 fit`);
            to[p + 1] = size / 8;
            if (one.option === 'unknown') {
                to[p] = one.type;
                to.set(one.data ?? [], p + 2);
            }
            else {
                const declaration = BY_NAME.get(one.option);
                to[p] = declaration.type;
                declaration.write(to, p + 2, one);
            }
            p += size;
        }
    },
    ...optionsJson(BY_NAME),
};
/** Octets on the wire, filled up with zeros to a multiple of 8. */
function sizeOf(one) {
    const declaration = one.option === 'unknown' ? undefined : BY_NAME.get(one.option);
    if (declaration === undefined && one.option !== 'unknown') {
        throw new RangeError(`${one.option} is no Neighbor Discovery option`);
    }
    // The declaration of unknown options counts the type octet among its data.
    const data = declaration?.sizeOf(one) ?? unknownOption.sizeOf(one) - 1;
    return Math.ceil((2 + data) / 8) * 8;
}
function parseOptions(from, at, end) {
    const found = [];
    let p = at;
    while (p < end) {
        const type = from[p];
        const size = 8 * (from[p + 1] ?? 0);
        if (p + 2 > end || size === 0 || p + size > end) {
            const message = p + 2 > end
                ? `option ${type} has no length octet`
                : `option ${type} says ${size} octets; it must be at least 8 and ${end - p} are left`;
            const reason = p + 2 > end ? 'truncated' : 'bad-length';
            return fail({ reason, offset: p + 2 > end ? p : p + 1, field: 'options', message });
        }
        const one = BY_TYPE.get(type);
        if (one === undefined) {
            found.push({ option: 'unknown', type, data: from.slice(p + 2, p + size) });
        }
        else if (one.open ? size - 2 < one.size : size - 2 !== one.size) {
            const message = `${one.name} has ${size} octets; it must have ${one.size + 2}`;
            return fail({ reason: 'bad-length', offset: p + 1, field: 'options', message });
        }
        else {
            const parsed = one.parse(from, p + 2, p + size);
            if (!parsed.ok)
                return parsed;
            found.push(parsed.value);
        }
        p += size;
    }
    return ok(found);
}
