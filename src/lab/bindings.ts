/** The bindings that nodes hold, followed through their events. */

import type { Address } from '../wire/address.ts';
import type { Logged } from './run-record.ts';

/** A binding as it stood when the run ended. */
export interface HeldBinding {
  /** `home` and `peer` in a binding cache, `registration` in a binding update list. */
  readonly scope: 'home' | 'peer' | 'registration';
  readonly home: Address;
  readonly careof: Address;
  /** With whom, for a registration. */
  readonly peer?: Address;
  readonly lifetimeSeconds?: number;
  /** When it was accepted last, in microseconds. */
  readonly at: number;
}

/** What each node holds after these events. */
export function bindingsOf(events: readonly Logged[]): Map<string, HeldBinding[]> {
  const tables = new Map<string, Map<string, HeldBinding>>();
  for (const { at, node, event } of events) {
    const table = tables.get(node) ?? new Map<string, HeldBinding>();
    tables.set(node, table);
    switch (event.kind) {
      case 'binding.accepted':
      case 'registration.accepted': {
        const { kind, home, careof, lifetime_s } = event;
        const scope = kind === 'binding.accepted' ? event.scope : 'registration';
        const key = keyOf(event);
        if (lifetime_s === 0) table.delete(key);
        else {
          const peer = kind === 'registration.accepted' ? { peer: event.peer } : {};
          const lifetime = lifetime_s === undefined ? {} : { lifetimeSeconds: lifetime_s };
          table.set(key, { scope, home, careof, ...peer, ...lifetime, at });
        }
        break;
      }
      case 'binding.deleted':
      case 'binding.expired':
      case 'registration.lost':
        table.delete(keyOf(event));
        break;
      case 'node.crashed':
        table.clear();
        break;
    }
  }
  return new Map([...tables].map(([node, table]) => [node, [...table.values()]]));
}

function keyOf(
  event: { home: Address } & ({ scope: string; registrant?: string } | { peer: Address }),
): string {
  return 'scope' in event
    ? `${event.scope} ${event.home}${event.registrant ?? ''}`
    : `${event.peer} ${event.home}`;
}
