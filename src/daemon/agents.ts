/** Home agents of a mobile node, or agents that a server has joined, and what each knows of it. */
import { type Address, formatAddress } from '../wire/address.ts';
import { secondsSince, secondsTo } from './bindings.ts';
import type { Daemon } from './daemon.ts';
import { pairKey } from './ledger.ts';
import { holdersOf, registeredAt } from './services.ts';

export interface AgentRow {
  readonly agent: string;
  readonly home: string;
  readonly state: 'registered' | 'not registered' | 'silent' | 'at home';
  readonly remaining_s?: number;
  readonly silent_s?: number;
  readonly trouble?: string;
}

export function agentsOf(daemon: Daemon): AgentRow[] {
  const { agent } = daemon.ledger;
  const holders = holdersOf(daemon);
  const agents = holders.length > 0 ? holders : agent === undefined ? [] : [agent];
  return agents.flatMap((one) => rowsOf(daemon, one));
}

function rowsOf(daemon: Daemon, agent: Address): AgentRow[] {
  const { ledger, clock } = daemon;
  const at = registeredAt(daemon, agent);
  const now = clock.now();
  const silence = ledger.silences.get(at);
  return [...ledger.homes].map((home) => {
    const registration = ledger.registrations.get(pairKey(home, at));
    const holds = registration?.until !== undefined && registration.until > now;
    const silent = silence !== undefined && silence.count > 1;
    const trouble = registration?.trouble?.text;
    return {
      agent: formatAddress(agent),
      home: formatAddress(home),
      state: silent
        ? 'silent'
        : ledger.atHome.has(home)
          ? 'at home'
          : holds
            ? 'registered'
            : 'not registered',
      ...(holds && { remaining_s: secondsTo(registration.until!, now) }),
      ...(silent && { silent_s: secondsSince(silence.since, now) }),
      ...(trouble !== undefined && { trouble }),
    };
  });
}
