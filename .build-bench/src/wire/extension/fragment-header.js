import { bits, flag, reserved, u8, u32 } from '../field.js';
import { message } from '../message.js';
/**
 * Fragment header. `offset` counts units of 8 octets.
 *
 *     +---------------+---------------+-------------------------+---+-+
 *     |  Next Header  |   Reserved    |     Fragment Offset     |Res|M|
 *     +---------------+---------------+-------------------------+---+-+
 *     |                        Identification                         |
 *     +---------------------------------------------------------------+
 *
 * Source: RFC 8200 section 4.5.
 */
export const fragmentHeader = message('fragment', 'RFC 8200 section 4.5', {
    nextHeader: u8(),
    reserved: reserved(8),
    offset: bits(13),
    reservedBits: reserved(2),
    more: flag(),
    identification: u32(),
});
