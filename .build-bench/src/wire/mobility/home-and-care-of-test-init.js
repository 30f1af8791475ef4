import { reserved } from '../field.js';
import { MH_TYPE } from '../numbers.js';
import { octets } from '../octets-field.js';
import { mobilityMessage } from './mobility-header.js';
/**
 * Home Test Init: asks a correspondent for a token that only the home address receives.
 *
 *                                     +-------------------------------+
 *                                     |           Reserved            |
 *     +-------------------------------+-------------------------------+
 *     |                  Home Init Cookie (8 octets)                  |
 *     +---------------------------------------------------------------+
 *     |  mobility options
 *
 * Source: RFC 6275 section 6.1.3.
 */
export const homeTestInit = mobilityMessage('home-test-init', MH_TYPE.homeTestInit, 'RFC 6275 section 6.1.3', { messageReserved: reserved(16), homeInitCookie: octets(8) });
/**
 * Care-of Test Init: the same for the care-of address.
 *
 *                                     +-------------------------------+
 *                                     |           Reserved            |
 *     +-------------------------------+-------------------------------+
 *     |                 Care-of Init Cookie (8 octets)                |
 *     +---------------------------------------------------------------+
 *     |  mobility options
 *
 * Source: RFC 6275 section 6.1.4.
 */
export const careOfTestInit = mobilityMessage('care-of-test-init', MH_TYPE.careOfTestInit, 'RFC 6275 section 6.1.4', { messageReserved: reserved(16), careOfInitCookie: octets(8) });
