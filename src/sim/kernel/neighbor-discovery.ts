import { linkAddressOctets } from '../../core/neighbor-discovery/link-layer.ts';
import type { LinkAddress } from '../../core/role.ts';
import {
  type Address,
  ALL_NODES,
  isLinkLocal,
  isMulticast,
  solicitedNode,
  UNSPECIFIED,
} from '../../wire/address.ts';
import { destinationOf, isIpv4Packet, sourceOf } from '../../wire/ip-fields.ts';
import { ICMPV6, PROTOCOL } from '../../wire/numbers.ts';
import {
  type LayerOf,
  type NdOption,
  type NdOptionInput,
  parsePacket,
  serialisePacket,
} from '../../wire/packet.ts';
import type { Interface } from './interface.ts';
import { hopLimitOf, IPV6_HEADER, nextHeaderOf } from './ip-fields.ts';
import type { Arrival } from './ip-input.ts';
import type { Kernel } from './kernel.ts';
import { groupLinkAddress, linkAddressOf, linkLocalAddress } from './link-address.ts';
import { NeighborCache } from './neighbor-cache.ts';

/** Only a neighbor can send a packet that has it. Source: RFC 4861 section 3.1. */
const HOP_LIMIT = 255;
/** A Redirect is no longer than this. Source: RFC 4861 section 4.5. */
const MAX_REDIRECT = 1280;
/** Octets of a Redirect before what it quotes: IPv6 header, fixed part, two options' beginnings. */
const REDIRECT_HEADERS = IPV6_HEADER + 40 + 8 + 8;

type Solicitation = LayerOf<'neighbor-solicitation'>;
type Advertisement = LayerOf<'neighbor-advertisement'>;
type RedirectMessage = LayerOf<'redirect'>;

/**
 * Neighbor Discovery of hosts and routers, without what roles do: Router Advertisements, prefixes,
 * Duplicate Address Detection, proxying. The control side gets a copy of every message.
 *
 * Supported standards: RFC 4861 sections 7 and 8 (an anycast address is answered for at once, not
 * after a random delay), RFC 4429 section 3.3.
 */
export class NeighborDiscovery {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** The neighbor cache of an interface. */
  cacheFor(out: Interface): NeighborCache {
    const kernel = this.#kernel;
    return new NeighborCache(kernel.simulation, `${kernel.name}/${out.name}`, {
      solicit: (target, prompting, to) => this.#solicit(out, target, prompting, to),
      transmit: (octets, to) => {
        if (!out.send(octets, to)) kernel.count('kernel.link_down');
      },
      unreachable: (target, packets) => this.#unreachable(out, target, packets),
      refused: () => kernel.count('kernel.neighbor_refused'),
    });
  }

  /** Takes a packet from a link; false where it is none of Neighbor Discovery's. */
  receive(octets: Uint8Array, arrival: Arrival): boolean {
    if (isIpv4Packet(octets) || nextHeaderOf(octets) !== PROTOCOL.icmpv6) return false;
    const type = octets[IPV6_HEADER] ?? 0;
    if (type < ICMPV6.routerSolicitation || type > ICMPV6.redirect) return false;
    // What has passed a router and is for somebody else is forwarded like any other packet.
    const passed = hopLimitOf(octets) !== HOP_LIMIT;
    if (passed && !this.#kernel.takes(destinationOf(octets), arrival.interface)) return false;
    const parsed = parsePacket(octets);
    const message = parsed.ok ? parsed.value[1] : undefined;
    if (
      message === undefined ||
      (passed && !this.#kernel.without.has('nd-hop-limit')) ||
      octets[IPV6_HEADER + 1] !== 0
    ) {
      this.#kernel.count('kernel.nd_refused');
      return true;
    }
    const source = sourceOf(octets);
    const by = arrival.interface;
    if (message.layer === 'neighbor-solicitation') this.#solicited(message, source, octets, by);
    else if (message.layer === 'neighbor-advertisement') this.#advertised(message, octets, by);
    else if (message.layer === 'redirect') this.#redirected(message, source, arrival);
    else if (message.layer === 'router-solicitation') {
      this.#hear(by, source, message.options, undefined);
    } else if (message.layer === 'router-advertisement' && isLinkLocal(source)) {
      this.#hear(by, source, message.options, true);
    }
    this.#kernel.icmp.copy(octets, arrival);
    return true;
  }

  /** Tells the sender of a packet of a better first hop. Source: RFC 4861 section 8.2. */
  redirect(about: Uint8Array, out: Interface, nextHop: Address): void {
    const kernel = this.#kernel;
    const to = sourceOf(about);
    // A tunnel of our own that goes out where its packet came in. IPv4 is told nothing: its routes are others'.
    if (kernel.isOwn(to) || isIpv4Packet(about)) return;
    const destinationAddress = destinationOf(about);
    const back = kernel.route(to, undefined);
    if (back?.link !== out.name || back.via !== undefined || out.linkLocal === undefined) return;
    const link = kernel.neighbors(out.name).linkAddressOf(nextHop);
    let targetAddress = nextHop;
    if (nextHop !== destinationAddress && !isLinkLocal(nextHop)) {
      // The next router must be named by its link-local address; all here are made from the MAC.
      if (link === undefined) return;
      targetAddress = linkLocalAddress(link);
    }
    if (!kernel.icmp.mayTell()) return;
    const room = MAX_REDIRECT - REDIRECT_HEADERS;
    const options: NdOptionInput[] = link === undefined ? [] : [targetLink(link)];
    const invoking = about.slice(0, Math.min(room, about.length) & ~7);
    options.push({ option: 'redirected-header', invoking });
    kernel.count('kernel.redirect_sent');
    kernel.output.send(
      serialisePacket([
        { layer: 'ipv6', source: out.linkLocal, destination: to, hopLimit: HOP_LIMIT },
        { layer: 'redirect', targetAddress, destinationAddress, options },
      ]),
    );
  }

  /** Asks who has an address. Source: RFC 4861 section 7.2.2. */
  #solicit(
    out: Interface,
    target: Address,
    prompting: Uint8Array | undefined,
    to: LinkAddress | undefined,
  ): void {
    const ipv6 = prompting !== undefined && !isIpv4Packet(prompting);
    const entry = ipv6 ? out.addresses.get(sourceOf(prompting)) : undefined;
    // RFC 4429 section 3.2: rather ask from an address that is beyond doubt.
    const source = entry !== undefined && !entry.optimistic ? entry.address : out.linkLocal;
    if (source === undefined) return;
    const optimistic = out.addresses.get(source)?.optimistic ?? false;
    const options: NdOptionInput[] = optimistic
      ? []
      : [
          {
            option: 'source-link-layer-address',
            linkLayerAddress: linkAddressOctets(out.linkAddress),
          },
        ];
    const destination = to === undefined ? solicitedNode(target) : target;
    this.#kernel.output.sendOnLink(
      serialisePacket([
        { layer: 'ipv6', source, destination, hopLimit: HOP_LIMIT },
        { layer: 'neighbor-solicitation', targetAddress: target, options },
      ]),
      out,
      to ?? groupLinkAddress(destination),
    );
  }

  /** Answers for the addresses of the interface. Source: RFC 4861 sections 7.2.3 and 7.2.4. */
  #solicited(message: Solicitation, source: Address, octets: Uint8Array, by: Interface): void {
    const { targetAddress, options } = message;
    const unknown = source === UNSPECIFIED;
    const bySolicitedNode = destinationOf(octets) === solicitedNode(targetAddress);
    const from = sourceLink(options);
    if (isMulticast(targetAddress) || (unknown && (!bySolicitedNode || from !== undefined))) {
      this.#kernel.count('kernel.nd_refused');
      return;
    }
    const entry = by.addresses.get(targetAddress);
    if (entry === undefined) return;
    if (!unknown && from !== undefined) {
      this.#kernel.neighbors(by.name).heard(source, from, undefined);
    }
    this.#kernel.output.sendOnLink(
      serialisePacket([
        {
          layer: 'ipv6',
          source: entry.anycast ? by.linkLocal! : targetAddress,
          destination: unknown ? ALL_NODES : source,
          hopLimit: HOP_LIMIT,
        },
        {
          layer: 'neighbor-advertisement',
          router: this.#kernel.forwarding,
          solicited: !unknown,
          override: !entry.optimistic && !entry.anycast,
          targetAddress,
          options: [targetLink(by.linkAddress)],
        },
      ]),
      by,
    );
  }

  #advertised(message: Advertisement, octets: Uint8Array, by: Interface): void {
    const { targetAddress, solicited, override, router, options } = message;
    if (isMulticast(targetAddress) || (solicited && isMulticast(destinationOf(octets)))) {
      this.#kernel.count('kernel.nd_refused');
      return;
    }
    const found = options.find((one) => one.option === 'target-link-layer-address');
    const linkAddress = found && linkAddressOf(found.linkLayerAddress);
    this.#kernel
      .neighbors(by.name)
      .advertised(targetAddress, { linkAddress, solicited, override, router });
  }

  #hear(
    by: Interface,
    source: Address,
    options: readonly NdOption[],
    router: boolean | undefined,
  ): void {
    const from = sourceLink(options);
    if (from === undefined || source === UNSPECIFIED) return;
    this.#kernel.neighbors(by.name).heard(source, from, router);
  }

  /** Obeys a Redirect of the router in use; routers obey none. RFC 4861 sections 8.1 and 8.3. */
  #redirected(message: RedirectMessage, source: Address, { interface: by, from }: Arrival): void {
    const kernel = this.#kernel;
    const { targetAddress, destinationAddress, options } = message;
    const neighbors = kernel.neighbors(by.name);
    const route = kernel.route(destinationAddress, undefined);
    const via = route?.link === by.name ? route.via : undefined;
    // A router that is configured by another of its addresses is known by its link address.
    const inUse = via !== undefined && (via === source || neighbors.linkAddressOf(via) === from);
    const toRouter = isLinkLocal(targetAddress);
    const valid = isLinkLocal(source) && !isMulticast(destinationAddress);
    if (kernel.forwarding || !valid || !inUse) {
      kernel.count('kernel.nd_refused');
      return;
    }
    if (!toRouter && targetAddress !== destinationAddress) {
      kernel.count('kernel.nd_refused');
      return;
    }
    const found = options.find((one) => one.option === 'target-link-layer-address');
    if (found !== undefined) {
      const linkAddress = linkAddressOf(found.linkLayerAddress);
      neighbors.heard(targetAddress, linkAddress, toRouter ? true : undefined);
    }
    kernel.count('kernel.redirect_obeyed');
    kernel.routes.redirect(by.name, destinationAddress, targetAddress);
  }

  #unreachable(out: Interface, target: Address, packets: readonly Uint8Array[]): void {
    const kernel = this.#kernel;
    kernel.routes.forgetRedirects(out.name, target);
    for (const octets of packets) {
      kernel.count('kernel.neighbor_failed');
      if (kernel.isOwn(sourceOf(octets))) {
        kernel.icmp.failed(octets, { kind: 'unreachable', code: 3 });
        // What a host sent from an address that it has lost meanwhile is nobody's any more.
      } else if (kernel.forwarding) kernel.icmp.unreachable(octets, 3);
    }
  }
}

const targetLink = (link: LinkAddress): NdOptionInput => ({
  option: 'target-link-layer-address',
  linkLayerAddress: linkAddressOctets(link),
});

function sourceLink(options: readonly NdOption[]): LinkAddress | undefined {
  const found = options.find((one) => one.option === 'source-link-layer-address');
  return found && linkAddressOf(found.linkLayerAddress);
}
