/**
 * Protocol constants by their RFC names. A scenario may set any of them by its name in lower case
 * with hyphens (`constants: { max-token-lifetime: 210s }`).
 */
import { milliseconds, NO_TIME, seconds } from './time.js';
const SPECIFICATION = {
    // RFC 6275 section 12, "Protocol Constants".
    INITIAL_BINDACK_TIMEOUT_FIRST_REG: milliseconds(1500),
    INITIAL_BINDACK_TIMEOUT: seconds(1),
    MAX_BINDACK_TIMEOUT: seconds(32),
    MAX_NONCE_LIFETIME: seconds(240),
    MAX_TOKEN_LIFETIME: seconds(210),
    MAX_RR_BINDING_LIFETIME: seconds(420),
    // RFC 4861 section 10; RFC 6275 section 7.5 and 12 allow the shorter intervals.
    MAX_RTR_SOLICITATION_DELAY: NO_TIME, // RFC 4861: 1 s. A node told of a new link waits for nothing.
    RTR_SOLICITATION_INTERVAL: seconds(4),
    MAX_RA_DELAY_TIME: milliseconds(500),
    MIN_DELAY_BETWEEN_RAS: milliseconds(30), // RFC 6275 section 7.5; RFC 4861: 3 s.
    RETRANS_TIMER: seconds(1),
    // RFC 4862 section 5.4.2: the delay before the first solicitation of DAD is drawn up to this.
    MAX_DAD_DELAY: seconds(1),
};
const IMPLEMENTATION = {
    /** What a mobile node asks of its home agent. */
    HOME_LIFETIME: seconds(3600),
    /** The most that a home agent grants. */
    MAX_HOME_LIFETIME: seconds(262_140),
    /** A new nonce is made this often; RFC 6275 section 5.2.3 lets it live MAX_NONCE_LIFETIME. */
    NONCE_INTERVAL: seconds(30),
    /** A peer is told nothing more often than this (RFC 6275 section 11.8: MAX_UPDATE_RATE 3/s). */
    UPDATE_INTERVAL: milliseconds(334),
    /** How long packets to the last care-of address are still taken. */
    OLD_CARE_OF_LINGER: seconds(5),
    /** How long a peer counts as knowing nothing of Mobile IPv6 after it said so. */
    UNAWARE_TIME: seconds(3600),
    /** RFC 4285 section 6: how far a timestamp may be off. */
    TIMESTAMP_TOLERANCE: seconds(7),
};
export const DEFAULT_CONSTANTS = { ...SPECIFICATION, ...IMPLEMENTATION };
/** The constants of a run: the defaults, and over them what the scenario or the operator sets. */
export function constantsWith(changed) {
    return { ...DEFAULT_CONSTANTS, ...changed };
}
/** `MAX_TOKEN_LIFETIME` from `max-token-lifetime`; undefined where there is no such constant. */
export function constantNamed(text) {
    const name = text.toUpperCase().replaceAll('-', '_');
    return name in DEFAULT_CONSTANTS ? name : undefined;
}
/** RFC 6275 section 12: unsolicited Neighbor Advertisements that claim an address. */
export const MAX_NEIGHBOR_ADVERTISEMENT = 3;
/** RFC 4861 section 10: solicitations without an answer before a node stops asking. */
export const MAX_RTR_SOLICITATIONS = 3;
/** RFC 4862 section 5.1. */
export const DUP_ADDR_DETECT_TRANSMITS = 1;
/** RFC 6275 section 6.1.7: lifetimes on the wire count units of 4 s. */
export const LIFETIME_UNIT = seconds(4);
