import { u8, u16 } from '../field.js';
import { message } from '../message.js';
import { rest } from '../octets-field.js';
/**
 * The fields that every ICMPv6 message begins with.
 *
 *     +---------------+---------------+-------------------------------+
 *     |     Type      |     Code      |           Checksum            |
 *     +---------------+---------------+-------------------------------+
 *
 * Source: RFC 4443 section 2.1.
 */
const common = (type) => ({ type: u8(type), code: u8(), checksum: u16() });
/** Declares an ICMPv6 message by the fields behind the checksum. */
export function icmpv6Message(name, type, source, fields) {
    return message(name, source, { ...common(type), ...fields });
}
/** An ICMPv6 message of any other type, kept as it stands. Source: RFC 4443 section 2.1. */
export const otherIcmpv6 = message('icmpv6', 'RFC 4443 section 2.1', {
    ...common(0),
    data: rest(),
});
