/** Addresses by rtnetlink. Source: rtnetlink(7); <linux/if_addr.h>. */
import { type Address, addressOf, formatAddress } from '../../../wire/address.ts';
import { type Message, NLM_F, parseAttributes, u8, u32 } from './message.ts';
import { AF, familyOf, type Request } from './request.ts';

/** <linux/rtnetlink.h> */
export const RTM_ADDRESS = { NEW: 20, DEL: 21, GET: 22 } as const;
// struct ifaddrmsg
const IFADDRMSG = { size: 8, family: 0, prefixLength: 1, flags: 2, scope: 3, index: 4 };
// enum of <linux/if_addr.h>
const IFA = { ADDRESS: 1, LOCAL: 2, CACHEINFO: 6, FLAGS: 8, PROTO: 11 };
// struct ifa_cacheinfo: preferred and valid lifetime in seconds, then two time stamps.
const CACHEINFO = { size: 16, preferred: 0, valid: 4 };
const FOREVER = 0xffffffff;

/** IFA_F_* of <linux/if_addr.h>. */
export const IFA_F = {
  /** No Duplicate Address Detection by the kernel. */
  NODAD: 0x02,
  OPTIMISTIC: 0x04,
  DADFAILED: 0x08,
  DEPRECATED: 0x20,
  TENTATIVE: 0x40,
  PERMANENT: 0x80,
  /** The kernel makes no route for the prefix. */
  NOPREFIXROUTE: 0x200,
} as const;

export interface InterfaceAddress {
  readonly ifindex: number;
  readonly address: Address;
  readonly prefixLength: number;
  /** Bits of `IFA_F`. */
  readonly flags?: number;
  /** Seconds; absent: for ever. 0 preferred seconds: deprecated. */
  readonly preferredSeconds?: number;
  readonly validSeconds?: number;
  /** Who made it, 0 to 255; as routes have it (IFA_PROTO, since Linux 5.18). */
  readonly protocol?: number;
}

/** Reads an RTM_NEWADDR or RTM_DELADDR; nothing for other messages. Throws RangeError on bad lengths. */
export function parseInterfaceAddress({ type, body }: Message): InterfaceAddress | undefined {
  if (type !== RTM_ADDRESS.NEW && type !== RTM_ADDRESS.DEL) return undefined;
  if (body.length < IFADDRMSG.size) throw new RangeError('netlink: half an ifaddrmsg');
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const attributes = parseAttributes(body, IFADDRMSG.size);
  // On links with a far end IFA_ADDRESS is that one's and IFA_LOCAL ours.
  const octets = attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS);
  if (octets === undefined || (octets.length !== 16 && octets.length !== 4)) return undefined;
  const protocol = u8(attributes, IFA.PROTO);
  return {
    ifindex: view.getUint32(IFADDRMSG.index, true),
    address: addressOf(octets),
    prefixLength: view.getUint8(IFADDRMSG.prefixLength),
    flags: u32(attributes, IFA.FLAGS) ?? view.getUint8(IFADDRMSG.flags),
    ...lifetimes(attributes.get(IFA.CACHEINFO)),
    ...(protocol === undefined || protocol === 0 ? {} : { protocol }),
  };
}

function lifetimes(cacheInfo: Uint8Array | undefined) {
  if (cacheInfo === undefined || cacheInfo.length < CACHEINFO.size) return {};
  const view = new DataView(cacheInfo.buffer, cacheInfo.byteOffset, cacheInfo.byteLength);
  const preferredSeconds = view.getUint32(CACHEINFO.preferred, true);
  const validSeconds = view.getUint32(CACHEINFO.valid, true);
  return {
    ...(preferredSeconds === FOREVER ? {} : { preferredSeconds }),
    ...(validSeconds === FOREVER ? {} : { validSeconds }),
  };
}

/** All addresses, or those of one interface. */
export const listAddresses = (ifindex = 0): Request => ({
  type: RTM_ADDRESS.GET,
  flags: 0,
  write: (writer) =>
    writer.structure(IFADDRMSG.size, (octets, at) => {
      octets.writeUInt32LE(ifindex, at + IFADDRMSG.index);
    }),
  describe: () => 'list addresses',
});

/** Adds an address, or changes flags and lifetimes of one that is there. */
export const replaceAddress = (address: InterfaceAddress): Request =>
  changeOf(address, RTM_ADDRESS.NEW, NLM_F.CREATE | NLM_F.REPLACE, 'set address');

/** Adds an address; EEXIST where it is there. */
export const addAddress = (address: InterfaceAddress): Request =>
  changeOf(address, RTM_ADDRESS.NEW, NLM_F.CREATE | NLM_F.EXCL, 'add address');

/** Removes an address; EADDRNOTAVAIL where it is not there. */
export const removeAddress = (address: InterfaceAddress): Request =>
  changeOf(address, RTM_ADDRESS.DEL, 0, 'remove address');

function changeOf(one: InterfaceAddress, type: number, flags: number, verb: string): Request {
  return {
    type,
    flags,
    write: (writer) => {
      const family = familyOf(one.address);
      writer.structure(IFADDRMSG.size, (octets, at) => {
        octets[at + IFADDRMSG.family] = family;
        octets[at + IFADDRMSG.prefixLength] = one.prefixLength;
        octets.writeUInt32LE(one.ifindex, at + IFADDRMSG.index);
      });
      writer.address(IFA.LOCAL, one.address);
      if (family === AF.INET) writer.address(IFA.ADDRESS, one.address);
      if (one.flags !== undefined) writer.u32(IFA.FLAGS, one.flags);
      if (one.protocol !== undefined) writer.u8(IFA.PROTO, one.protocol);
      if (one.preferredSeconds === undefined && one.validSeconds === undefined) return;
      const info = Buffer.alloc(CACHEINFO.size);
      const valid = one.validSeconds ?? FOREVER;
      info.writeUInt32LE(Math.min(one.preferredSeconds ?? FOREVER, valid), CACHEINFO.preferred);
      info.writeUInt32LE(valid, CACHEINFO.valid);
      writer.attribute(IFA.CACHEINFO, info);
    },
    describe: () =>
      `${verb} ${formatAddress(one.address)}/${one.prefixLength} at link ${one.ifindex}`,
  };
}
