import { isLinkLocal } from '../../wire/address.js';
import { milliseconds, seconds } from '../time.js';
import { linkAddressFrom, ND_HOP_LIMIT } from './link-layer.js';
/** RFC 6275 section 7.5: no MaxRtrAdvInterval is shorter. Zero would have us probe without end. */
const MIN_INTERVAL_MS = 70;
/**
 * Reads a Router Advertisement; undefined where a host must discard it. The parser has checked
 * checksum and lengths.
 * Source: RFC 4861 section 6.1.2, RFC 4862 section 5.5.3, RFC 6275 section 7.
 */
export function readAdvertisement(received) {
    const { message, source, link } = received;
    if (message.layer !== 'router-advertisement')
        return undefined;
    if (received.octets[7] !== ND_HOP_LIMIT || message.code !== 0 || !isLinkLocal(source)) {
        return undefined;
    }
    let linkAddress;
    let interval;
    const prefixes = [];
    for (const option of message.options) {
        if (option.option === 'source-link-layer-address') {
            linkAddress = linkAddressFrom(option.linkLayerAddress.subarray(0, 6));
        }
        else if (option.option === 'advertisement-interval') {
            interval = milliseconds(Math.max(option.advertisementInterval, MIN_INTERVAL_MS));
        }
        else if (option.option === 'prefix-information' && !isLinkLocal(option.prefix)) {
            prefixes.push({
                prefix: maskAddress(option.prefix, option.prefixLength),
                length: option.prefixLength,
                onLink: option.onLink,
                autonomous: option.autonomous && option.prefixLength === 64,
                routerAddress: option.routerAddress ? option.prefix : undefined,
                validLifetime: seconds(option.validLifetime),
                preferredLifetime: seconds(Math.min(option.preferredLifetime, option.validLifetime)),
            });
        }
    }
    return {
        link,
        router: source,
        linkAddress,
        routerLifetime: seconds(message.routerLifetime),
        homeAgent: message.homeAgent,
        prefixes,
        interval,
        packet: { to: received.destination, octets: received.octets.length },
    };
}
/** An address with all bits behind the first `length` zero. */
export function maskAddress(address, length) {
    const whole = Math.min(address.length, length >> 3);
    if (whole === address.length)
        return address;
    const partial = address.charCodeAt(whole) & (0xff00 >> (length & 7));
    return (address.slice(0, whole) +
        String.fromCharCode(partial & 0xff) +
        '\0'.repeat(address.length - whole - 1));
}
