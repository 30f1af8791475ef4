import { isMulticast, readAddress, UNSPECIFIED } from '../wire/address.ts';
import { serialisePacket } from '../wire/packet.ts';
import { PacketView } from './forwarding/packet-view.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Output } from './role.ts';
import type { Instant } from './time.ts';

/** An error quotes as much as fits in the smallest IPv6 MTU (RFC 4443 section 2.4 (c)). */
const MAX_ERROR_SIZE = 1280;
const ERROR_HEADERS = 48;

/**
 * An ICMPv6 Parameter Problem about a packet sent to this node, or nothing where RFC 4443 section
 * 2.4 (e) forbids one: about an error, to or from a multicast or unspecified address, too often.
 * @param pointer offset in octets of what is wrong, from the start of the packet.
 */
export function parameterProblem(
  packet: Uint8Array,
  code: 0 | 1 | 2,
  pointer: number,
  limit: RateLimit,
  now: Instant,
): Output[] {
  if (packet.length < 40) return [];
  const source = readAddress(packet, 8);
  const destination = readAddress(packet, 24);
  const { isError } = new PacketView(packet);
  if (isError || source === UNSPECIFIED || isMulticast(source) || isMulticast(destination)) {
    return [];
  }
  if (!limit.take(now)) return [];
  const octets = serialisePacket([
    { layer: 'ipv6', source: destination, destination: source, hopLimit: 64 },
    {
      layer: 'parameter-problem',
      code,
      pointer,
      invoking: packet.slice(0, MAX_ERROR_SIZE - ERROR_HEADERS),
    },
  ]);
  return [{ kind: 'transmit', octets }];
}
