/** Octets in an IPv6 address. */
export const IPV6_SIZE = 16;
/** Octets in an IPv4 address. */
export const IPV4_SIZE = 4;
/** Reads an IPv6 address of 16 octets; the caller has checked that they are there. */
export function readAddress(octets, at) {
    const o = octets;
    return String.fromCharCode(o[at], o[at + 1], o[at + 2], o[at + 3], o[at + 4], o[at + 5], o[at + 6], o[at + 7], o[at + 8], o[at + 9], o[at + 10], o[at + 11], o[at + 12], o[at + 13], o[at + 14], o[at + 15]);
}
/** Writes an address, IPv6 or IPv4, at an offset. */
export function writeAddress(octets, at, address) {
    for (let i = 0; i < address.length; i++)
        octets[at + i] = address.charCodeAt(i);
}
/** The address made of all these octets: 16 of them, or 4. Throws RangeError for any other count. */
export function addressOf(octets) {
    if (octets.length !== IPV6_SIZE && octets.length !== IPV4_SIZE) {
        throw new RangeError(`an address has 16 or 4 octets, not ${octets.length}`);
    }
    return String.fromCharCode(...octets);
}
/** The octets of an address. */
export function addressOctets(address) {
    const octets = new Uint8Array(address.length);
    writeAddress(octets, 0, address);
    return octets;
}
/** An address from text that the program itself wrote. Throws RangeError where it is none. */
export function address(text) {
    const parsed = parseAddress(text);
    if (parsed === undefined)
        throw new RangeError(`not an IPv6 or IPv4 address: ${text}`);
    return parsed;
}
/** An address from anybody's text (RFC 4291 section 2.2, dotted quad for IPv4); no zone. */
export function parseAddress(text) {
    if (!text.includes(':'))
        return parseIpv4(text);
    const halves = text.split('::');
    if (halves.length > 2)
        return undefined;
    const head = groups(halves[0], halves.length === 1);
    const tail = halves.length === 2 ? groups(halves[1], true) : [];
    if (head === undefined || tail === undefined)
        return undefined;
    const missing = 8 - head.length - tail.length;
    if (halves.length === 2 ? missing < 1 : missing !== 0)
        return undefined;
    const words = [...head, ...new Array(halves.length === 2 ? missing : 0).fill(0), ...tail];
    return words.map((word) => String.fromCharCode(word >> 8, word & 0xff)).join('');
}
/** The text of an address: RFC 5952 for IPv6, dotted quad for IPv4. */
export function formatAddress(address) {
    if (address.length === IPV4_SIZE) {
        return Array.from(address, (character) => character.charCodeAt(0)).join('.');
    }
    const words = [];
    for (let i = 0; i < IPV6_SIZE; i += 2) {
        words.push((address.charCodeAt(i) << 8) | address.charCodeAt(i + 1));
    }
    if (words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff) {
        return `::ffff:${formatAddress(address.slice(12))}`;
    }
    const [start, count] = longestZeroRun(words);
    const text = (part) => part.map((word) => word.toString(16)).join(':');
    if (count < 2)
        return text(words);
    return `${text(words.slice(0, start))}::${text(words.slice(start + count))}`;
}
/** The first longest run of zero words, as [start, count] (RFC 5952 section 4.2.3). */
function longestZeroRun(words) {
    let best = [0, 0];
    let start = 0;
    for (let i = 0; i <= words.length; i++) {
        if (i < words.length && words[i] === 0)
            continue;
        if (i - start > best[1])
            best = [start, i - start];
        start = i + 1;
    }
    return best;
}
function groups(text, mayEndInIpv4) {
    if (text === '')
        return [];
    const words = [];
    const parts = text.split(':');
    for (const [index, part] of parts.entries()) {
        if (mayEndInIpv4 && index === parts.length - 1 && part.includes('.')) {
            const quad = parseIpv4(part);
            if (quad === undefined)
                return undefined;
            words.push((quad.charCodeAt(0) << 8) | quad.charCodeAt(1));
            words.push((quad.charCodeAt(2) << 8) | quad.charCodeAt(3));
        }
        else if (/^[0-9a-fA-F]{1,4}$/.test(part))
            words.push(Number.parseInt(part, 16));
        else
            return undefined;
    }
    return words;
}
function parseIpv4(text) {
    const parts = text.split('.');
    if (parts.length !== 4)
        return undefined;
    const octets = parts.map((part) => (/^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256));
    if (octets.some((octet) => octet > 255))
        return undefined;
    return String.fromCharCode(...octets);
}
/** `::`, the unspecified address. */
export const UNSPECIFIED = address('::');
/** All nodes on the link (RFC 4291 section 2.7.1). */
export const ALL_NODES = address('ff02::1');
/** All routers on the link (RFC 4291 section 2.7.1). */
export const ALL_ROUTERS = address('ff02::2');
/** Is it a multicast address (ff00::/8)? */
export const isMulticast = (address) => address.charCodeAt(0) === 0xff;
/** Is it a link-local unicast address (fe80::/10)? */
export const isLinkLocal = (address) => address.charCodeAt(0) === 0xfe && (address.charCodeAt(1) & 0xc0) === 0x80;
/** May packets from elsewhere be sent to it: unicast, not unspecified, loopback or link-local? */
export function isUnicastRoutable(address) {
    return !isMulticast(address) && !isLinkLocal(address) && !NOT_ROUTABLE.has(address);
}
const NOT_ROUTABLE = new Set([UNSPECIFIED, address('::1')]);
/** The solicited-node multicast address of a unicast address (RFC 4291 section 2.7.1). */
export function solicitedNode(target) {
    return (SOLICITED_NODE_PREFIX + target.slice(13));
}
const SOLICITED_NODE_PREFIX = address('ff02::1:ff00:0').slice(0, 13);
