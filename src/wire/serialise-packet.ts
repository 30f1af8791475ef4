/**
 * Puts a packet together. What a layer does not give is computed: lengths, next headers, checksums,
 * type numbers; what it gives stands, also where it is wrong.
 *
 * Supported standards: RFC 8200 sections 3, 4 and 8.1, RFC 6275 section 6.1.1, RFC 791 section 3.1,
 * RFC 2784 section 2.
 */
import { type Address, readAddress, UNSPECIFIED, UNSPECIFIED_IPV4 } from './address.ts';
import { internetChecksum, upperLayerChecksum } from './checksum.ts';
import { type ComputedField, LAYERS, type LayerEntry, type LayerInput } from './layer.ts';
import type { Loose } from './message.ts';
import { ETHER_TYPE, PROTOCOL } from './numbers.ts';
import { completeGre } from './tunnel/gre.ts';

interface Placed {
  readonly entry: LayerEntry;
  /** As the caller gave it. */
  readonly input: Loose & { readonly layer: string };
  /** As it is written: parts that depend on each other agree. */
  readonly filled: Loose;
  readonly at: number;
  readonly size: number;
  /** Options are written as they stand: the caller has given the header's length. */
  readonly exact: boolean;
}

/**
 * The octets of a packet. With `headerLen` absent, options are aligned and padded as their
 * declarations say; with it, they are written exactly as they stand, padding included.
 *
 * Throws RangeError where a value does not fit its field: that is the caller's mistake.
 *
 * Source: RFC 8200 section 4.
 */
export function serialisePacket(layers: readonly LayerInput[]): Uint8Array {
  const placed = place(layers);
  const last = placed.at(-1);
  const octets = new Uint8Array(last === undefined ? 0 : last.at + last.size);
  for (let i = 0; i < placed.length; i++) {
    const { entry, filled, at, exact } = placed[i]!;
    entry.declaration.write(octets, at, filled, exact, computed(placed, i));
  }
  fillChecksums(octets, placed);
  return octets;
}

function place(layers: readonly LayerInput[]): Placed[] {
  const placed: Placed[] = [];
  let at = 0;
  for (const layer of layers) {
    const input: Placed['input'] = layer;
    const filled: Loose = layer.layer === 'gre' ? completeGre(layer) : layer;
    const entry = LAYERS.get(input.layer);
    if (entry === undefined) throw new RangeError(`${input.layer} is no layer`);
    const exact = entry.counted && input.headerLen !== undefined;
    let size = entry.declaration.sizeOf(filled, exact);
    if (entry.counted && !exact) size = Math.ceil(size / 8) * 8;
    placed.push({ entry, input, filled, at, size, exact });
    at += size;
  }
  return placed;
}

/** The absent fields of a layer that follow from what stands behind it. */
function computed(placed: readonly Placed[], i: number): Loose {
  const value: Record<string, unknown> = {};
  const { entry, filled } = placed[i]!;
  for (const field of entry.computes) {
    if (filled[field] === undefined) value[field] = COMPUTE[field](placed, i);
  }
  return value;
}

const COMPUTE: {
  readonly [F in ComputedField]: (placed: readonly Placed[], i: number) => number;
} = {
  nextHeader: (placed, i) => protocolOf(placed[i + 1]),
  headerLen: (placed, i) => placed[i]!.size / 8 - 1,
  payloadLength: sizeBehind,
  totalLength: (placed, i) => placed[i]!.size + sizeBehind(placed, i),
  internetHeaderLen: (placed, i) => placed[i]!.size / 4,
  protocol: (placed, i) => protocolOf(placed[i + 1]),
  protocolType: (placed, i) => {
    const next = placed[i + 1];
    if (next?.input.layer === 'ipv4') return ETHER_TYPE.ipv4;
    return next?.input.layer === 'ipv6' ? ETHER_TYPE.ipv6 : protocolOf(next);
  },
  length: (placed, i) => placed[i]!.size,
  addressCount: (placed, i) => {
    const list = placed[i]!.input.homeAgentAddresses as readonly Address[] | undefined;
    return list?.length ?? 0;
  },
  dataOffset: (placed, i) => {
    const options = placed[i]!.input.options as Uint8Array | undefined;
    return 5 + Math.ceil((options?.length ?? 0) / 4);
  },
};

/** Octets behind a header that belong to its packet. */
function sizeBehind(placed: readonly Placed[], i: number): number {
  let size = 0;
  for (let j = i + 1; j < placed.length; j++) {
    const { input, size: more } = placed[j]!;
    if (input.layer !== 'trailer') size += more;
  }
  return size;
}

function protocolOf(placed: Placed | undefined): number {
  if (placed === undefined || placed.input.layer === 'trailer') return PROTOCOL.noNextHeader;
  if (placed.entry.protocol !== undefined) return placed.entry.protocol;
  return (placed.input.protocol as number | undefined) ?? PROTOCOL.noNextHeader;
}

const CHECKSUMMED: ReadonlySet<number | undefined> = new Set([
  PROTOCOL.mobility,
  PROTOCOL.icmpv6,
  PROTOCOL.udp,
  PROTOCOL.tcp,
]);

/** Addresses of the pseudo-header. */
interface Ends {
  readonly source: Address;
  readonly destination: Address;
}

/**
 * Computes the checksums that are absent; a message whose checksum covers addresses, without an IP
 * header before it, has none. From the inside out where one checksum covers another.
 */
function fillChecksums(octets: Uint8Array, placed: readonly Placed[]): void {
  let ends: Ends | undefined;
  for (const one of placed) {
    const { input, at, size } = one;
    const { protocol } = one.entry;
    if (input.layer === 'ipv6' || input.layer === 'ipv4') {
      const none = input.layer === 'ipv6' ? UNSPECIFIED : UNSPECIFIED_IPV4;
      const { source, destination } = input as Partial<Ends>;
      ends = { source: source ?? none, destination: destination ?? none };
      continue;
    }
    if (ends !== undefined) ends = redirected(ends, one, octets);
    if (input.checksum !== undefined) continue;
    if (protocol === PROTOCOL.icmpv4) {
      show(octets, one, 'checksum', internetChecksum(octets, at, at + size));
    }
    if (ends === undefined || !CHECKSUMMED.has(protocol)) continue;
    const { source, destination } = ends;
    const sum = upperLayerChecksum(source, destination, protocol!, octets, at, at + size);
    // RFC 8200 section 8.1: a UDP checksum of zero would mean that there is none.
    show(octets, one, 'checksum', sum === 0 && protocol === PROTOCOL.udp ? 0xffff : sum);
  }
  for (let i = placed.length - 1; i >= 0; i--) fillOuterChecksum(octets, placed, i);
}

/** The IPv4 header's checksum, and GRE's, which covers the packet inside. */
function fillOuterChecksum(octets: Uint8Array, placed: readonly Placed[], i: number): void {
  const one = placed[i]!;
  const { input, filled, at, size } = one;
  if (input.layer === 'ipv4' && input.headerChecksum === undefined) {
    show(octets, one, 'headerChecksum', internetChecksum(octets, at, at + size));
  }
  if (input.layer === 'gre' && filled.checksumPresent === true && input.checksum === undefined) {
    const end = at + size + sizeBehind(placed, i);
    show(octets, one, 'checksum', internetChecksum(octets, at, end));
  }
}

function show(octets: Uint8Array, { at, entry }: Placed, field: string, sum: number): void {
  const to = at + entry.declaration.offsetOf(field);
  octets[to] = sum >> 8;
  octets[to + 1] = sum;
}

/** The ends of the pseudo-header behind a header that names another source or destination. */
function redirected(ends: Ends, { input, at, size }: Placed, octets: Uint8Array): Ends {
  const header = input as LayerInput;
  if (header.layer === 'destination-options') {
    const home = header.options?.findLast((option) => option.option === 'home-address');
    if (home?.option !== 'home-address') return ends;
    return { ...ends, source: home.homeAddress ?? UNSPECIFIED };
  }
  if (header.layer === 'routing-type-2' && header.segmentsLeft !== 0) {
    return { ...ends, destination: header.homeAddress ?? UNSPECIFIED };
  }
  // Type 0, which nobody may forward: its last address is the end of the way.
  if (header.layer === 'routing' && octets[at + 2] === 0 && octets[at + 3] !== 0 && size >= 24) {
    return { ...ends, destination: readAddress(octets, at + size - 16) };
  }
  return ends;
}
