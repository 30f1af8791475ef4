import type { Received } from '../../core/part.ts';
import { type Address, readAddress } from '../../wire/address.ts';
import { walkHeaders } from '../../wire/walk.ts';

/** RFC 4443 section 3.1: the peer itself says that nobody listens at a port, so it is there. */
const PORT_UNREACHABLE = 4;

/** A packet of ours that an error is about: where it left from, and to which peer. */
export interface Quoted {
  readonly own: Address;
  readonly peer: Address;
}

/**
 * The path that an ICMPv6 error speaks of; undefined where it speaks of none. Anybody can make such an
 * error up, so it is a reason to ask, and never more.
 * Source: RFC 4443 section 5.2, RFC 5927 section 4.
 */
export function quotedPath({ message, destination }: Received): Quoted | undefined {
  const isError =
    (message.layer === 'destination-unreachable' && message.code !== PORT_UNREACHABLE) ||
    message.layer === 'time-exceeded';
  if (!isError) return undefined;
  const { invoking } = message;
  const walk = walkHeaders(invoking);
  if (walk === undefined || invoking.length < 40) return undefined;
  const own = readAddress(invoking, 8);
  if (own !== destination) return undefined;
  const bound = walk.routing2At >= 0;
  return { own, peer: readAddress(invoking, bound ? walk.routing2At + 8 : 24) };
}
