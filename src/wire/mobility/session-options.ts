/**
 * Mobility options about the peers themselves: clocks, restarts, load, vendors.
 *
 * Supported standards: RFC 5094, RFC 5213 section 8.8, RFC 5847 section 3, RFC 6463 section 4.
 */
import { u8, u16, u32, u64 } from '../field.ts';
import { MOBILITY_OPTION } from '../numbers.ts';
import { rest } from '../octets-field.ts';
import { option } from '../options.ts';

/**
 * What a vendor defines, under the vendor's enterprise number.
 *
 *     +---------------------------------------------------------------+
 *     |                           Vendor ID                           |
 *     +---------------+- - - - - - - - - - - - - - - - - - - - - - - -
 *     |   Sub-Type    |  data
 *     +---------------+- - - - - - - -
 *
 * Source: RFC 5094 section 3.
 */
export const vendorSpecific = option(
  'vendor-specific',
  MOBILITY_OPTION.vendorSpecific,
  'RFC 5094 section 3',
  { vendorId: u32(), subtype: u8(), data: rest() },
  { align: { n: 4, y: 2 } },
);

/**
 * When the message was sent: seconds since 1970 in 48 bits, and their fraction in 16.
 *
 *     +---------------------------------------------------------------+
 *     |                     Timestamp (8 octets)                      |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 5213 section 8.8.
 */
export const timestamp = option(
  'timestamp',
  MOBILITY_OPTION.timestamp,
  'RFC 5213 section 8.8',
  { timestamp: u64() },
  { align: { n: 8, y: 2 } },
);

/**
 * Grows whenever the sender has lost its bindings: another number than before tells of that.
 *
 *     +---------------------------------------------------------------+
 *     |                        Restart Counter                        |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 5847 section 3.4.
 */
export const restartCounter = option(
  'restart-counter',
  MOBILITY_OPTION.restartCounter,
  'RFC 5847 section 3.4',
  { restartCounter: u32() },
  { align: { n: 4, y: 2 } },
);

/**
 * How busy an anchor is. Sessions are counted; capacity is in kilobytes per second.
 *
 *                                     +-------------------------------+
 *                                     |           Priority            |
 *     +-------------------------------+-------------------------------+
 *     |                        Sessions in Use                        |
 *     +---------------------------------------------------------------+
 *     |                       Maximum Sessions                        |
 *     +---------------------------------------------------------------+
 *     |                         Used Capacity                         |
 *     +---------------------------------------------------------------+
 *     |                       Maximum Capacity                        |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 6463 section 4.
 */
export const loadInformation = option(
  'load-information',
  MOBILITY_OPTION.loadInformation,
  'RFC 6463 section 4',
  {
    priority: u16(),
    sessionsInUse: u32(),
    maximumSessions: u32(),
    usedCapacity: u32(),
    maximumCapacity: u32(),
  },
  { align: { n: 4, y: 0 } },
);
