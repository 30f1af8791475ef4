/** The multicast group that the agents of a service address hear. */
import { type Address, address, addressOctets } from '../../../wire/address.ts';

/** P and T set, site-local scope, a prefix of 64 bits. */
const PREFIX = address('ff35:40::').slice(0, 4);
/** Group numbers from there on are anybody's to choose. */
const DYNAMIC = 0x80;

/**
 * The group of a service address: made of the address alone, so that nobody has to be told of it.
 *
 *     2001:db8:a::80 -> ff35:40:2001:db8:a:0:8000:80
 *
 * Source: RFC 3306 section 4 (groups of a prefix), RFC 3307 section 4.3 (their numbers), RFC 7346 (site-local).
 */
export function agentGroup(service: Address): Address {
  const octets = addressOctets(service);
  const number = String.fromCharCode(octets[12]! | DYNAMIC) + service.slice(13);
  return (PREFIX + service.slice(0, 8) + number) as Address;
}
