import { bits, flag, reserved, u16, u32 } from '../field.js';
import { message } from '../message.js';
import { rest } from '../octets-field.js';
/** Octets of a TCP header without options. */
const FIXED = 20;
/** TCP's options, up to where Data Offset says; filled up with zeros to a multiple of 4. */
const tcpOptions = {
    ...rest(),
    endAt: (octets, start) => start + 4 * (octets[start + 12] >> 4),
    sizeOf: (value) => Math.ceil(value.length / 4) * 4,
};
/**
 * TCP segment. Data Offset, in units of 4 octets, is computed where it is absent.
 *
 *     +-------------------------------+-------------------------------+
 *     |          Source Port          |       Destination Port        |
 *     +-------------------------------+-------------------------------+
 *     |                        Sequence Number                        |
 *     +---------------------------------------------------------------+
 *     |                    Acknowledgment Number                      |
 *     +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
 *     | Offset|Reservd|C|E|U|A|P|R|S|F|            Window             |
 *     +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
 *     |           Checksum            |        Urgent Pointer         |
 *     +-------------------------------+-------------------------------+
 *     |  options, payload
 *
 * Source: RFC 9293 section 3.1.
 */
export const tcp = message('tcp', 'RFC 9293 section 3.1', {
    sourcePort: u16(),
    destinationPort: u16(),
    sequence: u32(),
    acknowledgement: u32(),
    dataOffset: bits(4, FIXED / 4),
    reserved: reserved(4),
    cwr: flag(),
    ece: flag(),
    urg: flag(),
    ack: flag(),
    psh: flag(),
    rst: flag(),
    syn: flag(),
    fin: flag(),
    window: u16(),
    checksum: u16(),
    urgentPointer: u16(),
    options: tcpOptions,
    payload: rest(),
});
