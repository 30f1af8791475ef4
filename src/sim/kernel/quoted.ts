import { type Address, readAddress } from '../../wire/address.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import { walkHeaders } from '../../wire/walk.ts';
import { destinationOf, sourceOf } from './ipv6-fields.ts';

/** A packet that an ICMPv6 error is about, as the socket that sent it knows it. */
export interface Quoted {
  readonly octets: Uint8Array;
  /** Identities: addresses in a Home Address option or Type 2 Routing header count. */
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  /** Where the upper layer begins; the packet may end soon after, or before. */
  readonly at: number;
}

/** What an error quotes, headers that entries added left aside; undefined where it is unreadable. */
export function quotedPacket(octets: Uint8Array): Quoted | undefined {
  const walk = walkHeaders(octets);
  if (walk === undefined || !walk.firstFragment) return undefined;
  const { protocol, upperAt: at, homeAddressAt, routing2At } = walk;
  const source = homeAddressAt < 0 ? sourceOf(octets) : readAddress(octets, homeAddressAt);
  const destination = routing2At < 0 ? destinationOf(octets) : readAddress(octets, routing2At + 8);
  return { octets, source, destination, protocol, at };
}

/** The packet inside a quoted tunnel packet; undefined where it is none or is cut too short. */
export function quotedInside(quoted: Quoted): Quoted | undefined {
  if (quoted.protocol !== PROTOCOL.ipv6) return undefined;
  return quotedPacket(quoted.octets.subarray(quoted.at));
}

/** The two ports of a quoted packet; undefined where they are cut off. */
export function quotedPorts({ octets, at }: Quoted): { from: number; to: number } | undefined {
  if (at + 4 > octets.length) return undefined;
  return {
    from: (octets[at]! << 8) | octets[at + 1]!,
    to: (octets[at + 2]! << 8) | octets[at + 3]!,
  };
}
