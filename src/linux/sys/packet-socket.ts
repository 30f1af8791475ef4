/**
 * Packet sockets: what comes in by links, and what is put on them, without the header of the link.
 *
 * Source: packet(7); <linux/if_packet.h>, <linux/filter.h>.
 */
import { linkAddressOctets } from '../../core/neighbor-discovery/link-layer.ts';
import type { LinkAddress } from '../../core/role.ts';
import { isIpv4Packet } from '../../wire/ip-fields.ts';
import { ETHER_TYPE } from '../../wire/numbers.ts';
import {
  bindSocket,
  close,
  O_CLOEXEC,
  O_NONBLOCK,
  recvmmsg,
  sendto,
  setsockopt,
  socket,
} from './libc.ts';
import { allocate, point } from './memory.ts';
import { type Offload, readOffload, VIRTIO_HEADER } from './offloads.ts';
import { setOption, setReceiveBuffer } from './socket-options.ts';
import { check, lastError } from './sys-error.ts';

const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_VNET_HDR = 15;
const MSG_DONTWAIT = 0x40;
const PACKET_OTHERHOST = 3;
// struct sockaddr_ll
const SOCKADDR = {
  size: 20,
  family: 0,
  protocol: 2,
  ifindex: 4,
  type: 10,
  length: 11,
  address: 12,
};
// struct mmsghdr: a struct msghdr of 56 octets, then the length received. struct iovec: 16 octets.
const MMSGHDR = { size: 64, name: 0, nameSize: 8, vectors: 16, count: 24, length: 56 };
const IOVEC = { size: 16, base: 0, length: 8 };

/** Octets of an Ethernet header, which stands before each packet that is received. */
export const LINK_HEADER = 14;
/** Packets that one call takes, and the longest of them with what stands before it. */
const BATCH = 32;
const ROOM = 65_616;
const BEFORE = VIRTIO_HEADER + LINK_HEADER;
const RECEIVE_BUFFER = 4 << 20;

/** One instruction of a classic BPF filter, whose offsets begin at the Ethernet header; <linux/filter.h>. */
export interface FilterInstruction {
  readonly code: number;
  readonly jt?: number;
  readonly jf?: number;
  readonly k: number;
}

/** What a socket hears of. */
export type IpVersion = keyof typeof ETHER_TYPE;

/** Takes packets, with what the kernel has left to be done; `octets` are valid until the next read. */
export type PacketReader = (
  octets: Uint8Array,
  from: LinkAddress | undefined,
  offload: Offload,
) => void;

/**
 * Receives the packets of one version that come in by one link, those that others sent to us or to groups. The
 * kernel shows what goes out only to sockets that are bound to all protocols.
 */
export class PacketSocket {
  /** Non-blocking; for a `Poller`. */
  readonly fd: number;
  readonly #messages = allocate(BATCH * MMSGHDR.size);
  readonly #names = allocate(BATCH * SOCKADDR.size);
  readonly #vectors = allocate(BATCH * IOVEC.size);
  readonly #packets = allocate(BATCH * ROOM);
  /** The same octets, no Buffer: `slice` of a Buffer makes no copy. */
  readonly #room = new Uint8Array(this.#packets.octets.buffer);
  #open = true;

  /** Opens it in the namespace of this thread. Throws SysError. */
  constructor(ifindex: number, filter: readonly FilterInstruction[], version: IpVersion = 'ipv6') {
    const type = SOCK_RAW | O_NONBLOCK | O_CLOEXEC;
    // Protocol 0 hears nothing: what comes between this call and `bind` would pass the filter by.
    this.fd = check(socket(AF_PACKET, type, 0), 'socket AF_PACKET');
    try {
      attachFilter(this.fd, filter);
      setReceiveBuffer(this.fd, RECEIVE_BUFFER);
      setOption(this.fd, SOL_PACKET, PACKET_VNET_HDR, 1, 'PACKET_VNET_HDR');
      const address = sockaddr(ifindex, version);
      check(bindSocket(this.fd, address, address.length), `bind AF_PACKET to link ${ifindex}`);
    } catch (error) {
      close(this.fd);
      throw error;
    }
    this.#layOut();
  }

  /** Takes the place of the filter that was, in one step. */
  setFilter(filter: readonly FilterInstruction[]): void {
    attachFilter(this.fd, filter);
  }

  /** Hands out what is there, one batch of it; gives how many packets there were. */
  read(reader: PacketReader): number {
    const { octets } = this.#messages;
    for (let i = 0; i < BATCH; i++) {
      octets.writeUInt32LE(SOCKADDR.size, i * MMSGHDR.size + MMSGHDR.nameSize);
    }
    const count = recvmmsg(this.fd, octets, BATCH, MSG_DONTWAIT, null);
    if (count < 0) {
      const error = lastError();
      // ENETDOWN comes once when the link goes down; the socket lives on.
      if (error === 'EAGAIN' || error === 'ENETDOWN' || error === 'EINTR') return 0;
      return check(count, 'recvmmsg AF_PACKET');
    }
    for (let i = 0; i < count; i++) {
      const name = i * SOCKADDR.size;
      if (this.#names.octets[name + SOCKADDR.type] === PACKET_OTHERHOST) continue;
      const length = octets.readUInt32LE(i * MMSGHDR.size + MMSGHDR.length);
      if (length <= BEFORE) continue;
      const packet = this.#room.subarray(i * ROOM + BEFORE, i * ROOM + length);
      const offload = readOffload(this.#room, i * ROOM, LINK_HEADER);
      const from = this.#from(name);
      reader(packet, from, offload);
    }
    return count;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    close(this.fd);
  }

  #from(name: number): LinkAddress | undefined {
    const { octets } = this.#names;
    if (octets[name + SOCKADDR.length] !== 6) return undefined;
    const at = name + SOCKADDR.address;
    return String.fromCharCode(...octets.subarray(at, at + 6)) as LinkAddress;
  }

  #layOut(): void {
    const { octets } = this.#messages;
    for (let i = 0; i < BATCH; i++) {
      const message = i * MMSGHDR.size;
      const vector = i * IOVEC.size;
      point(octets, message + MMSGHDR.name, this.#names, i * SOCKADDR.size);
      point(octets, message + MMSGHDR.vectors, this.#vectors, vector);
      octets.writeBigUInt64LE(1n, message + MMSGHDR.count);
      point(this.#vectors.octets, vector + IOVEC.base, this.#packets, i * ROOM);
      this.#vectors.octets.writeBigUInt64LE(BigInt(ROOM), vector + IOVEC.length);
    }
  }
}

/** Puts packets on any link, as they stand. It receives nothing. */
export class PacketSender {
  readonly #fd: number;
  #open = true;

  constructor() {
    const type = SOCK_DGRAM | O_NONBLOCK | O_CLOEXEC;
    this.#fd = check(socket(AF_PACKET, type, 0), 'socket AF_PACKET');
  }

  /** Gives the name of the error where the link did not take it: ENETDOWN, EMSGSIZE, ENOBUFS ... */
  send(octets: Uint8Array, ifindex: number, to: LinkAddress): string | undefined {
    const address = sockaddr(ifindex, isIpv4Packet(octets) ? 'ipv4' : 'ipv6');
    address[SOCKADDR.length] = 6;
    address.set(linkAddressOctets(to), SOCKADDR.address);
    const sent = sendto(this.#fd, octets, octets.length, 0, address, address.length);
    return sent < 0 ? lastError() : undefined;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    close(this.#fd);
  }
}

function attachFilter(fd: number, filter: readonly FilterInstruction[]): void {
  // struct sock_filter: code, jt, jf, k. struct sock_fprog: their number, and a pointer to them.
  const program = allocate(filter.length * 8);
  filter.forEach(({ code, jt = 0, jf = 0, k }, index) => {
    program.octets.writeUInt16LE(code, index * 8);
    program.octets[index * 8 + 2] = jt;
    program.octets[index * 8 + 3] = jf;
    program.octets.writeUInt32LE(k, index * 8 + 4);
  });
  const value = allocate(16).octets;
  value.writeUInt16LE(filter.length, 0);
  point(value, 8, program);
  check(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, value, 16), 'setsockopt SO_ATTACH_FILTER');
}

function sockaddr(ifindex: number, version: IpVersion): Buffer {
  const address = Buffer.alloc(SOCKADDR.size);
  address.writeUInt16LE(AF_PACKET, SOCKADDR.family);
  address.writeUInt16BE(ETHER_TYPE[version], SOCKADDR.protocol);
  address.writeInt32LE(ifindex, SOCKADDR.ifindex);
  return address;
}
