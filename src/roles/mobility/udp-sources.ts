/**
 * Whether a mobile node really gets what is sent to the outer address and port that its update came
 * from inside UDP.
 *
 * An update's proof covers what is inside: the care-of address, and not what a translator made of it.
 * Who overhears an update and is faster than it could send it on with any outer source, and the home
 * agent would pour the node's traffic over somebody. So an outer source that is not the care-of address
 * itself is answered first, with status 135 and a number that nobody can foresee; the node goes on with
 * the next number, as after any 135, and its proof covers that. Only who got the answer, or has it from
 * the node, can do so.
 *
 *     update from X, number n      -> 135, number n + some     (nothing is bound)
 *     update from X, number n + some + 1                        X gets what is for the node
 *
 * Status 135 and what a node makes of it: RFC 6275 sections 9.5.1, 11.7.3.
 *
 * One question a home address, asked after the proof alone: the table is bounded by the mobile nodes.
 */
import type { JudgedUpdate } from '../../core/bindings/judged-update.ts';
import type { NodeState } from '../../core/node-state.ts';
import { sameEnd, senderOf, type UdpEnd } from '../../core/signalling/udp-signalling.ts';
import { after, type Instant, seconds } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';

/** An answer is as old as its round trip, and the node's waits. */
const QUESTION_LIFETIME = seconds(10);
/** Numbers stay ahead of all that the node has sent meanwhile, and within half of their range. */
const LEAST_LEAP = 16;
const LEAP_RANGE = 0x4000;

interface Question {
  readonly end: UdpEnd;
  /** The number that shows it. */
  readonly sequence: number;
  readonly until: Instant;
}

export class UdpSources {
  readonly #state: NodeState;
  readonly #questions = new Map<Address, Question>();

  constructor(state: NodeState) {
    this.#state = state;
  }

  /** The last number to be answered with; undefined: the update may be obeyed. */
  question(
    judged: JudgedUpdate,
    known: { readonly udp?: UdpEnd } | undefined,
    now: Instant,
  ): number | undefined {
    const end = senderOf(judged.tunnel);
    const { home, careOf, sequence } = judged;
    if (end === undefined || this.#state.env.without.has('udp-source-check')) return undefined;
    // The care-of address itself is proved as far as that of any update is.
    if (end.address === careOf || sameEnd(end, known?.udp)) return undefined;
    const asked = this.#questions.get(home);
    if (asked !== undefined && asked.sequence === sequence && sameEnd(asked.end, end)) {
      this.#questions.delete(home);
      if (now < asked.until) return undefined;
    }
    const octets = this.#state.env.secrets(2);
    const leap = LEAST_LEAP + (((octets[0]! << 8) | octets[1]!) % LEAP_RANGE);
    const last = (sequence + leap) & 0xffff;
    const until = after(now, QUESTION_LIFETIME);
    this.#questions.set(home, { end, sequence: (last + 1) & 0xffff, until });
    return last;
  }

  forget(home: Address): void {
    this.#questions.delete(home);
  }
}
