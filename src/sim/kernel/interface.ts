import type { LinkAddress } from '../../core/role.ts';
import { type Address, ALL_NODES, isIpv4, solicitedNode } from '../../wire/address.ts';
import type { Frame, Link, Station } from '../link.ts';
import { groupLinkAddress, linkLocalAddress, namedLinkAddress } from './link-address.ts';

/** The interface that carries no packets; an address there is only an identity. */
export const INTERNAL = 'careof0';
/** Addresses of one interface; more are refused. */
const MAX_ADDRESSES = 16_384;

/** An address that an interface has. */
export interface InterfaceAddress {
  readonly address: Address;
  readonly prefixLength: number;
  /** In use though Duplicate Address Detection is not over (RFC 4429). */
  readonly optimistic: boolean;
  /** Chosen before others as the source of new connections: a home address (RFC 6724 rule 4). */
  readonly preferred: boolean;
  /** Not chosen as the source of new connections while another will do (RFC 6724 rule 3). */
  readonly deprecated?: boolean;
  /** Others on the link have it too: received at, never sent from (RFC 4291 section 2.6). */
  readonly anycast?: boolean;
}

/** What becomes of a frame that an interface hears. */
type Receiver = (from: Interface, frame: Frame) => void;

/** A network interface: its link, link address, addresses and groups. */
export class Interface implements Station {
  readonly name: string;
  readonly node: string;
  readonly linkAddress: LinkAddress;
  /** Absent for the internal interface. */
  readonly linkLocal: Address | undefined;
  readonly #receiver: Receiver;
  readonly #addresses = new Map<Address, InterfaceAddress>();
  /** How many reasons there are to hear a group. */
  readonly #groups = new Map<Address, number>();
  /** How many of them have a link address in common: groups that differ only in front do. */
  readonly #heard = new Map<LinkAddress, number>();
  #link: Link | undefined;
  #up = true;

  constructor(node: string, name: string, receiver: Receiver, linkAddress?: LinkAddress) {
    this.node = node;
    this.name = name;
    this.#receiver = receiver;
    this.linkAddress = linkAddress ?? namedLinkAddress(node, name);
    this.linkLocal = name === INTERNAL ? undefined : linkLocalAddress(this.linkAddress);
    this.join(ALL_NODES);
  }

  /** Can it carry packets now? */
  get usable(): boolean {
    return this.#up && this.#link !== undefined;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  /** The link's MTU; the least that IPv6 allows while there is no link. */
  get mtu(): number {
    return this.#link?.mtu ?? 1280;
  }

  get addresses(): ReadonlyMap<Address, InterfaceAddress> {
    return this.#addresses;
  }

  /** Switches it on or off, as its operator does. */
  setUp(up: boolean): void {
    this.#up = up;
  }

  connect(link: Link): void {
    this.disconnect();
    link.attach(this);
    this.#link = link;
    for (const address of this.#heard.keys()) link.listen(this, address);
  }

  disconnect(): void {
    this.#link?.detach(this);
    this.#link = undefined;
  }

  /** Adds or changes an address. Says whether there was room. */
  add(entry: InterfaceAddress): boolean {
    const known = this.#addresses.has(entry.address);
    if (!known && this.#addresses.size >= MAX_ADDRESSES) return false;
    this.#addresses.set(entry.address, entry);
    // Nobody asks for IPv4 addresses on a link.
    if (!known && !isIpv4(entry.address)) this.join(solicitedNode(entry.address));
    return true;
  }

  remove(address: Address): void {
    const gone = this.#addresses.delete(address);
    if (gone && !isIpv4(address)) this.leave(solicitedNode(address));
  }

  join(group: Address): void {
    if (!more(this.#groups, group)) return;
    const address = groupLinkAddress(group);
    if (more(this.#heard, address)) this.#link?.listen(this, address);
  }

  leave(group: Address): void {
    if (!less(this.#groups, group)) return;
    const address = groupLinkAddress(group);
    if (less(this.#heard, address)) this.#link?.ignore(this, address);
  }

  hears(group: Address): boolean {
    return this.#groups.has(group);
  }

  /** Puts a packet on the link; false where there is none. */
  send(octets: Uint8Array, to: LinkAddress): boolean {
    if (!this.usable) return false;
    this.#link!.send(this, { from: this.linkAddress, to, octets });
    return true;
  }

  receive(frame: Frame): void {
    if (this.#up) this.#receiver(this, frame);
  }
}

/** Counts one more. Is it the first? */
function more<T>(counts: Map<T, number>, key: T): boolean {
  const before = counts.get(key) ?? 0;
  counts.set(key, before + 1);
  return before === 0;
}

/** Counts one less. Was it the last? */
function less<T>(counts: Map<T, number>, key: T): boolean {
  const before = counts.get(key) ?? 0;
  if (before > 1) counts.set(key, before - 1);
  else counts.delete(key);
  return before === 1;
}
