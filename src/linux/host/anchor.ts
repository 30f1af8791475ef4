/** The anchor device `careof0`: identities live on it, and what is for the data plane is routed to it. */

import type { LargePacket } from '../sys/large-packet.ts';
import { addressOf, allocate, point, staying } from '../sys/memory.ts';
import type { Rtnetlink } from '../sys/netlink/rtnetlink.ts';
import { type Offload, readOffload, VIRTIO_HEADER, writeOffload } from '../sys/offloads.ts';
import type { Poller, Watch } from '../sys/poller.ts';
import { OFFLOAD, Tun } from '../sys/tun.ts';
import { OWN_DEVICES } from './host-links.ts';
import { MAX_CARS, PacketTrain } from './packet-train.ts';
import type { Inside, Settings } from './settings.ts';

/**
 * Packets that are read in a row, and milliseconds that it may take, so that others have their turn: what
 * has no route just now takes longest, and a router is to be asked for soonest then.
 */
const ROUND = { packets: 128, milliseconds: 2 };
const ROOM = 65_616;
// struct iovec
const IOVEC = { size: 16, base: 0, length: 8 };

export class Anchor {
  readonly ifindex: number;
  readonly #tun: Tun;
  readonly #watch: Watch;
  readonly #netlink: Rtnetlink;
  /** A header that says that nothing is left to be done, and room for a packet. */
  readonly #delivered = new Uint8Array(new ArrayBuffer(ROOM));
  /** Headers of a large packet, which may be nearly all of it, and where they and its payloads are. */
  readonly #front = allocate(ROOM);
  readonly #vectors = allocate((1 + MAX_CARS) * IOVEC.size);
  #train: PacketTrain | undefined;
  #mtu: number;

  /**
   * Makes the device, or takes up the one that an earlier life has left. Throws SysError.
   *
   * @param packet takes what the host sends by it; the octets are valid only during the call. What
   * TCP sends comes in one with many segments, which are made when it is known where they go.
   */
  constructor(
    inside: Inside,
    poller: Poller,
    netlink: Rtnetlink,
    settings: Settings,
    mtu: number,
    packet: (octets: Uint8Array, offload: Offload) => void,
  ) {
    const { anchor: name } = OWN_DEVICES;
    this.#netlink = netlink;
    this.#mtu = mtu;
    const offload = OFFLOAD.checksum | OFFLOAD.tso6;
    this.#tun = inside(() =>
      Tun.open({ name, mode: 'tun', persistent: true, vnetHeader: true, offload }),
    );
    this.ifindex = this.#tun.ifindex;
    // The kernel says nothing on it by itself, and forwards what comes out of the data plane.
    netlink.setLink(this.ifindex, { addressGeneration: 'none' });
    for (const [setting, value] of [
      ['accept_ra', '0'],
      ['autoconf', '0'],
      ['router_solicitations', '0'],
      ['dad_transmits', '0'],
      ['accept_redirects', '0'],
      ['forwarding', '1'],
    ] as const) {
      settings.set(`net/ipv6/conf/${name}/${setting}`, value);
    }
    for (const [setting, value] of [
      ['forwarding', '1'],
      // Loosely: the way back may be another one than by this device, and what all links have holds here too.
      ['rp_filter', '2'],
      ['send_redirects', '0'],
    ] as const) {
      settings.set(`net/ipv4/conf/${name}/${setting}`, value);
    }
    netlink.setLink(this.ifindex, { up: true, mtu });
    point(this.#vectors.octets, IOVEC.base, this.#front);
    const room = new Uint8Array(new ArrayBuffer(ROOM));
    this.#watch = poller.watch(this.#tun.fd, () => {
      const until = performance.now() + ROUND.milliseconds;
      for (let i = 0; i < ROUND.packets && performance.now() < until; i++) {
        const length = this.#tun.read(room);
        if (length === 0) return;
        packet(room.subarray(VIRTIO_HEADER, length), readOffload(room, 0, 0));
      }
    });
  }

  /** Packets of the largest link must fit through it. */
  setMtu(mtu: number): void {
    if (mtu === this.#mtu) return;
    this.#mtu = mtu;
    this.#netlink.setLink(this.ifindex, { mtu });
  }

  /** The packet arrives by the device; false where the host does not take it. */
  deliver(octets: Uint8Array): boolean {
    this.flush();
    const room = this.#delivered;
    room.set(octets, VIRTIO_HEADER);
    return this.#tun.write(room.subarray(0, VIRTIO_HEADER + octets.length)) === undefined;
  }

  /**
   * The same for a large packet, which may wait for those that follow it until `flush`: until then its
   * octets must stay as they are.
   */
  deliverLarge(packet: LargePacket): boolean {
    const payload = staying(packet.payload);
    const car = payload === packet.payload ? packet : { ...packet, payload };
    if (this.#train?.add(car) === true) return true;
    const taken = this.flush();
    this.#train = new PacketTrain(car);
    return taken;
  }

  /** Delivers what waits; false where the host does not take it. */
  flush(): boolean {
    const train = this.#train;
    if (train === undefined) return true;
    this.#train = undefined;
    const { head, offload } = train.front();
    writeOffload(this.#front.octets, 0, offload, head.length);
    this.#front.octets.set(head, VIRTIO_HEADER);
    const vectors = this.#vectors.octets;
    vectors.writeUInt32LE(VIRTIO_HEADER + head.length, IOVEC.length);
    let count = 1;
    for (const payload of train.payloads) {
      vectors.writeBigUInt64LE(addressOf(payload), count * IOVEC.size + IOVEC.base);
      vectors.writeUInt32LE(payload.length, count * IOVEC.size + IOVEC.length);
      count += 1;
    }
    return this.#tun.writeParts(vectors, count) === undefined;
  }

  /** @param leave the device stays, with the addresses on it. */
  close({ leave }: { readonly leave: boolean }): void {
    this.#watch.close();
    if (!leave) this.#tun.setPersistent(false);
    this.#tun.close();
  }
}
