/**
 * Which packets that come from a link are taken out of the host's hands, since an arriving entry may
 * be for them. The host is told by sets of an nftables table that drops them, and the packet socket's
 * reader asks the same sets here: both must decide alike for every packet, or it is lost or doubled.
 *
 * IPv4 packets have a table and sets of their own, of the same names.
 *
 * Neighbor Discovery for the host's own addresses is never taken: only by the link that it came by does
 * the host's stack believe it.
 */
import type { Action, ForwardingEntry, Prefix } from '../../core/forwarding/entry.ts';
import { isForIpv4 } from '../../core/forwarding/shape.ts';
import { type Address, isIpv4, isLinkLocal, isMulticast } from '../../wire/address.ts';
import { destinationOf, isIpv4Packet, sourceOf } from '../../wire/ip-fields.ts';
import { ICMPV6, PROTOCOL } from '../../wire/numbers.ts';
import { walkIpv4 } from '../../wire/walk-ipv4.ts';
import type { FilterWish } from './packet-filter.ts';

/** A set of the table; each element is an address, and a number where the set has one. */
export type Wanted =
  | {
      readonly set: 'to_protocol' | 'from_protocol';
      readonly address: Address;
      readonly number: number;
    }
  | { readonly set: 'to_port'; readonly address: Address; readonly number: number }
  | {
      readonly set: 'to_options' | 'to_routing' | 'to_udp_parts' | 'to_any' | 'own';
      readonly address: Address;
    };

export type WantedSet = Wanted['set'];

/** What a packet's chain of headers shows, read exactly as nftables reads it. */
export interface HeaderKinds {
  /** Undefined where it cannot be found. */
  readonly protocol: number | undefined;
  readonly options: boolean;
  readonly routing: boolean;
  /** There is a Fragment header, or IPv4 says that it is a part. */
  readonly fragment: boolean;
  /** Destination port of UDP; undefined where it is none, or cut off. */
  readonly port: number | undefined;
}

/** Follows the arriving entries and the host's own addresses. */
export class Interception {
  readonly #entries = new Map<string, readonly Wanted[]>();
  /** Entries for packets to any address of the host. */
  readonly #local = new Map<string, ForwardingEntry>();
  readonly #counts = new Map<string, { readonly wanted: Wanted; count: number }>();
  readonly #changed = new Set<string>();
  readonly #told = new Map<string, Wanted>();
  /** Entries whose tunnels lead over IPv4: errors about those are to be heard. */
  readonly #overIpv4 = new Set<string>();
  /** Elements of #counts for IPv4. */
  #ipv4 = 0;
  #own: ReadonlySet<Address> = new Set();

  add(entry: ForwardingEntry): void {
    this.remove(entry);
    if (entry.do.some(leadsOverIpv4)) this.#overIpv4.add(entry.id);
    if (entry.at !== 'arriving') return;
    if (isForAnyOwn(entry)) this.#local.set(entry.id, entry);
    this.#set(entry.id, wantedBy(entry, this.#own));
  }

  remove({ id, at }: ForwardingEntry): void {
    this.#overIpv4.delete(id);
    if (at !== 'arriving') return;
    this.#local.delete(id);
    this.#set(id, []);
  }

  /** The host's addresses, links' own and groups left out. */
  setOwn(own: ReadonlySet<Address>): void {
    for (const address of own) if (!this.#own.has(address)) this.#countOwn(address, 1);
    for (const address of this.#own) if (!own.has(address)) this.#countOwn(address, -1);
    this.#own = own;
    for (const entry of this.#local.values()) this.#set(entry.id, wantedBy(entry, own));
  }

  /** Is a packet taken out? `octets` begin with a whole IPv6 or IPv4 header. */
  takes(octets: Uint8Array): boolean {
    if (this.#counts.size === 0) return false;
    const to = destinationOf(octets);
    if (!isIpv4(to) && this.#own.has(to) && isNeighborDiscovery(octets)) return false;
    if (this.#counts.has(`to_any ${to}`)) return true;
    const kinds = headerKinds(octets);
    if (kinds.options && this.#counts.has(`to_options ${to}`)) return true;
    if (kinds.routing && this.#counts.has(`to_routing ${to}`)) return true;
    if (kinds.protocol === undefined) return false;
    // Ports stand in the first part alone.
    const isUdpPart = kinds.fragment && kinds.protocol === PROTOCOL.udp;
    if (isUdpPart && this.wantsUdpParts(to)) return true;
    if (this.#counts.has(`to_protocol ${to} ${kinds.protocol}`)) return true;
    if (kinds.port !== undefined && this.#counts.has(`to_port ${to} ${kinds.port}`)) return true;
    return this.#counts.has(`from_protocol ${sourceOf(octets)} ${kinds.protocol}`);
  }

  /** Are fragments of UDP to an address taken, since it may be a tunnel that they are of? */
  wantsUdpParts(to: Address): boolean {
    return this.#counts.has(`to_udp_parts ${to}`);
  }

  /** Do IPv4 packets have to be looked at at all? */
  get wantsIpv4(): boolean {
    return this.#overIpv4.size + this.#ipv4 > 0;
  }

  /** What packets of one version must be looked at for it. */
  wish({ ipv4 }: { readonly ipv4: boolean }): FilterWish {
    const protocols = new Set<number>();
    const ports = new Set<number>();
    let all = false;
    for (const { wanted } of this.#counts.values()) {
      if (isIpv4(wanted.address) !== ipv4) continue;
      if (wanted.set === 'to_any') all = true;
      else if (wanted.set === 'own') continue;
      else if (wanted.set === 'to_port') ports.add(wanted.number);
      // Parts, like all that has an extension header, are let through anyway.
      else if ('number' in wanted) protocols.add(wanted.number);
    }
    return { protocols, ports, all };
  }

  /** What has changed in the sets since the last call. */
  changes(): { readonly add: readonly Wanted[]; readonly remove: readonly Wanted[] } {
    const add: Wanted[] = [];
    const remove: Wanted[] = [];
    for (const key of this.#changed) {
      const now = this.#counts.get(key)?.wanted;
      const before = this.#told.get(key);
      if (now !== undefined && before === undefined) {
        add.push(now);
        this.#told.set(key, now);
      } else if (now === undefined && before !== undefined) {
        remove.push(before);
        this.#told.delete(key);
      }
    }
    this.#changed.clear();
    return { add, remove };
  }

  #set(id: string, now: readonly Wanted[]): void {
    const before = this.#entries.get(id) ?? [];
    for (const wanted of now) this.#count(wanted, 1);
    for (const wanted of before) this.#count(wanted, -1);
    if (now.length > 0) this.#entries.set(id, now);
    else this.#entries.delete(id);
  }

  /** Only Neighbor Discovery asks for them. */
  #countOwn(address: Address, by: number): void {
    if (!isIpv4(address)) this.#count({ set: 'own', address }, by);
  }

  #count(wanted: Wanted, by: number): void {
    const key = keyOf(wanted);
    const known = this.#counts.get(key) ?? { wanted, count: 0 };
    const before = this.#counts.has(key);
    known.count += by;
    if (isIpv4(wanted.address)) this.#ipv4 += Number(known.count > 0) - Number(before);
    if (known.count > 0) this.#counts.set(key, known);
    else this.#counts.delete(key);
    this.#changed.add(key);
  }
}

const keyOf = (wanted: Wanted): string =>
  'number' in wanted
    ? `${wanted.set} ${wanted.address} ${wanted.number}`
    : `${wanted.set} ${wanted.address}`;

/**
 * Is it for whatever comes to the host itself? So is every entry that names no destination: what goes
 * through to others is left to the kernel, unless its source and protocol are named.
 */
function isForAnyOwn({ match: { dst, src, protocol, local } }: ForwardingEntry): boolean {
  if (dst !== undefined) return !isWhole(dst);
  return local === true || src === undefined || !isWhole(src) || protocol === undefined;
}

const isWhole = ({ address, length = 128 }: Prefix): boolean => length >= 8 * address.length;

/** Has a tunnel that begins by this action a header of IPv4 outside? */
const leadsOverIpv4 = (action: Action): boolean => 'push' in action && isIpv4(action.dst);

/** The elements that an entry asks for. */
function wantedBy(entry: ForwardingEntry, own: ReadonlySet<Address>): Wanted[] {
  const { dst, src, protocol } = entry.match;
  if (isForAnyOwn(entry)) {
    const ipv4 = isForIpv4(entry.match);
    const its = [...own].filter((address) => isIpv4(address) === ipv4);
    return its.flatMap((address) => wantedTo(address, entry));
  }
  if (dst !== undefined) return wantedTo(dst.address, entry);
  return [{ set: 'from_protocol', address: src!.address, number: protocol! }];
}

function wantedTo(address: Address, { match }: ForwardingEntry): Wanted[] {
  // A link-local address stands on one link only, and what comes for it cannot come by another.
  const whole = !isLinkLocal(address) && !isMulticast(address);
  if (match.home !== undefined && whole) return [{ set: 'to_options', address }];
  if (match.routing2 !== undefined && whole) return [{ set: 'to_routing', address }];
  const { protocol, dport } = match;
  if (protocol === undefined) return [{ set: 'to_any', address }];
  if (protocol === PROTOCOL.udp && dport !== undefined) {
    return [
      { set: 'to_port', address, number: dport },
      { set: 'to_udp_parts', address },
    ];
  }
  return [{ set: 'to_protocol', address, number: protocol }];
}

/** Right behind the IPv6 header, from the link itself. Source: RFC 4861 section 11.2. */
function isNeighborDiscovery(octets: Uint8Array): boolean {
  const type = octets[40] ?? 0;
  const isOne = type >= ICMPV6.routerSolicitation && type <= ICMPV6.redirect;
  return octets[6] === PROTOCOL.icmpv6 && octets[7] === 255 && isOne;
}

/** The same of an IPv4 header, which has nothing behind it but the upper layer. */
function ipv4Kinds(octets: Uint8Array): HeaderKinds {
  const walk = walkIpv4(octets);
  const none = { options: false, routing: false, port: undefined };
  if (walk === undefined) return { ...none, protocol: undefined, fragment: false };
  const { protocol, upperAt: at, isPart: fragment, firstFragment } = walk;
  const isUdp = protocol === PROTOCOL.udp && firstFragment && at + 8 <= octets.length;
  const port = isUdp ? (octets[at + 2]! << 8) | octets[at + 3]! : undefined;
  return { ...none, protocol, fragment, port };
}

const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 44, 51, 60]);
const AUTHENTICATION = 51;

/**
 * The headers as `ipv6_find_hdr` of Linux finds them: by their lengths alone. What stands behind the
 * Fragment header of a later fragment is not looked at, but its number is known.
 */
export function headerKinds(octets: Uint8Array): HeaderKinds {
  if (isIpv4Packet(octets)) return ipv4Kinds(octets);
  let protocol = octets[6]!;
  let at = 40;
  let options = false;
  let routing = false;
  let fragment = false;
  while (EXTENSIONS.has(protocol)) {
    const none = { protocol: undefined, options, routing, fragment, port: undefined };
    if (at + 8 > octets.length) return none;
    if (protocol === PROTOCOL.destinationOptions) options = true;
    if (protocol === PROTOCOL.routing) routing = true;
    if (protocol === PROTOCOL.fragment) fragment = true;
    const next = octets[at]!;
    if (protocol === PROTOCOL.fragment && (octets[at + 2]! !== 0 || octets[at + 3]! > 7)) {
      const known = EXTENSIONS.has(next) ? undefined : next;
      return { protocol: known, options, routing, fragment, port: undefined };
    }
    if (protocol === PROTOCOL.fragment) at += 8;
    else if (protocol === AUTHENTICATION) at += 4 * (octets[at + 1]! + 2);
    else at += 8 * (octets[at + 1]! + 1);
    protocol = next;
  }
  const isUdp = protocol === PROTOCOL.udp && at + 8 <= octets.length;
  const port = isUdp ? (octets[at + 2]! << 8) | octets[at + 3]! : undefined;
  return { protocol, options, routing, fragment, port };
}
