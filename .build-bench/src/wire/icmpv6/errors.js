/**
 * ICMPv6 error messages. Each carries as much of the packet that invoked it as fits 1280 octets.
 *
 * Supported standards: RFC 4443 section 3.
 */
import { reserved, u32 } from '../field.js';
import { ICMPV6 } from '../numbers.js';
import { rest } from '../octets-field.js';
import { icmpv6Message } from './icmpv6-message.js';
/**
 * Destination Unreachable. Code 0 no route, 1 prohibited, 3 address, 4 port, 5 source address
 * failed policy.
 *
 *     +---------------------------------------------------------------+
 *     |                            Unused                             |
 *     +---------------------------------------------------------------+
 *     |  invoking packet
 *
 * Source: RFC 4443 section 3.1.
 */
export const destinationUnreachable = icmpv6Message('destination-unreachable', ICMPV6.destinationUnreachable, 'RFC 4443 section 3.1', { unused: reserved(32), invoking: rest() });
/** Packet Too Big, with the MTU of the next link in octets. Source: RFC 4443 section 3.2. */
export const packetTooBig = icmpv6Message('packet-too-big', ICMPV6.packetTooBig, 'RFC 4443 section 3.2', { mtu: u32(), invoking: rest() });
/** Time Exceeded. Code 0 hop limit, 1 reassembly. Source: RFC 4443 section 3.3. */
export const timeExceeded = icmpv6Message('time-exceeded', ICMPV6.timeExceeded, 'RFC 4443 section 3.3', { unused: reserved(32), invoking: rest() });
/**
 * Parameter Problem; the pointer is the octet of the invoking packet that is at fault. Code 0
 * erroneous field, 1 unrecognised next header, 2 unrecognised option.
 *
 * Source: RFC 4443 section 3.4.
 */
export const parameterProblem = icmpv6Message('parameter-problem', ICMPV6.parameterProblem, 'RFC 4443 section 3.4', { pointer: u32(), invoking: rest() });
