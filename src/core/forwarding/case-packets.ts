/** Packets for the cases that every data plane must pass, put together header by header. */
import { type Address, address, writeAddress } from '../../wire/address.ts';
import { upperLayerChecksum } from '../../wire/checksum.ts';
import { PROTOCOL } from '../../wire/numbers.ts';
import type { Action, ForwardingEntry, Hook, Match } from './entry.ts';
import { IPV6_HEADER } from './packet-view.ts';

/** What stands behind the IPv6 header: one header or the upper layer, told what follows it. */
export interface Part {
  readonly protocol: number;
  octets(next: number): Uint8Array;
}

export interface Ipv6Fields {
  readonly src: Address;
  readonly dst: Address;
  readonly trafficClass?: number;
  readonly flowLabel?: number;
  readonly hopLimit?: number;
  /** Where it is to be wrong. */
  readonly payloadLength?: number;
}

export interface Ipv4Fields {
  readonly src: Address;
  readonly dst: Address;
  readonly typeOfService?: number;
  readonly timeToLive?: number;
  /** Don't Fragment where absent. */
  readonly mayBeCut?: boolean;
  /** A fragment: the offset in units of eight octets, and whether more follow. */
  readonly fragment?: { readonly offset: number; readonly more: boolean };
  readonly identification?: number;
  /** A multiple of four of them. */
  readonly options?: readonly number[];
  /** Where they are to be wrong. */
  readonly headerLength?: number;
  readonly totalLength?: number;
  readonly headerChecksum?: number;
}

/** The parties of the cases: who a packet is from and to, and where mobile ones are. */
export const PARTY = {
  home: address('2001:db8:1::100'),
  homeAgent: address('2001:db8:1::1'),
  careOf: address('2001:db8:2::100'),
  otherCareOf: address('2001:db8:3::100'),
  peer: address('2001:db8:4::7'),
  peerCareOf: address('2001:db8:5::7'),
  stranger: address('2001:db8:6::666'),
} as const;

/** And of those with IPv4: a client of a service address, and the ends of a tunnel over IPv4. */
export const IPV4_PARTY = {
  client: address('198.51.100.7'),
  service: address('192.0.2.80'),
  agent: address('203.0.113.1'),
  server: address('203.0.113.33'),
} as const;

/** An IPv6 packet; hop limit 61, so that one which was made anew shows. */
export function ipv6(fields: Ipv6Fields, ...parts: Part[]): Uint8Array {
  const payload = chain(parts);
  const octets = new Uint8Array(IPV6_HEADER + payload.length);
  const view = new DataView(octets.buffer);
  const trafficClass = fields.trafficClass ?? 0;
  view.setUint32(0, 0x6000_0000 + trafficClass * 2 ** 20 + (fields.flowLabel ?? 0));
  view.setUint16(4, fields.payloadLength ?? payload.length);
  octets[6] = parts[0]?.protocol ?? PROTOCOL.noNextHeader;
  octets[7] = fields.hopLimit ?? 61;
  writeAddress(octets, 8, fields.src);
  writeAddress(octets, 24, fields.dst);
  octets.set(payload, IPV6_HEADER);
  return octets;
}

/** An IPv4 packet; time to live 61 as above. Source: RFC 791 section 3.1. */
export function ipv4(fields: Ipv4Fields, ...parts: Part[]): Uint8Array {
  const payload = chain(parts);
  const options = fields.options ?? [];
  const header = 20 + options.length;
  const octets = new Uint8Array(header + payload.length);
  const view = new DataView(octets.buffer);
  octets[0] = 0x40 | (fields.headerLength ?? header / 4);
  octets[1] = fields.typeOfService ?? 0;
  view.setUint16(2, fields.totalLength ?? octets.length);
  view.setUint16(4, fields.identification ?? 0);
  const { offset = 0, more = false } = fields.fragment ?? {};
  const whole = fields.fragment === undefined && !fields.mayBeCut ? 0x4000 : 0;
  view.setUint16(6, whole | (more ? 0x2000 : 0) | offset);
  octets[8] = fields.timeToLive ?? 61;
  octets[9] = parts[0]?.protocol ?? PROTOCOL.noNextHeader;
  writeAddress(octets, 12, fields.src);
  writeAddress(octets, 16, fields.dst);
  octets.set(options, 20);
  let sum = 0;
  for (let at = 0; at < header; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  view.setUint16(10, fields.headerChecksum ?? ~sum & 0xffff);
  octets.set(payload, header);
  return octets;
}

function chain(parts: readonly Part[]): Uint8Array {
  const pieces = parts.map((part, i) => part.octets(parts[i + 1]?.protocol ?? 59));
  return joined(...pieces);
}

function joined(...pieces: (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

/** Anything at all under a protocol number. */
export const raw = (protocol: number, ...octets: number[]): Part => ({
  protocol,
  octets: () => Uint8Array.from(octets),
});

/** A packet inside a packet, or what is left of it. */
export const inside = (packet: Uint8Array): Part => ({
  protocol: PROTOCOL.ipv6,
  octets: () => packet,
});

/** The same of an IPv4 packet. */
export const ipv4Inside = (packet: Uint8Array): Part => ({
  protocol: PROTOCOL.ipv4,
  octets: () => packet,
});

/** A UDP datagram with something in it; `checksum` and `length` where they are to be wrong. */
export const datagram = (
  ends: { src: Address; dst: Address; sport: number; dport: number },
  payload: Uint8Array,
  wrong: { readonly checksum?: number; readonly length?: number } = {},
): Part => ({
  protocol: PROTOCOL.udp,
  octets: () => {
    const octets = new Uint8Array(8 + payload.length);
    const view = new DataView(octets.buffer);
    view.setUint16(0, ends.sport);
    view.setUint16(2, ends.dport);
    view.setUint16(4, wrong.length ?? octets.length);
    octets.set(payload, 8);
    const sum = upperLayerChecksum(ends.src, ends.dst, 17, octets, 0, octets.length);
    view.setUint16(6, wrong.checksum ?? (sum || 0xffff));
    return octets;
  },
});

/** A UDP datagram of 12 octets from port 5000 to 53; its checksum is over the identities. */
export const udp = (src: Address, dst: Address, sport = 5000, dport = 53): Part => ({
  protocol: PROTOCOL.udp,
  octets: () => {
    const octets = new Uint8Array(12);
    const view = new DataView(octets.buffer);
    view.setUint16(0, sport);
    view.setUint16(2, dport);
    view.setUint16(4, octets.length);
    octets.set([0xca, 0x2e, 0x0f, 0x01], 8);
    view.setUint16(6, upperLayerChecksum(src, dst, PROTOCOL.udp, octets, 0, octets.length));
    return octets;
  },
});

/** A TCP segment without options or data, from port 40000 to 80. `flags`: its fourteenth octet. */
export const tcp = (src: Address, dst: Address, flags: number): Part => ({
  protocol: PROTOCOL.tcp,
  octets: () => {
    const octets = Uint8Array.of(
      156,
      64,
      0,
      80,
      0,
      0,
      0,
      7,
      0,
      0,
      0,
      9,
      0x50,
      flags,
      4,
      0,
      0,
      0,
      0,
      0,
    );
    const sum = upperLayerChecksum(src, dst, PROTOCOL.tcp, octets, 0, octets.length);
    octets.set([sum >> 8, sum & 0xff], 16);
    return octets;
  },
});

/** A Mobility Header message without options: Home Test Init where nothing else is said. */
export const mobility = (src: Address, dst: Address, type = 1): Part => ({
  protocol: PROTOCOL.mobility,
  octets: () => {
    const octets = Uint8Array.of(59, 1, type, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
    const sum = upperLayerChecksum(src, dst, PROTOCOL.mobility, octets, 0, octets.length);
    octets.set([sum >> 8, sum & 0xff], 4);
    return octets;
  },
});

/** A Hop-by-Hop Options header with Router Alert (RFC 2711). */
export const hopByHop = (): Part => ({
  protocol: PROTOCOL.hopByHopOptions,
  octets: (next) => Uint8Array.of(next, 0, 5, 2, 0, 0, 1, 0),
});

/** A Destination Options header of the options given, which fill it. */
export const options = (...octets: number[]): Part => ({
  protocol: PROTOCOL.destinationOptions,
  octets: (next) => Uint8Array.of(next, (octets.length + 2) / 8 - 1, ...octets),
});

/** The Destination Options header of 24 octets that RFC 6275 section 6.3 draws. */
export const homeAddress = (home: Address): Part =>
  options(1, 2, 0, 0, 0xc9, 16, ...octetsOf(home));

/** A Type 2 Routing header (RFC 6275 section 6.4.1). */
export const routing2 = (home: Address, segmentsLeft = 1): Part => ({
  protocol: PROTOCOL.routing,
  octets: (next) => joined([next, 2, 2, segmentsLeft, 0, 0, 0, 0], octetsOf(home)),
});

/** A Fragment header; `offset` in units of eight octets. */
export const fragment = (offset: number, more: boolean): Part => ({
  protocol: PROTOCOL.fragment,
  octets: (next) =>
    Uint8Array.of(next, 0, offset >> 5, ((offset << 3) & 0xff) | (more ? 1 : 0), 0, 0, 0, 77),
});

export const octetsOf = (address: Address): number[] =>
  Array.from(address, (character) => character.charCodeAt(0));

/** An entry that leaves out what a case does not turn on. */
export const entry = (
  id: string,
  at: Hook,
  match: Match,
  actions: readonly Action[],
  more: Partial<ForwardingEntry> = {},
): ForwardingEntry => ({ id, owner: 'case', at, match, do: actions, ...more });
