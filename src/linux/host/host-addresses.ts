/**
 * The addresses of this host: those that roles give it, and those that it has otherwise. Roles are
 * told of both alike, as soon as they can be sent from; of IPv4 addresses they are told nothing, since
 * nobody has to wait for those, and no node is to be reached by one.
 */
import type { Input } from '../../core/role.ts';
import { type Address, isIpv4, isLinkLocal } from '../../wire/address.ts';
import type { LinuxCounter } from '../counters.ts';
import type { AddressStatus } from '../node-status.ts';
import { IFA_F, type InterfaceAddress } from '../sys/netlink/addresses.ts';
import type { Rtnetlink } from '../sys/netlink/rtnetlink.ts';
import { SysError } from '../sys/sys-error.ts';
import type { AddressOutput } from './host.ts';

/** Marks routes, rules and addresses as careof's (RTPROT, FRA_PROTOCOL, IFA_PROTO). */
export const CAREOF_PROTOCOL = 175;

export interface AddressSurroundings {
  readonly netlink: Pick<Rtnetlink, 'replaceAddress' | 'removeAddress'>;
  /** ifindex of a link, the anchor included; undefined: it is not there. */
  indexOf(link: string): number | undefined;
  linkOf(ifindex: number): string | undefined;
  /** Anycast addresses are joined, not set. Says whether the kernel took it. */
  anycast(action: 'add' | 'remove', ifindex: number, address: Address): boolean;
  /** The set of addresses, or what one of them is for, is another one now. */
  changed(): void;
  tell(input: Input): void;
  count(counter: LinuxCounter): void;
}

const keyOf = (ifindex: number, address: Address): string => `${ifindex} ${address}`;

export class HostAddresses {
  readonly #around: AddressSurroundings;
  /** What the kernel has, and may be sent from. */
  readonly #present = new Map<string, InterfaceAddress>();
  /** What roles want, by link and address. */
  readonly #wanted = new Map<string, AddressOutput>();
  /** On how many links an address stands. */
  readonly #own = new Map<Address, number>();
  #telling = false;

  constructor(around: AddressSurroundings) {
    this.#around = around;
  }

  isOwn(address: Address): boolean {
    return this.#own.has(address);
  }

  /** All addresses that packets from elsewhere may be for; those of one link only are left out. */
  global(): Set<Address> {
    return new Set([...this.#own.keys()].filter((address) => !isLinkLocal(address)));
  }

  /** Those that packets are sent from on this link. */
  on(ifindex: number): InterfaceAddress[] {
    return [...this.#present.values()].filter((one) => one.ifindex === ifindex);
  }

  /** The identity that new connections are to have, where it is not on a link of its own. */
  preferred(anchor: number): Address | undefined {
    for (const { link, address, preferred, deprecated } of this.#wanted.values()) {
      if (preferred !== true || deprecated === true) continue;
      if (this.#around.indexOf(link) === anchor) return address;
    }
    return undefined;
  }

  tellAll(): void {
    this.#telling = true;
    for (const one of this.#present.values()) this.#tell(one, true);
  }

  /** Does what a role says. */
  perform(output: AddressOutput): void {
    const { action, link, address } = output;
    const key = `${link} ${address}`;
    if (action === 'add') this.#wanted.set(key, output);
    else this.#wanted.delete(key);
    const ifindex = this.#around.indexOf(link);
    if (ifindex === undefined) {
      if (action === 'add') this.#around.count('host.address_refused');
      return;
    }
    if (action === 'add') this.#set(output, ifindex);
    else this.#unset(output, ifindex);
    this.#around.changed();
  }

  /** The kernel may have forgotten what roles want on a link: it does when a link is switched off. */
  restore(link: string): void {
    const ifindex = this.#around.indexOf(link);
    if (ifindex === undefined) return;
    for (const output of this.#wanted.values()) {
      if (output.link === link && !this.#present.has(keyOf(ifindex, output.address))) {
        this.#set(output, ifindex);
      }
    }
    this.#around.changed();
  }

  /** Takes what the kernel says of an address. */
  follow(said: InterfaceAddress, present: boolean): void {
    if (this.#around.linkOf(said.ifindex) === undefined) return;
    const key = keyOf(said.ifindex, said.address);
    if (present && isUsable(said)) {
      const known = this.#present.has(key);
      this.#present.set(key, said);
      if (known) return;
      this.#own.set(said.address, (this.#own.get(said.address) ?? 0) + 1);
      this.#tell(said, true);
    } else if (this.#present.delete(key)) {
      this.#drop(said.address);
      this.#tell(said, false);
    } else return;
    this.#around.changed();
  }

  /** A link is gone, and all that stood on it. */
  gone(ifindex: number): void {
    for (const one of this.on(ifindex)) this.follow(one, false);
  }

  /** Does a role want an address that an earlier life has left? */
  wants({ ifindex, address }: InterfaceAddress): boolean {
    const link = this.#around.linkOf(ifindex);
    return link !== undefined && this.#wanted.has(`${link} ${address}`);
  }

  status(): AddressStatus[] {
    const there = [...this.#present.values()].map((one): AddressStatus => {
      const link = this.#around.linkOf(one.ifindex) ?? String(one.ifindex);
      const { address, prefixLength } = one;
      const wanted = this.#wanted.get(`${link} ${address}`);
      const { optimistic, preferred, deprecated } = wanted ?? {};
      return {
        link,
        address,
        prefixLength,
        byRole: wanted !== undefined,
        ...(optimistic && { optimistic }),
        ...(preferred && { preferred }),
        ...(deprecated && { deprecated }),
      };
    });
    const anycast = [...this.#wanted.values()].filter((one) => one.anycast === true);
    return [
      ...there,
      ...anycast.map(({ link, address, prefixLength }): AddressStatus => {
        return { link, address, prefixLength, byRole: true, anycast: true };
      }),
    ];
  }

  #set(output: AddressOutput, ifindex: number): void {
    const { address, prefixLength, optimistic, deprecated, anycast } = output;
    if (anycast === true) {
      if (!this.#around.anycast('add', ifindex, address)) {
        this.#around.count('host.address_refused');
      } else this.#own.set(address, 1);
      return;
    }
    const said: InterfaceAddress = {
      ifindex,
      address,
      prefixLength,
      // Bits of roles' own Duplicate Address Detection: the kernel does none for them.
      ...(!isIpv4(address) && {
        flags: IFA_F.NODAD | (optimistic === true ? IFA_F.OPTIMISTIC : 0),
      }),
      protocol: CAREOF_PROTOCOL,
      ...(deprecated === true && { preferredSeconds: 0 }),
    };
    try {
      this.#around.netlink.replaceAddress(said);
    } catch (error) {
      if (!(error instanceof SysError)) throw error;
      this.#around.count('host.address_refused');
      return;
    }
    // The kernel's own word comes a moment later; what the role does next relies on it already.
    this.follow(said, true);
  }

  #unset({ address, prefixLength, anycast }: AddressOutput, ifindex: number): void {
    if (anycast === true) {
      this.#around.anycast('remove', ifindex, address);
      this.#own.delete(address);
      return;
    }
    const said: InterfaceAddress = { ifindex, address, prefixLength };
    try {
      this.#around.netlink.removeAddress(said);
    } catch (error) {
      if (!(error instanceof SysError)) throw error;
    }
    this.follow(said, false);
  }

  #drop(address: Address): void {
    const others = this.#own.get(address)! - 1;
    if (others > 0) this.#own.set(address, others);
    else this.#own.delete(address);
  }

  #tell({ ifindex, address }: InterfaceAddress, present: boolean): void {
    const link = this.#around.linkOf(ifindex);
    if (!this.#telling || link === undefined || isIpv4(address)) return;
    this.#around.tell({ kind: 'address', link, address, present });
  }
}

/** May it be sent from? An optimistic one may, while its detection goes on (RFC 4429). */
function isUsable({ flags = 0 }: InterfaceAddress): boolean {
  if ((flags & IFA_F.DADFAILED) !== 0) return false;
  return (flags & IFA_F.TENTATIVE) === 0 || (flags & IFA_F.OPTIMISTIC) !== 0;
}
