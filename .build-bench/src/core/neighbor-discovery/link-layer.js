import { isMulticast, solicitedNode, UNSPECIFIED } from '../../wire/address.js';
/** Neighbor Discovery messages that left another router on their way are forged (RFC 4861). */
export const ND_HOP_LIMIT = 255;
/**
 * May a Neighbor Solicitation or Advertisement be believed? One that did not begin on this link could
 * make anybody's Duplicate Address Detection fail from afar. Other messages: always.
 * Source: RFC 4861 sections 7.1.1 and 7.1.2.
 */
export function validNeighborMessage({ message, source, destination, ...rest }) {
    const isSolicitation = message.layer === 'neighbor-solicitation';
    if (!isSolicitation && message.layer !== 'neighbor-advertisement')
        return true;
    const { octets, tunnel } = rest;
    if (octets[7] !== ND_HOP_LIMIT || message.code !== 0 || tunnel !== undefined)
        return false;
    if (isMulticast(message.targetAddress))
        return false;
    if (!isSolicitation)
        return !(isMulticast(destination) && message.solicited);
    const says = message.options.some((one) => one.option === 'source-link-layer-address');
    const probe = source === UNSPECIFIED;
    return !probe || (!says && destination === solicitedNode(message.targetAddress));
}
/** The octets of a link address, as an option carries them. */
export function linkAddressOctets(address) {
    return Uint8Array.from(address, (character) => character.charCodeAt(0));
}
/** A link address from an option's octets; undefined unless there are six. */
export function linkAddressFrom(octets) {
    if (octets.length !== 6)
        return undefined;
    return String.fromCharCode(...octets);
}
/** The modified EUI-64 interface identifier of a link address. Source: RFC 4291 appendix A. */
export function interfaceIdentifier(address) {
    const first = String.fromCharCode(address.charCodeAt(0) ^ 0x02);
    return `${first}${address.slice(1, 3)}\xff\xfe${address.slice(3)}`;
}
/** The address that a 64-bit prefix and an interface identifier make. Source: RFC 4862 5.5.3. */
export function autoconfigured(prefix, identifier) {
    return (prefix.slice(0, 8) + identifier);
}
/** `00:11:22:33:44:55`. */
export function formatLinkAddress(address) {
    return Array.from(address, (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join(':');
}
