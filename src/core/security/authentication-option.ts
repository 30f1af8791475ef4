/**
 * The mobility message authentication option between a mobile node and its home agent, and the time
 * stamps that keep its messages from being replayed.
 *
 *     authentication data = First (96, HMAC_SHA1 (key, (care-of | home | MH data up to the SPI)))
 *
 * Supported standards: RFC 4285 sections 5, 5.1 and 6.
 */
import type { Address } from '../../wire/address.ts';
import { MOBILITY_OPTION } from '../../wire/numbers.ts';
import { fixUpperChecksum } from '../../wire/walk.ts';
import type { Cryptography } from '../role.ts';
import type { Duration, Instant } from '../time.ts';
import { equalOctets } from './constant-time.ts';
import { AUTHENTICATOR_SIZE, mobilityData, signedPart } from './mobility-data.ts';

/** Subtype of the option between mobile node and home agent. Source: RFC 4285 section 5.1. */
const MN_HA = 1;
/** Octets of the option before its authentication data: type, length, subtype, SPI. */
const BEFORE_DATA = 7;

/** Both addresses of the mobile node go into the proof. Source: RFC 4285 section 5.1. */
export interface AuthenticatedBinding {
  readonly careOf: Address;
  readonly home: Address;
}

/**
 * Fills the authentication data of a finished message in place, and mends the checksum. Throws
 * RangeError where there is no such option to fill. Source: RFC 4285 section 5.1.
 */
export function signAuthenticationOption(
  crypto: Cryptography,
  packet: Uint8Array,
  key: Uint8Array,
  binding: AuthenticatedBinding,
): void {
  const place = authenticationAt(packet);
  if (place === undefined) throw new RangeError('no MN-HA authentication option to fill');
  packet.set(authenticationData(crypto, packet, key, binding, place), place.at);
  fixUpperChecksum(packet);
}

/**
 * Does the message end in an MN-HA authentication option with the right data? Which key its SPI
 * stands for is the caller's to know. Source: RFC 4285 section 5.1.
 */
export function verifyAuthenticationOption(
  crypto: Cryptography,
  packet: Uint8Array,
  key: Uint8Array,
  binding: AuthenticatedBinding,
): boolean {
  const place = authenticationAt(packet);
  if (place === undefined) return false;
  const shown = packet.subarray(place.at, place.at + AUTHENTICATOR_SIZE);
  return equalOctets(shown, authenticationData(crypto, packet, key, binding, place));
}

interface DataPlace {
  readonly mobilityAt: number;
  readonly at: number;
}

/** Padding may follow: the option's own alignment (4n+1) can leave room for four octets of it. */
function authenticationAt(packet: Uint8Array): DataPlace | undefined {
  const part = signedPart(packet, MOBILITY_OPTION.authentication);
  if (part === undefined || packet[part.optionAt + 2] !== MN_HA) return undefined;
  if (part.optionEnd - part.optionAt !== BEFORE_DATA + AUTHENTICATOR_SIZE) return undefined;
  return { mobilityAt: part.mobilityAt, at: part.optionAt + BEFORE_DATA };
}

function authenticationData(
  crypto: Cryptography,
  packet: Uint8Array,
  key: Uint8Array,
  { careOf, home }: AuthenticatedBinding,
  { mobilityAt, at }: DataPlace,
): Uint8Array {
  const data = mobilityData(careOf, home, packet, mobilityAt, at);
  return crypto.hmacSha1(key, data).slice(0, AUTHENTICATOR_SIZE);
}

/** Seconds from 1900, where NTP counts from, to 1970. Source: RFC 5905 section 6, Figure 4. */
const NTP_EPOCH = 2_208_988_800n;
const MICROSECONDS = 1_000_000n;

/**
 * The time stamp of a moment: 32 bits of seconds since 1900 (modulo 2^32), 32 bits of fraction.
 * @param epoch wall-clock time at instant 0 in microseconds since 1970.
 * Source: RFC 4285 section 6, RFC 5905 section 6.
 */
export function ntpTimestamp(epoch: number, now: Instant): bigint {
  const time = BigInt(epoch + now) + NTP_EPOCH * MICROSECONDS;
  return BigInt.asUintN(64, (time << 32n) / MICROSECONDS);
}

/** NTP fractions in a second. */
const NTP_UNITS_PER_SECOND = 1n << 32n;

/** Is a time stamp no further from our clock than that? Source: RFC 4285 section 6. */
export function isFresh(
  timestamp: bigint,
  epoch: number,
  now: Instant,
  tolerance: Duration,
): boolean {
  const clock = ntpTimestamp(epoch, now);
  const off = timestamp > clock ? timestamp - clock : clock - timestamp;
  return off <= (BigInt(tolerance) * NTP_UNITS_PER_SECOND) / MICROSECONDS;
}

/**
 * The moment of a time stamp, of those 136 years apart the one nearest to instant 0; before instant
 * 0 it is negative. Source: RFC 5905 section 6.
 */
export function instantOfNtp(epoch: number, timestamp: bigint): Instant {
  const ahead = BigInt.asIntN(64, timestamp - ntpTimestamp(epoch, 0 as Instant));
  // Time stamps are rounded down by less than a microsecond: the nearest one is what was meant.
  return Number((ahead * MICROSECONDS + (1n << 31n)) >> 32n) as Instant;
}
