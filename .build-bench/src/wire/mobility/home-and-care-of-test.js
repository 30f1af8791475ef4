import { u16 } from '../field.js';
import { MH_TYPE } from '../numbers.js';
import { octets } from '../octets-field.js';
import { mobilityMessage } from './mobility-header.js';
/**
 * Home Test: the correspondent's answer to Home Test Init, with the token.
 *
 *                                     +-------------------------------+
 *                                     |       Home Nonce Index        |
 *     +-------------------------------+-------------------------------+
 *     |                  Home Init Cookie (8 octets)                  |
 *     +---------------------------------------------------------------+
 *     |                 Home Keygen Token (8 octets)                  |
 *     +---------------------------------------------------------------+
 *     |  mobility options
 *
 * Source: RFC 6275 section 6.1.5.
 */
export const homeTest = mobilityMessage('home-test', MH_TYPE.homeTest, 'RFC 6275 section 6.1.5', {
    nonceIndex: u16(),
    homeInitCookie: octets(8),
    homeKeygenToken: octets(8),
});
/**
 * Care-of Test: the correspondent's answer to Care-of Test Init, with the token.
 *
 *                                     +-------------------------------+
 *                                     |     Care-of Nonce Index       |
 *     +-------------------------------+-------------------------------+
 *     |                 Care-of Init Cookie (8 octets)                |
 *     +---------------------------------------------------------------+
 *     |                Care-of Keygen Token (8 octets)                |
 *     +---------------------------------------------------------------+
 *     |  mobility options
 *
 * Source: RFC 6275 section 6.1.6.
 */
export const careOfTest = mobilityMessage('care-of-test', MH_TYPE.careOfTest, 'RFC 6275 section 6.1.6', { nonceIndex: u16(), careOfInitCookie: octets(8), careOfKeygenToken: octets(8) });
