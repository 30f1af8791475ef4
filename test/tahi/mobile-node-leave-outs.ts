/** Packets of the mobile node that the items wait for, and RFC 6275 does not ask for. */
import { after, type Instant, seconds } from '../../src/core/time.ts';
import { named } from './mobile-node-addresses.ts';
import type { Memory } from './mobile-node-memory.ts';
import type { Planned } from './mobile-node-plan.ts';

const MAX_TOKEN_LIFETIME = seconds(210);

export interface LeftOut {
  readonly why: string;
  /** The tester's answer that is void then. */
  readonly answer?: string;
}

interface Circumstances {
  readonly memory: Memory;
  readonly planned: readonly Planned[];
  /** The router that advertised last. */
  readonly router: string | undefined;
  readonly now: Instant;
}

/** Why a step's packet need not come; undefined where it must. */
export function leftOut(one: Planned, { memory, planned, router, now }: Circumstances) {
  // What a check is about is judged, unless the check itself says that it may be missing.
  const judged = one.checks.filter(({ expect }) => expect !== undefined);
  const spoken = judged.every(({ where = [] }) =>
    where.some(({ note }) => /may not transmit$/.test(String(note))),
  );
  if (!spoken) return undefined;
  if (one.purpose === 'NUD' && router === 'HA0') {
    return { why: 'the home link is taken at its word: the last router is not asked' };
  }
  // Whoever refuses a proof, or asks for a binding anew, wants new proofs.
  const said = memory.happened.findLast(({ seen }) => seen === undefined)?.message;
  const moves = planned.some(({ message }) => message === 'RA' || message === 'MPA');
  if (!moves && (said === 'BA' || said === 'BRR')) return undefined;
  return isReused(one, memory, now);
}

/** A home token is good for every care-of address, a care-of token for its own. */
function isReused({ message, ends, step }: Planned, memory: Memory, now: Instant) {
  if (message !== 'HoTI' && message !== 'CoTI') return undefined;
  const kind = message === 'HoTI' ? 'HoT' : 'CoT';
  const { source, destination } = ends!;
  const peer = named(destination);
  const answer = memory.answers.findLast((a) => a.kind === kind && a.peer === peer && a.asked);
  const given = memory.happened.find((one) => one.n === answer?.step && one.message === kind);
  if (given === undefined || now >= after(given.at, MAX_TOKEN_LIFETIME)) return undefined;
  if (kind === 'CoT' && given.to !== named(source)) return undefined;
  return {
    why: `step ${step.n}: the token is used again (RFC 6275 section 5.2.7)`,
    answer: `${kind} of ${destination}`,
  };
}
