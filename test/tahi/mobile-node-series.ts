/** What shows in several packets only: how long the node waits before it sends something again. */
import {
  between,
  type Duration,
  type Instant,
  milliseconds,
  seconds,
} from '../../src/core/time.ts';
import type { Bench, Seen } from './bench.ts';
import { demand } from './conditions.ts';
import { NotRun } from './items.ts';
import { isOf } from './mobile-node-fits.ts';
import { innermost } from './mobile-node-memory.ts';

export interface Later {
  readonly what: 'timer' | 'doubled' | 'until maximum' | 'silence';
  /** The constant, or the messages that must not come. */
  readonly about: string;
  readonly message: string;
  readonly seen: Seen;
  readonly since: Instant;
}

const TIMERS: Readonly<Record<string, Duration>> = {
  InitialBindackTimeoutFirstReg: milliseconds(1500),
  INITIAL_BINDACK_TIMEOUT: seconds(1),
  INITIAL_DHAAD_TIMEOUT: seconds(3),
  INITIAL_SOLICIT_TIMER: seconds(3),
};
const MAX_BINDACK_TIMEOUT = seconds(32);
/** Parts of a wait that it may be off. */
const TOLERANCE = 0.05;

export function judgeSeries(later: Later, bench: Bench, taken: ReadonlySet<Seen>): void {
  if (later.what === 'silence') silence(later, bench, taken);
  else series(later, later.what, bench);
}

const WANTED = { timer: 2, doubled: 3, 'until maximum': 7 } as const;

function series(later: Later, what: keyof typeof WANTED, bench: Bench): void {
  const wanted = WANTED[what];
  const patience = seconds(150) + bench.now;
  while (seriesOf(later, bench).length < wanted && bench.now < patience) bench.wait(seconds(1));
  const all = seriesOf(later, bench);
  demand(all.length >= wanted, `${later.message} comes ${all.length} times only`);
  const waits = all.slice(1).map(({ at }, i) => between(all[i]!.at, at));
  switch (what) {
    case 'timer': {
      const timer = TIMERS[later.about];
      if (timer === undefined) throw new NotRun(`the timer: ${later.about}`);
      about(waits[0]!, timer);
      break;
    }
    case 'doubled':
      waits.slice(1).forEach((wait, i) => {
        about(wait, Math.min(waits[i]! * 2, MAX_BINDACK_TIMEOUT) as Duration);
      });
      break;
    case 'until maximum':
      about(Math.max(...waits) as Duration, MAX_BINDACK_TIMEOUT);
  }
}

function about(is: Duration, must: Duration): void {
  const near = Math.abs(is - must) <= must * TOLERANCE;
  demand(near, `it waits ${is / seconds(1)} s; it must be ${must / seconds(1)} s`);
}

/** All of the kind that went the same way since the cause of the first. */
function seriesOf({ message, seen, since }: Later, bench: Bench): readonly Seen[] {
  const { source, destination } = innermost(seen);
  return bench.seen.filter((one) => {
    const ends = innermost(one);
    const same = ends.source === source && ends.destination === destination;
    return one.at >= since && same && isOf(one, message);
  });
}

function silence({ since, about: messages }: Later, bench: Bench, taken: ReadonlySet<Seen>): void {
  bench.wait(MAX_BINDACK_TIMEOUT);
  const names = messages.split(' or ');
  const found = bench.seen.find(
    (one) => one.at >= since && !taken.has(one) && names.some((name) => isOf(one, name)),
  );
  demand(found === undefined, `a ${messages} was sent`);
}
