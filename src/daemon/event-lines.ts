/** Events as lines of the daemon's log: what an operator wants to read the day after. */
import { type CareofEvent, eventToJson } from '../core/events.ts';
import type { Level, Log } from './log.ts';

/** Kinds that are not `info`. */
const LEVEL: Partial<Record<CareofEvent['kind'], Level>> = {
  'signal.sent': 'debug',
  'signal.received': 'debug',
  'handover.phase': 'debug',
  'address.tentative': 'debug',
  'binding.refused': 'warning',
  'registration.refused': 'warning',
  'registration.lost': 'warning',
  'provider.failed': 'warning',
  'session.bounded': 'warning',
  'address.duplicate': 'warning',
  'association.exhausted': 'error',
};

export function logEvent(log: Log, event: CareofEvent): void {
  const level = LEVEL[event.kind] ?? 'info';
  if (!log.wants(level)) return;
  const { kind, ...fields } = eventToJson(event);
  log[level](String(kind), fields);
}
