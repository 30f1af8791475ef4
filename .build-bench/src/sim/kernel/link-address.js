import { interfaceIdentifier } from '../../core/neighbor-discovery/link-layer.js';
import { address, IPV6_SIZE } from '../../wire/address.js';
import { digest } from '../random.js';
/** The Ethernet group of an IPv6 multicast address: 33:33 and its last four octets (RFC 2464 7). */
export const groupLinkAddress = (group) => `\x33\x33${group.slice(IPV6_SIZE - 4)}`;
/** Six octets as a link address. */
export const linkAddressOf = (octets) => String.fromCharCode(...octets.subarray(0, 6));
/**
 * The link address of a node's interface, from their names: locally administered, unicast, and the
 * same in each run.
 */
export function namedLinkAddress(node, name) {
    const octets = new Uint8Array(6);
    const view = new DataView(octets.buffer);
    const [a, b] = digest(0, `${node}/${name}`);
    view.setUint16(0, a >>> 16);
    view.setUint32(2, b);
    octets[0] = 0x02;
    return linkAddressOf(octets);
}
const LINK_LOCAL = address('fe80::').slice(0, 8);
/** The link-local address of an interface. Source: RFC 4862 section 5.3. */
export const linkLocalAddress = (link) => (LINK_LOCAL + interfaceIdentifier(link));
