import { bits, ipv6Address, u8, u16 } from './field.js';
import { message } from './message.js';
/**
 * The IPv6 header. Flow Label and Traffic Class are kept as they stand; Payload Length and Next
 * Header are computed where they are absent. Hop Limit is 64 where it is absent.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-------+---------------+---------------------------------------+
 *     |Version| Traffic Class |              Flow Label               |
 *     +-------+---------------+-------+---------------+---------------+
 *     |        Payload Length         |  Next Header  |   Hop Limit   |
 *     +-------------------------------+---------------+---------------+
 *     |                 Source Address (16 octets)                    |
 *     +---------------------------------------------------------------+
 *     |               Destination Address (16 octets)                 |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 8200 section 3.
 */
export const ipv6Header = message('ipv6', 'RFC 8200 section 3', {
    version: bits(4, 6),
    trafficClass: bits(8),
    flowLabel: bits(20),
    payloadLength: u16(),
    nextHeader: u8(),
    hopLimit: u8(64),
    source: ipv6Address(),
    destination: ipv6Address(),
});
