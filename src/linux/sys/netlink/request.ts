/** What is asked of the kernel by netlink: a message yet to be written, and words for its error. */
import type { MessageWriter } from './message.ts';

export interface Request {
  /** RTM_* of <linux/rtnetlink.h>, or another family's number. */
  readonly type: number;
  /** NLM_F_*, without REQUEST and ACK, which the socket adds. */
  readonly flags: number;
  readonly write: (writer: MessageWriter) => void;
  /** Such as `add route fd00::/64`, for an error's text. */
  readonly describe: () => string;
}

/** AF_* of <linux/socket.h>. */
export const AF = { UNSPEC: 0, INET: 2, BRIDGE: 7, INET6: 10, NETLINK: 16, PACKET: 17 } as const;

/** The address family of an address of 4 or 16 octets. */
export const familyOf = (address: string): number => (address.length === 4 ? AF.INET : AF.INET6);
