/**
 * Raw IPv6: whole packets sent by the host's routes, and the groups that the host is a member of.
 *
 * Source: ipv6(7), raw(7), RFC 3542 section 6; <linux/in6.h>, <linux/ipv6.h>.
 */
import { type Address, addressOctets } from '../../wire/address.ts';
import { close, O_CLOEXEC, O_NONBLOCK, sendmmsg, setsockopt, socket } from './libc.ts';
import { allocate, point } from './memory.ts';
import { setMark, setOption, setSendBuffer } from './socket-options.ts';
import { check, lastError } from './sys-error.ts';

const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const IPPROTO_RAW = 255;
const SOL_IPV6 = 41;
const IPV6_JOIN_GROUP = 20;
const IPV6_LEAVE_GROUP = 21;
const IPV6_JOIN_ANYCAST = 27;
const IPV6_LEAVE_ANYCAST = 28;
const IPV6_HDRINCL = 36;
const IPV6_PKTINFO = 50;
const IPV6_TRANSPARENT = 75;
// struct sockaddr_in6
const SOCKADDR = { size: 28, family: 0, address: 8 };
// struct cmsghdr (16 octets), then struct in6_pktinfo: address, ifindex; padded to 8.
const CONTROL = { size: 40, length: 0, level: 8, type: 12, address: 16, ifindex: 32, used: 36 };
// struct msghdr as in packet-socket.ts, and what is in it for sending.
const MMSGHDR = {
  size: 64,
  name: 0,
  nameSize: 8,
  vectors: 16,
  count: 24,
  control: 32,
  controlSize: 40,
};
const IOVEC = { size: 16, base: 0, length: 8 };
const SEND_BUFFER = 4 << 20;
const MAX_PACKET = 65_575;

/**
 * Sends packets with the IPv6 header that they have. The route is chosen by the destination, and by
 * the source as if a socket bound to it were sending: also where that is no address of this host.
 */
export class RawIpv6Sender {
  readonly #fd: number;
  readonly #message = allocate(MMSGHDR.size);
  readonly #name = allocate(SOCKADDR.size);
  readonly #control = allocate(CONTROL.size);
  readonly #vector = allocate(IOVEC.size);
  readonly #packet = allocate(MAX_PACKET);
  #open = true;

  /** @param mark of all that it sends (SO_MARK). Throws SysError. */
  constructor(mark: number) {
    const type = SOCK_RAW | O_NONBLOCK | O_CLOEXEC;
    this.#fd = check(socket(AF_INET6, type, IPPROTO_RAW), 'socket AF_INET6 SOCK_RAW');
    try {
      setMark(this.#fd, mark);
      setOption(this.#fd, SOL_IPV6, IPV6_HDRINCL, 1, 'IPV6_HDRINCL');
      setOption(this.#fd, SOL_IPV6, IPV6_TRANSPARENT, 1, 'IPV6_TRANSPARENT');
      setSendBuffer(this.#fd, SEND_BUFFER);
    } catch (error) {
      close(this.#fd);
      throw error;
    }
    this.#layOut();
  }

  /**
   * Gives the name of the error where the host did not take it: EMSGSIZE (longer than the link
   * takes), ENETUNREACH, EHOSTUNREACH, ENETDOWN, ENOBUFS, EAGAIN ...
   *
   * @param ifindex the link that it must leave by; 0: as the routes say.
   */
  send(octets: Uint8Array, source: Address, destination: Address, ifindex = 0): string | undefined {
    if (octets.length > MAX_PACKET) return 'EMSGSIZE';
    this.#packet.octets.set(octets);
    this.#vector.octets.writeBigUInt64LE(BigInt(octets.length), IOVEC.length);
    this.#name.octets.set(addressOctets(destination), SOCKADDR.address);
    this.#control.octets.set(addressOctets(source), CONTROL.address);
    this.#control.octets.writeInt32LE(ifindex, CONTROL.ifindex);
    return sendmmsg(this.#fd, this.#message.octets, 1, 0) < 0 ? lastError() : undefined;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    close(this.#fd);
  }

  #layOut(): void {
    const message = this.#message.octets;
    this.#name.octets.writeUInt16LE(AF_INET6, SOCKADDR.family);
    point(message, MMSGHDR.name, this.#name);
    message.writeUInt32LE(SOCKADDR.size, MMSGHDR.nameSize);
    point(message, MMSGHDR.vectors, this.#vector);
    message.writeBigUInt64LE(1n, MMSGHDR.count);
    point(message, MMSGHDR.control, this.#control);
    message.writeBigUInt64LE(BigInt(CONTROL.size), MMSGHDR.controlSize);
    point(this.#vector.octets, IOVEC.base, this.#packet);
    const control = this.#control.octets;
    control.writeBigUInt64LE(BigInt(CONTROL.used), CONTROL.length);
    control.writeInt32LE(SOL_IPV6, CONTROL.level);
    control.writeInt32LE(IPV6_PKTINFO, CONTROL.type);
  }
}

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
