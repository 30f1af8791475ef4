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
import { PROTOCOL } from '../../wire/numbers.ts';
import { walkHeaders } from '../../wire/walk.ts';

export const VIRTIO_HEADER = 10;
const NEEDS_CHECKSUM = 1;
const GSO_NONE = 0;
const GSO_TCP6 = 4;
const GSO_UDP = 5;
/** The bit that says that ECN is in use. */
const GSO_ECN = 0x80;
// TCP: where its flags are, and those that only one segment of a packet may have.
const TCP = { sequence: 4, offset: 12, flags: 13, checksum: 16 };
const FIN_PSH = 0x09;
const CWR = 0x80;
const UDP = { size: 8, length: 4, checksum: 6 };

/** What a header says; offsets are from the start of the IPv6 packet. */
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
  type: GSO_NONE,
  segment: 0,
  checksumStart: 0,
  checksumField: 0,
};

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

/**
 * The packets as they would be on a link, each with its checksum; none where the header makes no
 * sense. The octets given are changed where nothing but a checksum was missing.
 */
export function finished(octets: Uint8Array, offload: Offload): Uint8Array[] {
  const { needsChecksum, type, checksumStart: start, checksumField: field } = offload;
  if (!needsChecksum) return type === GSO_NONE ? [octets] : [];
  if (start < 40 || field < start || field + 2 > octets.length) return [];
  if (type === GSO_NONE) {
    fillChecksum(octets, start, field, wordAt(octets, field));
    return [octets];
  }
  const isTcp = type === GSO_TCP6 && start + 20 <= octets.length;
  const header = isTcp ? 4 * (octets[start + TCP.offset]! >> 4) : UDP.size;
  const headers = headersBefore(octets, start);
  if ((!isTcp && type !== GSO_UDP) || offload.segment === 0 || headers === undefined) return [];
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
    for (const at of headers) setWord(made, at + 4, made.length - at - 40);
    const view = new DataView(made.buffer);
    if (isTcp) {
      const first = from === 0;
      const last = from + segment >= payload.length;
      view.setUint32(start + TCP.sequence, view.getUint32(start + TCP.sequence) + from);
      made[start + TCP.flags]! &= (last ? 0xff : ~FIN_PSH) & (first ? 0xff : ~CWR);
    } else setWord(made, start + UDP.length, UDP.size + part.length);
    // The field holds the sum over addresses, protocol and the length of the whole.
    const pseudo = wordAt(octets, field) + (0xffff - (whole & 0xffff)) + header + part.length;
    fillChecksum(made, start, field, pseudo);
    segments.push(made);
  }
  return segments;
}

/** Where the IPv6 headers of a packet, one in another, begin before its upper layer. */
function headersBefore(octets: Uint8Array, start: number): number[] | undefined {
  const headers: number[] = [];
  for (let at = 0; ; ) {
    const walk = walkHeaders(octets, at);
    if (walk === undefined || walk.upperAt > start) return undefined;
    headers.push(at);
    if (walk.upperAt === start) return headers;
    if (walk.protocol !== PROTOCOL.ipv6) return undefined;
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

const wordAt = (octets: Uint8Array, at: number): number => (octets[at]! << 8) | octets[at + 1]!;

function setWord(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >> 8;
  octets[at + 1] = value;
}
