/** What the items ask for and careof does not do, by the beginnings of their names, with the reason. */
import type { Item } from './items.ts';

const BEFORE_ANSWER =
  'asks that nothing be sent before the home agent has answered: see decision 5';
const FRESH = 'asks for new tests though the tokens are fresh (RFC 6275 section 5.2.7)';

const NOT_DONE: readonly (readonly [start: string, reason: string])[] = [
  ['TAHI-MN-2-1-1-1-013', BEFORE_ANSWER],
  ['TAHI-MN-2-1-2-1-006', BEFORE_ANSWER],
  ['TAHI-MN-2-2-1-1-010', BEFORE_ANSWER],
  ['TAHI-MN-2-2-1-1-017', BEFORE_ANSWER],
  ['TAHI-MN-2-1-1-2-017', FRESH],
  ['TAHI-MN-2-1-2-2-017', FRESH],
  ['TAHI-MN-2-1-1-1-008', 'asks for a new beginning where the node asks on, ever more slowly'],
  ['TAHI-MN-3-2-1-2-018', 'asks that a binding in use be left to run out; it is renewed in time'],
  ['TAHI-MN-6-2-2-1-001', 'asks that an error anybody can forge end the home registration'],
];

export const notDone = ({ id }: Item): string | undefined =>
  NOT_DONE.find(([start]) => id.startsWith(start))?.[1];
