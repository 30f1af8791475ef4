import { u8 } from '../field.ts';
import { type InputOf, message, type ValueOf } from '../message.ts';
import { IPV6_OPTION } from '../numbers.ts';
import { optionList } from '../options.ts';
import { homeAddressOption } from './home-address-option.ts';
import { routerAlert, tunnelEncapsulationLimit } from './ipv6-options.ts';

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
  options: optionList([homeAddressOption, tunnelEncapsulationLimit], IPV6_OPTION),
});

export type DestinationOptions = ValueOf<typeof destinationOptions>;
export type DestinationOptionsInput = InputOf<typeof destinationOptions>;
/** An option of a Destination Options header. */
export type DestinationOption = DestinationOptions['options'][number];
/** An option to be put in a Destination Options header. */
export type DestinationOptionInput = NonNullable<DestinationOptionsInput['options']>[number];

/**
 * The Hop-by-Hop Options header: options for every node on the way. Same form. A Home Address
 * option is not one of its options: there it is unknown, and its own action bits refuse the packet.
 *
 * Source: RFC 8200 section 4.3.
 */
export const hopByHopOptions = message('hop-by-hop-options', 'RFC 8200 section 4.3', {
  nextHeader: u8(),
  headerLen: u8(),
  options: optionList([routerAlert], IPV6_OPTION),
});

export type HopByHopOptions = ValueOf<typeof hopByHopOptions>;
