import { u16 } from '../field.js';
import { message } from '../message.js';
import { rest } from '../octets-field.js';
/**
 * UDP datagram; the payload ends where Length says. Octets behind it are a `trailer` layer.
 *
 *     +-------------------------------+-------------------------------+
 *     |          Source Port          |       Destination Port        |
 *     +-------------------------------+-------------------------------+
 *     |            Length             |           Checksum            |
 *     +-------------------------------+-------------------------------+
 *     |  payload
 *
 * Source: RFC 768.
 */
export const udp = message('udp', 'RFC 768', {
    sourcePort: u16(),
    destinationPort: u16(),
    length: u16(),
    checksum: u16(),
    payload: rest(),
});
