/** What a checker saw that must not be. */
import type { Instant } from '../../core/time.ts';

export interface Violation {
  readonly at: Instant;
  /** The rule that was broken, one of a few words that do not change. */
  readonly rule: Rule;
  readonly node: string;
  /** What was seen. */
  readonly text: string;
}

/** Every rule that is held, with what it says. */
export const RULES = {
  'wrong-receiver': 'no packet comes to an application, or to a host, that it was not for',
  'wrong-source': 'a datagram comes with the identity of its sender as its source',
  'foreign-care-of': 'no table names a care-of address of another node for a home address',
  'two-agents': 'no home address is defended by two home agents',
  'entry-without-binding': 'a forwarding entry for a bound address belongs to a live binding',
  'binding-without-entry': 'a live binding has its forwarding entry',
  'sequence-back': 'the number of an accepted update is newer than that of the last',
  'table-bound': 'tables grow with what is bound and with nothing else',
  impossible: 'counters of what cannot happen stay at zero',
  'session-broken': 'a session whose ends lived goes on to its end',
  'not-reached': 'ten seconds after the heal every datagram arrives',
  'not-optimised': 'peers are sent to straight again, where both can',
  'agents-disagree': 'a while after the heal all agents know the same servers and clients',
  'server-unknown': 'and each of them knows every server',
  'client-lost': 'nobody loses a server while nothing fails but what agents share',
  leftover: 'two lifetimes after the last packet no table holds anything of it',
  exception: 'nothing is thrown',
} as const satisfies Record<string, string>;

export type Rule = keyof typeof RULES;

/** Notes a violation that is seen now. */
export type Report = (rule: Rule, node: string, text: string) => void;
