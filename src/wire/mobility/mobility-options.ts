/**
 * Mobility options: what a Mobility Header message carries besides its fixed fields.
 *
 *     +---------------+---------------+- - - - - - - -
 *     |  Option Type  | Option Length |  option data
 *     +---------------+---------------+- - - - - - - -
 *
 * The pictures below show the option data only.
 *
 * Supported standards: RFC 6275 section 6.2, RFC 3963 section 4.3, RFC 4283 section 3, RFC 4285
 * sections 5 and 6; the files of the other options name theirs.
 */
import { ipv6Address, reserved, u8, u16, u32, u64 } from '../field.ts';
import { MOBILITY_OPTION } from '../numbers.ts';
import { rest } from '../octets-field.ts';
import { option, optionList } from '../options.ts';
import {
  careOfTestInitOption,
  careOfTestOption,
  cgaParameters,
  cgaParametersRequest,
  permanentHomeKeygenToken,
  signature,
} from './cga-options.ts';
import {
  ipv4AddressAcknowledgement,
  ipv4CareOfAddress,
  ipv4HomeAddress,
  natDetection,
} from './dual-stack-options.ts';
import { bindingIdentifier, flowIdentification } from './multihoming-options.ts';
import { loadInformation, restartCounter, timestamp, vendorSpecific } from './session-options.ts';

/**
 * When the sender of an acknowledgement would like to be asked again, in units of 4 s.
 *
 *     +-------------------------------+
 *     |       Refresh Interval        |
 *     +-------------------------------+
 *
 * Source: RFC 6275 section 6.2.4.
 */
export const bindingRefreshAdvice = option(
  'binding-refresh-advice',
  MOBILITY_OPTION.bindingRefreshAdvice,
  'RFC 6275 section 6.2.4',
  { refreshInterval: u16() },
  { align: { n: 2, y: 0 } },
);

/**
 * The care-of address, where it is not the packet's source.
 *
 *     +---------------------------------------------------------------+
 *     |             Alternate Care-of Address (16 octets)             |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 6275 section 6.2.5.
 */
export const alternateCareOfAddress = option(
  'alternate-care-of-address',
  MOBILITY_OPTION.alternateCareOfAddress,
  'RFC 6275 section 6.2.5',
  { careOfAddress: ipv6Address() },
  { align: { n: 8, y: 6 } },
);

/**
 * Which nonces the keygen tokens were made with.
 *
 *     +-------------------------------+-------------------------------+
 *     |       Home Nonce Index        |     Care-of Nonce Index       |
 *     +-------------------------------+-------------------------------+
 *
 * Source: RFC 6275 section 6.2.6.
 */
export const nonceIndices = option(
  'nonce-indices',
  MOBILITY_OPTION.nonceIndices,
  'RFC 6275 section 6.2.6',
  { homeNonceIndex: u16(), careOfNonceIndex: u16() },
  { align: { n: 2, y: 0 } },
);

/**
 * The proof made with the binding management key: 12 octets after return routability. It has no
 * alignment of its own but must come last, so padding goes before it.
 *
 *     +- - - - - - - - - - - - - - - -+
 *     |         Authenticator         |
 *     +- - - - - - - - - - - - - - - -+
 *
 * Source: RFC 6275 section 6.2.7.
 */
export const bindingAuthorizationData = option(
  'binding-authorization-data',
  MOBILITY_OPTION.bindingAuthorizationData,
  'RFC 6275 section 6.2.7',
  { authenticator: rest() },
  { align: 'last' },
);

/**
 * A prefix of the network that moves with a mobile router.
 *
 *     +---------------+---------------+
 *     |   Reserved    | Prefix Length |
 *     +---------------+---------------+-------------------------------+
 *     |               Mobile Network Prefix (16 octets)               |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 3963 section 4.3.
 */
export const mobileNetworkPrefix = option(
  'mobile-network-prefix',
  MOBILITY_OPTION.mobileNetworkPrefix,
  'RFC 3963 section 4.3',
  { reserved: reserved(8), prefixLength: u8(), prefix: ipv6Address() },
  { align: { n: 8, y: 4 } },
);

/**
 * Who the mobile node is; subtype 1 is a network access identifier.
 *
 *     +---------------+- - - - - - - -
 *     |    Subtype    |  Identifier
 *     +---------------+- - - - - - - -
 *
 * Source: RFC 4283 section 3.
 */
export const mobileNodeIdentifier = option(
  'mobile-node-identifier',
  MOBILITY_OPTION.mobileNodeIdentifier,
  'RFC 4283 section 3',
  { subtype: u8(1), identifier: rest() },
);

/**
 * Proof made with a key that the mobile node shares with its home agent (subtype 1) or with an
 * authorisation server (2).
 *
 *     +---------------+---------------+---------------+---------------+
 *     |    Subtype    |               Mobility SPI ...
 *     +---------------+---------------+---------------+---------------+
 *           ...       |  Authentication Data
 *     +---------------+- - - - - - - -
 *
 * Source: RFC 4285 section 5.
 */
export const authentication = option(
  'authentication',
  MOBILITY_OPTION.authentication,
  'RFC 4285 section 5',
  { subtype: u8(1), spi: u32(), authenticationData: rest() },
  { align: { n: 4, y: 1 } },
);

/**
 * A time stamp that makes each message new: seconds since 1900 and their fraction, 32 bits each.
 *
 *     +---------------------------------------------------------------+
 *     |                     Timestamp (8 octets)                      |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 4285 section 6.
 */
export const replayProtection = option(
  'replay-protection',
  MOBILITY_OPTION.replayProtection,
  'RFC 4285 section 6',
  { timestamp: u64() },
  { align: { n: 8, y: 2 } },
);

/** The option list that ends every Mobility Header message. Source: RFC 6275 section 6.2.1. */
export const mobilityOptions = optionList(
  [
    bindingRefreshAdvice,
    alternateCareOfAddress,
    nonceIndices,
    bindingAuthorizationData,
    mobileNetworkPrefix,
    mobileNodeIdentifier,
    authentication,
    replayProtection,
    cgaParametersRequest,
    cgaParameters,
    signature,
    permanentHomeKeygenToken,
    careOfTestInitOption,
    careOfTestOption,
    vendorSpecific,
    timestamp,
    restartCounter,
    bindingIdentifier,
    flowIdentification,
    loadInformation,
    ipv4HomeAddress,
    ipv4AddressAcknowledgement,
    natDetection,
    ipv4CareOfAddress,
  ],
  MOBILITY_OPTION,
);

/** An option of a Mobility Header message. */
export type MobilityOption = Parameters<(typeof mobilityOptions)['toJson']>[0][number];
/** An option to be put in a Mobility Header message. */
export type MobilityOptionInput = (typeof mobilityOptions)['initial'][number];
