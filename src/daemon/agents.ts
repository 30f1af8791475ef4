/** Home agents that a mobile node has to do with, and what each knows of it. */
import { formatAddress } from '../wire/address.ts';
import { secondsSince, secondsTo } from './bindings.ts';
import type { Daemon } from './daemon.ts';
import { pairKey } from './ledger.ts';

export interface AgentRow {
  readonly agent: string;
  readonly home: string;
  readonly state: 'registered' | 'not registered' | 'silent' | 'at home';
  readonly remaining_s?: number;
  readonly silent_s?: number;
  readonly trouble?: string;
}

export function agentsOf({ ledger, clock }: Daemon): AgentRow[] {
  const { agent } = ledger;
  if (agent === undefined) return [];
  const now = clock.now();
  const silence = ledger.silences.get(agent);
  return [...ledger.homes].map((home) => {
    const registration = ledger.registrations.get(pairKey(home, agent));
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
