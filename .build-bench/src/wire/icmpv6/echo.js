import { u16 } from '../field.js';
import { ICMPV6 } from '../numbers.js';
import { rest } from '../octets-field.js';
import { icmpv6Message } from './icmpv6-message.js';
/**
 * Echo Request.
 *
 *     +-------------------------------+-------------------------------+
 *     |          Identifier           |        Sequence Number        |
 *     +-------------------------------+-------------------------------+
 *     |  data
 *
 * Source: RFC 4443 section 4.1.
 */
export const echoRequest = icmpv6Message('echo-request', ICMPV6.echoRequest, 'RFC 4443 section 4.1', { identifier: u16(), sequence: u16(), data: rest() });
/** Echo Reply: identifier, sequence and data come back. Source: RFC 4443 section 4.2. */
export const echoReply = icmpv6Message('echo-reply', ICMPV6.echoReply, 'RFC 4443 section 4.2', {
    identifier: u16(),
    sequence: u16(),
    data: rest(),
});
