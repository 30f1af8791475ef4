/**
 * Sends large TCP packets by a link. What the kernel can cut it is given whole; of what it cannot, which
 * is a tunnel's, it is given heads and where the payload of each is, so that no payload is copied here.
 *
 * Source: packet(7), PACKET_VNET_HDR; <linux/virtio_net.h>.
 */
import { release } from 'node:os';
import { linkAddressOctets } from '../../core/neighbor-discovery/link-layer.ts';
import type { LinkAddress } from '../../core/role.ts';
import { isAtLeast } from './kernel-release.ts';
import { headersOf, type LargePacket, writeSegmentHead } from './large-packet.ts';
import { close, O_CLOEXEC, O_NONBLOCK, sendmmsg, socket } from './libc.ts';
import { addressOf, allocate, point, staying } from './memory.ts';
import { GSO, type Offload, VIRTIO_HEADER, writeOffload } from './offloads.ts';
import { setOption, setSendBuffer } from './socket-options.ts';
import { check, lastError } from './sys-error.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOL_PACKET = 263;
const PACKET_VNET_HDR = 15;
const SEND_BUFFER = 8 << 20;
const ETHERNET = 14;
const IPV6_HEADER = 40;
const BEFORE = VIRTIO_HEADER + ETHERNET;
// struct sockaddr_ll, struct mmsghdr and struct iovec as in packet-socket.ts.
const SOCKADDR = { size: 20, family: 0, protocol: 2, ifindex: 4 };
const MMSGHDR = { size: 64, name: 0, nameSize: 8, vectors: 16, count: 24 };
const IOVEC = { size: 16, base: 0, length: 8 };
/** Segments that one call sends, and the longest head of each with what stands before it. */
const BATCH = 64;
const HEAD = 512;

/** By which link, and from and to whom on it. It never changes: another way is another object. */
export interface LinkWay {
  readonly ifindex: number;
  readonly from: LinkAddress;
  readonly to: LinkAddress;
}

/**
 * Drivers make the pseudo-header of a segment of the addresses in the IPv6 header, which are not those of
 * a Home Address option or a Routing header. From Linux 6.17 on they are not given such packets to cut
 * (`gso_features_check`); distributions that took that over into older kernels are not known here.
 */
const keepsOptionsFromDrivers = (): boolean => isAtLeast(release(), 6, 17);

export class SegmentSender {
  readonly #fd: number;
  readonly #cutsBehindOptions: boolean;
  readonly #name = allocate(SOCKADDR.size);
  readonly #messages = allocate(BATCH * MMSGHDR.size);
  readonly #vectors = allocate(BATCH * 2 * IOVEC.size);
  readonly #heads = allocate(BATCH * HEAD);
  readonly #frame = new Uint8Array(ETHERNET);
  #way: LinkWay | undefined;
  #open = true;

  /**
   * Opens it in the namespace of this thread. Throws SysError.
   * @param cutsBehindOptions the kernel itself cuts packets whose checksum is over other addresses than
   * those of the IPv6 header.
   */
  constructor(cutsBehindOptions = keepsOptionsFromDrivers()) {
    this.#cutsBehindOptions = cutsBehindOptions;
    const type = SOCK_RAW | O_NONBLOCK | O_CLOEXEC;
    this.#fd = check(socket(AF_PACKET, type, 0), 'socket AF_PACKET');
    try {
      setOption(this.#fd, SOL_PACKET, PACKET_VNET_HDR, 1, 'PACKET_VNET_HDR');
      setSendBuffer(this.#fd, SEND_BUFFER);
    } catch (error) {
      close(this.#fd);
      throw error;
    }
    this.#layOut();
  }

  /** Can it send such a packet at all? */
  takes = ({ head }: LargePacket): boolean => BEFORE + head.length <= HEAD;

  /**
   * Gives the name of the error where the link did not take all of it: ENETDOWN, EMSGSIZE, ENOBUFS,
   * EAGAIN (the send buffer is full) ... Others of its segments may have been sent.
   */
  send(packet: LargePacket, way: LinkWay): string | undefined {
    // The octets are held here until the call is over.
    const payload = staying(packet.payload);
    this.#direct(way);
    const { offload, head } = packet;
    const headers = headersOf(packet);
    const alone = offload.type === GSO.none || payload.length <= offload.segment;
    const at = addressOf(payload);
    // Of IPv6 in IPv6 the header before a packet has no word.
    const behindOptions = offload.checksumStart !== IPV6_HEADER;
    if (alone || (headers.length === 1 && (this.#cutsBehindOptions || !behindOptions))) {
      this.#begin(0, alone ? { ...offload, type: GSO.none } : offload, head.length);
      this.#heads.octets.set(head, BEFORE);
      this.#end(0, head.length, at, payload.length);
      return this.#sendAll(1);
    }
    let count = 0;
    for (let from = 0; from < payload.length; from += offload.segment) {
      this.#begin(count, { ...offload, type: GSO.none }, head.length);
      const into = this.#heads.octets.subarray(count * HEAD + BEFORE, (count + 1) * HEAD);
      writeSegmentHead(packet, headers, from, into);
      const length = Math.min(offload.segment, payload.length - from);
      this.#end(count, head.length, at + BigInt(from), length);
      count += 1;
      if (count < BATCH && from + length < payload.length) continue;
      const refused = this.#sendAll(count);
      if (refused !== undefined) return refused;
      count = 0;
    }
    return undefined;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    close(this.#fd);
  }

  /** Writes where all goes from now on; most packets go where the last one went. */
  #direct(way: LinkWay): void {
    if (this.#way === way) return;
    this.#way = way;
    this.#name.octets.writeInt32LE(way.ifindex, SOCKADDR.ifindex);
    this.#frame.set(linkAddressOctets(way.to));
    this.#frame.set(linkAddressOctets(way.from), 6);
    this.#frame.set([0x86, 0xdd], 12);
  }

  /** Writes what stands before a head: what is left to be done, counted from the frame's first octet. */
  #begin(index: number, offload: Offload, head: number): void {
    const { octets } = this.#heads;
    const inFrame = {
      ...offload,
      checksumStart: offload.checksumStart + ETHERNET,
      checksumField: offload.checksumField + ETHERNET,
    };
    writeOffload(octets, index * HEAD, inFrame, head + ETHERNET);
    octets.set(this.#frame, index * HEAD + VIRTIO_HEADER);
  }

  #end(index: number, head: number, payload: bigint, length: number): void {
    const vectors = this.#vectors.octets;
    const at = index * 2 * IOVEC.size;
    vectors.writeUInt32LE(BEFORE + head, at + IOVEC.length);
    vectors.writeBigUInt64LE(payload, at + IOVEC.size + IOVEC.base);
    vectors.writeUInt32LE(length, at + IOVEC.size + IOVEC.length);
  }

  #sendAll(count: number): string | undefined {
    const sent = sendmmsg(this.#fd, this.#messages.octets, count, 0);
    if (sent === count) return undefined;
    // The first that was not taken says why only where it is the first of all.
    return sent < 0 ? lastError() : 'ENOBUFS';
  }

  #layOut(): void {
    const name = this.#name.octets;
    name.writeUInt16LE(AF_PACKET, SOCKADDR.family);
    name.writeUInt16BE(0x86dd, SOCKADDR.protocol);
    const messages = this.#messages.octets;
    for (let i = 0; i < BATCH; i++) {
      const message = i * MMSGHDR.size;
      point(messages, message + MMSGHDR.name, this.#name);
      messages.writeUInt32LE(SOCKADDR.size, message + MMSGHDR.nameSize);
      point(messages, message + MMSGHDR.vectors, this.#vectors, i * 2 * IOVEC.size);
      messages.writeBigUInt64LE(2n, message + MMSGHDR.count);
      point(this.#vectors.octets, i * 2 * IOVEC.size + IOVEC.base, this.#heads, i * HEAD);
    }
  }
}
