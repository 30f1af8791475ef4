/** What is told of a home registration: events, and what counts with them. */

import type { Address } from '../../wire/address.ts';
import { BINDING_STATUS, nameIn } from '../../wire/numbers.ts';
import { pathChanged } from '../events.ts';
import { count, tell } from '../part.ts';
import type { Output } from '../role.ts';
import { type Duration, type Instant, seconds } from '../time.ts';
import type { Way } from './agent-way.ts';

export interface Names {
  readonly peer: Address;
  readonly home: Address;
  readonly careof: Address;
}

/** @param remaining how long it is held; zero: it was taken back. */
export function tellAnswered(
  names: Names,
  remaining: Duration,
  began: Instant,
  ended: Instant,
): Output[] {
  const phase = { phase: 'home_registration', began, ended } as const;
  const outputs: Output[] = [
    count('mobility.ba_received'),
    tell({ kind: 'handover.phase', ...phase, peer: names.peer }),
  ];
  if (remaining === 0) {
    const reason = 'taken back at home';
    return [...outputs, tell({ kind: 'registration.lost', reason, ...names })];
  }
  const accepted = { lifetime_s: remaining / seconds(1), source: 'RFC 6275 11.7.3' };
  return [...outputs, tell({ kind: 'registration.accepted', ...accepted, ...names })];
}

const WAY = {
  open: ['tunnelled', 'the home agent answers in the open'],
  udp: ['udp-tunnelled', 'the home agent answers inside UDP, and not in the open'],
} as const;

/** Packets to and from the home agent go another way. */
export function tellWay({ peer, home }: Names, way: Way): Output {
  const [path, reason] = WAY[way];
  return tell(pathChanged(peer, home, path, reason));
}

/** Neither way leads to the home agent. */
export const tellNoWay = (names: Names, reason: string): Output =>
  tell({ kind: 'path.failed', ...names, reason: `no update is answered in the open, ${reason}` });

/** It cannot be believed, but an operator with a wrong key wants to see it. */
export function tellUnproved(names: Names, status: number): Output[] {
  const named = nameIn(BINDING_STATUS, status) ?? `status ${status}`;
  const reason = `${named}, itself not authenticated`;
  return [
    count('mobility.ba_unauthenticated'),
    tell({ kind: 'registration.refused', ...names, reason }),
  ];
}
