/**
 * Puts a packet together. What a layer does not give is computed: lengths, next headers, checksums,
 * type numbers; what it gives stands, also where it is wrong.
 *
 * Supported standards: RFC 8200 sections 3, 4 and 8.1, RFC 6275 section 6.1.1.
 */
import { readAddress, UNSPECIFIED } from './address.js';
import { upperLayerChecksum } from './checksum.js';
import { LAYERS } from './layer.js';
import { PROTOCOL } from './numbers.js';
/**
 * The octets of a packet. With `headerLen` absent, options are aligned and padded as their
 * declarations say; with it, they are written exactly as they stand, padding included.
 *
 * Throws RangeError where a value does not fit its field: that is the caller's mistake.
 *
 * Source: RFC 8200 section 4.
 */
export function serialisePacket(layers) {
    const placed = place(layers);
    const last = placed.at(-1);
    const octets = new Uint8Array(last === undefined ? 0 : last.at + last.size);
    for (let i = 0; i < placed.length; i++) {
        const { entry, input, at, exact } = placed[i];
        entry.declaration.write(octets, at, input, exact, computed(placed, i));
    }
    fillChecksums(octets, placed);
    return octets;
}
function place(layers) {
    const placed = [];
    let at = 0;
    for (const layer of layers) {
        const input = layer;
        const entry = LAYERS.get(input.layer);
        if (entry === undefined)
            throw new RangeError(`${input.layer} is no layer`);
        const exact = entry.counted && input.headerLen !== undefined;
        let size = entry.declaration.sizeOf(input, exact);
        if (entry.counted && !exact)
            size = Math.ceil(size / 8) * 8;
        placed.push({ entry, input, at, size, exact });
        at += size;
    }
    return placed;
}
/** The fields of a layer that follow from what stands behind it. */
function computed(placed, i) {
    const value = {};
    for (const field of placed[i].entry.computes)
        value[field] = COMPUTE[field](placed, i);
    return value;
}
const COMPUTE = {
    nextHeader: (placed, i) => protocolOf(placed[i + 1]),
    headerLen: (placed, i) => placed[i].size / 8 - 1,
    payloadLength: (placed, i) => {
        let size = 0;
        for (const { input, size: more } of placed.slice(i + 1)) {
            if (input.layer !== 'trailer')
                size += more;
        }
        return size;
    },
    length: (placed, i) => placed[i].size,
    dataOffset: (placed, i) => {
        const options = placed[i].input.options;
        return 5 + Math.ceil((options?.length ?? 0) / 4);
    },
};
function protocolOf(placed) {
    if (placed === undefined || placed.input.layer === 'trailer')
        return PROTOCOL.noNextHeader;
    if (placed.entry.protocol !== undefined)
        return placed.entry.protocol;
    return placed.input.protocol ?? PROTOCOL.noNextHeader;
}
const CHECKSUMMED = new Set([
    PROTOCOL.mobility,
    PROTOCOL.icmpv6,
    PROTOCOL.udp,
    PROTOCOL.tcp,
]);
/** Computes the checksums that are absent; a message without an IPv6 header before it has none. */
function fillChecksums(octets, placed) {
    let ends;
    for (const one of placed) {
        const { input, at, size } = one;
        const { declaration, protocol } = one.entry;
        if (input.layer === 'ipv6') {
            const { source, destination } = input;
            ends = { source: source ?? UNSPECIFIED, destination: destination ?? UNSPECIFIED };
            continue;
        }
        if (ends === undefined)
            continue;
        ends = redirected(ends, one, octets);
        if (!CHECKSUMMED.has(protocol) || input.checksum !== undefined)
            continue;
        const { source, destination } = ends;
        const sum = upperLayerChecksum(source, destination, protocol, octets, at, at + size);
        const field = at + declaration.offsetOf('checksum');
        // RFC 8200 section 8.1: a UDP checksum of zero would mean that there is none.
        const shown = sum === 0 && protocol === PROTOCOL.udp ? 0xffff : sum;
        octets[field] = shown >> 8;
        octets[field + 1] = shown;
    }
}
/** The ends of the pseudo-header behind a header that names another source or destination. */
function redirected(ends, { input, at, size }, octets) {
    const header = input;
    if (header.layer === 'destination-options') {
        const home = header.options?.findLast((option) => option.option === 'home-address');
        if (home?.option !== 'home-address')
            return ends;
        return { ...ends, source: home.homeAddress ?? UNSPECIFIED };
    }
    if (header.layer === 'routing-type-2' && header.segmentsLeft !== 0) {
        return { ...ends, destination: header.homeAddress ?? UNSPECIFIED };
    }
    // Type 0, which nobody may forward: its last address is the end of the way.
    if (header.layer === 'routing' && octets[at + 2] === 0 && octets[at + 3] !== 0 && size >= 24) {
        return { ...ends, destination: readAddress(octets, at + size - 16) };
    }
    return ends;
}
