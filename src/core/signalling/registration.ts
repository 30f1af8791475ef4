import type { Address } from '../../wire/address.ts';
import { type Constants, MAX_UPDATE_RATE } from '../constants.ts';
import type { Random } from '../role.ts';
import { after, between, type Duration, type Instant, NO_TIME, seconds, sooner } from '../time.ts';
import { nextWait } from './back-off.ts';
import { sequenceNewer } from './sequence.ts';

/** What a registration wants its peer to believe; a lifetime of 0 takes the binding back. */
export interface Target {
  readonly careOf: Address;
  readonly lifetime: Duration;
}

/** The fields of an acknowledgement that matter here; `lifetime` is a time, not the wire's units. */
export interface Acknowledgement {
  readonly status: number;
  readonly sequence: number;
  readonly lifetime: Duration;
  /** From a Binding Refresh Advice option (RFC 6275 section 6.2.4). */
  readonly refresh?: Duration;
}

export type RegistrationOutput =
  /** Send an update now; `repeat` counts from 0. */
  | {
      readonly kind: 'send';
      readonly target: Target;
      readonly sequence: number;
      readonly repeat: number;
    }
  | { readonly kind: 'bound'; readonly target: Target; readonly began: Instant }
  /** The peer took the binding back as asked. */
  | { readonly kind: 'released'; readonly target: Target; readonly began: Instant }
  | { readonly kind: 'refused'; readonly target: Target; readonly status: number }
  /** Time to send again before the lifetime is over, if the binding is still of use. */
  | { readonly kind: 'refresh'; readonly target: Target }
  /** Nothing holds any more; an update that waits for its answer goes on. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'unexpected' };

interface Waiting {
  readonly name: 'waiting';
  readonly target: Target;
  /** When the first update for this target went out: what a bill counts from. */
  readonly began: Instant;
  /** When each outstanding number was sent, newest last. */
  readonly sent: readonly { readonly sequence: number; readonly at: Instant }[];
  /** How often it was sent because an answer was due; by how many ways each time does not count. */
  readonly tries: number;
  readonly wait: Duration;
  readonly retryAt: Instant;
  /** At `retryAt` there goes what the rate did not allow before, and no repeat. */
  readonly heldBack: boolean;
  /** Status 135 answers already obeyed for this target. */
  readonly corrections: number;
}

type State =
  | { readonly name: 'idle' }
  | Waiting
  | { readonly name: 'bound'; readonly target: Target; readonly refreshAt: Instant | undefined };

/** RFC 6275 section 6.1.8. */
const SEQUENCE_OUT_OF_WINDOW = 135;
/** A peer that keeps answering 135 is not obeyed forever. */
const MAX_CORRECTIONS = 3;
/** Numbers that may be outstanding at once; the oldest is forgotten. */
const MAX_OUTSTANDING = 8;

/**
 * One binding kept alive at one peer: home agent, correspondent node, anycast agent, anchor.
 *
 *     idle --update--> waiting --acknowledged--> bound --update--> waiting
 *                      waiting --tick--> waiting   (sent again, the wait doubles up to the maximum)
 *                      waiting --refused--> idle   (135: sent again with the peer's number + 1)
 *                      bound --tick--> bound       (refresh: the owner decides), idle (expired)
 *
 * Sequence numbers grow with every transmission, repeats included (RFC 6275 section 11.8).
 *
 * Supported standards: RFC 6275 sections 11.7.1 and 11.7.2 (sending), 11.7.3 (acknowledgements),
 * 11.8 (retransmission and rate).
 */
export class Registration {
  #state: State = { name: 'idle' };
  #sequence: number;
  /** Until when the peer holds a binding of ours as far as we know. */
  #expiresAt: Instant | undefined;
  /** When the last MAX_UPDATE_RATE updates went out. */
  #lately: readonly Instant[] = [];
  readonly #constants: Constants;
  readonly #random: Random;
  readonly #retransmits: boolean;

  /**
   * @param firstSequence 0..65535, drawn or remembered by the caller.
   * @param retransmits false takes the mechanism `retransmission` away.
   */
  constructor(firstSequence: number, constants: Constants, random: Random, retransmits = true) {
    this.#sequence = firstSequence & 0xffff;
    this.#constants = constants;
    this.#random = random;
    this.#retransmits = retransmits;
  }

  /** Number of the newest update sent (or the number given at the start). */
  get sequence(): number {
    return this.#sequence;
  }

  /** Until when the peer holds our binding; undefined when it holds none. */
  get expiresAt(): Instant | undefined {
    return this.#expiresAt;
  }

  /** Numbers go on from one of an earlier life. */
  continueFrom(sequence: number): void {
    this.#sequence = sequence & 0xffff;
  }

  /** The peer holds what an earlier life registered, until then. */
  resume(target: Target, until: Instant, now: Instant): void {
    this.#expiresAt = until;
    const held = { status: 0, sequence: this.#sequence, lifetime: between(now, until) };
    this.#state = { name: 'bound', target, refreshAt: this.#refreshTime(held, now) };
  }

  /** Is an update unanswered? */
  get waiting(): boolean {
    return this.#state.name === 'waiting';
  }

  /** What was last acknowledged, while it holds. */
  get bound(): Target | undefined {
    return this.#state.name === 'bound' ? this.#state.target : undefined;
  }

  /** What the newest update asked for. */
  get target(): Target | undefined {
    return this.#state.name === 'idle' ? undefined : this.#state.target;
  }

  deadline(): Instant | undefined {
    const state = this.#state;
    if (state.name === 'waiting') {
      const send = this.#retransmits || state.heldBack ? state.retryAt : undefined;
      return state.target.lifetime > 0 ? sooner(send, this.#expiresAt) : send;
    }
    if (state.name === 'bound') return state.refreshAt ?? this.#expiresAt;
    return this.#expiresAt;
  }

  /**
   * Sends a new update and waits for its answer.
   * @param wait how long before the first repeat: INITIAL_BINDACK_TIMEOUT(_FIRST_REG).
   */
  update(target: Target, wait: Duration, now: Instant): RegistrationOutput[] {
    this.#state = {
      name: 'waiting',
      target,
      began: now,
      sent: [],
      tries: 0,
      wait,
      retryAt: after(now, wait),
      heldBack: false,
      corrections: 0,
    };
    return this.#send(this.#state, wait, now);
  }

  /** Feeds an acknowledgement that has been authenticated. */
  acknowledged(answer: Acknowledgement, now: Instant): RegistrationOutput[] {
    const state = this.#state;
    if (state.name !== 'waiting') return [{ kind: 'unexpected' }];
    if (answer.status === SEQUENCE_OUT_OF_WINDOW) return this.#correct(state, answer, now);
    const sent = state.sent.find(({ sequence }) => sequence === answer.sequence);
    if (sent === undefined) return [{ kind: 'unexpected' }];
    if (answer.status >= 128) {
      this.#state = { name: 'idle' };
      return [{ kind: 'refused', target: state.target, status: answer.status }];
    }
    if (state.target.lifetime === 0 || answer.lifetime === 0) {
      this.forget();
      const { target, began } = state;
      // "Accepted, for no time at all" is not what was asked for, and nothing holds after it.
      if (target.lifetime > 0) return [{ kind: 'refused', target, status: answer.status }];
      return [{ kind: 'released', target, began }];
    }
    // The peer counts from when it got the update, we from when we sent it: never the longer.
    this.#expiresAt = after(sent.at, answer.lifetime);
    const refreshAt = this.#refreshTime(answer, sent.at);
    this.#state = { name: 'bound', target: state.target, refreshAt: later(refreshAt, now) };
    return [{ kind: 'bound', target: state.target, began: state.began }];
  }

  /** The peer said (or showed) that it holds nothing of ours; nothing is sent. */
  forget(): void {
    this.#state = { name: 'idle' };
    this.#expiresAt = undefined;
  }

  /** To be called when `deadline()` has come. */
  tick(now: Instant): RegistrationOutput[] {
    const state = this.#state;
    if (state.name === 'waiting') return [...this.#expire(state, now), ...this.#again(state, now)];
    if (state.name === 'bound' && state.refreshAt !== undefined && now >= state.refreshAt) {
      this.#state = { ...state, refreshAt: undefined };
      return [{ kind: 'refresh', target: state.target }];
    }
    if (this.#expiresAt !== undefined && now >= this.#expiresAt) {
      this.forget();
      return [{ kind: 'expired' }];
    }
    return [];
  }

  /** What was held runs out while an update waits. What is being taken back is not missed. */
  #expire({ target }: Waiting, now: Instant): RegistrationOutput[] {
    const over = this.#expiresAt !== undefined && now >= this.#expiresAt;
    if (!over || target.lifetime === 0) return [];
    this.#expiresAt = undefined;
    return [{ kind: 'expired' }];
  }

  #again(state: Waiting, now: Instant): RegistrationOutput[] {
    if (now < state.retryAt) return [];
    if (state.heldBack) return this.#send({ ...state, heldBack: false }, state.wait, now);
    if (!this.#retransmits) return [];
    const longest = this.#constants.MAX_BINDACK_TIMEOUT;
    return this.#send(state, nextWait(state.wait, { longest, spread: 0 }, this.#random), now);
  }

  /** Never more than MAX_UPDATE_RATE within a second. Source: RFC 6275 section 11.8. */
  #send(state: Waiting, wait: Duration, now: Instant): RegistrationOutput[] {
    const retryAt = after(this.#lately[0] ?? now, seconds(1));
    if (this.#lately.length === MAX_UPDATE_RATE && now < retryAt) {
      this.#state = { ...state, wait, retryAt, heldBack: true };
      return [];
    }
    const tries = state.tries + 1;
    return this.#numbered({ ...state, tries, wait, retryAt: after(now, wait) }, now);
  }

  /** Sends what waits for its answer once more at once, by another way, if the rate allows it. */
  sendBeside(now: Instant): RegistrationOutput[] {
    const state = this.#state;
    const often =
      this.#lately.length === MAX_UPDATE_RATE && now < after(this.#lately[0]!, seconds(1));
    return state.name !== 'waiting' || often ? [] : this.#numbered(state, now);
  }

  #numbered(state: Waiting, now: Instant): RegistrationOutput[] {
    this.#lately = [...this.#lately, now].slice(-MAX_UPDATE_RATE);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const sent = [...state.sent, { sequence: this.#sequence, at: now }].slice(-MAX_OUTSTANDING);
    this.#state = { ...state, sent };
    const { target, tries } = state;
    return [{ kind: 'send', target, sequence: this.#sequence, repeat: tries - 1 }];
  }

  /** The peer's last number is in the answer: go on from there. RFC 6275 section 11.7.3. */
  #correct(state: Waiting, answer: Acknowledgement, now: Instant): RegistrationOutput[] {
    // It answers an early repeat: what was sent since then has numbers that the peer will take.
    if (sequenceNewer(this.#sequence, answer.sequence)) return [{ kind: 'unexpected' }];
    if (state.corrections >= MAX_CORRECTIONS) {
      this.#state = { name: 'idle' };
      return [{ kind: 'refused', target: state.target, status: answer.status }];
    }
    this.#sequence = answer.sequence & 0xffff;
    return this.#send({ ...state, corrections: state.corrections + 1 }, state.wait, now);
  }

  /**
   * Spread over 70 to 90 % of the lifetime, or over the last tenth before what the peer advises, so
   * that nodes that began together do not stay so. Never so late that no time is left for repeats.
   */
  #refreshTime(answer: Acknowledgement, sentAt: Instant): Instant {
    const latest = 0.9 * answer.lifetime;
    // An advice of 0 would have us send as fast as the peer answers.
    const advice = answer.refresh || latest;
    const earliest = advice < latest ? 0.9 * advice : 0.7 * answer.lifetime;
    const wait = earliest + (Math.min(advice, latest) - earliest) * this.#random();
    return after(sentAt, Math.round(wait) as Duration);
  }
}

function later(moment: Instant, now: Instant): Instant {
  return after(now, between(now, moment) || NO_TIME);
}
