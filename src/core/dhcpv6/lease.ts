import type { Address } from '../../wire/address.ts';
import type { Dhcpv6Message } from '../../wire/dhcpv6/dhcpv6-message.ts';
import { DHCPV6_STATUS } from '../../wire/dhcpv6/dhcpv6-numbers.ts';
import type { Lifetimes } from '../neighbor-discovery/address-lifetime.ts';
import type { Random } from '../role.ts';
import { after, type Instant, seconds } from '../time.ts';
import { optionOf } from './dhcpv6-packets.ts';

/** A lifetime that never ends: 136 years, which is as good. Source: RFC 8415 section 7.7. */
const INFINITY = 0xffff_ffff;
/** T1 and T2 where the server leaves them to the client. Source: RFC 8415 section 21.4. */
const T1_SHARE = 0.5;
const T2_SHARE = 0.8;

/** An address that a server leased to us. */
export interface Lease extends Lifetimes {
  readonly address: Address;
  /** The server's DUID. */
  readonly server: Uint8Array;
  readonly renewAt: Instant;
  readonly rebindAt: Instant;
  readonly validUntil: Instant;
}

/** What a server's answer says of our identity association. */
export interface Granted {
  /** A status of RFC 8415 section 21.13. */
  readonly status: number;
  readonly lease?: Lease;
}

/**
 * Reads an answer. An address whose lifetimes contradict each other is none.
 * Source: RFC 8415 sections 18.2.10.1, 21.4 and 21.6.
 */
export function grantedBy(
  message: Dhcpv6Message,
  server: Uint8Array,
  iaid: number,
  random: Random,
  now: Instant,
): Granted {
  const outer = optionOf(message, 'status-code')?.status ?? DHCPV6_STATUS.success;
  if (outer !== DHCPV6_STATUS.success) return { status: outer };
  const ia = message.options.find((one) => one.option === 'ia-na' && one.iaid === iaid);
  if (ia?.option !== 'ia-na') return { status: outer };
  let status: number = outer;
  for (const one of ia.options) if (one.option === 'status-code') status = one.status;
  if (status !== DHCPV6_STATUS.success) return { status };
  if (ia.t2 > 0 && ia.t1 > ia.t2) return { status };
  for (const one of ia.options) {
    if (one.option !== 'ia-address') continue;
    const { address, preferredLifetime: preferred, validLifetime: valid } = one;
    if (valid === 0 || preferred > valid) continue;
    const share = (part: number) =>
      preferred === INFINITY ? INFINITY : Math.max(1, Math.floor(part * preferred));
    // Left to us, the moment is drawn, so that clients that began together do not stay together.
    const t1 = ia.t1 || share(T1_SHARE * (0.9 + 0.1 * random()));
    const t2 = ia.t2 || share(T2_SHARE);
    const moment = (time: number) => after(now, seconds(Math.min(time, valid)));
    const lifetimes = { validLifetime: seconds(valid), preferredLifetime: seconds(preferred) };
    const moments = { renewAt: moment(t1), rebindAt: moment(t2), validUntil: moment(valid) };
    return { status, lease: { address, server, ...lifetimes, ...moments } };
  }
  return { status };
}
