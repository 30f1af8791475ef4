/** The links of this host: which interfaces count, what the configuration calls them, their state. */
import type { Input, LinkAddress } from '../../core/role.ts';
import type { LinkStatus } from '../node-status.ts';
import type { Link } from '../sys/netlink/links.ts';

/** Names of the devices that careof makes itself. */
export const OWN_DEVICES = { anchor: 'careof0', slow: 'careof1' } as const;
const OWN_NAMES: ReadonlySet<string> = new Set(Object.values(OWN_DEVICES));
/** ARPHRD_ETHER of <linux/if_arp.h>: links whose stations have addresses of six octets. */
const ETHERNET = 1;

/** A link as it is now. */
export type HostLink = LinkStatus;

export interface LinkEvents {
  /** It is there for the first time: settings and sockets are made for it. */
  came(link: HostLink): void;
  /** It can carry packets (again): what the kernel forgot of it is set again. */
  cameUp(link: HostLink): void;
  went(link: HostLink): void;
  tell(input: Input): void;
}

/** Follows the interfaces of the host. */
export class HostLinks {
  readonly #byIndex = new Map<number, HostLink>();
  readonly #byName = new Map<string, HostLink>();
  readonly #linkOf: ReadonlyMap<string, string>;
  readonly #events: LinkEvents;
  /** From the first `tellAll` on: before it, everything is told by it. */
  #telling = false;

  /** @param interfaces what the configuration calls a link -> the interface's name, where it differs. */
  constructor(interfaces: ReadonlyMap<string, string>, events: LinkEvents) {
    this.#linkOf = new Map([...interfaces].map(([link, name]) => [name, link]));
    this.#events = events;
  }

  all(): Iterable<HostLink> {
    return this.#byIndex.values();
  }

  byName(link: string): HostLink | undefined {
    return this.#byName.get(link);
  }

  byIndex(ifindex: number): HostLink | undefined {
    return this.#byIndex.get(ifindex);
  }

  /** The largest packet that any link takes. */
  largestMtu(): number {
    let largest = 1280;
    for (const { mtu } of this.#byIndex.values()) largest = Math.max(largest, mtu);
    return largest;
  }

  tellAll(): void {
    this.#telling = true;
    for (const link of this.#byIndex.values()) this.#tell(link);
  }

  /** Takes what the kernel says of an interface. */
  follow(said: Link): void {
    const { ifindex, name, mtu, linkAddress } = said;
    const usable = said.type === ETHERNET && !said.loopback && !OWN_NAMES.has(name);
    if (!usable || linkAddress === undefined) return;
    const before = this.#byIndex.get(ifindex);
    const link = this.#linkOf.get(name) ?? name;
    const up = said.up && said.carrier;
    if (before !== undefined && before.link !== link) this.gone(ifindex);
    const now: HostLink = { link, interface: name, ifindex, up, linkAddress, mtu };
    this.#byIndex.set(ifindex, now);
    this.#byName.set(link, now);
    const known = before?.link === link ? before : undefined;
    if (known === undefined) this.#events.came(now);
    if (up && known?.up !== true) this.#events.cameUp(now);
    if (known === undefined ? up : known.up !== up || known.linkAddress !== linkAddress) {
      this.#tell(now);
    }
  }

  /** The interface is not there any more. */
  gone(ifindex: number): void {
    const link = this.#byIndex.get(ifindex);
    if (link === undefined) return;
    this.#byIndex.delete(ifindex);
    if (this.#byName.get(link.link)?.ifindex === ifindex) this.#byName.delete(link.link);
    if (link.up) this.#tell({ ...link, up: false });
    this.#events.went(link);
  }

  #tell({ link, up, linkAddress, mtu }: HostLink): void {
    if (this.#telling) this.#events.tell({ kind: 'link', link, up, linkAddress, mtu });
  }
}

/** The Ethernet group of an IPv6 multicast address: 33:33 and its last four octets (RFC 2464 7). */
export const groupLinkAddress = (group: string): LinkAddress =>
  `\x33\x33${group.slice(-4)}` as LinkAddress;
