/**
 * The slow device `careof1`: a TAP to which the accelerator sends whole frames about which it is in
 * doubt.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---------------------------------------------------------------+
 *     |             index of the link that it came by                 |
 *     +-------------------------------+-------------------------------+
 *     |             flags             |                               |
 *     +-------------------------------+                               |
 *     |                  address of the sender                        |
 *     +-------------------------------+-------------------------------+
 *     |            0x86dd             |   the packet, as it came ...
 *     +-------------------------------+
 *
 * Flags: 1, a copy of which the control side is to be told, while the packet itself went on; 2, that
 * one was leaving.
 */
import type { Hook } from '../../core/forwarding/entry.ts';
import type { LinkAddress } from '../../core/role.ts';
import type { Rtnetlink } from '../sys/netlink/rtnetlink.ts';
import type { Poller, Watch } from '../sys/poller.ts';
import { Tun } from '../sys/tun.ts';
import { OWN_DEVICES } from './host-links.ts';
import type { Inside, Settings } from './settings.ts';

/** A packet that came by the slow device; the octets are valid only during the call. */
export interface SlowPacket {
  readonly octets: Uint8Array;
  readonly ifindex: number;
  readonly from: LinkAddress;
  /** At which hook it is only to be told of; absent: it is to be carried. */
  readonly told?: Hook;
}

const COPY = 1;
const LEAVING = 2;
const HEADER = 14;

/** Reads a frame; undefined where it is none of the accelerator's. */
export function readSlowFrame(frame: Uint8Array): SlowPacket | undefined {
  if (frame.length <= HEADER || frame[12] !== 0x86 || frame[13] !== 0xdd) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const flags = view.getUint16(4);
  const copy: { told?: Hook } =
    (flags & COPY) === 0 ? {} : { told: (flags & LEAVING) === 0 ? 'arriving' : 'leaving' };
  return {
    octets: frame.subarray(HEADER),
    ifindex: view.getUint32(0),
    from: String.fromCharCode(...frame.subarray(6, 12)) as LinkAddress,
    ...copy,
  };
}

/** Packets that are read in a row, so that others have their turn. */
const ROUND = 128;
/** The longest frame; longer packets are cut up by the kernel before. */
const ROOM = 65_550;
const MTU = 65_521;
/** Frames that wait while we are busy, as many octets as a packet socket keeps if they are short. */
const QUEUE = 10_000;

export class SlowDevice {
  readonly ifindex: number;
  readonly #tun: Tun;
  readonly #watch: Watch;
  #open = true;

  /** Makes the device, or takes up the one that an earlier life has left. Throws SysError. */
  constructor(
    inside: Inside,
    poller: Poller,
    netlink: Rtnetlink,
    settings: Settings,
    take: (packet: SlowPacket) => void,
  ) {
    const { slow: name } = OWN_DEVICES;
    this.#tun = inside(() => Tun.open({ name, mode: 'tap', persistent: true }));
    this.ifindex = this.#tun.ifindex;
    // The kernel itself has nothing to say or to hear there.
    settings.set(`net/ipv6/conf/${name}/disable_ipv6`, '1');
    // The accelerator asks for ways as for packets that were forwarded from here.
    settings.set(`net/ipv6/conf/${name}/forwarding`, '1');
    netlink.setLink(this.ifindex, { up: true, mtu: MTU, queueLength: QUEUE });
    const room = new Uint8Array(new ArrayBuffer(ROOM));
    this.#watch = poller.watch(this.#tun.fd, () => {
      for (let i = 0; i < ROUND && this.#open; i++) {
        const length = this.#tun.read(room);
        if (length === 0) return;
        const packet = readSlowFrame(room.subarray(0, length));
        if (packet !== undefined) take(packet);
      }
    });
  }

  /** @param leave the device stays: what is attached sends to it. */
  close({ leave }: { readonly leave: boolean }): void {
    this.#open = false;
    this.#watch.close();
    if (!leave) this.#tun.setPersistent(false);
    this.#tun.close();
  }
}
