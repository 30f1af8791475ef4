/**
 * Protocol constants by their RFC names. A scenario may set any of them by its name in lower case
 * with hyphens (`constants: { max-token-lifetime: 210s }`).
 */
import { type Duration, milliseconds, NO_TIME, seconds } from './time.ts';

const SPECIFICATION = {
  // RFC 6275 section 12, "Protocol Constants".
  INITIAL_BINDACK_TIMEOUT_FIRST_REG: milliseconds(1500),
  INITIAL_BINDACK_TIMEOUT: seconds(1),
  MAX_BINDACK_TIMEOUT: seconds(32),
  MAX_NONCE_LIFETIME: seconds(240),
  MAX_TOKEN_LIFETIME: seconds(210),
  MAX_RR_BINDING_LIFETIME: seconds(420),
  INITIAL_DHAAD_TIMEOUT: seconds(3),
  INITIAL_SOLICIT_TIMER: seconds(3),
  PREFIX_ADV_TIMEOUT: seconds(3),
  // RFC 6275 section 13, "Protocol Configuration Variables".
  MIN_MOB_PFX_ADV_INTERVAL: seconds(600),
  MAX_MOB_PFX_ADV_INTERVAL: seconds(86_400),
  // RFC 4866 section 7.
  MAX_CGA_BINDING_LIFETIME: seconds(86_400),
  CREDIT_AGING_INTERVAL: seconds(5),
  // RFC 4861 section 10; RFC 6275 section 7.5 and 12 allow the shorter intervals.
  MAX_RTR_SOLICITATION_DELAY: NO_TIME, // RFC 4861: 1 s. A node told of a new link waits for nothing.
  RTR_SOLICITATION_INTERVAL: seconds(4),
  MAX_RTR_SOLICITATION_INTERVAL: seconds(3600), // RFC 7559 section 2.
  MAX_RA_DELAY_TIME: milliseconds(500),
  MIN_DELAY_BETWEEN_RAS: milliseconds(30), // RFC 6275 section 7.5; RFC 4861: 3 s.
  RETRANS_TIMER: seconds(1),
  // RFC 4862 section 5.4.2: the delay before the first solicitation of DAD is drawn up to this.
  MAX_DAD_DELAY: seconds(1),
  // RFC 5555, "Protocol Constants".
  NATKATIMEOUT: seconds(110),
  // RFC 5847 section 5.
  HEARTBEAT_INTERVAL: seconds(60),
  // RFC 5846 section 11.
  INIT_MIN_DELAY_BRIS: seconds(1),
  MAX_BRACK_TIMEOUT: seconds(2),
  // RFC 8415 section 7.6: the delay before a first Solicit or Confirm is drawn up to this.
  SOL_MAX_DELAY: seconds(1),
  CNF_MAX_DELAY: seconds(1),
} as const;

const IMPLEMENTATION = {
  /** How long a binding holds whose care-of address is not proved yet (RFC 4866 section 4.2 lets us). */
  UNVERIFIED_BINDING_LIFETIME: seconds(30),
  /** How long a binding holds that a correspondent makes for a node that cannot be reached. */
  PROVISIONAL_LIFETIME: seconds(10),
  /** What a mobile node asks of its home agent. */
  HOME_LIFETIME: seconds(3600),
  /** The most that a home agent grants. */
  MAX_HOME_LIFETIME: seconds(262_140),
  /** A new nonce is made this often; RFC 6275 section 5.2.3 lets it live MAX_NONCE_LIFETIME. */
  NONCE_INTERVAL: seconds(30),
  /** A peer is tested no more often than this (RFC 6275 section 11.8: MAX_UPDATE_RATE). */
  UPDATE_INTERVAL: milliseconds(334),
  /** How long packets to the last care-of address are still taken. */
  OLD_CARE_OF_LINGER: seconds(5),
  /** How long a peer counts as knowing nothing of Mobile IPv6 after it said so. */
  UNAWARE_TIME: seconds(3600),
  /** How long a silent or refusing peer is left alone. */
  LEFT_ALONE_TIME: seconds(60),
  /** A home agent that refused is asked again, since nothing else would ever mend it. */
  REFUSED_RETRY_TIME: seconds(32),
  /** A client of a service address that sends nothing by its holder for so long is forgotten. */
  CLIENT_IDLE_TIME: seconds(900),
  /** After its last connection was closed a client is remembered for so long: its server may send on. */
  CONNECTION_LINGER: seconds(120),
  /** And after it was torn down: what is on its way. */
  RESET_LINGER: seconds(2),
  /** How often servers ask whether the holder of their service address is there. */
  SERVICE_HEARTBEAT_INTERVAL: seconds(1),
  /** A client that has sent nothing to a port of QUIC for so long has no session there. */
  QUIC_IDLE_TIME: seconds(30),
  /** A server whose answers go by its agent is doubted when none came for so long after a request. */
  TUNNEL_SILENCE: seconds(2),
  /** RFC 4285 section 6: how far a timestamp may be off. */
  TIMESTAMP_TOLERANCE: seconds(7),
} as const;

export const DEFAULT_CONSTANTS = { ...SPECIFICATION, ...IMPLEMENTATION } as const satisfies Record<
  string,
  Duration
>;

export type ConstantName = keyof typeof DEFAULT_CONSTANTS;
export type Constants = Readonly<Record<ConstantName, Duration>>;

/** The constants of a run: the defaults, and over them what the scenario or the operator sets. */
export function constantsWith(changed: Partial<Record<ConstantName, Duration>>): Constants {
  return { ...DEFAULT_CONSTANTS, ...changed };
}

/** `MAX_TOKEN_LIFETIME` from `max-token-lifetime`; undefined where there is no such constant. */
export function constantNamed(text: string): ConstantName | undefined {
  const name = text.toUpperCase().replaceAll('-', '_');
  return name in DEFAULT_CONSTANTS ? (name as ConstantName) : undefined;
}

/** RFC 6275 section 12: unsolicited Neighbor Advertisements that claim an address. */
export const MAX_NEIGHBOR_ADVERTISEMENT = 3;
/** RFC 6275 section 12: updates to one node within a second. */
export const MAX_UPDATE_RATE = 3;
/** RFC 6275 section 12: repeats of a Home Agent Address Discovery Request. */
export const DHAAD_RETRIES = 4;
/** RFC 6275 section 12: repeats of an unsolicited Mobile Prefix Advertisement. */
export const PREFIX_ADV_RETRIES = 3;
/** RFC 5846 section 11: repeats of a Binding Revocation Indication. */
export const BRI_MAX_RETRIES_NUMBER = 1;
/** RFC 4862 section 5.1. */
export const DUP_ADDR_DETECT_TRANSMITS = 1;
/** RFC 6275 section 6.1.7: lifetimes on the wire count units of 4 s. */
export const LIFETIME_UNIT: Duration = seconds(4);
/** RFC 8899 section 5.1.1: how long a probe waits for its answer; no less than a second. */
export const PROBE_TIMER: Duration = seconds(1);
/** RFC 8899 section 5.1.2: probes of one size, before it counts as one that does not pass. */
export const MAX_PROBES = 3;
/** RFC 8899 section 5.1.1: a size that was found is tried again so often while the path is in use. */
export const CONFIRMATION_TIMER: Duration = seconds(30);
/** RFC 8899 section 5.1.1: larger sizes are tried again after so long. */
export const PMTU_RAISE_TIMER: Duration = seconds(600);
