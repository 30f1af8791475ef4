/** The events that tell how a registration at a peer goes. */
import type { Address } from '../wire/address.ts';
import { tell } from './part.ts';
import type { Output } from './role.ts';
import { type Duration, type Instant, seconds } from './time.ts';

interface Names {
  readonly peer: Address;
  readonly home: Address;
  readonly careof: Address;
}

export function tellAccepted({ lifetime, ...names }: Names & { lifetime: Duration }): Output {
  const lifetime_s = lifetime / seconds(1);
  const source = 'RFC 6275 11.7.3';
  return tell({ kind: 'registration.accepted', ...names, lifetime_s, source });
}

export const tellLost = (names: Names, reason: string): Output =>
  tell({ kind: 'registration.lost', ...names, reason });

export function tellPhase(peer: Address, began: Instant, ended: Instant): Output {
  return tell({ kind: 'handover.phase', phase: 'peer_registration', began, ended, peer });
}
