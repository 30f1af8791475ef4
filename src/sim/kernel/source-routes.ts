/** Source routes of IPv4, by which a packet would have a host send it on. */
import type { HeaderWalk } from '../../wire/walk.ts';
import { IPV4_HEADER, NO_OPERATION } from '../../wire/walk-ipv4.ts';

/** Loose and strict. Source: RFC 791 section 3.1. */
const SOURCE_ROUTES: ReadonlySet<number> = new Set([131, 137]);
const END_OF_OPTIONS = 0;

/** Has a packet one? Other options are passed over. Source: RFC 7126 sections 4.3 and 4.4. */
export function hasSourceRoute(octets: Uint8Array, { upperAt }: HeaderWalk): boolean {
  let at = IPV4_HEADER;
  while (at < upperAt && octets[at] !== END_OF_OPTIONS) {
    if (SOURCE_ROUTES.has(octets[at]!)) return true;
    at += octets[at] === NO_OPERATION ? 1 : octets[at + 1]!;
  }
  return false;
}
