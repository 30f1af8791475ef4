/**
 * Raw sockets: whole packets of IPv6 and IPv4 sent by the host's routes.
 *
 * Source: ipv6(7), ip(7), raw(7); <linux/in6.h>, <linux/ipv6.h>, <linux/in.h>.
 */
import { type Address, addressOctets } from '../../wire/address.ts';
import { close, O_CLOEXEC, O_NONBLOCK, sendmmsg, socket } from './libc.ts';
import { allocate, point } from './memory.ts';
import type { IpVersion } from './packet-socket.ts';
import { setMark, setOption, setSendBuffer } from './socket-options.ts';
import { check, lastError } from './sys-error.ts';

const SOCK_RAW = 3;
const IPPROTO_RAW = 255;

/** What differs between the two versions. */
interface RawKind {
  readonly family: number;
  /** struct sockaddr_in6 or sockaddr_in. */
  readonly name: { readonly size: number; readonly address: number };
  /** struct in6_pktinfo or in_pktinfo behind a struct cmsghdr of 16 octets. */
  readonly control: {
    readonly level: number;
    readonly type: number;
    readonly address: number;
    readonly ifindex: number;
    readonly used: number;
  };
  readonly options: readonly (readonly [level: number, name: number, text: string])[];
  readonly longest: number;
}

const RAW_IPV6: RawKind = {
  family: 10,
  name: { size: 28, address: 8 },
  control: { level: 41, type: 50, address: 16, ifindex: 32, used: 36 },
  options: [
    [41, 36, 'IPV6_HDRINCL'],
    [41, 75, 'IPV6_TRANSPARENT'],
  ],
  longest: 65_575,
};
const RAW_IPV4: RawKind = {
  family: 2,
  name: { size: 16, address: 4 },
  control: { level: 0, type: 8, address: 20, ifindex: 16, used: 28 },
  options: [
    [0, 3, 'IP_HDRINCL'],
    [0, 19, 'IP_TRANSPARENT'],
  ],
  longest: 65_535,
};

/** Room for the larger of both; in struct sockaddr the family is first. */
const SOCKADDR = { size: 28, family: 0 };
// struct cmsghdr: length, level, type.
const CONTROL = { size: 40, length: 0, level: 8, type: 12 };
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
/** Packets that one call sends, and octets of all of them. */
const BATCH = 64;
const ROOM = 2 * RAW_IPV6.longest;

/**
 * Sends packets of one version with the header that they have. The route is chosen by the destination, and by
 * the source as if a socket bound to it were sending: also where that is no address of this host.
 */
export class RawSender {
  readonly #fd: number;
  readonly #kind: RawKind;
  readonly #messages = allocate(BATCH * MMSGHDR.size);
  readonly #name = allocate(SOCKADDR.size);
  readonly #control = allocate(CONTROL.size);
  readonly #vectors = allocate(BATCH * IOVEC.size);
  readonly #packets = allocate(ROOM);
  #open = true;

  /** @param mark of all that it sends (SO_MARK). Throws SysError. */
  constructor(mark: number, version: IpVersion = 'ipv6') {
    const kind = version === 'ipv6' ? RAW_IPV6 : RAW_IPV4;
    this.#kind = kind;
    const type = SOCK_RAW | O_NONBLOCK | O_CLOEXEC;
    this.#fd = check(socket(kind.family, type, IPPROTO_RAW), `socket ${version} SOCK_RAW`);
    try {
      setMark(this.#fd, mark);
      for (const [level, name, text] of kind.options) setOption(this.#fd, level, name, 1, text);
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
    if (octets.length > this.#kind.longest) return 'EMSGSIZE';
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
    const { name, control } = this.#kind;
    this.#name.octets.set(addressOctets(destination), name.address);
    this.#control.octets.set(addressOctets(source), control.address);
    this.#control.octets.writeInt32LE(ifindex, control.ifindex);
  }

  #place(index: number, at: number, octets: Uint8Array): void {
    this.#packets.octets.set(octets, at);
    const vectors = this.#vectors.octets;
    vectors.writeBigUInt64LE(this.#packets.address + BigInt(at), index * IOVEC.size + IOVEC.base);
    vectors.writeBigUInt64LE(BigInt(octets.length), index * IOVEC.size + IOVEC.length);
  }

  #layOut(): void {
    const messages = this.#messages.octets;
    const { family, name, control: info } = this.#kind;
    this.#name.octets.writeUInt16LE(family, SOCKADDR.family);
    for (let i = 0; i < BATCH; i++) {
      const message = i * MMSGHDR.size;
      point(messages, message + MMSGHDR.name, this.#name);
      messages.writeUInt32LE(name.size, message + MMSGHDR.nameSize);
      point(messages, message + MMSGHDR.vectors, this.#vectors, i * IOVEC.size);
      messages.writeBigUInt64LE(1n, message + MMSGHDR.count);
      point(messages, message + MMSGHDR.control, this.#control);
      messages.writeBigUInt64LE(BigInt((info.used + 7) & ~7), message + MMSGHDR.controlSize);
      point(this.#vectors.octets, i * IOVEC.size + IOVEC.base, this.#packets);
    }
    const control = this.#control.octets;
    control.writeBigUInt64LE(BigInt(info.used), CONTROL.length);
    control.writeInt32LE(info.level, CONTROL.level);
    control.writeInt32LE(info.type, CONTROL.type);
  }
}
