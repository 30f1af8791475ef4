/** Links by rtnetlink. Source: rtnetlink(7); <linux/rtnetlink.h>, <linux/if_link.h>, <linux/if.h>. */
import { linkAddressFrom } from '../../../core/neighbor-discovery/link-layer.ts';
import type { LinkAddress } from '../../../core/role.ts';
import {
  type Message,
  type MessageWriter,
  NLM_F,
  nested,
  parseAttributes,
  text,
  u8,
  u32,
} from './message.ts';
import { AF, type Request } from './request.ts';

/** <linux/rtnetlink.h> */
export const RTM_LINK = { NEW: 16, DEL: 17, GET: 18, SET: 19 } as const;
// struct ifinfomsg
const IFINFOMSG = { size: 16, family: 0, type: 2, index: 4, flags: 8, change: 12 };
// enum of <linux/if_link.h>
const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  TXQLEN: 13,
  OPERSTATE: 16,
  LINKINFO: 18,
  AF_SPEC: 26,
  NET_NS_FD: 28,
  CARRIER: 33,
};
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const VETH_INFO_PEER = 1; // <linux/veth.h>
const IFLA_INET6_ADDR_GEN_MODE = 8;
const GENERATION = { eui64: 0, none: 1, 'stable-privacy': 2, random: 3 } as const;
// <linux/if.h>
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const IFF_NOARP = 0x80;
const IFF_LOWER_UP = 0x10000;

export interface Link {
  readonly ifindex: number;
  readonly name: string;
  readonly up: boolean;
  /** A cable is in: IFF_LOWER_UP. */
  readonly carrier: boolean;
  readonly loopback: boolean;
  /** Neighbours are not resolved on it. */
  readonly pointToPoint: boolean;
  readonly mtu: number;
  /** Where the link has addresses of six octets. */
  readonly linkAddress?: LinkAddress;
  /** ARPHRD_* of <linux/if_arp.h>: 1 Ethernet, 772 loopback, 65534 none. */
  readonly type: number;
  /** IF_OPER_* of <linux/if.h>: 6 up, 2 down, 0 unknown. */
  readonly operationalState: number;
  /** The bridge that it is a port of. */
  readonly master?: number;
  /** Such as `veth`, `tun`, `bridge`. */
  readonly kind?: string;
}

/** What `setLink` changes; absent things stay. */
export interface LinkChange {
  readonly up?: boolean;
  readonly name?: string;
  readonly mtu?: number;
  readonly linkAddress?: LinkAddress;
  /** Packets that wait for the driver at most. */
  readonly queueLength?: number;
  /** Which link-local address the kernel makes by itself when the link comes up. */
  readonly addressGeneration?: keyof typeof GENERATION;
  /** ifindex of the bridge to be a port of; 0: of none. */
  readonly master?: number;
  /** A descriptor of the network namespace to go to. */
  readonly namespace?: number;
}

/** It is born down, since a cable with one end is none. */
export interface VethEnd extends Omit<LinkChange, 'up'> {
  readonly name: string;
}

/** Reads an RTM_NEWLINK or RTM_DELLINK; nothing for other messages. Throws RangeError on bad lengths. */
export function parseLink({ type, body }: Message): Link | undefined {
  if (type !== RTM_LINK.NEW && type !== RTM_LINK.DEL) return undefined;
  if (body.length < IFINFOMSG.size) throw new RangeError('netlink: half an ifinfomsg');
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  // Bridges tell of their ports in a form of their own.
  if (view.getUint8(IFINFOMSG.family) === AF.BRIDGE) return undefined;
  const attributes = parseAttributes(body, IFINFOMSG.size);
  const flags = view.getUint32(IFINFOMSG.flags, true);
  const address = linkAddressFrom(attributes.get(IFLA.ADDRESS) ?? new Uint8Array(0));
  const master = u32(attributes, IFLA.MASTER);
  const kind = text(nested(attributes, IFLA.LINKINFO), IFLA_INFO_KIND);
  return {
    ifindex: view.getInt32(IFINFOMSG.index, true),
    name: text(attributes, IFLA.IFNAME) ?? '',
    up: (flags & IFF_UP) !== 0,
    carrier: (flags & IFF_LOWER_UP) !== 0,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    pointToPoint: (flags & IFF_NOARP) !== 0,
    mtu: u32(attributes, IFLA.MTU) ?? 0,
    ...(address === undefined ? {} : { linkAddress: address }),
    type: view.getUint16(IFINFOMSG.type, true),
    operationalState: u8(attributes, IFLA.OPERSTATE) ?? 0,
    ...(master === undefined || master === 0 ? {} : { master }),
    ...(kind === undefined ? {} : { kind }),
  };
}

/** Asks for one link, by ifindex or by name. */
export const getLink = (which: number | string): Request => ({
  type: RTM_LINK.GET,
  flags: 0,
  write: (writer) => {
    writeHeader(writer, typeof which === 'number' ? which : 0, {});
    if (typeof which === 'string') writer.text(IFLA.IFNAME, which);
  },
  describe: () => `get link ${which}`,
});

export const listLinks = (): Request => ({
  type: RTM_LINK.GET,
  flags: 0,
  write: (writer) => writeHeader(writer, 0, {}),
  describe: () => 'list links',
});

export const changeLink = (ifindex: number, change: LinkChange): Request => ({
  type: RTM_LINK.SET,
  flags: 0,
  write: (writer) => {
    writeHeader(writer, ifindex, change);
    writeChange(writer, change);
    if (change.addressGeneration !== undefined) {
      const mode = GENERATION[change.addressGeneration];
      writer.nest(IFLA.AF_SPEC, () =>
        writer.nest(AF.INET6, () => writer.u8(IFLA_INET6_ADDR_GEN_MODE, mode)),
      );
    }
  },
  describe: () => `set link ${ifindex}`,
});

export const deleteLink = (ifindex: number): Request => ({
  type: RTM_LINK.DEL,
  flags: 0,
  write: (writer) => writeHeader(writer, ifindex, {}),
  describe: () => `delete link ${ifindex}`,
});

/** Makes two Ethernet interfaces that are joined by a cable; each may be born in another namespace. */
export const createVeth = (one: VethEnd, other: VethEnd): Request => ({
  type: RTM_LINK.NEW,
  flags: NLM_F.CREATE | NLM_F.EXCL,
  write: (writer) => {
    writeHeader(writer, 0, one);
    writeChange(writer, one);
    writer.nest(IFLA.LINKINFO, () => {
      writer.text(IFLA_INFO_KIND, 'veth');
      writer.nest(IFLA_INFO_DATA, () =>
        writer.nest(VETH_INFO_PEER, () => {
          writeHeader(writer, 0, other);
          writeChange(writer, other);
        }),
      );
    });
  },
  describe: () => `create veth ${one.name} and ${other.name}`,
});

export const createBridge = (name: string): Request => ({
  type: RTM_LINK.NEW,
  flags: NLM_F.CREATE | NLM_F.EXCL,
  write: (writer) => {
    writeHeader(writer, 0, {});
    writer.text(IFLA.IFNAME, name);
    writer.nest(IFLA.LINKINFO, () => writer.text(IFLA_INFO_KIND, 'bridge'));
  },
  describe: () => `create bridge ${name}`,
});

function writeHeader(writer: MessageWriter, ifindex: number, { up }: LinkChange): void {
  writer.structure(IFINFOMSG.size, (octets, at) => {
    octets.writeInt32LE(ifindex, at + IFINFOMSG.index);
    if (up === undefined) return;
    octets.writeUInt32LE(up ? IFF_UP : 0, at + IFINFOMSG.flags);
    octets.writeUInt32LE(IFF_UP, at + IFINFOMSG.change);
  });
}

function writeChange(writer: MessageWriter, change: LinkChange): void {
  const { name, mtu, linkAddress, master, namespace, queueLength } = change;
  if (name !== undefined) writer.text(IFLA.IFNAME, name);
  if (mtu !== undefined) writer.u32(IFLA.MTU, mtu);
  if (queueLength !== undefined) writer.u32(IFLA.TXQLEN, queueLength);
  if (linkAddress !== undefined) writer.address(IFLA.ADDRESS, linkAddress);
  if (master !== undefined) writer.u32(IFLA.MASTER, master);
  if (namespace !== undefined) writer.u32(IFLA.NET_NS_FD, namespace);
}
