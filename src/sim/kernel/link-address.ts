import { interfaceIdentifier } from '../../core/neighbor-discovery/link-layer.ts';
import type { LinkAddress } from '../../core/role.ts';
import { type Address, address, IPV6_SIZE } from '../../wire/address.ts';
import { digest } from '../random.ts';

/** The Ethernet group of an IPv6 multicast address: 33:33 and its last four octets (RFC 2464 7). */
export const groupLinkAddress = (group: Address): LinkAddress =>
  `\x33\x33${group.slice(IPV6_SIZE - 4)}` as LinkAddress;

/** Six octets as a link address. */
export const linkAddressOf = (octets: Uint8Array): LinkAddress =>
  String.fromCharCode(...octets.subarray(0, 6)) as LinkAddress;

/**
 * The link address of a node's interface, from their names: locally administered, unicast, and the
 * same in each run.
 */
export function namedLinkAddress(node: string, name: string): LinkAddress {
  const octets = new Uint8Array(6);
  const view = new DataView(octets.buffer);
  const [a, b] = digest(0, `${node}/${name}`);
  view.setUint16(0, a >>> 16);
  view.setUint32(2, b);
  octets[0] = 0x02;
  return linkAddressOf(octets);
}

const LINK_LOCAL = address('fe80::').slice(0, 8);

/** The link-local address of an interface. Source: RFC 4862 section 5.3. */
export const linkLocalAddress = (link: LinkAddress): Address =>
  (LINK_LOCAL + interfaceIdentifier(link)) as Address;
