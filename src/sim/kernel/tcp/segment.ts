import { setLength } from '../../../core/forwarding/outer-header.ts';
import { type Address, isIpv4 } from '../../../wire/address.ts';
import { upperLayerChecksum } from '../../../wire/checksum.ts';
import { ipHeader } from '../../../wire/ip-fields.ts';
import { PROTOCOL, TCP_FLAG } from '../../../wire/numbers.ts';
import { serialisePacket } from '../../../wire/packet.ts';
import { tcp } from '../../../wire/transport/tcp.ts';
import { IPV4_HEADER } from '../../../wire/walk-ipv4.ts';
import { IPV6_HEADER } from '../ip-fields.ts';
import type { Delivery } from '../ip-input.ts';

/** Octets of an IP header, by the address of an end, and a TCP header without options. */
export const headersOf = ({ address }: End): number =>
  (isIpv4(address) ? IPV4_HEADER : IPV6_HEADER) + tcp.size;

/** Option kinds. Source: RFC 9293 section 3.2, RFC 7323 section 2.2. */
const END = 0;
const NOTHING = 1;
const MAXIMUM_SEGMENT_SIZE = 2;
const WINDOW_SCALE = 3;
/** Source: RFC 2018 sections 2 and 3. */
const SACK_PERMITTED = 4;
const SACK = 5;
/** Blocks in one segment; four would fit, and one is left for what others add. */
const MAX_BLOCKS = 3;

/** Where the fields that every segment needs stand; the flags share an octet. */
const SEQUENCE = tcp.offsetOf('sequence');
const ACKNOWLEDGEMENT = tcp.offsetOf('acknowledgement');
const DATA_OFFSET = tcp.offsetOf('dataOffset');
const FLAGS = tcp.offsetOf('fin');
const WINDOW = tcp.offsetOf('window');
const CHECKSUM = tcp.offsetOf('checksum');
const { FIN, SYN, RST, PSH, ACK } = TCP_FLAG;

/** One end of a connection. */
export interface End {
  readonly address: Address;
  readonly port: number;
}

/** What a segment says; sequence numbers as they stand on the wire. */
export interface Segment {
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly syn: boolean;
  readonly ack: boolean;
  readonly fin: boolean;
  readonly rst: boolean;
  readonly window: number;
  readonly maximumSegmentSize: number | undefined;
  readonly windowScale: number | undefined;
  readonly sackPermitted: boolean;
  /** Sequence numbers [from, to) that the sender of this has beyond its acknowledgement. */
  readonly blocks: readonly (readonly [from: number, to: number])[];
  readonly payload: Uint8Array;
}

/** A segment to be sent: what is absent is not set. */
export type SegmentInput = Partial<Segment> & { readonly sequence: number };

/** A segment and its ends as they came; undefined where it is malformed. */
export function parseSegment(
  delivery: Delivery,
): { readonly segment: Segment; readonly local: End; readonly remote: End } | undefined {
  const { octets, at, end, source, destination } = delivery;
  if (end - at < tcp.size) return undefined;
  const size = 4 * (octets[at + DATA_OFFSET]! >> 4);
  if (size < tcp.size || at + size > end) return undefined;
  const flags = octets[at + FLAGS]!;
  return {
    segment: {
      sequence: readWord(octets, at + SEQUENCE),
      acknowledgement: readWord(octets, at + ACKNOWLEDGEMENT),
      syn: (flags & SYN) !== 0,
      ack: (flags & ACK) !== 0,
      fin: (flags & FIN) !== 0,
      rst: (flags & RST) !== 0,
      window: (octets[at + WINDOW]! << 8) | octets[at + WINDOW + 1]!,
      ...(size === tcp.size ? NO_OPTIONS : parseOptions(octets, at + tcp.size, at + size)),
      payload: octets.subarray(at + size, end),
    },
    local: { address: destination, port: (octets[at + 2]! << 8) | octets[at + 3]! },
    remote: { address: source, port: (octets[at]! << 8) | octets[at + 1]! },
  };
}

/** What a segment's options say. */
type Options = Pick<Segment, 'maximumSegmentSize' | 'windowScale' | 'sackPermitted' | 'blocks'>;

const NO_OPTIONS: Options = {
  maximumSegmentSize: undefined,
  windowScale: undefined,
  sackPermitted: false,
  blocks: [],
};

function parseOptions(octets: Uint8Array, from: number, to: number): Options {
  let { maximumSegmentSize, windowScale, sackPermitted } = NO_OPTIONS;
  const blocks: [number, number][] = [];
  let at = from;
  while (at < to && octets[at] !== END) {
    const kind = octets[at]!;
    if (kind === NOTHING) {
      at++;
      continue;
    }
    const size = octets[at + 1]!;
    if (at + 1 >= to || size < 2 || at + size > to) break;
    if (kind === MAXIMUM_SEGMENT_SIZE && size === 4) {
      maximumSegmentSize = (octets[at + 2]! << 8) | octets[at + 3]!;
      // RFC 7323 section 2.3: a larger shift counts as 14.
    } else if (kind === WINDOW_SCALE && size === 3) windowScale = Math.min(octets[at + 2]!, 14);
    else if (kind === SACK_PERMITTED) sackPermitted = true;
    else if (kind === SACK) {
      for (let block = at + 2; block + 8 <= at + size; block += 8) {
        blocks.push([readWord(octets, block), readWord(octets, block + 4)]);
      }
    }
    at += size;
  }
  return { maximumSegmentSize, windowScale, sackPermitted, blocks };
}

function optionOctets(segment: SegmentInput): Uint8Array | undefined {
  const { maximumSegmentSize, windowScale, sackPermitted, blocks = [] } = segment;
  const options: number[] = [];
  if (maximumSegmentSize !== undefined) {
    options.push(MAXIMUM_SEGMENT_SIZE, 4, maximumSegmentSize >> 8, maximumSegmentSize & 0xff);
  }
  if (windowScale !== undefined) options.push(NOTHING, WINDOW_SCALE, 3, windowScale);
  if (sackPermitted === true) options.push(NOTHING, NOTHING, SACK_PERMITTED, 2);
  if (blocks.length > 0) {
    const sent = blocks.slice(0, MAX_BLOCKS);
    options.push(NOTHING, NOTHING, SACK, 2 + 8 * sent.length);
    for (const edge of sent.flat()) {
      options.push(edge >>> 24, (edge >>> 16) & 0xff, (edge >>> 8) & 0xff, edge & 0xff);
    }
  }
  return options.length > 0 ? Uint8Array.from(options) : undefined;
}

/** The whole packet of a segment. */
export function segmentPacket(local: End, remote: End, segment: SegmentInput): Uint8Array {
  const { sequence, acknowledgement, syn, ack, fin, rst, window, payload } = segment;
  const options = optionOctets(segment);
  return serialisePacket([
    ipHeader(local.address, remote.address),
    {
      layer: 'tcp',
      sourcePort: local.port,
      destinationPort: remote.port,
      ...{ sequence, acknowledgement, syn, ack, fin, rst, window, payload, options },
      psh: (payload?.length ?? 0) > 0,
    },
  ]);
}

/**
 * A segment with data, made from the connection's `template` (a packet without options): there are
 * many of them, and little in them changes. `read` writes the data.
 */
export function dataPacket(
  template: Uint8Array,
  local: End,
  remote: End,
  segment: Pick<Segment, 'sequence' | 'acknowledgement' | 'fin' | 'window'>,
  length: number,
  read: (into: Uint8Array) => void,
): Uint8Array {
  const headers = headersOf(local);
  const at = headers - tcp.size;
  const octets = new Uint8Array(headers + length);
  octets.set(template.subarray(0, headers));
  setLength(octets);
  writeWord(octets, at + SEQUENCE, segment.sequence);
  writeWord(octets, at + ACKNOWLEDGEMENT, segment.acknowledgement);
  octets[at + FLAGS] = ACK | (length > 0 ? PSH : 0) | (segment.fin ? FIN : 0);
  octets[at + WINDOW] = segment.window >> 8;
  octets[at + WINDOW + 1] = segment.window;
  read(octets.subarray(headers));
  const field = at + CHECKSUM;
  octets[field] = 0;
  octets[field + 1] = 0;
  const { address: from } = local;
  const { address: to } = remote;
  const sum = upperLayerChecksum(from, to, PROTOCOL.tcp, octets, at, octets.length);
  octets[field] = sum >> 8;
  octets[field + 1] = sum;
  return octets;
}

function readWord(o: Uint8Array, at: number): number {
  return ((o[at]! << 24) | (o[at + 1]! << 16) | (o[at + 2]! << 8) | o[at + 3]!) >>> 0;
}

function writeWord(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 24;
  octets[at + 1] = value >>> 16;
  octets[at + 2] = value >>> 8;
  octets[at + 3] = value;
}
