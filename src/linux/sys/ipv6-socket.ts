/**
 * The groups and anycast addresses that the host is a member of.
 *
 * Source: ipv6(7), RFC 3542 section 6; <linux/in6.h>.
 */
import { type Address, addressOctets } from '../../wire/address.ts';
import { close, O_CLOEXEC, setsockopt, socket } from './libc.ts';
import { check, lastError } from './sys-error.ts';

const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOL_IPV6 = 41;
const IPV6_JOIN_GROUP = 20;
const IPV6_LEAVE_GROUP = 21;
const IPV6_JOIN_ANYCAST = 27;
const IPV6_LEAVE_ANYCAST = 28;

/** Multicast groups and anycast addresses of this host; they are left when it is closed. */
export class GroupMemberships {
  readonly #fd: number;
  #open = true;

  /** Opens it in the namespace of this thread. Throws SysError. */
  constructor() {
    this.#fd = check(socket(AF_INET6, SOCK_DGRAM | O_CLOEXEC, 0), 'socket AF_INET6 SOCK_DGRAM');
  }

  /** Joins a group on a link; gives the error's name where the kernel refuses, as where it is joined. */
  join = (ifindex: number, group: Address): string | undefined =>
    this.#change(IPV6_JOIN_GROUP, ifindex, group);
  leave = (ifindex: number, group: Address): string | undefined =>
    this.#change(IPV6_LEAVE_GROUP, ifindex, group);
  joinAnycast = (ifindex: number, address: Address): string | undefined =>
    this.#change(IPV6_JOIN_ANYCAST, ifindex, address);
  leaveAnycast = (ifindex: number, address: Address): string | undefined =>
    this.#change(IPV6_LEAVE_ANYCAST, ifindex, address);

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    close(this.#fd);
  }

  #change(name: number, ifindex: number, address: Address): string | undefined {
    // struct ipv6_mreq
    const request = Buffer.alloc(20);
    request.set(addressOctets(address));
    request.writeInt32LE(ifindex, 16);
    return setsockopt(this.#fd, SOL_IPV6, name, request, 20) < 0 ? lastError() : undefined;
  }
}
