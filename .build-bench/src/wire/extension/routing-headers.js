import { ipv6Address, reserved, u8 } from '../field.js';
import { message } from '../message.js';
import { rest } from '../octets-field.js';
/** Routing Type of RFC 6275's header. Source: RFC 6275 section 6.4.1. */
export const TYPE_2 = 2;
/**
 * Type 2 Routing header: "hand this to the node whose home address is inside".
 *
 *     +---------------+---------------+---------------+---------------+
 *     |  Next Header  |Hdr Ext Len = 2|Routing Type=2 |Segments Left=1|
 *     +---------------+---------------+---------------+---------------+
 *     |                           Reserved                            |
 *     +---------------------------------------------------------------+
 *     |                    Home Address (16 octets)                   |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 6275 section 6.4.1.
 */
export const type2RoutingHeader = message('routing-type-2', 'RFC 6275 section 6.4.1', {
    nextHeader: u8(),
    headerLen: u8(2),
    routingType: u8(TYPE_2),
    segmentsLeft: u8(1),
    reserved: reserved(32),
    homeAddress: ipv6Address(),
});
/**
 * A Routing header of any other type, kept as it stands.
 *
 *     +---------------+---------------+---------------+---------------+
 *     |  Next Header  |  Hdr Ext Len  | Routing Type  | Segments Left |
 *     +---------------+---------------+---------------+---------------+
 *     |  type-specific data, to a multiple of 8 octets in all
 *     + - - - - - - - - - - - - -
 *
 * Source: RFC 8200 section 4.4.
 */
export const routingHeader = message('routing', 'RFC 8200 section 4.4', {
    nextHeader: u8(),
    headerLen: u8(),
    routingType: u8(),
    segmentsLeft: u8(),
    data: rest(),
});
