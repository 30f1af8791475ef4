/**
 * TUN and TAP: an interface whose other end is a file descriptor of this process.
 *
 * What the host sends by the interface is read here, packet by packet, and what is written here has
 * arrived by it. TUN carries IP packets, TAP Ethernet frames.
 *
 * Source: <linux/if_tun.h>, Documentation/networking/tuntap.rst.
 */
import {
  close,
  ifNametoindex,
  ioctl,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  open,
  read,
  write,
  writev,
} from './libc.ts';
import { allocate } from './memory.ts';
import { check, lastError, SysError } from './sys-error.ts';

// <linux/if_tun.h>
const TUNSETIFF = 0x400454ca;
const TUNSETPERSIST = 0x400454cb;
const TUNSETOFFLOAD = 0x400454d0;
const TUNSETVNETHDRSZ = 0x400454d8;
const TUNSETCARRIER = 0x400454e2;
const IFF_TUN = 0x0001;
const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const IFF_TUN_EXCL = 0x8000;
// <linux/sockios.h>, <linux/if_arp.h>
const SIOCSIFHWADDR = 0x8924;
const SIOCGIFHWADDR = 0x8927;
const ARPHRD_ETHER = 1;
// struct ifreq of <linux/if.h>: the name, then a union.
const IFREQ = { size: 40, name: 0, nameSize: 16, flags: 16, addressFamily: 16, address: 18 };

/** What a reader of super-packets promises to take; <linux/if_tun.h> TUN_F_*. */
export const OFFLOAD = {
  checksum: 0x01,
  tso4: 0x02,
  tso6: 0x04,
  ecn: 0x08,
  uso4: 0x20,
  uso6: 0x40,
};
/** Octets of `struct virtio_net_hdr` (<linux/virtio_net.h>) before each packet with `vnetHeader`. */
export const VNET_HEADER_SIZE = 10;

const DEVICE = '/dev/net/tun';
const CURES = {
  ENOENT: `load the driver: modprobe tun (and: mkdir -p /dev/net; mknod ${DEVICE} c 10 200)`,
  ENODEV: 'load the driver: modprobe tun',
  EACCES: `run as root, or let everybody open it, as most distributions do: chmod 666 ${DEVICE}`,
  EBUSY: 'another process holds the interface, or one of that name is there that is no TUN or TAP',
  EINVAL: 'an interface of that name is there with another mode; ip link del NAME removes it',
};

export interface TunOptions {
  /** At most 15 characters. */
  readonly name: string;
  /** `tun`: IP packets. `tap`: Ethernet frames. */
  readonly mode: 'tun' | 'tap';
  /** A `struct virtio_net_hdr` stands before each packet, and packets may be larger than the MTU. */
  readonly vnetHeader?: boolean;
  /** What the host may leave to us; bits of `OFFLOAD`, only with `vnetHeader`. */
  readonly offload?: number;
  /** The interface stays when its last descriptor is closed. */
  readonly persistent?: boolean;
  /** `new`: throws EEXIST or EBUSY where it is there. Else one that is there is taken up. */
  readonly create?: 'new' | 'any';
}

/** An open TUN or TAP. The interface is down at first, with its carrier on. */
export class Tun {
  readonly name: string;
  readonly mode: 'tun' | 'tap';
  readonly ifindex: number;
  /** Non-blocking; for a `Poller`. */
  readonly fd: number;
  #open = true;

  private constructor(fd: number, { name, mode }: TunOptions) {
    this.fd = fd;
    this.name = name;
    this.mode = mode;
    this.ifindex = ifNametoindex(name);
  }

  /** Makes the interface in the namespace of this thread, or takes it up. Throws SysError. */
  static open(options: TunOptions): Tun {
    const { name, mode, vnetHeader, persistent } = options;
    const request = ifreq(name);
    const fd = check(open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0), `open ${DEVICE}`, CURES);
    try {
      const flags =
        (mode === 'tun' ? IFF_TUN : IFF_TAP) |
        IFF_NO_PI |
        (vnetHeader === true ? IFF_VNET_HDR : 0) |
        (options.create === 'new' ? IFF_TUN_EXCL : 0);
      request.writeUInt16LE(flags, IFREQ.flags);
      check(ioctl(fd, TUNSETIFF, request), `ioctl TUNSETIFF ${name}`, CURES);
      if (vnetHeader === true) {
        const size = Buffer.alloc(4);
        size.writeInt32LE(VNET_HEADER_SIZE);
        check(ioctl(fd, TUNSETVNETHDRSZ, size), `ioctl TUNSETVNETHDRSZ ${name}`);
        const offload = BigInt(options.offload ?? 0);
        check(ioctl(fd, TUNSETOFFLOAD, offload), `ioctl TUNSETOFFLOAD ${name}`);
      }
      if (persistent !== undefined) {
        check(ioctl(fd, TUNSETPERSIST, persistent ? 1n : 0n), `ioctl TUNSETPERSIST ${name}`);
      }
      return new Tun(fd, options);
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  /**
   * Reads one packet into the octets; gives its length, 0 where none is waiting. A longer packet is
   * cut. Throws SysError EBADFD where the interface was removed.
   */
  read(into: Uint8Array): number {
    const length = read(this.fd, into, into.length);
    if (length >= 0) return length;
    if (lastError() === 'EAGAIN') return 0;
    return check(length, `read ${this.name}`);
  }

  /**
   * Writes one packet; it has then arrived by the interface. Gives the name of the error where the
   * kernel did not take it: EIO (the interface is down), EINVAL (no packet), EBADFD (it was removed).
   */
  write(packet: Uint8Array): string | undefined {
    return write(this.fd, packet, packet.length) < 0 ? lastError() : undefined;
  }

  /** The same for a packet in parts, as a number of `struct iovec` say. */
  writeParts(vectors: Uint8Array, count: number): string | undefined {
    return writev(this.fd, vectors, count) < 0 ? lastError() : undefined;
  }

  /** Puts the cable in or pulls it. */
  setCarrier(on: boolean): void {
    const value = Buffer.alloc(4);
    value.writeInt32LE(on ? 1 : 0);
    check(ioctl(this.fd, TUNSETCARRIER, value), `ioctl TUNSETCARRIER ${this.name}`);
  }

  /** Sets the six octets of a TAP's address. */
  setLinkAddress(address: Uint8Array): void {
    if (address.length !== 6) throw new RangeError('a link address has six octets');
    const request = ifreq(this.name);
    request.writeUInt16LE(ARPHRD_ETHER, IFREQ.addressFamily);
    request.set(address, IFREQ.address);
    check(ioctl(this.fd, SIOCSIFHWADDR, request), `ioctl SIOCSIFHWADDR ${this.name}`);
  }

  /** The six octets of a TAP's address. */
  linkAddress(): Uint8Array {
    const request = ifreq(this.name);
    check(ioctl(this.fd, SIOCGIFHWADDR, request), `ioctl SIOCGIFHWADDR ${this.name}`);
    return new Uint8Array(request.subarray(IFREQ.address, IFREQ.address + 6));
  }

  /** Whether the interface outlives its last descriptor. */
  setPersistent(yes: boolean): void {
    check(ioctl(this.fd, TUNSETPERSIST, yes ? 1n : 0n), `ioctl TUNSETPERSIST ${this.name}`);
  }

  /** Closes the descriptor, and removes the interface unless it is persistent. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    close(this.fd);
  }
}

/** A `struct ifreq` with the name filled in. */
function ifreq(name: string): Buffer {
  const length = Buffer.byteLength(name);
  if (length === 0 || length >= IFREQ.nameSize || /[/\s:]/.test(name)) {
    throw new SysError(`interface name '${name}'`, 22, {
      EINVAL: 'a name has 1 to 15 characters, none of them a space, a slash or a colon',
    });
  }
  const request = allocate(IFREQ.size).octets;
  request.write(name, IFREQ.name);
  return request;
}
