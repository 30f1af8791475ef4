/**
 * Finds out what the paths carry that tunnels and headers of this node lead by, without waiting for
 * Packet Too Big, which may be dropped on its way.
 *
 * A probe is an echo request, filled up with zeros, to the other end of the path: what comes back is as
 * long, so it proves the size both ways.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---------------+---------------+-------------------------------+
 *     |      128      |       0       |           Checksum            |
 *     +---------------+---------------+-------------------------------+
 *     |    Identifier, of the path    |   Sequence Number: the size   |
 *     +-------------------------------+-------------------------------+
 *     |            8 octets that nobody else can know                 |
 *     |                                                               |
 *     +---------------------------------------------------------------+
 *     |  zeros ...
 *
 * Source: RFC 8899 section 4.1 (probes that need no word of the protocols carried), RFC 4821 section
 * 10.3 (echo for what sends fragments and tunnels), RFC 4443 section 4.
 */
import type { Address } from '../../wire/address.ts';
import { isIpv4, readAddress } from '../../wire/address.ts';
import { ICMPV6, PROTOCOL, UDP_PORT } from '../../wire/numbers.ts';
import { serialisePacket } from '../../wire/packet.ts';
import { walkHeaders } from '../../wire/walk.ts';
import { PROBE_TIMER } from '../constants.ts';
import type { Mechanism } from '../mechanisms.ts';
import { RateLimit } from '../rate-limit.ts';
import { after, type Duration, type Instant, milliseconds, seconds, sooner } from '../time.ts';
import type { ForwardingEntry } from './entry.ts';
import { MINIMUM_MTU, type PathSizes } from './path-mtus.ts';
import { MOST_AT_ONCE, PathSearch } from './path-search.ts';

/** Paths that are probed; what comes when there are so many relies on Packet Too Big. */
const MAX_PATHS = 1024;
/** Probes of all paths: so many a second, so many at once. */
const PROBE_INTERVAL: Duration = milliseconds(1);
const PROBE_BURST = 256;
/** A path that is held back for that waits so long. */
const HELD_BACK: Duration = milliseconds(64);
/** Networks that answered no echo: for an hour they are not waited for. The oldest is forgotten. */
const SILENCE: Duration = seconds(3600);
const MAX_SILENT = 256;
/** Octets before the data of an echo message, and of the cookie that the data begins with. */
const HEADERS = 48;
const COOKIE = 8;

/** Where a path begins and ends, and how it leaves. */
interface Ends {
  /** Absent where any of this node's addresses may be it. */
  readonly source: Address | undefined;
  readonly destination: Address;
  readonly out: ForwardingEntry['out'];
  /** A tunnel inside UDP: fragments of it do not pass translators, so nothing is cut on suspicion. */
  readonly udp: boolean;
}

interface Path extends Ends {
  readonly key: string;
  readonly identifier: number;
  readonly cookie: Uint8Array;
  readonly entries: Set<string>;
  search: PathSearch | undefined;
  dueAt: Instant;
  carried: number;
}

/** What the probes need of the node that they are sent from. */
export interface ProbePort {
  readonly now: () => Instant;
  /** The MTU of the link by which a path begins; undefined: there is no way, or no such source. */
  linkMtu(ends: Ends): number | undefined;
  sourceFor(destination: Address): Address | undefined;
  /** Sends a packet as it is, past the table and what is known of the path; never in fragments. */
  send(octets: Uint8Array, ends: Ends): void;
  /** Packets that entries have carried. */
  carried(entry: string): number;
  /** What is known of a destination now; undefined: nothing any more. */
  found(destination: Address, sizes: PathSizes | undefined): void;
  passed(destination: Address, size: number): void;
  /** `tick` is wanted at this moment; undefined: no more. */
  wakeAt(at: Instant | undefined): void;
  /** Octets that nobody can guess. */
  secrets(count: number): Uint8Array;
}

export class PathProbes {
  readonly #port: ProbePort;
  readonly #off: boolean;
  readonly #paths = new Map<string, Path>();
  /** Entry -> path, and identifier of an echo -> path. */
  readonly #byEntry = new Map<string, Path>();
  readonly #byIdentifier = new Map<number, Path>();
  readonly #silent = new Map<string, Instant>();
  readonly #limit = new RateLimit(PROBE_INTERVAL, PROBE_BURST);
  #nextIdentifier: number | undefined;

  constructor(port: ProbePort, without: ReadonlySet<Mechanism>) {
    this.#port = port;
    this.#off = without.has('path-mtu-probing');
  }

  get size(): number {
    return this.#paths.size;
  }

  /** An entry is there, new or in the place of the one with the same id. */
  follow(entry: ForwardingEntry): void {
    if (this.#off) return;
    const ends = outerEnds(entry);
    const key =
      ends && `${ends.source ?? ''} ${ends.destination} ${ends.out?.link ?? ''} ${ends.udp}`;
    const before = this.#byEntry.get(entry.id);
    if (before !== undefined && before.key === key) return;
    this.unfollow(entry.id);
    if (ends === undefined || key === undefined) return;
    const path = this.#paths.get(key) ?? this.#begin(key, ends);
    if (path === undefined) return;
    path.entries.add(entry.id);
    this.#byEntry.set(entry.id, path);
  }

  unfollow(id: string): void {
    const path = this.#byEntry.get(id);
    if (path === undefined) return;
    this.#byEntry.delete(id);
    path.entries.delete(id);
    if (path.entries.size > 0) return;
    this.#paths.delete(path.key);
    this.#byIdentifier.delete(path.identifier);
    this.#tell(path.destination);
  }

  /** Sends what is due. */
  tick(): void {
    const now = this.#port.now();
    for (const path of this.#paths.values()) if (path.dueAt <= now) this.#probe(path, now);
    this.#wake();
  }

  /** Takes an ICMPv6 packet for this node; what is no answer to a probe says nothing. */
  answered(octets: Uint8Array): void {
    const walk = walkHeaders(octets);
    if (this.#paths.size === 0 || walk?.protocol !== PROTOCOL.icmpv6) return;
    const at = walk.upperAt;
    if (octets[at] !== ICMPV6.echoReply || octets.length < at + 8 + COOKIE) return;
    const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
    const path = this.#byIdentifier.get(view.getUint16(at + 4));
    const size = view.getUint16(at + 6);
    if (path?.search === undefined || size !== octets.length) return;
    if (readAddress(octets, 8) !== path.destination) return;
    if (!path.cookie.every((octet, index) => octet === octets[at + 8 + index])) return;
    const now = this.#port.now();
    path.search.answered(size, now);
    this.#silent.delete(networkOf(path.destination));
    this.#port.passed(path.destination, size);
    this.#follow(path);
  }

  /** A router says what it takes of packets to a destination. */
  tooBig(destination: Address, mtu: number): void {
    const now = this.#port.now();
    for (const path of this.#paths.values()) {
      if (path.destination !== destination || path.search === undefined) continue;
      path.search.tooBig(mtu, now);
      this.#follow(path);
    }
  }

  /** Ends it: nothing is probed any more. */
  halt(): void {
    this.#paths.clear();
    this.#port.wakeAt(undefined);
  }

  #begin(key: string, ends: Ends): Path | undefined {
    if (this.#paths.size >= MAX_PATHS) return undefined;
    const { secrets, now } = this.#port;
    const cookie = secrets(COOKIE);
    this.#nextIdentifier ??= (cookie[0]! << 8) | cookie[1]!;
    while (this.#byIdentifier.has(this.#nextIdentifier)) {
      this.#nextIdentifier = (this.#nextIdentifier + 1) & 0xffff;
    }
    const path: Path = {
      ...ends,
      key,
      identifier: this.#nextIdentifier,
      cookie: secrets(COOKIE),
      entries: new Set(),
      search: undefined,
      dueAt: now(),
      carried: 0,
    };
    this.#paths.set(key, path);
    this.#byIdentifier.set(path.identifier, path);
    this.#tell(path.destination);
    this.#wake();
    return path;
  }

  #probe(path: Path, now: Instant): void {
    if (path.search !== undefined && path.search.deadline() > now) {
      path.dueAt = path.search.deadline();
      return;
    }
    const link = this.#port.linkMtu(path);
    if (link === undefined) {
      path.dueAt = after(now, PROBE_TIMER);
      return;
    }
    // A search counts what it asks for as sent: before it is asked there must be room for all of it.
    if (this.#limit.left(now) < MOST_AT_ONCE) {
      path.dueAt = after(now, HELD_BACK);
      return;
    }
    // What was found by a link that has changed says little of what it leads to now.
    if (path.search?.link !== Math.max(link, MINIMUM_MTU)) {
      path.search = new PathSearch(link, this.#isWaitedFor(path, now), now);
    }
    const carried = [...path.entries].reduce((sum, id) => sum + this.#port.carried(id), 0);
    const sizes = path.search.next(carried !== path.carried, now);
    path.carried = carried;
    for (const size of sizes) if (this.#limit.take(now)) this.#send(path, size);
    this.#follow(path);
  }

  /** Before the first probe. */
  #beforehand(path: Path): PathSizes {
    const waits = this.#isWaitedFor(path, this.#port.now());
    return { told: undefined, whole: waits ? MINIMUM_MTU : undefined };
  }

  #isWaitedFor({ destination }: Path, now: Instant): boolean {
    return (this.#silent.get(networkOf(destination)) ?? 0) <= now;
  }

  #send(path: Path, size: number): void {
    const { destination, identifier, cookie } = path;
    const source = path.source ?? this.#port.sourceFor(destination);
    if (source === undefined) return;
    const data = new Uint8Array(size - HEADERS);
    data.set(cookie);
    const octets = serialisePacket([
      { layer: 'ipv6', source, destination },
      { layer: 'echo-request', identifier, sequence: size, data },
    ]);
    this.#port.send(octets, { ...path, source });
  }

  /** What a search knows by now is told, and when it goes on. */
  #follow(path: Path): void {
    const search = path.search!;
    path.dueAt = search.deadline();
    if (search.isSilent) {
      const network = networkOf(path.destination);
      this.#silent.delete(network); // so that the map stays in order of time
      this.#silent.set(network, after(this.#port.now(), SILENCE));
      if (this.#silent.size > MAX_SILENT) this.#silent.delete(this.#silent.keys().next().value!);
    }
    this.#tell(path.destination);
    this.#wake();
  }

  /** Several paths may end at one address, from several of ours: the least of them holds. */
  #tell(destination: Address): void {
    let told: number | undefined;
    let whole: number | undefined;
    let isProbed = false;
    for (const path of this.#paths.values()) {
      if (path.destination !== destination) continue;
      isProbed = true;
      const sizes = path.search?.sizes() ?? this.#beforehand(path);
      told = least(told, sizes.told);
      if (!path.udp) whole = least(whole, sizes.whole);
    }
    this.#port.found(destination, isProbed ? { told, whole } : undefined);
  }

  #wake(): void {
    let at: Instant | undefined;
    for (const { dueAt } of this.#paths.values()) at = sooner(at, dueAt);
    this.#port.wakeAt(at);
  }
}

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);

/** Networks are told apart by their prefixes of 64 bits. */
const networkOf = (address: Address): string => address.slice(0, 8);

/**
 * The ends of the path that an entry leads by; undefined where it changes no packet, where its ends are
 * not addresses, and where the other end is not known to be there: packets to an address that is not
 * proved are counted, and a translator would answer in the place of who is behind it. Paths of IPv4 are not
 * probed: their packets forbid routers to cut them, and what routers say is believed.
 */
function outerEnds({ at, match, do: actions, credit, out }: ForwardingEntry): Ends | undefined {
  if (at !== 'leaving' || credit !== undefined) return undefined;
  let source = wholeAddress(match.src);
  let destination = wholeAddress(match.dst);
  let changed = false;
  let udp = false;
  for (const action of actions) {
    if ('push' in action) {
      ({ src: source, dst: destination } = action);
      udp = action.push === 'udp';
      if (action.push === 'udp' && action.dport !== UDP_PORT.mobility) return undefined;
    } else if ('insert' in action && action.insert === 'home-address') source = action.careOf;
    else if ('insert' in action) destination = action.careOf;
    else continue;
    changed = true;
  }
  if (!changed || destination === undefined || isIpv4(destination)) return undefined;
  return { source, destination, out, udp };
}

const wholeAddress = (prefix: { address: Address; length?: number } | undefined) =>
  prefix === undefined || (prefix.length ?? 128) < 8 * prefix.address.length
    ? undefined
    : prefix.address;
