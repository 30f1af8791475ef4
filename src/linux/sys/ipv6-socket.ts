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
/** Packets that one call sends, and octets of all of them. */
const BATCH = 64;
const ROOM = 2 * MAX_PACKET;

/**
 * Sends packets with the IPv6 header that they have. The route is chosen by the destination, and by
 * the source as if a socket bound to it were sending: also where that is no address of this host.
 */
export class RawIpv6Sender {
  readonly #fd: number;
  readonly #messages = allocate(BATCH * MMSGHDR.size);
  readonly #name = allocate(SOCKADDR.size);
  readonly #control = allocate(CONTROL.size);
  readonly #vectors = allocate(BATCH * IOVEC.size);
  readonly #packets = allocate(ROOM);
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
    this.#direct(source, destination, ifindex);
    this.#place(0, 0, octets);
    return sendmmsg(this.#fd, this.#messages.octets, 1, 0) < 0 ? lastError() : undefined;
  }

  /** Sends packets that have the same way; gives how many of the first the host has taken. */
  sendMany(
    packets: readonly Uint8Array[],
    source: Address,
    destination: Address,
    ifindex = 0,
  ): number {
    this.#direct(source, destination, ifindex);
    let taken = 0;
    while (taken < packets.length) {
      let count = 0;
      for (let used = 0; count < BATCH && taken + count < packets.length; count++) {
        const octets = packets[taken + count]!;
        if (used + octets.length > ROOM) break;
        this.#place(count, used, octets);
        used += octets.length;
      }
      const sent = count === 0 ? 0 : sendmmsg(this.#fd, this.#messages.octets, count, 0);
      if (sent > 0) taken += sent;
      if (sent < count || count === 0) return taken;
    }
    return taken;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    close(this.#fd);
  }

  #direct(source: Address, destination: Address, ifindex: number): void {
    this.#name.octets.set(addressOctets(destination), SOCKADDR.address);
    this.#control.octets.set(addressOctets(source), CONTROL.address);
    this.#control.octets.writeInt32LE(ifindex, CONTROL.ifindex);
  }

  #place(index: number, at: number, octets: Uint8Array): void {
    this.#packets.octets.set(octets, at);
    const vectors = this.#vectors.octets;
    vectors.writeBigUInt64LE(this.#packets.address + BigInt(at), index * IOVEC.size + IOVEC.base);
    vectors.writeBigUInt64LE(BigInt(octets.length), index * IOVEC.size + IOVEC.length);
  }

  #layOut(): void {
    const messages = this.#messages.octets;
    this.#name.octets.writeUInt16LE(AF_INET6, SOCKADDR.family);
    for (let i = 0; i < BATCH; i++) {
      const message = i * MMSGHDR.size;
      point(messages, message + MMSGHDR.name, this.#name);
      messages.writeUInt32LE(SOCKADDR.size, message + MMSGHDR.nameSize);
      point(messages, message + MMSGHDR.vectors, this.#vectors, i * IOVEC.size);
      messages.writeBigUInt64LE(1n, message + MMSGHDR.count);
      point(messages, message + MMSGHDR.control, this.#control);
      messages.writeBigUInt64LE(BigInt(CONTROL.size), message + MMSGHDR.controlSize);
      point(this.#vectors.octets, i * IOVEC.size + IOVEC.base, this.#packets);
    }
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
