import { derived, type FixedField, reserved, u8, u16 } from '../field.ts';
import { type Declaration, type Fields, message, type ValueOf } from '../message.ts';
import { label, MH_TYPE, nameIn, PROTOCOL } from '../numbers.ts';
import { rest } from '../octets-field.ts';
import { mobilityOptions } from './mobility-options.ts';

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
const common = (mhType: number) => ({
  payloadProto: u8(PROTOCOL.noNextHeader),
  headerLen: u8(),
  mhType: u8(mhType),
  reserved: reserved(8),
  checksum: u16(),
});
type Common = { readonly [K in keyof ReturnType<typeof common>]: FixedField<number> };

/** Declares a Mobility Header message by the fields between the checksum and the options. */
export function mobilityMessage<const Name extends string, const F extends Fields>(
  name: Name,
  mhType: number,
  source: string,
  fields: F,
): Declaration<'layer', Name, Common & F & { readonly options: typeof mobilityOptions }> {
  return message(name, source, { ...common(mhType), ...fields, options: mobilityOptions });
}

/** A Mobility Header message that has no declaration here: kept, with its assigned name. */
export const otherMobilityMessage = message('mobility', 'RFC 6275 section 6.1.1', {
  ...common(MH_TYPE.experimental),
  name: derived((octets, at) => mhTypeName(octets[at + 2]!)),
  data: rest(),
});

export type OtherMobilityMessage = ValueOf<typeof otherMobilityMessage>;

/** The name of a Mobility Header type in words, such as `Heartbeat`. */
export function mhTypeName(mhType: number): string {
  const name = nameIn(MH_TYPE, mhType);
  return name === undefined ? `unassigned ${mhType}` : label(name);
}
