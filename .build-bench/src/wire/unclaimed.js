/** What no header here can take apart, kept as octets so that nothing of a packet is lost. */
import { aside } from './field.js';
import { message } from './message.js';
import { PROTOCOL } from './numbers.js';
import { rest } from './octets-field.js';
/**
 * The content of a protocol that is not taken apart, or of a fragment. The protocol number stands in
 * the header before it. Source: RFC 8200 section 4.
 */
export const payload = message('payload', 'RFC 8200 section 4', {
    protocol: aside(PROTOCOL.noNextHeader),
    octets: rest(),
});
/**
 * "Nothing follows": octets that stand here all the same, also behind a Mobility Header, are to be
 * ignored, and passed on when the packet is forwarded. Source: RFC 8200 section 4.7.
 */
export const noNextHeader = message('no-next-header', 'RFC 8200 section 4.7', { octets: rest() });
/**
 * Octets behind the end that a length field gave: a link's padding, or what follows a UDP datagram.
 * A computed Payload Length does not count them.
 */
export const trailer = message('trailer', 'RFC 894', { octets: rest() });
