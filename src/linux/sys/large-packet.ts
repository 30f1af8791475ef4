/**
 * A TCP packet that the kernel has not finished (`offloads.ts`), in two parts: its headers, which change
 * on its way, and its payload, which stays where it was read. So a packet of many segments is changed
 * once, and its segments are cut by whom they are sent by. Those of IPv4 are cut before they meet the table.
 *
 * Source: <linux/virtio_net.h>; Documentation/networking/segmentation-offloads.rst.
 */

import { isIpv4Packet } from '../../wire/ip-fields.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import { walkHeaders } from '../../wire/walk.ts';
import { fixHeaderChecksum } from '../../wire/walk-ipv4.ts';
import { cutHead, GSO, headersBefore, type Offload, setWord, TCP, wordAt } from './offloads.ts';

export interface LargePacket {
  /** All headers, TCP's too; lengths in them count the payload. */
  readonly head: Uint8Array;
  /** Valid as long as what it was read into. */
  readonly payload: Uint8Array;
  readonly offload: Offload;
}

/** Takes a packet apart; undefined where it is no such one. */
export function largePacket(octets: Uint8Array, offload: Offload): LargePacket | undefined {
  const { needsChecksum, type, segment, checksumStart: start, checksumField: field } = offload;
  const many = type === GSO.tcp6;
  if (!needsChecksum || !(many ? segment > 0 : type === GSO.none)) return undefined;
  if (start < 40 || start + TCP.size > octets.length || field !== start + TCP.checksum) {
    return undefined;
  }
  const size = 4 * (octets[start + TCP.offset]! >> 4);
  const headers = headersBefore(octets, start);
  // Of IPv4 each segment has an Identification of its own.
  if (headers?.some((at) => isIpv4Packet(octets, at)) !== false) return undefined;
  if (size < TCP.size || start + size > octets.length) return undefined;
  if (walkHeaders(octets, headers.at(-1))?.protocol !== PROTOCOL.tcp) return undefined;
  const head = octets.slice(0, start + size);
  return { head, payload: octets.subarray(start + size), offload };
}

/** The headers as a packet of their own, with nothing behind them. */
export const headAlone = ({ head, payload, offload }: LargePacket): Uint8Array =>
  grown(head, offload.checksumStart, -payload.length);

/** The packet with what has become of `headAlone`. */
export function withHead(packet: LargePacket, alone: Uint8Array): LargePacket {
  const { head, payload, offload } = packet;
  const start = alone.length - (head.length - offload.checksumStart);
  return {
    head: grown(alone, start, payload.length),
    payload,
    offload: { ...offload, checksumStart: start, checksumField: start + TCP.checksum },
  };
}

/** Both parts in one. */
export function joined({ head, payload }: LargePacket): Uint8Array {
  const octets = new Uint8Array(head.length + payload.length);
  octets.set(head);
  octets.set(payload, head.length);
  return octets;
}

/** Octets of the longest packet that it is cut into. */
export const longestOf = ({ head, payload, offload }: LargePacket): number =>
  head.length +
  (offload.type === GSO.none ? payload.length : Math.min(offload.segment, payload.length));

/** Where the IPv6 headers of the head begin. */
export const headersOf = ({ head, offload }: LargePacket): readonly number[] =>
  headersBefore(head, offload.checksumStart)!;

/**
 * Writes the head of one of its segments, whose checksum is missing as that of the whole was.
 *
 * @param from where the segment's payload begins in that of the whole
 */
export function writeSegmentHead(
  packet: LargePacket,
  headers: readonly number[],
  from: number,
  into: Uint8Array,
): void {
  const { head, payload, offload } = packet;
  const length = Math.min(offload.segment, payload.length - from);
  into.set(head);
  const last = from + length >= payload.length;
  cutHead(into, {
    headers,
    start: offload.checksumStart,
    from,
    length: head.length + length,
    last,
    index: Math.floor(from / offload.segment),
  });
  setWord(into, offload.checksumField, pseudoSum(packet, head.length + length));
}

/** The sum over the pseudo-header of a packet like this one, of so many octets in all. */
export function pseudoSum({ head, payload, offload }: LargePacket, octets: number): number {
  const before = (head.length + payload.length - offload.checksumStart) & 0xffff;
  let sum =
    wordAt(head, offload.checksumField) + (0xffff - before) + octets - offload.checksumStart;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** A copy whose IP headers count so many octets more. */
function grown(head: Uint8Array, start: number, by: number): Uint8Array {
  const octets = head.slice();
  for (const at of headersBefore(head, start) ?? []) {
    const field = isIpv4Packet(octets, at) ? at + 2 : at + 4;
    setWord(octets, field, wordAt(octets, field) + by);
    if (isIpv4Packet(octets, at)) fixHeaderChecksum(octets, at);
  }
  return octets;
}
