import { type FixedField, u8, u16 } from '../field.ts';
import { type Declaration, type Fields, message, type ValueOf } from '../message.ts';
import { rest } from '../octets-field.ts';

/**
 * The fields that every ICMPv6 message begins with.
 *
 *     +---------------+---------------+-------------------------------+
 *     |     Type      |     Code      |           Checksum            |
 *     +---------------+---------------+-------------------------------+
 *
 * Source: RFC 4443 section 2.1.
 */
const common = (type: number) => ({ type: u8(type), code: u8(), checksum: u16() });
type Common = { readonly [K in keyof ReturnType<typeof common>]: FixedField<number> };

/** Declares an ICMPv6 message by the fields behind the checksum. */
export function icmpv6Message<const Name extends string, const F extends Fields>(
  name: Name,
  type: number,
  source: string,
  fields: F,
): Declaration<'layer', Name, Common & F> {
  return message(name, source, { ...common(type), ...fields });
}

/** An ICMPv6 message of any other type, kept as it stands. Source: RFC 4443 section 2.1. */
export const otherIcmpv6 = message('icmpv6', 'RFC 4443 section 2.1', {
  ...common(0),
  data: rest(),
});

export type OtherIcmpv6 = ValueOf<typeof otherIcmpv6>;
