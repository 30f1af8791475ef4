/**
 * Fragments of packets that an entry has made longer than the path takes, and how they become whole
 * again where a tunnel ends.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---------------+---------------+-------------------------+---+-+
 *     |  Next Header  |   Reserved    |  offset in 8 octets     |   |M|
 *     +---------------+---------------+-------------------------+---+-+
 *     |                        Identification                         |
 *     +---------------------------------------------------------------+
 *
 * Those of IPv4, which have all this in their header, are in `ipv4-fragments.ts`.
 *
 * Supported standards: RFC 8200 section 4.5, RFC 2473 section 7.1, RFC 5722 (overlaps).
 */
import { isIpv4Packet } from '../../wire/ip-fields.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import { walkHeaders } from '../../wire/walk.ts';
import { after, type Instant, seconds } from '../time.ts';
import { fragmentIpv4, ipv4Part } from './ipv4-fragments.ts';
import { setLength } from './outer-header.ts';
import { IPV6_HEADER, MAX_IPV4_PACKET, MAX_PACKET } from './packet-view.ts';

const FRAGMENT_HEADER = 8;
/** How long parts wait for the others. Source: RFC 8200 section 4.5; RFC 1122 section 3.3.2. */
const WAIT = seconds(60);
/** Packets that are put together at a time, and octets that they hold in all; the oldest goes. */
const MAX_PACKETS = 256;
const MAX_OCTETS = 4 * 2 ** 20;
/** Parts of a packet; one in more is given up. The longest needs 54 where links carry 1280 octets. */
const MAX_PARTS = 128;
/** What a part costs beside its octets, in octets. */
const PART_COST = 200;

/**
 * Cuts a packet into fragments of at most `mtu` octets. All extension headers stay in front of the
 * Fragment header, since the nodes on the way and Home Address options need them there. One that is
 * a fragment itself is cut further, and keeps its own identification. Undefined where the headers
 * cannot be read, or leave no room.
 */
export function fragment(
  octets: Uint8Array,
  mtu: number,
  identification: number,
): Uint8Array[] | undefined {
  if (isIpv4Packet(octets)) return fragmentIpv4(octets, mtu, identification);
  const walk = walkHeaders(octets);
  if (walk === undefined) return undefined;
  const isFragment = walk.fragmentAt >= 0;
  const at = isFragment ? walk.fragmentAt : walk.upperAt;
  const old = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const header = isFragment
    ? { next: octets[at]!, word: old.getUint16(at + 2), id: old.getUint32(at + 4) }
    : { next: walk.protocol, word: 0, id: identification };
  const content = octets.subarray(isFragment ? at + FRAGMENT_HEADER : at);
  const room = (mtu - at - FRAGMENT_HEADER) & ~7;
  if (room <= 0) return undefined;
  const fragments: Uint8Array[] = [];
  for (let from = 0; from < content.length; from += room) {
    const part = content.subarray(from, from + room);
    const more = from + room < content.length ? 1 : header.word & 1;
    const made = new Uint8Array(at + FRAGMENT_HEADER + part.length);
    made.set(octets.subarray(0, at));
    made.set(part, at + FRAGMENT_HEADER);
    if (!isFragment) made[walk.nextHeaderAt] = PROTOCOL.fragment;
    made[at] = header.next;
    const view = new DataView(made.buffer);
    view.setUint16(at + 2, ((header.word & 0xfff8) + from) | more);
    view.setUint32(at + 4, header.id);
    view.setUint16(4, made.length - IPV6_HEADER);
    fragments.push(made);
  }
  return fragments;
}

/** One fragment of a packet. */
export interface PacketPart {
  /** All that tells the packet from others: addresses, identification, and with IPv4 the protocol. */
  readonly key: string;
  readonly offset: number;
  readonly more: boolean;
  readonly content: Uint8Array;
  /** What stands before the content of the whole packet, but for its length; the first part has it. */
  readonly front: Uint8Array | undefined;
}

interface Gathering {
  readonly until: Instant;
  /** Offset in the fragmentable part -> its octets. */
  readonly parts: Map<number, Uint8Array>;
  /** Octets of all parts. */
  held: number;
  front: Uint8Array | undefined;
  /** Length of the fragmentable part, once the last fragment is here. */
  length: number | undefined;
}

/** Puts fragments together. */
export class Reassembly {
  readonly #gatherings = new Map<string, Gathering>();
  #held = 0;
  #failed = 0;

  /** Packets whose parts wait for others. */
  get size(): number {
    return this.#gatherings.size;
  }

  /** Packets that were given up so far. */
  get failed(): number {
    return this.#failed;
  }

  /** Takes a fragment; gives the packet where it was the last that was missing. */
  add(octets: Uint8Array, now: Instant): Uint8Array | undefined {
    this.#forget(now);
    const one = isIpv4Packet(octets) ? ipv4Part(octets) : ipv6Part(octets);
    if (one === undefined) return undefined;
    const { key, offset, more, content: part, front } = one;
    if (part.length === 0 || (more && part.length % 8 !== 0)) return undefined;
    if (offset + part.length > MAX_PACKET - IPV6_HEADER) return undefined;
    const gathering = this.#gathering(key, now);
    if (isSame(gathering.parts.get(offset), part)) return undefined;
    const { size } = gathering.parts;
    if (size >= MAX_PARTS || !fits(gathering, offset, part.length, more)) {
      this.#drop(key);
      return undefined;
    }
    gathering.parts.set(offset, part);
    gathering.held += part.length;
    this.#held += part.length + PART_COST;
    if (!more) gathering.length = offset + part.length;
    if (front !== undefined) gathering.front = front;
    if (gathering.held === gathering.length && gathering.front !== undefined) {
      this.#take(key);
      return whole(gathering, gathering.front);
    }
    while (this.#held > MAX_OCTETS) this.#drop(this.#gatherings.keys().next().value!);
    return undefined;
  }

  #gathering(key: string, now: Instant): Gathering {
    const known = this.#gatherings.get(key);
    if (known !== undefined) return known;
    if (this.#gatherings.size >= MAX_PACKETS) this.#drop(this.#gatherings.keys().next().value!);
    const until = after(now, WAIT);
    const made = { until, parts: new Map(), held: 0, front: undefined, length: undefined };
    this.#gatherings.set(key, made);
    return made;
  }

  #forget(now: Instant): void {
    for (const [key, { until }] of this.#gatherings) {
      if (until > now) return;
      this.#drop(key);
    }
  }

  #drop(key: string): void {
    this.#failed += 1;
    this.#take(key);
  }

  #take(key: string): void {
    const gathering = this.#gatherings.get(key);
    if (gathering === undefined) return;
    this.#held -= gathering.held + gathering.parts.size * PART_COST;
    this.#gatherings.delete(key);
  }
}

/** One that came twice is no overlap. Source: RFC 8200 section 4.5. */
const isSame = (known: Uint8Array | undefined, part: Uint8Array): boolean =>
  known?.length === part.length && known.every((octet, at) => octet === part[at]);

/** A part that overlaps another, or goes on behind the end, spoils the packet. Source: RFC 5722. */
function fits({ parts, length }: Gathering, offset: number, size: number, more: boolean): boolean {
  const end = offset + size;
  if (length !== undefined && (end > length || !more)) return false;
  for (const [other, part] of parts) {
    if (offset < other + part.length && other < end) return false;
    if (!more && other + part.length > end) return false;
  }
  return true;
}

function ipv6Part(octets: Uint8Array): PacketPart | undefined {
  const walk = walkHeaders(octets);
  const at = walk?.fragmentAt ?? -1;
  if (walk === undefined || at < 0) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const word = view.getUint16(at + 2);
  const offset = word & 0xfff8;
  return {
    key: `${String.fromCharCode(...octets.subarray(8, 40))}${view.getUint32(at + 4)}`,
    offset,
    more: (word & 1) !== 0,
    content: octets.slice(at + FRAGMENT_HEADER, walk.end),
    front: offset === 0 ? frontOf(octets, at) : undefined,
  };
}

/** What stands before the Fragment header, which is left out. */
function frontOf(octets: Uint8Array, at: number): Uint8Array {
  let link = 6;
  for (let header = IPV6_HEADER; header < at; header += 8 * (octets[header + 1]! + 1))
    link = header;
  const front = octets.slice(0, at);
  front[link] = octets[at]!;
  return front;
}

function whole({ parts, length }: Gathering, front: Uint8Array): Uint8Array | undefined {
  const size = front.length + length!;
  if (size > (isIpv4Packet(front) ? MAX_IPV4_PACKET : MAX_PACKET)) return undefined;
  const made = new Uint8Array(size);
  made.set(front);
  for (const [offset, part] of parts) made.set(part, front.length + offset);
  setLength(made);
  return made;
}
