/** What is told of a home registration: to the mobile node, in events, and what counts with them. */

import type { Address } from '../../wire/address.ts';
import { BINDING_STATUS, nameIn } from '../../wire/numbers.ts';
import { pathChanged } from '../events.ts';
import { count, tell } from '../part.ts';
import type { Output } from '../role.ts';
import { type Duration, type Instant, seconds } from '../time.ts';
import type { Way } from './agent-way.ts';

/** What became of it, for the mobile node to act on. */
export interface HomeProgress {
  readonly outputs: Output[];
  /** The home agent has news of the home network's prefixes (status 1). */
  readonly outdated?: true;
  /** `failed`: the home agent refused, or does not answer, and another may be tried. */
  readonly result?: 'bound' | 'released' | 'expired' | 'refused' | 'failed';
}

export interface Names {
  readonly peer: Address;
  readonly home: Address;
  readonly careof: Address;
}

/** What the home agent has answered, with the number of our last update. */
export interface Answered {
  /** How long it is held; zero: it was taken back. */
  readonly remaining: Duration;
  readonly sequence: number;
  readonly began: Instant;
}

export function tellAnswered(names: Names, answered: Answered, ended: Instant): Output[] {
  const { remaining, sequence, began } = answered;
  const phase = { phase: 'home_registration', began, ended } as const;
  const outputs: Output[] = [
    count('mobility.ba_received'),
    tell({ kind: 'handover.phase', ...phase, peer: names.peer }),
  ];
  if (remaining === 0) {
    const reason = 'taken back at home';
    return [...outputs, tell({ kind: 'registration.lost', reason, ...names })];
  }
  const lifetime_s = remaining / seconds(1);
  const accepted = { lifetime_s, sequence, source: 'RFC 6275 11.7.3' };
  return [...outputs, tell({ kind: 'registration.accepted', ...accepted, ...names })];
}

/** The home agent holds it for an earlier life. */
export function tellResumed(names: Names, remaining: Duration, sequence: number): Output {
  const held = { lifetime_s: remaining / seconds(1), sequence, reason: 'taken up again' };
  return tell({ kind: 'registration.accepted', ...held, ...names });
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
