/**
 * The kernel's network configuration as far as it concerns a node: links, addresses, routes, groups.
 * What roles want is set, and what changes by itself is followed.
 */
import type { Input } from '../../core/role.ts';
import { type Address, isIpv4, isLinkLocal } from '../../wire/address.ts';
import type { LinuxCounter } from '../counters.ts';
import type { GroupMemberships } from '../sys/ipv6-socket.ts';
import type { Neighbour } from '../sys/netlink/neighbours.ts';
import { type Change, type Rtnetlink, RtnetlinkMonitor } from '../sys/netlink/rtnetlink.ts';
import type { Poller } from '../sys/poller.ts';
import { Groups } from './groups.ts';
import { HostAddresses } from './host-addresses.ts';
import { type HostLink, HostLinks, OWN_DEVICES } from './host-links.ts';
import { HostRoutes } from './host-routes.ts';
import type { Inside } from './settings.ts';

export interface NetworkSurroundings {
  readonly inside: Inside;
  readonly poller: Poller;
  readonly netlink: Rtnetlink;
  readonly memberships: GroupMemberships;
  /** What the configuration calls a link -> the interface's name, where it differs. */
  readonly interfaces: ReadonlyMap<string, string>;
  /** Are these roles of a router? */
  readonly router: boolean;
  /** A link is there for the first time, or not any more. */
  came(link: HostLink): void;
  went(link: HostLink): void;
  /** Links or addresses are others now. */
  changed(): void;
  /** What the kernel has said is all done. */
  settle(): void;
  neighbour(neighbour: Neighbour): void;
  tell(input: Input): void;
  count(counter: LinuxCounter): void;
}

export class HostNetwork {
  readonly links: HostLinks;
  readonly addresses: HostAddresses;
  readonly routes: HostRoutes;
  readonly groups: Groups;
  readonly #around: NetworkSurroundings;
  #anchor: number | undefined;
  #monitor: RtnetlinkMonitor | undefined;

  constructor(around: NetworkSurroundings) {
    const { netlink, memberships, tell, count } = around;
    this.#around = around;
    const indexOf = (link: string) =>
      link === OWN_DEVICES.anchor ? this.#anchor : this.links.byName(link)?.ifindex;
    const linkOf = (ifindex: number) =>
      ifindex === this.#anchor ? OWN_DEVICES.anchor : this.links.byIndex(ifindex)?.link;
    this.links = new HostLinks(around.interfaces, {
      // Before the anchor is there, nothing is begun.
      came: (link) => this.#anchor !== undefined && around.came(link),
      cameUp: (link) => this.#cameUp(link),
      went: (link) => this.#went(link),
      tell,
    });
    this.addresses = new HostAddresses({
      netlink,
      indexOf,
      linkOf,
      anycast: (action, ifindex, address) =>
        (action === 'add'
          ? memberships.joinAnycast(ifindex, address)
          : memberships.leaveAnycast(ifindex, address)) === undefined,
      changed: () => around.changed(),
      tell,
      count,
    });
    const nameOf = (ifindex: number) => this.links.byIndex(ifindex)?.interface;
    this.routes = new HostRoutes({ netlink, indexOf, nameOf, count });
    const addressesOn = (ifindex: number) =>
      this.addresses
        .on(ifindex)
        .map(addressOf)
        .filter((address) => !isIpv4(address));
    this.groups = new Groups({ memberships, router: around.router, indexOf, addressesOn, count });
    for (const link of netlink.links()) this.links.follow(link);
  }

  /** Begins to follow what changes, with the anchor device as one link more. */
  begin(anchor: number): void {
    const { inside, poller, netlink } = this.#around;
    this.#anchor = anchor;
    for (const link of this.links.all()) this.#around.came(link);
    this.#monitor = inside(
      () =>
        new RtnetlinkMonitor(poller, ['links', 'addresses', 'neighbours'], (change) => {
          this.#follow(change);
          this.#around.settle();
        }),
    );
    for (const address of netlink.addresses()) this.addresses.follow(address, true);
  }

  tellAll(): void {
    this.links.tellAll();
    this.addresses.tellAll();
  }

  /** The IPv6 addresses of links that packets are sent from beyond them. */
  addressesOfLinks(): Set<Address> {
    const all = [...this.links.all()].flatMap(({ ifindex }) => this.addresses.on(ifindex));
    const sixes = all.map(addressOf).filter((address) => !isIpv4(address));
    return new Set(sixes.filter((address) => !isLinkLocal(address)));
  }

  close(): void {
    this.#monitor?.close();
  }

  #follow(change: Change): void {
    switch (change.kind) {
      case 'link':
        if (change.present) this.links.follow(change.link);
        else this.links.gone(change.link.ifindex);
        this.#around.changed();
        break;
      case 'address':
        this.addresses.follow(change.address, change.present);
        break;
      case 'neighbour':
        if (change.present) this.#around.neighbour(change.neighbour);
        break;
      case 'overrun':
        this.#lookAgain();
    }
  }

  /** Notifications were lost: what is there now is all that matters. */
  #lookAgain(): void {
    const { netlink } = this.#around;
    const links = netlink.links();
    const there = new Set(links.map(({ ifindex }) => ifindex));
    for (const { ifindex } of [...this.links.all()]) {
      if (!there.has(ifindex)) this.links.gone(ifindex);
    }
    for (const link of links) this.links.follow(link);
    const addresses = netlink.addresses();
    for (const { ifindex } of this.links.all()) {
      const now = new Set(addresses.filter((one) => one.ifindex === ifindex).map(addressOf));
      for (const one of this.addresses.on(ifindex)) {
        if (!now.has(one.address)) this.addresses.follow(one, false);
      }
    }
    for (const address of addresses) this.addresses.follow(address, true);
    for (const neighbour of netlink.neighbours()) this.#around.neighbour(neighbour);
    this.#around.changed();
  }

  #cameUp({ link }: HostLink): void {
    if (this.#anchor === undefined) return;
    this.addresses.restore(link);
    this.routes.restore(link);
    this.groups.restore(link);
  }

  #went(link: HostLink): void {
    this.#around.went(link);
    this.addresses.gone(link.ifindex);
  }
}

const addressOf = <A>({ address }: { readonly address: A }): A => address;
