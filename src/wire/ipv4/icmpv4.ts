/**
 * ICMP messages. Their checksum covers the message alone; error messages carry the header and the
 * first octets of the packet that invoked them.
 *
 *     +---------------+---------------+-------------------------------+
 *     |     Type      |     Code      |           Checksum            |
 *     +---------------+---------------+-------------------------------+
 *
 * The pictures below begin behind the checksum.
 *
 * Supported standards: RFC 792, RFC 1191 section 4 (Next-Hop MTU).
 */
import { type FixedField, ipv4Address, reserved, u8, u16 } from '../field.ts';
import { type Declaration, type Fields, message } from '../message.ts';
import { ICMPV4 } from '../numbers.ts';
import { rest } from '../octets-field.ts';

const common = (type: number) => ({ type: u8(type), code: u8(), checksum: u16() });
type Common = { readonly [K in keyof ReturnType<typeof common>]: FixedField<number> };

function icmpv4Message<const Name extends string, const F extends Fields>(
  name: Name,
  type: number,
  source: string,
  fields: F,
): Declaration<'layer', Name, Common & F> {
  return message(name, source, { ...common(type), ...fields });
}

/**
 * Echo Request.
 *
 *     +-------------------------------+-------------------------------+
 *     |          Identifier           |        Sequence Number        |
 *     +-------------------------------+-------------------------------+
 *     |  data
 *
 * Source: RFC 792, page 14.
 */
export const icmpv4EchoRequest = icmpv4Message(
  'icmpv4-echo-request',
  ICMPV4.echoRequest,
  'RFC 792',
  { identifier: u16(), sequence: u16(), data: rest() },
);

/** Echo Reply: identifier, sequence and data come back. Source: RFC 792, page 14. */
export const icmpv4EchoReply = icmpv4Message('icmpv4-echo-reply', ICMPV4.echoReply, 'RFC 792', {
  identifier: u16(),
  sequence: u16(),
  data: rest(),
});

/**
 * Destination Unreachable. Code 0 net, 1 host, 2 protocol, 3 port, 4 fragmentation needed: then the
 * MTU of the next link is told.
 *
 *     +-------------------------------+-------------------------------+
 *     |            Unused             |         Next-Hop MTU          |
 *     +-------------------------------+-------------------------------+
 *     |  invoking packet
 *
 * Source: RFC 792, page 4; RFC 1191 section 4.
 */
export const icmpv4DestinationUnreachable = icmpv4Message(
  'icmpv4-destination-unreachable',
  ICMPV4.destinationUnreachable,
  'RFC 792, RFC 1191 section 4',
  { unused: reserved(16), nextHopMtu: u16(), invoking: rest() },
);

/** Time Exceeded. Code 0 time to live, 1 reassembly. Source: RFC 792, page 6. */
export const icmpv4TimeExceeded = icmpv4Message(
  'icmpv4-time-exceeded',
  ICMPV4.timeExceeded,
  'RFC 792',
  { unused: reserved(32), invoking: rest() },
);

/** Parameter Problem; the pointer is the octet at fault. Source: RFC 792, page 8. */
export const icmpv4ParameterProblem = icmpv4Message(
  'icmpv4-parameter-problem',
  ICMPV4.parameterProblem,
  'RFC 792',
  { pointer: u8(), unused: reserved(24), invoking: rest() },
);

/** Redirect: "that gateway is nearer". Code 0 for a net, 1 for a host. Source: RFC 792, page 12. */
export const icmpv4Redirect = icmpv4Message('icmpv4-redirect', ICMPV4.redirect, 'RFC 792', {
  gateway: ipv4Address(),
  invoking: rest(),
});

/** An ICMP message of any other type, kept as it stands. Source: RFC 792. */
export const otherIcmpv4 = message('icmpv4', 'RFC 792', { ...common(0), data: rest() });
