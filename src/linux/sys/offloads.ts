/**
 * Packets that the kernel has not finished, since a link is to do that: a checksum that is yet to be
 * filled in, or a packet of many segments in one. Receive offload (GRO) makes such packets of what
 * came by a real link, and neighbours on the same machine send them as they are.
 *
 * `struct virtio_net_hdr`, before the frame:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---------------+---------------+-------------------------------+
 *     |     flags     |   GSO type    |  length of headers            |
 *     +---------------+---------------+-------------------------------+
 *     |  octets of payload a segment  |  where the checksum begins    |
 *     +-------------------------------+-------------------------------+
 *     |  where its field is, from that|
 *     +-------------------------------+
 *
 * Source: <linux/virtio_net.h>; Documentation/networking/segmentation-offloads.rst; RFC 1071.
 */

import { isIpv4Packet } from '../../wire/ip-fields.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import { walkPacket } from '../../wire/walk.ts';
import { fixHeaderChecksum } from '../../wire/walk-ipv4.ts';

export const VIRTIO_HEADER = 10;
const NEEDS_CHECKSUM = 1;
export const GSO = { none: 0, tcp4: 1, tcp6: 4, udp: 5 } as const;
/** The bit that says that ECN is in use. */
const GSO_ECN = 0x80;
// TCP: where its flags are, and those that only one segment of a packet may have.
export const TCP = { sequence: 4, offset: 12, flags: 13, checksum: 16, size: 20 } as const;
export const FIN_PSH = 0x09;
export const CWR = 0x80;
const UDP = { size: 8, length: 4, checksum: 6 };

/** What a header says; offsets are from the start of the packet. */
export interface Offload {
  readonly needsChecksum: boolean;
  readonly type: number;
  readonly segment: number;
  readonly checksumStart: number;
  readonly checksumField: number;
}

/** Nothing is left to be done. */
export const NO_OFFLOAD: Offload = {
  needsChecksum: false,
  type: GSO.none,
  segment: 0,
  checksumStart: 0,
  checksumField: 0,
};

export const isFinished = ({ needsChecksum, type }: Offload): boolean =>
  !needsChecksum && type === GSO.none;

/** Reads a header; `link` octets of the frame stand before the packet. */
export function readOffload(octets: Uint8Array, at: number, link: number): Offload {
  const view = new DataView(octets.buffer, octets.byteOffset + at, VIRTIO_HEADER);
  const checksumStart = view.getUint16(6, true) - link;
  return {
    needsChecksum: (view.getUint8(0) & NEEDS_CHECKSUM) !== 0,
    type: view.getUint8(1) & ~GSO_ECN,
    segment: view.getUint16(4, true),
    checksumStart,
    checksumField: checksumStart + view.getUint16(8, true),
  };
}

/** Writes the header of a packet whose headers end at `header`; octets before it are none of ours. */
export function writeOffload(
  octets: Uint8Array,
  at: number,
  offload: Offload,
  header: number,
): void {
  const { needsChecksum, type, segment, checksumStart, checksumField } = offload;
  const many = type !== GSO.none;
  const view = new DataView(octets.buffer, octets.byteOffset + at, VIRTIO_HEADER);
  view.setUint8(0, needsChecksum ? NEEDS_CHECKSUM : 0);
  view.setUint8(1, type);
  view.setUint16(2, many ? header : 0, true);
  view.setUint16(4, many ? segment : 0, true);
  view.setUint16(6, needsChecksum ? checksumStart : 0, true);
  view.setUint16(8, needsChecksum ? checksumField - checksumStart : 0, true);
}

/**
 * The packets as they would be on a link, each with its checksum; none where the header makes no
 * sense. The octets given are changed where nothing but a checksum was missing.
 */
export function finished(octets: Uint8Array, offload: Offload): Uint8Array[] {
  const { needsChecksum, type, checksumStart: start, checksumField: field } = offload;
  if (!needsChecksum) return type === GSO.none ? [octets] : [];
  if (start < 20 || field < start || field + 2 > octets.length) return [];
  if (type === GSO.none) {
    fillChecksum(octets, start, field, wordAt(octets, field));
    return [octets];
  }
  const isTcp = (type === GSO.tcp6 || type === GSO.tcp4) && start + 20 <= octets.length;
  const header = isTcp ? 4 * (octets[start + TCP.offset]! >> 4) : UDP.size;
  const headers = headersBefore(octets, start);
  if ((!isTcp && type !== GSO.udp) || offload.segment === 0 || headers === undefined) return [];
  const innermost = isIpv4Packet(octets, headers.at(-1)) ? GSO.tcp4 : GSO.tcp6;
  if (isTcp && type !== innermost) return [];
  return segmentsOf(octets, offload, { header, headers, isTcp });
}

function segmentsOf(
  octets: Uint8Array,
  { checksumStart: start, checksumField: field, segment }: Offload,
  {
    header,
    headers,
    isTcp,
  }: { readonly header: number; readonly headers: readonly number[]; readonly isTcp: boolean },
): Uint8Array[] {
  const payload = octets.subarray(start + header);
  const whole = octets.length - start;
  const segments: Uint8Array[] = [];
  for (let from = 0; from < payload.length; from += segment) {
    const part = payload.subarray(from, from + segment);
    const made = new Uint8Array(start + header + part.length);
    made.set(octets.subarray(0, start + header));
    made.set(part, start + header);
    const last = from + segment >= payload.length;
    const { length } = made;
    const cut = { headers, start, from, length, last, index: from / segment };
    if (isTcp) cutHead(made, cut);
    else {
      setLengths(made, headers, length, from / segment);
      setWord(made, start + UDP.length, UDP.size + part.length);
    }
    // The field holds the sum over addresses, protocol and the length of the whole.
    const pseudo = wordAt(octets, field) + (0xffff - (whole & 0xffff)) + header + part.length;
    fillChecksum(made, start, field, pseudo);
    segments.push(made);
  }
  return segments;
}

/** Makes the headers of a whole those of one of its TCP segments, but for the checksum. */
export function cutHead(
  octets: Uint8Array,
  cut: {
    /** Where IP headers begin, and the TCP header. */
    readonly headers: readonly number[];
    readonly start: number;
    /** Where its payload begins in that of the whole; its length with all headers. */
    readonly from: number;
    readonly length: number;
    readonly last: boolean;
    /** Which of the segments it is, from 0. */
    readonly index: number;
  },
): void {
  const { headers, start, from, length, last, index } = cut;
  setLengths(octets, headers, length, index);
  const view = new DataView(octets.buffer, octets.byteOffset);
  view.setUint32(start + TCP.sequence, view.getUint32(start + TCP.sequence) + from);
  octets[start + TCP.flags]! &= (last ? 0xff : ~FIN_PSH) & (from === 0 ? 0xff : ~CWR);
}

/** Each IPv4 packet has an Identification of its own, as where they had been made apart. */
function setLengths(
  octets: Uint8Array,
  headers: readonly number[],
  length: number,
  index: number,
): void {
  for (const at of headers) {
    if (isIpv4Packet(octets, at)) {
      setWord(octets, at + 4, wordAt(octets, at + 4) + index);
      setWord(octets, at + 2, length - at);
      fixHeaderChecksum(octets, at);
    } else setWord(octets, at + 4, length - at - 40);
  }
}

/** Where the IP headers of a packet, one in another, begin before its upper layer. */
export function headersBefore(octets: Uint8Array, start: number): number[] | undefined {
  const headers: number[] = [];
  for (let at = 0; ; ) {
    const walk = walkPacket(octets, at);
    if (walk === undefined || walk.upperAt > start) return undefined;
    headers.push(at);
    if (walk.upperAt === start) return headers;
    if (walk.protocol !== PROTOCOL.ipv6 && walk.protocol !== PROTOCOL.ipv4) return undefined;
    at = walk.upperAt;
  }
}

function fillChecksum(octets: Uint8Array, start: number, field: number, pseudo: number): void {
  setWord(octets, field, 0);
  let sum = pseudo;
  for (let at = start; at < octets.length; at += 2) {
    sum += (octets[at]! << 8) | (octets[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  // Of UDP zero says that there is none; the other zero says the same of TCP as zero itself.
  setWord(octets, field, ~sum & 0xffff || 0xffff);
}

export const wordAt = (octets: Uint8Array, at: number): number =>
  (octets[at]! << 8) | octets[at + 1]!;

export function setWord(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >> 8;
  octets[at + 1] = value;
}
