/** Neighbours: who has which address on a link, and for whom we answer. Source: <linux/neighbour.h>. */
import { linkAddressFrom, linkAddressOctets } from '../../../core/neighbor-discovery/link-layer.ts';
import type { LinkAddress } from '../../../core/role.ts';
import { type Address, addressOf, formatAddress } from '../../../wire/address.ts';
import { type Message, NLM_F, parseAttributes, u8, u32 } from './message.ts';
import { AF, familyOf, type Request } from './request.ts';

/** <linux/rtnetlink.h> */
export const RTM_NEIGHBOUR = { NEW: 28, DEL: 29, GET: 30 } as const;
// struct ndmsg
const NDMSG = { size: 12, family: 0, ifindex: 4, state: 8, flags: 10, type: 11 };
// enum of <linux/neighbour.h>
const NDA = { DST: 1, LLADDR: 2, PROTOCOL: 12 };
const NDA_IFINDEX = 8;
const NTF_USE = 0x01;
const NTF_PROXY = 0x08;
const NTF_ROUTER = 0x80;

/** NUD_*. */
export const NEIGHBOUR_STATE = {
  INCOMPLETE: 0x01,
  REACHABLE: 0x02,
  STALE: 0x04,
  DELAY: 0x08,
  PROBE: 0x10,
  FAILED: 0x20,
  NOARP: 0x40,
  PERMANENT: 0x80,
} as const;

export interface Neighbour {
  readonly ifindex: number;
  readonly address: Address;
  readonly linkAddress?: LinkAddress;
  /** One of `NEIGHBOUR_STATE`; PERMANENT where a link address is set without one. */
  readonly state?: number;
  readonly router?: boolean;
  /** The kernel answers solicitations for this address, where `proxy_ndp` is set (NTF_PROXY). */
  readonly proxy?: boolean;
  /** Who made it, 0 to 255. */
  readonly protocol?: number;
}

/** Reads an RTM_NEWNEIGH or RTM_DELNEIGH; nothing for other messages. Throws RangeError on bad lengths. */
export function parseNeighbour({ type, body }: Message): Neighbour | undefined {
  if (type !== RTM_NEIGHBOUR.NEW && type !== RTM_NEIGHBOUR.DEL) return undefined;
  if (body.length < NDMSG.size) throw new RangeError('netlink: half an ndmsg');
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const attributes = parseAttributes(body, NDMSG.size);
  const octets = attributes.get(NDA.DST);
  if (octets === undefined || (octets.length !== 16 && octets.length !== 4)) return undefined;
  const linkAddress = linkAddressFrom(attributes.get(NDA.LLADDR) ?? new Uint8Array(0));
  const flags = view.getUint8(NDMSG.flags);
  const protocol = u8(attributes, NDA.PROTOCOL);
  return {
    ifindex: view.getInt32(NDMSG.ifindex, true) || (u32(attributes, NDA_IFINDEX) ?? 0),
    address: addressOf(octets),
    ...(linkAddress === undefined ? {} : { linkAddress }),
    state: view.getUint16(NDMSG.state, true),
    ...((flags & NTF_ROUTER) !== 0 ? { router: true } : {}),
    ...((flags & NTF_PROXY) !== 0 ? { proxy: true } : {}),
    ...(protocol === undefined || protocol === 0 ? {} : { protocol }),
  };
}

/** Adds a neighbour or a proxied address, or puts it in the place of the one of that address. */
export const replaceNeighbour = (neighbour: Neighbour): Request =>
  changeOf(neighbour, RTM_NEIGHBOUR.NEW, NLM_F.CREATE | NLM_F.REPLACE, 0, 'set neighbour');

/** Removes a neighbour or a proxied address; ENOENT where it is not there. */
export const removeNeighbour = (neighbour: Neighbour): Request =>
  changeOf(neighbour, RTM_NEIGHBOUR.DEL, 0, 0, 'remove neighbour');

/** Has the kernel resolve an address, as if a packet were to be sent to it. */
export const useNeighbour = (ifindex: number, address: Address): Request =>
  changeOf({ ifindex, address, state: 0 }, RTM_NEIGHBOUR.NEW, NLM_F.CREATE, NTF_USE, 'resolve');

/** Asks for one neighbour; ENOENT where it is not there. */
export const getNeighbour = (ifindex: number, address: Address): Request =>
  changeOf({ ifindex, address, state: 0 }, RTM_NEIGHBOUR.GET, 0, 0, 'get neighbour');

/** All neighbours of IPv6, or those of one link; or instead the addresses that are proxied. */
export const listNeighbours = (
  filter: { readonly ifindex?: number; readonly proxy?: boolean } = {},
): Request => ({
  type: RTM_NEIGHBOUR.GET,
  flags: 0,
  write: (writer) => {
    writer.structure(NDMSG.size, (octets, at) => {
      octets[at + NDMSG.family] = AF.INET6;
      octets[at + NDMSG.flags] = filter.proxy === true ? NTF_PROXY : 0;
    });
    if (filter.ifindex !== undefined) writer.u32(NDA_IFINDEX, filter.ifindex);
  },
  describe: () => 'list neighbours',
});

function changeOf(
  one: Neighbour,
  type: number,
  messageFlags: number,
  extra: number,
  verb: string,
): Request {
  const { linkAddress, proxy, router, protocol } = one;
  const permanent = linkAddress === undefined ? 0 : NEIGHBOUR_STATE.PERMANENT;
  const flags = extra | (proxy === true ? NTF_PROXY : 0) | (router === true ? NTF_ROUTER : 0);
  return {
    type,
    flags: messageFlags,
    write: (writer) => {
      writer.structure(NDMSG.size, (octets, at) => {
        octets[at + NDMSG.family] = familyOf(one.address);
        octets.writeInt32LE(one.ifindex, at + NDMSG.ifindex);
        octets.writeUInt16LE(one.state ?? permanent, at + NDMSG.state);
        octets[at + NDMSG.flags] = flags;
      });
      writer.address(NDA.DST, one.address);
      if (linkAddress !== undefined) writer.attribute(NDA.LLADDR, linkAddressOctets(linkAddress));
      if (protocol !== undefined) writer.u8(NDA.PROTOCOL, protocol);
    },
    describe: () => `${verb} ${formatAddress(one.address)} at link ${one.ifindex}`,
  };
}
