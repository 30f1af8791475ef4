/**
 * An interface of a real host on a simulated link: what the host sends by its TAP is given to the
 * link, what the link delivers is written to the TAP.
 *
 * The link carries IPv6 and IPv4; frames of other protocols end here.
 */
import type { LinkAddress } from '../../core/role.ts';
import type { Rtnetlink } from '../../linux/sys/netlink/rtnetlink.ts';
import type { Poller, Watch } from '../../linux/sys/poller.ts';
import type { Tun } from '../../linux/sys/tun.ts';
import { type Frame, type Link, linkAddressOf, type Station } from '../../sim/index.ts';
import { isIpv4Packet } from '../../wire/ip-fields.ts';
import { ETHER_TYPE } from '../../wire/numbers.ts';
import type { RealTime } from './real-time.ts';

/** Ethernet II: destination, source, type. */
const HEADER = { size: 14, destination: 0, source: 6, type: 12 } as const;
/** Frames that are read before others have their turn. */
const BATCH = 64;
/** What the host may have sent before it is read; then its links' own queues have their turn. */
const QUEUE = 10_000;
const LARGEST = HEADER.size + 65_535 + 40;

const into = Buffer.from(new ArrayBuffer(LARGEST));
const out = Buffer.from(new ArrayBuffer(LARGEST));

export class TapStation implements Station {
  readonly linkAddress: LinkAddress;
  readonly node: string;
  /** The host's kernel filters groups by itself. */
  readonly allGroups = true;
  readonly #time: RealTime;
  readonly #tap: Tun;
  readonly #watch: Watch;
  readonly #netlink: Rtnetlink;
  #link: Link | undefined;
  #open = true;

  /**
   * @param tap its carrier is off.
   * @param netlink in the host's namespace.
   */
  constructor(node: string, tap: Tun, netlink: Rtnetlink, time: RealTime, poller: Poller) {
    this.node = node;
    this.linkAddress = linkAddressOf(tap.linkAddress());
    this.#time = time;
    this.#tap = tap;
    this.#netlink = netlink;
    netlink.setLink(tap.ifindex, { queueLength: QUEUE });
    this.#watch = poller.watch(tap.fd, () => this.#time.take(() => this.#read()));
  }

  get ifindex(): number {
    return this.#tap.ifindex;
  }

  /** Puts the cable into a link, or out of all. */
  plug(link: Link | undefined): void {
    if (this.#link !== undefined) {
      // What the host has sent so far is on its way; what waits behind it is lost with the carrier.
      this.#read();
      this.#link.detach(this);
      this.#link = undefined;
      this.#setCarrier(false);
      this.#discard();
    }
    if (link === undefined) return;
    this.#netlink.setLink(this.ifindex, { mtu: link.mtu });
    link.attach(this);
    this.#link = link;
    this.#setCarrier(true);
  }

  receive({ from, to, octets }: Frame): void {
    out.write(to, HEADER.destination, 'latin1');
    out.write(from, HEADER.source, 'latin1');
    out.writeUInt16BE(etherTypeOf(octets), HEADER.type);
    out.set(octets, HEADER.size);
    // An interface that the host has put down takes nothing, as an unplugged one.
    this.#tap.write(out.subarray(0, HEADER.size + octets.length));
  }

  /** The power fails: the interface is gone. */
  close(): void {
    this.#open = false;
    this.#link?.detach(this);
    this.#link = undefined;
    this.#watch.close();
    this.#tap.close();
  }

  #setCarrier(on: boolean): void {
    this.#tap.setCarrier(on);
    // The kernel tells its own side of a change within a second, but at once if somebody asks
    // (linkwatch_sync_dev of net/core/link_watch.c).
    this.#netlink.link(this.ifindex);
  }

  #read(): void {
    // The power may have failed a moment ago.
    for (let count = 0; count < BATCH && this.#open; count++) {
      const length = this.#tap.read(into);
      if (length === 0) return;
      if (length <= HEADER.size) continue;
      const type = into.readUInt16BE(HEADER.type);
      if (type !== etherTypeOf(into.subarray(HEADER.size))) continue;
      this.#link?.send(this, {
        from: linkAddressOf(into.subarray(HEADER.source)),
        to: linkAddressOf(into.subarray(HEADER.destination)),
        octets: new Uint8Array(into.subarray(HEADER.size, length)),
      });
    }
  }

  #discard(): void {
    while (this.#tap.read(into) > 0);
  }
}

/** What an IP packet says of itself. */
const etherTypeOf = (octets: Uint8Array): number =>
  isIpv4Packet(octets) ? ETHER_TYPE.ipv4 : ETHER_TYPE.ipv6;
