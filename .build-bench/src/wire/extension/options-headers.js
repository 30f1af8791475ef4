import { u8 } from '../field.js';
import { message } from '../message.js';
import { optionList } from '../options.js';
import { homeAddressOption } from './home-address-option.js';
import { routerAlert, tunnelEncapsulationLimit } from './ipv6-options.js';
/**
 * The Destination Options header: options for the node that the packet is addressed to.
 *
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+- - - - - - - -
 *     |  Next Header  |  Hdr Ext Len  |  options, padded to a multiple of 8 octets
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+- - - - - - - -
 *
 * Source: RFC 8200 section 4.6.
 */
export const destinationOptions = message('destination-options', 'RFC 8200 section 4.6', {
    nextHeader: u8(),
    headerLen: u8(),
    options: optionList([homeAddressOption, tunnelEncapsulationLimit]),
});
/**
 * The Hop-by-Hop Options header: options for every node on the way. Same form. A Home Address
 * option is not one of its options: there it is unknown, and its own action bits refuse the packet.
 *
 * Source: RFC 8200 section 4.3.
 */
export const hopByHopOptions = message('hop-by-hop-options', 'RFC 8200 section 4.3', {
    nextHeader: u8(),
    headerLen: u8(),
    options: optionList([routerAlert]),
});
