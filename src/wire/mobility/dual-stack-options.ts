/**
 * Mobility options for IPv4 addresses beside IPv6 ones.
 *
 * Supported standards: RFC 5555 sections 3.1 and 3.2.
 */
import { bits, flag, ipv4Address, reserved, u8, u32 } from '../field.ts';
import { MOBILITY_OPTION } from '../numbers.ts';
import { option } from '../options.ts';

const ALIGNED = { align: { n: 4, y: 0 } } as const;

/**
 * An IPv4 home address that the sender has beside the IPv6 one; P asks for a prefix.
 *
 *     +-----------+-+-----------------+
 *     |Prefix-len |P|    Reserved     |
 *     +-----------+-+-----------------+-------------------------------+
 *     |                       IPv4 home address                       |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 5555 section 3.1.1.
 */
export const ipv4HomeAddress = option(
  'ipv4-home-address',
  MOBILITY_OPTION.ipv4HomeAddress,
  'RFC 5555 section 3.1.1',
  {
    prefixLength: bits(6),
    prefixRequested: flag(),
    reserved: reserved(9),
    homeAddress: ipv4Address(),
  },
  ALIGNED,
);

/**
 * Where the sender is met, when the packet itself came over IPv4.
 *
 *     +-------------------------------+
 *     |           Reserved            |
 *     +-------------------------------+-------------------------------+
 *     |                     IPv4 care-of address                      |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 5555 section 3.1.2.
 */
export const ipv4CareOfAddress = option(
  'ipv4-care-of-address',
  MOBILITY_OPTION.ipv4CareOfAddress,
  'RFC 5555 section 3.1.2',
  { reserved: reserved(16), careOfAddress: ipv4Address() },
  ALIGNED,
);

/**
 * What became of an IPv4 home address. From 128 on it was refused.
 *
 *     +---------------+-----------+---+
 *     |    Status     |Prefix-len |Res|
 *     +---------------+-----------+---+-------------------------------+
 *     |                       IPv4 home address                       |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 5555 section 3.2.1.
 */
export const ipv4AddressAcknowledgement = option(
  'ipv4-address-acknowledgement',
  MOBILITY_OPTION.ipv4AddressAcknowledgement,
  'RFC 5555 section 3.2.1',
  { status: u8(), prefixLength: bits(6), reserved: reserved(2), homeAddress: ipv4Address() },
  ALIGNED,
);

/**
 * A translator stands in between (F: or UDP is wanted all the same), and is to be kept awake so often, in
 * seconds.
 *
 *     +-+-----------------------------+
 *     |F|          Reserved           |
 *     +-+-----------------------------+-------------------------------+
 *     |                         Refresh time                          |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 5555 section 3.2.2.
 */
export const natDetection = option(
  'nat-detection',
  MOBILITY_OPTION.natDetection,
  'RFC 5555 section 3.2.2',
  { forced: flag(), reserved: reserved(15), refreshTime: u32() },
  ALIGNED,
);
