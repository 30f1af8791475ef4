import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import { execute, leavingEntry } from '../../core/forwarding/execute.ts';
import { fragment } from '../../core/forwarding/fragments.ts';
import { overheadOf } from '../../core/forwarding/overhead.ts';
import { minimumMtu } from '../../core/forwarding/path-mtus.ts';
import { roomLeft, tooBig } from '../../core/forwarding/too-big.ts';
import type { LinkAddress } from '../../core/role.ts';
import {
  type Address,
  isIpv4,
  isLinkLocal,
  isMulticast,
  isUnicastRoutable,
  UNSPECIFIED,
} from '../../wire/address.ts';
import { destinationOf, isIpv4Packet, leastHeader, sourceOf } from '../../wire/ip-fields.ts';
import { passesIngress } from './ingress-filter.ts';
import type { Interface } from './interface.ts';
import { decrementHopLimit, hopLimitOf } from './ip-fields.ts';
import type { Arrival } from './ip-input.ts';
import type { Kernel } from './kernel.ts';
import { groupLinkAddress } from './link-address.ts';
import { countDrop, divert, tell } from './outcomes.ts';
import { selectSource } from './source-selection.ts';

/** What became of a packet that a socket sent. */
export type Sent =
  | 'sent'
  /** It ended here, for a reason that has been counted. */
  | 'refused'
  | 'no-route'
  /** The path takes packets of at most this many octets. */
  | { readonly mtu: number };

/** Where a packet leaves. */
interface Way {
  readonly out: Interface;
  readonly nextHop: Address;
}

/** A packet behind the hook `leaving`. */
interface Leaving {
  readonly octets: Uint8Array;
  readonly out: ForwardingEntry['out'];
  readonly changed: boolean;
}

/** How packets leave a node. */
export class IpOutput {
  readonly #kernel: Kernel;
  #identification: number | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * Sends a packet of a socket, or an answer of the node itself.
   * @param whole never in fragments: who sends it would rather make smaller ones.
   */
  send(octets: Uint8Array, whole = false): Sent {
    const kernel = this.#kernel;
    kernel.count('kernel.sent');
    if (whole) return this.#sendWhole(octets);
    const room = Math.max(this.mtuFor(octets) ?? octets.length, minimumMtu(destinationOf(octets)));
    if (octets.length <= room) return this.#sendWhole(octets, true);
    const parts = this.#cut(octets, room);
    if (parts === undefined) return { mtu: room };
    let sent: Sent = 'sent';
    for (const part of parts) sent = this.#sendWhole(part, true);
    return sent;
  }

  #sendWhole(octets: Uint8Array, mayCut = false): Sent {
    const kernel = this.#kernel;
    const leaving = this.#hook(octets);
    if (leaving === undefined) return 'refused';
    const destination = destinationOf(leaving.octets);
    if (leaving.out === undefined && kernel.isOwn(destination)) {
      kernel.simulation.at(kernel.simulation.now, () => kernel.input.loopBack(leaving.octets));
      return 'sent';
    }
    const way = this.#way(leaving, destination);
    if (way === undefined) {
      kernel.count('kernel.no_route');
      return 'no-route';
    }
    const mtu = kernel.pathMtus.to(destination, way.out.mtu, kernel.simulation.now);
    if (leaving.octets.length > mtu) {
      if (mayCut && this.#sendCut(way, octets, leaving.octets, mtu)) return 'sent';
      kernel.count('kernel.too_big');
      return { mtu: roomLeft(octets, leaving.octets, mtu) };
    }
    if (!this.#sentCarefully(way, leaving, mtu)) this.#toNextHop(way, leaving.octets);
    return 'sent';
  }

  /** While it is not known yet what a path carries, larger packets of tunnels go in fragments. */
  #sentCarefully(way: Way, { octets, changed }: Leaving, mtu: number): boolean {
    const kernel = this.#kernel;
    const whole = kernel.pathMtus.whole(destinationOf(octets), mtu);
    if (!changed || octets.length <= whole || kernel.without.has('tunnel-fragments')) return false;
    if (!kernel.isOwn(sourceOf(octets))) return false;
    return this.#sendParts(way, this.#cut(octets, whole));
  }

  /** Sends in fragments what headers of this node have made too long; false where it may not be. */
  #sendCut(way: Way, made: Uint8Array, octets: Uint8Array, mtu: number): boolean {
    const kernel = this.#kernel;
    // Routers cut what IPv4 lets them cut.
    const own = kernel.isOwn(sourceOf(octets)) && !kernel.without.has('tunnel-fragments');
    if (!own && (made !== octets || !isIpv4Packet(octets))) return false;
    const cut = tooBig(made, octets, mtu) === 'fragment';
    return this.#sendParts(way, cut ? this.#cut(octets, mtu) : undefined);
  }

  #sendParts(way: Way, parts: readonly Uint8Array[] | undefined): boolean {
    for (const part of parts ?? []) this.#toNextHop(way, part);
    return parts !== undefined;
  }

  #cut(octets: Uint8Array, mtu: number): Uint8Array[] | undefined {
    this.#identification ??= Math.floor(this.#kernel.random() * 2 ** 32);
    const parts = fragment(octets, mtu, this.#identification++);
    if (parts !== undefined) this.#kernel.count('kernel.fragmented');
    return parts;
  }

  /** Forwards a packet that came from a link or out of a tunnel. */
  forward(octets: Uint8Array, arrival: Arrival): void {
    const kernel = this.#kernel;
    const source = sourceOf(octets);
    const destination = destinationOf(octets);
    if (!mayTravel(source) || isLinkLocal(destination) || isMulticast(destination)) {
      kernel.count('kernel.scope');
      // RFC 4443 section 3.1: code 2, beyond the scope of the source address.
      // Whose link-local address it is may be away: RFC 6275 section 10.4.2.
      if (isLinkLocal(destination)) kernel.icmp.unreachable(octets, 3);
      else if (isLinkLocal(source)) kernel.icmp.unreachable(octets, 2);
      return;
    }
    const { ingress } = kernel;
    const fromLink = ingress !== undefined && arrival.tunnel === undefined;
    if (fromLink && !passesIngress(ingress, arrival.interface.name, source)) {
      kernel.count('kernel.ingress_filtered');
      kernel.icmp.unreachable(octets, 5);
      return;
    }
    if (hopLimitOf(octets) <= 1) {
      kernel.count('kernel.hop_limit');
      kernel.icmp.timeExceeded(octets);
      return;
    }
    decrementHopLimit(octets);
    const leaving = this.#hook(octets);
    if (leaving === undefined) return;
    const way = this.#way(leaving, leaving.changed ? destinationOf(leaving.octets) : destination);
    if (way === undefined) {
      kernel.count('kernel.no_route');
      kernel.icmp.unreachable(octets, 0);
      return;
    }
    this.#forwardBy(way, octets, leaving, arrival);
  }

  /**
   * Sends what the control side made. Without a link it meets the table and the routes like what
   * the node's programs send; with one it goes out there as it stands.
   */
  transmit(
    octets: Uint8Array,
    by: { readonly link?: string; readonly nextHop?: Address; readonly to?: LinkAddress } = {},
  ): void {
    const kernel = this.#kernel;
    if (octets.length < leastHeader(octets)) {
      kernel.count('kernel.malformed');
      return;
    }
    if (by.link === undefined) {
      this.send(octets);
      return;
    }
    const out = kernel.interfaces.get(by.link);
    if (out === undefined) {
      kernel.count('kernel.no_route');
      return;
    }
    if (octets.length > out.mtu) {
      kernel.count('kernel.too_big');
      return;
    }
    kernel.count('kernel.sent');
    if (by.to === undefined) {
      this.#toNextHop({ out, nextHop: by.nextHop ?? destinationOf(octets) }, octets);
    } else if (!out.send(octets, by.to)) kernel.count('kernel.link_down');
  }

  /** Sends a packet by the routes as it is, past the table and whatever is known of its path. */
  sendPast(octets: Uint8Array, out: ForwardingEntry['out']): void {
    const way = this.#wayBy(out, destinationOf(octets), sourceOf(octets));
    if (way === undefined || octets.length > way.out.mtu) return;
    this.#kernel.count('kernel.sent');
    this.#toNextHop(way, octets);
  }

  /** The MTU of the link that packets leave by; undefined where there is no way. */
  linkMtu(
    destination: Address,
    source: Address | undefined,
    out: ForwardingEntry['out'],
  ): number | undefined {
    const from = source ?? this.sourceFor(destination);
    return from && this.#wayBy(out, destination, from)?.out.mtu;
  }

  /** Sends a message of Neighbor Discovery, or another that belongs to one link. */
  sendOnLink(octets: Uint8Array, out: Interface, to?: LinkAddress): void {
    this.transmit(octets, to === undefined ? { link: out.name } : { link: out.name, to });
  }

  /** The source for packets to a destination; undefined where there is no route or no address. */
  sourceFor(destination: Address): Address | undefined {
    const kernel = this.#kernel;
    const route = kernel.route(destination, undefined);
    const out = route && kernel.interfaces.get(route.link);
    if (out !== undefined) {
      const hasWay = (source: Address) => kernel.route(destination, source) !== undefined;
      const ways = { out, source: route?.source, hasWay };
      return selectSource(kernel.interfaces, destination, ways);
    }
    return kernel.isOwn(destination) ? destination : undefined;
  }

  /**
   * The largest packet that may be sent where this one goes, headers that entries add taken off;
   * undefined where there is no route.
   */
  mtuFor(octets: Uint8Array): number | undefined {
    const kernel = this.#kernel;
    const { now } = kernel.simulation;
    const entry = kernel.table.size > 0 ? leavingEntry(kernel.table, octets, now) : undefined;
    let source = sourceOf(octets);
    let destination = destinationOf(octets);
    // Routers behind the end of a tunnel see the packet inside, and say what they carry of that.
    let behind = Number.POSITIVE_INFINITY;
    let added = 0;
    for (const action of entry?.do ?? []) {
      const inside = kernel.pathMtus.to(destination, Number.POSITIVE_INFINITY, now) - added;
      added += overheadOf(action);
      if ('push' in action) {
        behind = Math.min(behind, inside);
        source = action.src;
        destination = action.dst;
      } else if ('insert' in action && action.insert === 'routing-2') destination = action.careOf;
      else if ('insert' in action) source = action.careOf;
    }
    const way = this.#wayBy(entry?.out, destination, source);
    if (way === undefined) return undefined;
    const mtu = kernel.pathMtus.to(destination, way.out.mtu, now);
    return Math.min(behind, mtu - added);
  }

  #forwardBy(way: Way, octets: Uint8Array, leaving: Leaving, arrival: Arrival): void {
    const kernel = this.#kernel;
    const { now } = kernel.simulation;
    const most = kernel.pathMtus.to(destinationOf(leaving.octets), way.out.mtu, now);
    if (leaving.octets.length > most) {
      this.#tooBigOnTheWay(way, octets, leaving, most);
      return;
    }
    // A packet that an entry changed is the node's own from here on: it is not the source's to know
    // a better first hop for it.
    const straight =
      arrival.tunnel === undefined || kernel.without.has('no-redirect-for-tunnelled');
    if (way.out === arrival.interface && straight && !leaving.changed) {
      kernel.discovery.redirect(octets, way.out, way.nextHop);
    }
    if (this.#sentCarefully(way, leaving, most)) {
      kernel.count('kernel.forwarded');
      return;
    }
    const translated = this.#translated(leaving.octets, way.out, arrival);
    if (translated === undefined) {
      kernel.count('kernel.nat_refused');
      return;
    }
    kernel.count('kernel.forwarded');
    this.#toNextHop(way, translated);
  }

  #tooBigOnTheWay(way: Way, made: Uint8Array, { octets, changed }: Leaving, most: number): void {
    const kernel = this.#kernel;
    if (this.#sendCut(way, made, octets, most)) return;
    kernel.count('kernel.too_big');
    const told = tooBig(made, octets, most);
    const tells = !changed || !kernel.without.has('packet-too-big');
    if (told !== 'fragment' && tells) kernel.icmp.packetTooBig(made, told);
  }

  /** As it leaves by an outer link of address translation; undefined where it may not. */
  #translated(octets: Uint8Array, out: Interface, by: Arrival): Uint8Array | undefined {
    const { nat, simulation } = this.#kernel;
    const passes = nat === undefined || !nat.isOuter(out.name) || nat.isOuter(by.interface.name);
    if (passes || isIpv4Packet(octets)) return octets;
    const outside = [...out.addresses.keys()].find((one) => !isLinkLocal(one));
    return outside === undefined ? undefined : nat.outward(octets, outside, simulation.now);
  }

  /** Lets the table have the packet; undefined where it ends there. */
  #hook(octets: Uint8Array): Leaving | undefined {
    const kernel = this.#kernel;
    if (kernel.table.size === 0) return { octets, out: undefined, changed: false };
    const destination = destinationOf(octets);
    if (isMulticast(destination) || isLinkLocal(destination)) {
      return { octets, out: undefined, changed: false };
    }
    const outcome = execute(kernel.table, 'leaving', octets, kernel.simulation.now);
    if (outcome.kind === 'unmatched') return { octets, out: undefined, changed: false };
    tell(this.#kernel, outcome.notices);
    if (outcome.kind === 'continue') {
      return { octets: outcome.octets, out: outcome.out, changed: outcome.octets !== octets };
    }
    if (outcome.kind === 'divert') divert(this.#kernel, outcome, '', undefined);
    else countDrop(this.#kernel, outcome);
    return undefined;
  }

  #way(leaving: Leaving, destination: Address): Way | undefined {
    return this.#wayBy(leaving.out, destination, sourceOf(leaving.octets));
  }

  /** By what an entry says, or else by the routes. */
  #wayBy(said: ForwardingEntry['out'], destination: Address, source: Address): Way | undefined {
    if (said === undefined) return this.#routed(destination, source);
    const out = this.#kernel.interfaces.get(said.link);
    if (out === undefined || !out.usable) return undefined;
    if (said.nextHop !== undefined) return { out, nextHop: said.nextHop };
    const only = (link: string) => link === said.link;
    const route = this.#kernel.routes.lookup(destination, source, only);
    return wayTo(out, route?.via ?? destination);
  }

  #routed(destination: Address, source: Address): Way | undefined {
    const route = this.#kernel.route(destination, source);
    if (route === undefined) return undefined;
    return wayTo(this.#kernel.interfaces.get(route.link)!, route.via ?? destination);
  }

  #toNextHop({ out, nextHop }: Way, octets: Uint8Array): void {
    if (!out.usable) this.#kernel.count('kernel.link_down');
    else if (isMulticast(nextHop)) out.send(octets, groupLinkAddress(nextHop));
    else this.#kernel.neighbors(out.name).send(nextHop, octets);
  }
}

/** Neighbors are known by IPv6 addresses; nobody is asked for one of IPv4. */
const wayTo = (out: Interface, nextHop: Address): Way | undefined =>
  isIpv4(nextHop) ? undefined : { out, nextHop };

/** May a router forward packets from it? RFC 4291 sections 2.5.2, 2.5.6 and 2.7; RFC 1812 section 5.3.7. */
const mayTravel = (source: Address): boolean =>
  isIpv4(source)
    ? isUnicastRoutable(source)
    : source !== UNSPECIFIED && !isMulticast(source) && !isLinkLocal(source);
