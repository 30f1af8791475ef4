/** How long the steps of the mobile node items wait, and until when the next packet must come. */
import { after, type Duration, type Instant, seconds } from '../../src/core/time.ts';
import type { Address } from '../../src/wire/address.ts';
import { NotRun } from './items.ts';
import { HOME_AGENT, named } from './mobile-node-addresses.ts';
import type { Memory } from './mobile-node-memory.ts';
import type { Planned } from './mobile-node-plan.ts';

export interface Waiting {
  readonly until?: Instant;
  readonly time?: Duration;
  /** The next packet that is waited for must come before this. */
  readonly limit?: Instant;
}

/** Longer than any wait between two repeats. */
const ENOUGH = seconds(64);
const SHORT = seconds(10);
/** What the other mobile node asks for in its updates. */
const OTHER_LIFETIME = seconds(400);

const CN0 = named('CN0');

function expiry(memory: Memory, by: Address): Instant {
  const until = memory.grantedUntil.get(by);
  if (until === undefined) throw new NotRun('waits for the end of what was not begun');
  return until;
}

const over = (moment: Instant): Instant => after(moment, seconds(1));

const WAITS: readonly [RegExp, (memory: Memory, match: string[]) => Waiting][] = [
  [
    /^Wait during a maximum of lifetime (?:value )?in BA\[3\]$/,
    (memory) => ({ limit: expiry(memory, HOME_AGENT) }),
  ],
  [
    /^Wait during a maximum of Refresh Interval in BA\[3\]$/,
    (memory) => ({ limit: over(memory.refreshAt ?? expiry(memory, HOME_AGENT)) }),
  ],
  [
    /^Wait during a maximum of remaining valid lifetime of HoA$/,
    (memory) => ({ limit: memory.validUntil.get('0')! }),
  ],
  [
    /^Wait during (\d+)(?:\(MAX_BINDACK_TIMEOUT\))? seconds?$/,
    (_, [, n]) => ({ time: seconds(Number(n)) }),
  ],
  [/^Wait during enough (?:retransmission )?timer$/, () => ({ time: ENOUGH })],
  [
    /^CN0 registration expired$|^Wait during (?:lifetime in )?Lifetime (?:value )?of B[AU]\[\d\]$/,
    (memory) => ({ until: over(expiry(memory, CN0)) }),
  ],
  [
    /^Wait during Refresh Interval of BA\[8\]$/,
    (memory) => ({ until: over(memory.refreshAt ?? expiry(memory, CN0)) }),
  ],
  [/^home registration is expired$/, (memory) => ({ until: over(expiry(memory, HOME_AGENT)) })],
  [/^Wait during retransmission time of BU$/, () => ({})],
  [/^\(MAX_BINDACK_TIMEOUT\(32 seconds\) \/ 2\)$/, () => ({ time: seconds(16) })],
];

/** What a wait is for. @param behind the steps behind it. */
export function waitingOf({ notes }: Planned, behind: readonly Planned[], memory: Memory): Waiting {
  if (notes.length === 0) return unsaid(behind, memory);
  let waiting: Waiting = {};
  for (const note of notes) {
    const found = WAITS.find(([pattern]) => pattern.test(note));
    if (found === undefined) throw new NotRun(`the word: wait ${note}`);
    waiting = { ...waiting, ...found[1](memory, found[0].exec(note)!) };
  }
  return waiting;
}

/** Where nothing is said, the next step tells what is waited for. */
function unsaid([next, reply]: readonly Planned[], memory: Memory): Waiting {
  if (next?.kind === 'expect' && next.message === 'BU') return { limit: expiry(memory, CN0) };
  // The sender's binding is not known any more when it is answered by an error.
  if (reply?.message === 'BE' && memory.updatedAt !== undefined) {
    return { until: over(after(memory.updatedAt, OTHER_LIFETIME)) };
  }
  return { time: SHORT };
}
