/** The table of all items and what became of each: what `docs/conformance.md` holds. */
import type { Item } from './items.ts';
import type { Outcome } from './run.ts';

const ROLES: readonly Item['role'][] = ['correspondent node', 'home agent', 'mobile node'];
const VERDICTS: readonly Outcome['verdict'][] = ['passed', 'failed', 'not run'];

export const countOf = (
  outcomes: readonly Outcome[],
  role: Item['role'],
  verdict: Outcome['verdict'],
): number => outcomes.filter((one) => one.item.role === role && one.verdict === verdict).length;

/** One line for each role: how many items passed, failed, and were not run. */
export function summary(outcomes: readonly Outcome[]): string[] {
  const rows = ROLES.map((role) => [role, ...VERDICTS.map((one) => countOf(outcomes, role, one))]);
  const all = VERDICTS.map((verdict) => outcomes.filter((one) => one.verdict === verdict).length);
  return [
    '| role | passed | failed | not run |',
    '|---|---|---|---|',
    ...[...rows, ['all', ...all]].map((row) => `| ${row.join(' | ')} |`),
  ];
}

/** The whole document. */
export function document(outcomes: readonly Outcome[]): string {
  const remarks = outcomes.filter((one) => one.verdict === 'passed' && one.remarks.length > 0);
  return [
    '# Conformance',
    '',
    'The items of the TAHI Mobile IPv6 suites, each driven on an implementation of its own in virtual',
    'time, with a tester that plays everybody else. Written by `npm run check:conformance`; do not edit.',
    '',
    'An item has passed when code has judged every condition of every one of its checks, and every',
    'packet that its steps wait for. It is not run where its description leaves out what would be',
    'needed, contradicts itself or RFC 6275, or asks for what careof is not: the reason says which.',
    '',
    'The peer items are driven twice: a release from a care-of address is signed over the home address',
    '(RFC 6275 section 6.2.7), then over the care-of address, as TAHI does. The home agent items are',
    'driven in ESP with configured keys where their layouts have ESP; which association a packet came by',
    'is judged by its mode, not by a number of each message. A virtual home link is driven as a real one',
    'on which nobody else is.',
    '',
    ...summary(outcomes),
    '',
    `${remarks.length} of the items that passed have a slip that is read otherwise than it stands, or`,
    'a remark that judges nothing; the column "why" says which.',
    '',
    ...ROLES.flatMap((role) => [`## ${capital(role)}`, '', ...table(outcomes, role), '']),
  ].join('\n');
}

function table(outcomes: readonly Outcome[], role: Item['role']): string[] {
  const rows = outcomes.filter(({ item }) => item.role === role);
  return [
    '| item | about | verdict | why |',
    '|---|---|---|---|',
    ...rows.map(({ item, verdict, reason, remarks }) => {
      const why = [reason, ...remarks].filter((one) => one !== '').join('; ');
      const cells = [item.id.replace('TAHI-', ''), item.about, verdict, why];
      return `| ${cells.map(cell).join(' | ')} |`;
    }),
  ];
}

const cell = (text: string): string => text.replaceAll('|', '/').replace(/\s+/g, ' ').trim();
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
