/**
 * Reads captures made by others: pcap and pcapng, either byte order, of link types that can hold
 * IPv6. A file from anywhere is read, so nothing in it is trusted: a fault ends the reading with a
 * sentence, and what came before it stays.
 *
 * Supported standards: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
 */
const LINK_TYPE = { ethernet: 1, raw: 101, ipv6: 229 };
const PCAP_MICROSECONDS = 0xa1b2c3d4;
const PCAP_NANOSECONDS = 0xa1b23c4d;
const PCAPNG = 0x0a0d0d0a;
/** The frames of a capture file. */
export function readCapture(octets) {
    if (octets.length < 24)
        return { frames: [], fault: NO_CAPTURE };
    const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    if (view.getUint32(0) === PCAPNG)
        return new PcapngReader(octets, view).read();
    for (const little of [true, false]) {
        const magic = view.getUint32(0, little);
        if (magic === PCAP_MICROSECONDS || magic === PCAP_NANOSECONDS) {
            return readPcap(octets, view, little);
        }
    }
    return { frames: [], fault: NO_CAPTURE };
}
const NO_CAPTURE = 'the file is neither pcap nor pcapng';
function readPcap(octets, view, little) {
    const linkType = view.getUint32(20, little) & 0xffff;
    const frames = [];
    let at = 24;
    while (at < octets.length) {
        if (at + 16 > octets.length)
            return { frames, fault: cutAt(at) };
        const size = view.getUint32(at + 8, little);
        at += 16;
        if (at + size > octets.length)
            return { frames, fault: cutAt(at) };
        frames.push(frameOf(frames.length + 1, linkType, octets.subarray(at, at + size)));
        at += size;
    }
    return { frames };
}
const cutAt = (at) => `the file ends in the middle of the frame at octet ${at}`;
class PcapngReader {
    #octets;
    #view;
    #frames = [];
    #interfaces = [];
    #little = true;
    constructor(octets, view) {
        this.#octets = octets;
        this.#view = view;
    }
    read() {
        let at = 0;
        while (at < this.#octets.length) {
            if (at + 12 > this.#octets.length)
                return { frames: this.#frames, fault: cutAt(at) };
            if (this.#view.getUint32(at) === PCAPNG) {
                this.#little = this.#view.getUint32(at + 8, true) === 0x1a2b3c4d;
                this.#interfaces = [];
            }
            const size = this.#view.getUint32(at + 4, this.#little);
            if (size < 12 || size % 4 !== 0 || at + size > this.#octets.length) {
                return { frames: this.#frames, fault: cutAt(at) };
            }
            const fault = this.#block(at, size);
            if (fault !== undefined)
                return { frames: this.#frames, fault };
            at += size;
        }
        return { frames: this.#frames };
    }
    #block(at, size) {
        const view = this.#view;
        const type = view.getUint32(at, this.#little);
        const end = at + size - 4;
        if (type === 1 && size >= 20) {
            const linkType = view.getUint16(at + 8, this.#little);
            const name = this.#option(at + 16, end, 2);
            this.#interfaces.push(name === undefined ? { linkType } : { linkType, name });
        }
        else if (type === 6 && size >= 32) {
            const length = view.getUint32(at + 20, this.#little);
            if (at + 28 + length > end)
                return cutAt(at);
            this.#add(view.getUint32(at + 8, this.#little), at + 28, length);
        }
        else if (type === 3 && size >= 16) {
            this.#add(0, at + 12, Math.min(view.getUint32(at + 8, this.#little), end - at - 12));
        }
        return undefined;
    }
    #add(interfaceIndex, at, length) {
        const one = this.#interfaces[interfaceIndex];
        const number = this.#frames.length + 1;
        if (one === undefined) {
            this.#frames.push({ number, skipped: `interface ${interfaceIndex} is described nowhere` });
            return;
        }
        const frame = frameOf(number, one.linkType, this.#octets.subarray(at, at + length));
        this.#frames.push(one.name === undefined ? frame : { ...frame, link: one.name });
    }
    #option(from, end, wanted) {
        let at = from;
        while (at + 4 <= end) {
            const code = this.#view.getUint16(at, this.#little);
            const length = this.#view.getUint16(at + 2, this.#little);
            if (code === 0 || at + 4 + length > end)
                return undefined;
            if (code === wanted) {
                return new TextDecoder().decode(this.#octets.subarray(at + 4, at + 4 + length));
            }
            at += 4 + ((length + 3) & ~3);
        }
        return undefined;
    }
}
function frameOf(number, linkType, frame) {
    if (linkType === LINK_TYPE.raw || linkType === LINK_TYPE.ipv6) {
        return { number, packet: frame };
    }
    if (linkType !== LINK_TYPE.ethernet) {
        return { number, skipped: `link type ${linkType} is none of 1 (Ethernet), 101, 229 (IPv6)` };
    }
    let at = 12;
    const typeAt = () => ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);
    // IEEE 802.1Q and 802.1ad tags stand before the type.
    while (typeAt() === 0x8100 || typeAt() === 0x88a8)
        at += 4;
    if (typeAt() !== 0x86dd) {
        return { number, skipped: `Ethernet type 0x${typeAt().toString(16).padStart(4, '0')}` };
    }
    return { number, packet: frame.subarray(at + 2) };
}
