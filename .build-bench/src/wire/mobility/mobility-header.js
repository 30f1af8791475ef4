import { derived, reserved, u8, u16 } from '../field.js';
import { message } from '../message.js';
import { label, MH_TYPE, nameIn, PROTOCOL } from '../numbers.js';
import { rest } from '../octets-field.js';
import { mobilityOptions } from './mobility-options.js';
/**
 * The fields that every Mobility Header message begins with. Payload Proto is 59 (nothing follows);
 * Header Len counts units of 8 octets after the first 8; the checksum covers the pseudo-header and
 * this header.
 *
 *     +---------------+---------------+---------------+---------------+
 *     | Payload Proto |  Header Len   |    MH Type    |   Reserved    |
 *     +---------------+---------------+---------------+---------------+
 *     |           Checksum            |
 *     +-------------------------------+  message data, mobility options
 *
 * Source: RFC 6275 section 6.1.1.
 */
const common = (mhType) => ({
    payloadProto: u8(PROTOCOL.noNextHeader),
    headerLen: u8(),
    mhType: u8(mhType),
    reserved: reserved(8),
    checksum: u16(),
});
/** Declares a Mobility Header message by the fields between the checksum and the options. */
export function mobilityMessage(name, mhType, source, fields) {
    return message(name, source, { ...common(mhType), ...fields, options: mobilityOptions });
}
/** A Mobility Header message that has no declaration here: kept, with its assigned name. */
export const otherMobilityMessage = message('mobility', 'RFC 6275 section 6.1.1', {
    ...common(MH_TYPE.experimental),
    name: derived((octets, at) => mhTypeName(octets[at + 2])),
    data: rest(),
});
/** The name of a Mobility Header type in words, such as `Heartbeat`. */
export function mhTypeName(mhType) {
    const name = nameIn(MH_TYPE, mhType);
    return name === undefined ? `unassigned ${mhType}` : label(name);
}
