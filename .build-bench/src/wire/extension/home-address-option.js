import { ipv6Address } from '../field.js';
import { IPV6_OPTION } from '../numbers.js';
import { option } from '../options.js';
/**
 * Home Address option: "take this address for the packet's source".
 *
 *                                     +---------------+---------------+
 *                                     |  Type = 0xC9  |  Length = 16  |
 *     +-------------------------------+---------------+---------------+
 *     |                    Home Address (16 octets)                   |
 *     +---------------------------------------------------------------+
 *
 * Aligned to 8n + 6. RFC 8200 section 4.2 answers what a node cannot process; a length other than
 * 16 is such a thing, and the pointer is at the length.
 *
 * Source: RFC 6275 section 6.3.
 */
export const homeAddressOption = option('home-address', IPV6_OPTION.homeAddress, 'RFC 6275 section 6.3', { homeAddress: ipv6Address() }, { align: { n: 8, y: 6 }, wrongLength: { kind: 'parameter-problem', code: 0 } });
