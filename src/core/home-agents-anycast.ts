/** The anycast address of all home agents of a home network. */
import { type Address, address } from '../wire/address.ts';

/** Interface identifier with the anycast identifier 0x7e, in a prefix of 64 bits. */
const IDENTIFIER = address('::fdff:ffff:ffff:fffe').slice(8);

/**
 * The Mobile IPv6 Home-Agents anycast address of a prefix of 64 bits.
 * Source: RFC 2526 sections 2 and 3, RFC 6275 section 5.3.
 */
export const homeAgentsAnycast = (prefix: Address): Address =>
  (prefix.slice(0, 8) + IDENTIFIER) as Address;
