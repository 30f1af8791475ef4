import { MOBILITY_OPTION } from '../../wire/numbers.js';
import { fixUpperChecksum } from '../../wire/walk.js';
import { equalOctets } from './constant-time.js';
import { AUTHENTICATOR_SIZE, mobilityData, signedPart } from './mobility-data.js';
/** Subtype of the option between mobile node and home agent. Source: RFC 4285 section 5.1. */
const MN_HA = 1;
/** Octets of the option before its authentication data: type, length, subtype, SPI. */
const BEFORE_DATA = 7;
/**
 * Fills the authentication data of a finished message in place, and mends the checksum. Throws
 * RangeError where there is no such option to fill. Source: RFC 4285 section 5.1.
 */
export function signAuthenticationOption(crypto, packet, key, binding) {
    const place = authenticationAt(packet);
    if (place === undefined)
        throw new RangeError('no MN-HA authentication option to fill');
    packet.set(authenticationData(crypto, packet, key, binding, place), place.at);
    fixUpperChecksum(packet);
}
/**
 * Does the message end in an MN-HA authentication option with the right data? Which key its SPI
 * stands for is the caller's to know. Source: RFC 4285 section 5.1.
 */
export function verifyAuthenticationOption(crypto, packet, key, binding) {
    const place = authenticationAt(packet);
    if (place === undefined)
        return false;
    const shown = packet.subarray(place.at, place.at + AUTHENTICATOR_SIZE);
    return equalOctets(shown, authenticationData(crypto, packet, key, binding, place));
}
/** Padding may follow: the option's own alignment (4n+1) can leave room for four octets of it. */
function authenticationAt(packet) {
    const part = signedPart(packet, MOBILITY_OPTION.authentication);
    if (part === undefined || packet[part.optionAt + 2] !== MN_HA)
        return undefined;
    if (part.optionEnd - part.optionAt !== BEFORE_DATA + AUTHENTICATOR_SIZE)
        return undefined;
    return { mobilityAt: part.mobilityAt, at: part.optionAt + BEFORE_DATA };
}
function authenticationData(crypto, packet, key, { careOf, home }, { mobilityAt, at }) {
    const data = mobilityData(careOf, home, packet, mobilityAt, at);
    return crypto.hmacSha1(key, data).subarray(0, AUTHENTICATOR_SIZE);
}
/** Seconds from 1900, where NTP counts from, to 1970. Source: RFC 5905 section 6, Figure 4. */
const NTP_EPOCH = 2208988800n;
const MICROSECONDS = 1000000n;
/**
 * The time stamp of a moment: 32 bits of seconds since 1900 (modulo 2^32), 32 bits of fraction.
 * @param epoch wall-clock time at instant 0 in microseconds since 1970.
 * Source: RFC 4285 section 6, RFC 5905 section 6.
 */
export function ntpTimestamp(epoch, now) {
    const time = BigInt(epoch + now) + NTP_EPOCH * MICROSECONDS;
    return BigInt.asUintN(64, (time << 32n) / MICROSECONDS);
}
/**
 * The moment of a time stamp, of those 136 years apart the one nearest to instant 0; before instant
 * 0 it is negative. Source: RFC 5905 section 6.
 */
export function instantOfNtp(epoch, timestamp) {
    const ahead = BigInt.asIntN(64, timestamp - ntpTimestamp(epoch, 0));
    // Time stamps are rounded down by less than a microsecond: the nearest one is what was meant.
    return Number((ahead * MICROSECONDS + (1n << 31n)) >> 32n);
}
