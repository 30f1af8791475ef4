/**
 * Capture files as Wireshark, tshark and tcpdump read them.
 *
 * Link type Ethernet, because IPv4 and IPv6 can share it, and tcpdump refuses a second interface of
 * link type RAW. Octets depend on what was captured and on nothing else: no host name, no date.
 *
 * Supported standards: draft-ietf-opsawg-pcapng (section header, interface description and enhanced
 * packet blocks, with comments).
 */
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const LINKTYPE_ETHERNET = 1;
const OPT_COMMENT = 1;
const SHB_USERAPPL = 4;
const IF_NAME = 2;
const IF_TSRESOL = 9;
/** Timestamps count microseconds: 10^-6. */
const MICROSECONDS = Uint8Array.of(6);
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERNET_SIZE = 14;
/** The blocks that open a file: its section and its one interface, which has the link's name. */
export function pcapngHead(linkName) {
    const section = new Uint8Array(16);
    const view = new DataView(section.buffer);
    view.setUint32(0, BYTE_ORDER_MAGIC, true);
    view.setUint16(4, 1, true); // major version
    view.setBigInt64(8, -1n, true); // length of the section: not given
    const description = new Uint8Array(8);
    description[0] = LINKTYPE_ETHERNET;
    const name = option(IF_NAME, new TextEncoder().encode(linkName));
    const application = option(SHB_USERAPPL, new TextEncoder().encode('careof'));
    return joined([
        block(SECTION_HEADER, [section, application, END_OF_OPTIONS]),
        block(INTERFACE_DESCRIPTION, [
            description,
            name,
            option(IF_TSRESOL, MICROSECONDS),
            END_OF_OPTIONS,
        ]),
    ]);
}
/** The block of one frame. */
export function pcapngFrame(frame) {
    const size = ETHERNET_SIZE + frame.octets.length;
    const comment = frame.comment === undefined ? undefined : commentOption(frame.comment);
    const dataAt = 28;
    const optionsAt = dataAt + padded(size);
    const octets = new Uint8Array(optionsAt + (comment?.length ?? 0) + 4);
    const view = new DataView(octets.buffer);
    view.setUint32(0, ENHANCED_PACKET, true);
    view.setUint32(4, octets.length, true);
    view.setUint32(12, Math.floor(frame.time / 2 ** 32), true);
    view.setUint32(16, frame.time % 2 ** 32, true);
    view.setUint32(20, size, true);
    view.setUint32(24, size, true);
    for (let i = 0; i < 6; i++) {
        octets[dataAt + i] = frame.to.charCodeAt(i);
        octets[dataAt + 6 + i] = frame.from.charCodeAt(i);
    }
    view.setUint16(dataAt + 12, ETHERTYPE_IPV6);
    octets.set(frame.octets, dataAt + ETHERNET_SIZE);
    if (comment !== undefined)
        octets.set(comment, optionsAt);
    view.setUint32(octets.length - 4, octets.length, true);
    return octets;
}
const commentOption = (text) => joined([option(OPT_COMMENT, new TextEncoder().encode(text)), END_OF_OPTIONS]);
const END_OF_OPTIONS = new Uint8Array(4);
const padded = (size) => (size + 3) & ~3;
function option(code, value) {
    const octets = new Uint8Array(4 + padded(value.length));
    const view = new DataView(octets.buffer);
    view.setUint16(0, code, true);
    view.setUint16(2, value.length, true);
    octets.set(value, 4);
    return octets;
}
function block(type, parts) {
    const body = joined(parts);
    const octets = new Uint8Array(body.length + 12);
    const view = new DataView(octets.buffer);
    view.setUint32(0, type, true);
    view.setUint32(4, octets.length, true);
    octets.set(body, 8);
    view.setUint32(octets.length - 4, octets.length, true);
    return octets;
}
function joined(parts) {
    const octets = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
        octets.set(part, at);
        at += part.length;
    }
    return octets;
}
