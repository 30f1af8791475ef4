/**
 * What an operating system's IPv6 and IPv4 do, for one node of the simulation.
 *
 * A packet's way: link -> `receive` (Neighbor Discovery is taken out) -> forwarding table, hook
 * `arriving` -> this node (`IpInput`: extension headers, then ICMP, UDP, TCP) or on to another
 * (`IpOutput`: hop limit, hook `leaving`, route, MTU, Redirect, neighbor). What sockets send joins
 * at the hook `leaving`, and so does what the control side transmits without naming a link. IPv4 goes the same
 * way: addresses are whole ones, and next hops IPv6 addresses, so that neighbors are of one kind.
 *
 * Supported standards: RFC 8200, RFC 4861 (hosts and routers; advertising routers are a role),
 * RFC 4443, RFC 6724 (reduced), RFC 8201, RFC 8899 (paths of tunnels), RFC 4429 (an optimistic address in use), RFC 768,
 * RFC 9293, RFC 5722; RFC 791, RFC 792, RFC 1191, RFC 1812 (forwarding and errors), RFC 5927, RFC 8950. Not there: MLD,
 * Duplicate Address Detection (a role's), ARP, prefixes and broadcast of IPv4, Redirects of ICMP.
 */

import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import { PathMtus } from '../../core/forwarding/path-mtus.ts';
import type { PathProbes } from '../../core/forwarding/path-probes.ts';
import { ForwardingTable } from '../../core/forwarding/table.ts';
import type { Mechanism } from '../../core/mechanisms.ts';
import type { Input, LinkAddress, Random } from '../../core/role.ts';
import type { TableSizes } from '../../core/tables.ts';
import { type Address, ALL_ROUTERS, isIpv4, isMulticast } from '../../wire/address.ts';
import type { Link } from '../link.ts';
import type { Simulation } from '../simulation.ts';
import type { KernelCounter } from './counters.ts';
import { Icmp } from './icmp.ts';
import type { IngressFilter } from './ingress-filter.ts';
import { INTERNAL, Interface, type InterfaceAddress } from './interface.ts';
import { IpInput } from './ip-input.ts';
import { IpOutput } from './ip-output.ts';
import { Nat, type NatOptions } from './nat.ts';
import type { NeighborCache } from './neighbor-cache.ts';
import { NeighborDiscovery } from './neighbor-discovery.ts';
import { pathProbes } from './path-probing.ts';
import { type Route, RouteTable } from './routes.ts';
import { Tcp } from './tcp/tcp.ts';
import { Udp } from './udp.ts';

export interface KernelOptions {
  readonly simulation: Simulation;
  readonly name: string;
  /** Dice that outlive the kernel, so that one after a crash takes other ports and numbers. */
  readonly random: Random;
  /** Forwards packets of others: a router. */
  readonly forwarding: boolean;
  readonly without: ReadonlySet<Mechanism>;
  /** Tells the control side; absent where the node has none. */
  readonly control: ((input: Input) => void) | undefined;
  /** Translates what it forwards to some of its links. */
  readonly nat?: NatOptions | undefined;
  /** Lets through what customers send from its addresses alone. */
  readonly ingress?: IngressFilter | undefined;
}

/** What a node keeps of an interface while its kernel comes and goes. */
export interface Port {
  readonly name: string;
  readonly linkAddress: LinkAddress | undefined;
  readonly link: Link | undefined;
  readonly up: boolean;
}

/** An IPv6 stack. All state is in it: a crashed node throws it away and makes a new one. */
export class Kernel {
  readonly simulation: Simulation;
  readonly name: string;
  readonly random: Random;
  readonly forwarding: boolean;
  readonly without: ReadonlySet<Mechanism>;
  readonly control: ((input: Input) => void) | undefined;
  readonly interfaces = new Map<string, Interface>();
  readonly routes = new RouteTable();
  readonly table: ForwardingTable;
  readonly pathMtus = new PathMtus();
  readonly probes: PathProbes;
  readonly counters = new Map<KernelCounter, number>();
  readonly input: IpInput;
  readonly output: IpOutput;
  readonly discovery: NeighborDiscovery;
  readonly icmp: Icmp;
  readonly udp: Udp;
  readonly tcp: Tcp;
  readonly nat: Nat | undefined;
  readonly ingress: IngressFilter | undefined;
  readonly #neighbors = new Map<string, NeighborCache>();
  /** How many interfaces have an address. */
  readonly #own = new Map<Address, number>();

  constructor(options: KernelOptions) {
    this.simulation = options.simulation;
    this.name = options.name;
    this.random = options.random;
    this.forwarding = options.forwarding;
    this.without = options.without;
    this.control = options.control;
    const exempt = !options.without.has('mobility-header-exemption');
    const endless = options.without.has('encapsulation-limit');
    this.table = new ForwardingTable({
      mobilityExemption: exempt,
      isOurs: (destination) => isMulticast(destination) || this.isOwn(destination),
      ...(endless && { encapsulationLimit: Number.POSITIVE_INFINITY }),
    });
    this.input = new IpInput(this);
    this.output = new IpOutput(this);
    this.discovery = new NeighborDiscovery(this);
    this.icmp = new Icmp(this);
    this.probes = pathProbes(this);
    this.udp = new Udp(this);
    this.tcp = new Tcp(this);
    this.nat = options.nat && new Nat(options.nat);
    this.ingress = options.ingress;
    this.addInterface({ name: INTERNAL, linkAddress: undefined, link: undefined, up: true });
  }

  count(counter: KernelCounter, by = 1): void {
    this.counters.set(counter, (this.counters.get(counter) ?? 0) + by);
  }

  sizes(): TableSizes {
    let neighbors = 0;
    for (const cache of this.#neighbors.values()) neighbors += cache.size;
    return {
      forwarding: this.table.size,
      neighbors,
      'path-mtus': this.pathMtus.size,
      'probed-paths': this.probes.size,
      reassembly: this.input.waiting,
    };
  }

  addInterface(port: Port): Interface {
    const receive = this.input.receive.bind(this.input);
    const made = new Interface(this.name, port.name, receive, port.linkAddress);
    this.interfaces.set(port.name, made);
    this.#neighbors.set(port.name, this.discovery.cacheFor(made));
    made.setUp(port.up);
    if (this.forwarding) made.join(ALL_ROUTERS);
    if (made.linkLocal !== undefined) {
      this.addAddress(port.name, {
        address: made.linkLocal,
        prefixLength: 64,
        optimistic: false,
        preferred: false,
      });
    }
    if (port.link !== undefined) this.connect(port.name, port.link);
    return made;
  }

  /** Who is on an interface's link. */
  neighbors(name: string): NeighborCache {
    return this.#neighbors.get(name)!;
  }

  /** Connects an interface to a link, or with undefined to none. */
  connect(name: string, link: Link | undefined): void {
    const changed = this.interfaces.get(name)!;
    const { usable } = changed;
    if (link === undefined) changed.disconnect();
    else changed.connect(link);
    // Whoever was on the old link is not on the new one.
    this.#leftLink(name);
    if (usable && changed.usable) this.#tellLink(changed, false);
    if (usable || changed.usable) this.#tellLink(changed, changed.usable);
  }

  /** Switches an interface on or off. */
  setUp(name: string, up: boolean): void {
    const changed = this.interfaces.get(name)!;
    const { usable } = changed;
    changed.setUp(up);
    if (usable === changed.usable) return;
    if (!up) this.#leftLink(name);
    this.#tellLink(changed, up);
  }

  #leftLink(name: string): void {
    this.neighbors(name).flush();
    this.routes.forgetRedirects(name);
  }

  #tellLink(changed: Interface, up: boolean): void {
    const { name: link, linkAddress, mtu } = changed;
    this.control?.({ kind: 'link', link, up, linkAddress, mtu });
  }

  /** Tells the control side of every interface and address, as it must know them after its start. */
  tellAll(): void {
    for (const one of this.interfaces.values()) {
      if (one.name !== INTERNAL) this.#tellLink(one, one.usable);
    }
    for (const one of this.interfaces.values()) {
      for (const entry of one.addresses.values()) this.#tellAddress(one.name, entry, true);
    }
  }

  #tellAddress(link: string, entry: InterfaceAddress, present: boolean): void {
    const { address, anycast } = entry;
    // Control sides give addresses of IPv4, and choose none of them.
    if (!anycast && !isIpv4(address)) this.control?.({ kind: 'address', link, address, present });
  }

  /**
   * Gives an interface an address. With a prefix shorter than 128 the prefix is on the link from
   * then on, as on Linux.
   */
  addAddress(link: string, entry: InterfaceAddress): void {
    const changed = this.interfaces.get(link);
    const known = changed?.addresses.has(entry.address) ?? false;
    if (changed === undefined || !changed.add(entry)) {
      this.count('kernel.address_refused');
      return;
    }
    if (known) return;
    this.#own.set(entry.address, (this.#own.get(entry.address) ?? 0) + 1);
    if (isRouted(link, entry)) this.routes.add(addressRoute(link, entry));
    this.#tellAddress(link, entry, true);
  }

  removeAddress(link: string, address: Address): void {
    const changed = this.interfaces.get(link);
    const entry = changed?.addresses.get(address);
    if (changed === undefined || entry === undefined) return;
    changed.remove(address);
    const others = this.#own.get(address)! - 1;
    if (others > 0) this.#own.set(address, others);
    else this.#own.delete(address);
    const stays = [...changed.addresses.values()].some((one) => samePrefix(one, entry));
    if (isRouted(link, entry) && !stays) this.routes.remove(addressRoute(link, entry));
    this.#tellAddress(link, entry, false);
  }

  addEntry(entry: ForwardingEntry): void {
    if (this.table.add(entry) === 'full') this.count('kernel.entry_refused');
    else this.probes.follow(entry);
  }

  removeEntry(id: string): void {
    this.table.remove(id);
    this.probes.unfollow(id);
  }

  /** Takes out the entries whose time is over. */
  expireEntries(): void {
    for (const { id } of this.table.expire(this.simulation.now)) this.probes.unfollow(id);
  }

  /** May this node send from the address? */
  sendsFrom(address: Address): boolean {
    const entries = [...this.interfaces.values()].map((one) => one.addresses.get(address));
    return entries.some((entry) => entry !== undefined && !entry.anycast);
  }

  /** Is it an address of this node, on whatever interface? */
  isOwn(address: Address): boolean {
    return this.#own.has(address);
  }

  /**
   * The MTU of the links that may carry packets of a home address, the largest of them; undefined
   * where it is an address like others.
   */
  mtuOfIdentity(address: Address): number | undefined {
    const interfaces = [...this.interfaces.values()];
    if (!interfaces.some((one) => one.addresses.get(address)?.preferred)) return undefined;
    return Math.max(...interfaces.map((one) => one.mtu));
  }

  addRoute(route: Route): void {
    const known = this.interfaces.has(route.link);
    if (!known || !this.routes.add(route)) this.count('kernel.route_refused');
  }

  /** The route of a packet over a link that works. */
  route(destination: Address, source: Address | undefined): Route | undefined {
    return this.routes.lookup(destination, source, this.#usable);
  }

  readonly #usable = (link: string): boolean => this.interfaces.get(link)?.usable ?? false;

  /** Does this node take packets to a destination that come in by an interface? */
  takes(destination: Address, by: Interface): boolean {
    return isMulticast(destination) ? by.hears(destination) : this.isOwn(destination);
  }

  /** Ends it: nothing of it happens any more. */
  halt(): void {
    this.probes.halt();
    for (const one of this.interfaces.values()) {
      one.disconnect();
      this.neighbors(one.name).flush();
    }
    this.tcp.halt();
    this.udp.halt();
  }
}

/** An identity on the internal interface puts no prefix anywhere. */
const isRouted = (link: string, entry: InterfaceAddress): boolean =>
  link !== INTERNAL && entry.prefixLength < 8 * entry.address.length;

const addressRoute = (link: string, entry: InterfaceAddress): Route => ({
  prefix: prefixOf(entry),
  prefixLength: entry.prefixLength,
  link,
  origin: 'address',
});

const samePrefix = (a: InterfaceAddress, b: InterfaceAddress): boolean =>
  a.prefixLength === b.prefixLength && prefixOf(a) === prefixOf(b);

/** An address with the bits behind its prefix cleared. */
function prefixOf({ address, prefixLength }: InterfaceAddress): Address {
  const whole = prefixLength >> 3;
  const odd = prefixLength & 7;
  const masked =
    odd === 0 ? '' : String.fromCharCode(address.charCodeAt(whole) & (0xff00 >> odd) & 0xff);
  return (address.slice(0, whole) + masked).padEnd(address.length, '\0') as Address;
}
