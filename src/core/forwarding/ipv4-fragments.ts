/**
 * Fragments of IPv4 packets: of those that may be cut, and of what tunnels over IPv4 carry.
 *
 *     +-------------------------------+-+-+-+-------------------------+
 *     |        Identification         |0|D|M|  offset in 8 octets     |
 *     +-------------------------------+-+-+-+-------------------------+
 *
 * Supported standards: RFC 791 sections 2.3 and 3.2, RFC 815, RFC 6864.
 */
import {
  FLAGS_AT,
  headerLength,
  IPV4_HEADER,
  NO_OPERATION,
  setIpv4Length,
  walkIpv4,
} from '../../wire/walk-ipv4.ts';
import type { PacketPart } from './fragments.ts';

const IDENTIFICATION = 4;
const MORE = 0x2000;
const OFFSET = 0x1fff;
/** The bit of an option's type that says that it stands in each fragment (RFC 791 section 3.1). */
const COPIED = 0x80;

/**
 * Cuts a packet into fragments of at most `mtu` octets, whatever its header says of that: who asks has
 * looked. One that is a fragment itself is cut further, and keeps its own identification. Undefined where
 * the header cannot be read, or leaves no room.
 */
export function fragmentIpv4(
  octets: Uint8Array,
  mtu: number,
  identification: number,
): Uint8Array[] | undefined {
  const walk = walkIpv4(octets);
  if (walk === undefined) return undefined;
  const { upperAt, end } = walk;
  const old = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const word = old.getUint16(FLAGS_AT);
  const id = walk.isPart ? old.getUint16(IDENTIFICATION) : identification & 0xffff;
  const room = (mtu - upperAt) & ~7;
  if (room <= 0) return undefined;
  const fragments: Uint8Array[] = [];
  for (let from = upperAt; from < end; from += room) {
    const to = Math.min(from + room, end);
    const made = new Uint8Array(upperAt + to - from);
    made.set(octets.subarray(0, upperAt));
    made.set(octets.subarray(from, to), upperAt);
    if (from > upperAt) leaveOut(made, upperAt);
    const view = new DataView(made.buffer);
    const more = to < end ? MORE : word & MORE;
    view.setUint16(FLAGS_AT, more | ((word & OFFSET) + (from - upperAt) / 8));
    view.setUint16(IDENTIFICATION, id);
    setIpv4Length(made);
    fragments.push(made);
  }
  return fragments;
}

/** Options that only the first fragment has become padding in the others. */
function leaveOut(octets: Uint8Array, end: number): void {
  let at = IPV4_HEADER;
  while (at < end && octets[at] !== 0) {
    const type = octets[at]!;
    const length = type === NO_OPERATION ? 1 : octets[at + 1]!;
    if ((type & COPIED) === 0) octets.fill(NO_OPERATION, at, at + length);
    at += length;
  }
}

/** Undefined where the octets are no fragment. */
export function ipv4Part(octets: Uint8Array): PacketPart | undefined {
  const walk = walkIpv4(octets);
  if (walk === undefined || !walk.isPart) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const word = view.getUint16(FLAGS_AT);
  const offset = 8 * (word & OFFSET);
  const ends = octets.subarray(12, 20);
  return {
    key: String.fromCharCode(...ends, walk.protocol, ...octets.subarray(IDENTIFICATION, FLAGS_AT)),
    offset,
    more: (word & MORE) !== 0,
    content: octets.slice(walk.upperAt, walk.end),
    front: offset === 0 ? frontOf(octets) : undefined,
  };
}

/** The header of the first part, as that of a packet that was never cut. */
function frontOf(octets: Uint8Array): Uint8Array {
  const front = octets.slice(0, headerLength(octets, 0));
  front[FLAGS_AT] = 0;
  front[FLAGS_AT + 1] = 0;
  return front;
}
