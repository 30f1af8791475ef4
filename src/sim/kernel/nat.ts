/**
 * Network address translation of a router, as Linux' masquerading with a stateful filter does it: what
 * leaves by an outer link has the router's address there as its source, and a port of its own.
 *
 *     inside 2001:db8:2::7 port 4000  ->  router 2001:db8:f::2 port 4000 (or another, where it is taken)
 *
 * A mapping is for one remote address and port. Only TCP, UDP, ICMPv6 echo, and errors about these go
 * through; what else there is, and what comes from outside without being asked for, is dropped.
 *
 * Supported standards: RFC 4787 (address- and port-dependent mapping and filtering), RFC 5382 for the
 * time-out of TCP, RFC 5508 for ICMP, over IPv6; what is IPv4 passes as it is.
 */
import { after, type Duration, type Instant, seconds } from '../../core/time.ts';
import { type Address, readAddress, writeAddress } from '../../wire/address.ts';
import { ICMPV6, PROTOCOL } from '../../wire/numbers.ts';
import { checksumOk, fixUpperChecksum } from '../../wire/walk.ts';
import { IPV6_HEADER } from './ip-fields.ts';

export interface NatOptions {
  /** Outer links: what leaves by them is translated. */
  readonly links: readonly string[];
  /** How long a UDP mapping holds that nothing uses. */
  readonly udpTimeout: Duration;
}

/** RFC 4787 section 4.3 asks for two minutes at least, and most have no more. */
export const UDP_TIMEOUT: Duration = seconds(120);
/** RFC 5382 section 5. */
const TCP_TIMEOUT: Duration = seconds(7440);
/** RFC 5508 section 3.2. */
const ECHO_TIMEOUT: Duration = seconds(60);
/** Mappings at once; the one that was used longest ago goes. */
const MAX_MAPPINGS = 16_384;
const FIRST_PORT = 1024;
const LAST_PORT = 65_535;

/** A flow through the router; ports are the identifier and 0 where it is an echo. */
interface Mapping {
  readonly protocol: number;
  readonly inside: Address;
  readonly insidePort: number;
  readonly remote: Address;
  readonly remotePort: number;
  readonly outsidePort: number;
  until: Instant;
}

/** Where a packet has its address and port of one end: offsets. */
interface End {
  readonly address: number;
  readonly port: number;
}

/** What a packet says of its flow; `near` is the end inside, `far` the remote one. */
interface Flow {
  readonly protocol: number;
  readonly near: End;
  readonly far: End;
  /** The packet, or (for an error) what it quotes, begins here. */
  readonly isError: boolean;
}

export class Nat {
  readonly #options: NatOptions;
  /** By inside and remote end, in order of last use. */
  readonly #outward = new Map<string, Mapping>();
  /** By outside port and remote end. */
  readonly #inward = new Map<string, Mapping>();

  constructor(options: NatOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#outward.size;
  }

  isOuter(link: string): boolean {
    return this.#options.links.includes(link);
  }

  /** What leaves by an outer link whose address is `outside`; undefined where it may not. */
  outward(octets: Uint8Array, outside: Address, now: Instant): Uint8Array | undefined {
    const flow = flowOf(octets, 'leaving');
    if (flow === undefined || !checksumOk(octets)) return undefined;
    const ends = endsOf(octets, flow);
    const key = keyOf(flow.protocol, ends.near.address, ends.near.port, ends.far);
    const known = this.#current(this.#outward.get(key), now);
    // An error says something of a flow, and begins none.
    const mapping = known ?? (flow.isError ? undefined : this.#begin(key, flow.protocol, ends));
    if (mapping === undefined) return undefined;
    this.#use(key, mapping, now);
    const changed = octets.slice();
    writeEnd(changed, flow.near, outside, mapping.outsidePort);
    if (flow.isError) writeAddress(changed, 8, outside);
    fixUpperChecksum(changed);
    return changed;
  }

  /** What came from an outer link for the router itself; undefined: it is for nobody behind it. */
  inward(octets: Uint8Array, now: Instant): Uint8Array | undefined {
    const flow = flowOf(octets, 'arriving');
    if (flow === undefined || !checksumOk(octets)) return undefined;
    const { near, far } = endsOf(octets, flow);
    const mapping = this.#current(this.#inward.get(keyOf(flow.protocol, '', near.port, far)), now);
    if (mapping === undefined) return undefined;
    const { protocol, inside, insidePort, remote, remotePort } = mapping;
    const end = { address: remote, port: remotePort };
    if (!flow.isError) this.#use(keyOf(protocol, inside, insidePort, end), mapping, now);
    const changed = octets.slice();
    writeEnd(changed, flow.near, inside, insidePort);
    if (flow.isError) writeAddress(changed, 24, inside);
    fixUpperChecksum(changed);
    return changed;
  }

  #current(mapping: Mapping | undefined, now: Instant): Mapping | undefined {
    if (mapping === undefined || now < mapping.until) return mapping;
    this.#drop(mapping);
    return undefined;
  }

  #use(key: string, mapping: Mapping, now: Instant): void {
    mapping.until = after(now, this.#timeout(mapping.protocol));
    this.#outward.delete(key); // so that the map stays in order of use
    this.#outward.set(key, mapping);
  }

  #timeout(protocol: number): Duration {
    if (protocol === PROTOCOL.udp) return this.#options.udpTimeout;
    return protocol === PROTOCOL.tcp ? TCP_TIMEOUT : ECHO_TIMEOUT;
  }

  #begin(key: string, protocol: number, { near, far }: Ends): Mapping | undefined {
    if (this.#outward.size >= MAX_MAPPINGS) this.#drop(this.#outward.values().next().value!);
    const outsidePort = this.#freePort(protocol, near.port, far);
    if (outsidePort === undefined) return undefined;
    const mapping: Mapping = {
      protocol,
      inside: near.address,
      insidePort: near.port,
      remote: far.address,
      remotePort: far.port,
      outsidePort,
      until: 0 as Instant,
    };
    this.#outward.set(key, mapping);
    this.#inward.set(keyOf(protocol, '', outsidePort, far), mapping);
    return mapping;
  }

  /** The same port if nobody else has it, as Linux does it. */
  #freePort(protocol: number, wanted: number, far: Named): number | undefined {
    const count = LAST_PORT - FIRST_PORT + 1;
    for (let tried = 0; tried <= count; tried++) {
      const next = FIRST_PORT + ((wanted - FIRST_PORT + tried + count) % count);
      const port = tried === 0 ? wanted : next;
      if (!this.#inward.has(keyOf(protocol, '', port, far))) return port;
    }
    return undefined;
  }

  #drop({ protocol, inside, insidePort, outsidePort, remote, remotePort }: Mapping): void {
    const far = { address: remote, port: remotePort };
    this.#outward.delete(keyOf(protocol, inside, insidePort, far));
    this.#inward.delete(keyOf(protocol, '', outsidePort, far));
  }
}

interface Named {
  readonly address: Address;
  readonly port: number;
}
interface Ends {
  readonly near: Named;
  readonly far: Named;
}

const keyOf = (protocol: number, inside: string, port: number, far: Named): string =>
  `${protocol} ${port} ${far.port} ${far.address}${inside}`;

const u16 = (octets: Uint8Array, at: number): number => (octets[at]! << 8) | octets[at + 1]!;

function endsOf(octets: Uint8Array, { near, far }: Flow): Ends {
  const named = ({ address, port }: End): Named => ({
    address: readAddress(octets, address),
    port: port < 0 ? 0 : u16(octets, port),
  });
  return { near: named(near), far: named(far) };
}

function writeEnd(octets: Uint8Array, end: End, address: Address, port: number): void {
  writeAddress(octets, end.address, address);
  octets[end.port] = port >> 8;
  octets[end.port + 1] = port;
}

/** Where a packet has what its flow is known by; undefined where it has none. */
function flowOf(octets: Uint8Array, way: 'leaving' | 'arriving'): Flow | undefined {
  const direct = flowAt(octets, 0, way);
  if (direct !== undefined) return direct;
  const isError = octets[6] === PROTOCOL.icmpv6 && octets[IPV6_HEADER]! < 128;
  // What an error quotes went the other way.
  const other = way === 'leaving' ? 'arriving' : 'leaving';
  const quoted = isError ? flowAt(octets, IPV6_HEADER + 8, other) : undefined;
  return quoted && { ...quoted, isError: true };
}

function flowAt(octets: Uint8Array, at: number, way: 'leaving' | 'arriving'): Flow | undefined {
  const upper = at + IPV6_HEADER;
  if (upper + 8 > octets.length) return undefined;
  const protocol = octets[at + 6]!;
  const source = at + 8;
  const destination = at + 24;
  const leaving = way === 'leaving';
  const ends = (from: number, to: number): Flow => ({
    protocol,
    near: { address: leaving ? source : destination, port: leaving ? from : to },
    far: { address: leaving ? destination : source, port: leaving ? to : from },
    isError: false,
  });
  if (protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp) return ends(upper, upper + 2);
  const echo = leaving ? ICMPV6.echoRequest : ICMPV6.echoReply;
  if (protocol !== PROTOCOL.icmpv6 || octets[upper] !== echo) return undefined;
  return leaving ? ends(upper + 4, -1) : ends(-1, upper + 4);
}
