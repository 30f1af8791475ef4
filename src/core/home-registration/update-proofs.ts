import { BINDING_STATUS } from '../../wire/numbers.ts';
import type { BindingUpdate, JudgedUpdate, Judgement } from '../bindings/judged-update.ts';
import type { Authentication, Authority } from '../config.ts';
import type { Counter } from '../counters.ts';
import type { NodeState } from '../node-state.ts';
import { count, type Received } from '../part.ts';
import type { Output } from '../role.ts';
import {
  type AuthenticatedBinding,
  isFresh,
  ntpTimestamp,
} from '../security/authentication-option.ts';
import { DelegationCheck } from '../signalling/delegation-check.ts';
import {
  associationNumber,
  checkHomeProof,
  homeProof,
  timestampOf,
} from '../signalling/home-authentication.ts';
import type { Proof } from '../signalling/signalling.ts';
import type { Instant } from '../time.ts';

/** Who may register: how that is proved, and how far its clock was. */
export interface Registrant {
  readonly authentication: Authentication;
  /** Of the newest update that was accepted: older ones are replays. */
  lastTimestamp: bigint;
}

/** Why an update changes nothing, and what its answer says of it. */
interface Fault {
  readonly counter: Counter;
  readonly change: Partial<JudgedUpdate>;
}

/** The low-order half of an NTP timestamp. */
const FRACTION = 0xffff_ffffn;

/**
 * The receiver's side of what proves home registrations: is an update from whom it says, and new?
 *
 * Supported standards: RFC 4285 sections 5 and 6; RFC 6275 section 5.1 (ESP); docs/registry.md (delegations).
 */
export class UpdateProofs {
  readonly #state: Pick<NodeState, 'env' | 'constants' | 'errors'>;
  readonly #delegations: DelegationCheck;

  /** @param authorities without whose delegation addresses of their prefixes are not served. */
  constructor(
    state: Pick<NodeState, 'env' | 'constants' | 'errors'>,
    authorities?: readonly Authority[],
  ) {
    this.#state = state;
    this.#delegations = new DelegationCheck(authorities, state.env);
  }

  fault(
    registrant: Registrant,
    received: Received,
    subject: AuthenticatedBinding,
    now: Instant,
  ): Fault | undefined {
    const fault = this.#unproved(registrant, received, subject, now);
    return fault ?? this.#undelegated(registrant, received, subject, now);
  }

  /** Who is proved may not serve every address. */
  #undelegated(
    { authentication }: Registrant,
    received: Received,
    subject: AuthenticatedBinding,
    now: Instant,
  ): Fault | undefined {
    const { message } = received;
    const asks = message.layer === 'binding-update' && this.#delegations.asks(subject.home);
    if (!asks) return undefined;
    const binding = { ...subject, secret: associationNumber(authentication) };
    const delegated = this.#delegations.judge(received, message, binding, now);
    if ('longest' in delegated) return undefined;
    const change = { status: BINDING_STATUS.administrativelyProhibited };
    return { counter: delegated.refused, change };
  }

  /** Proof and freshness. Source: RFC 4285 sections 5.1 and 6. */
  #unproved(
    { authentication, lastTimestamp }: Registrant,
    received: Received,
    subject: AuthenticatedBinding,
    now: Instant,
  ): Fault | undefined {
    const { crypto, epoch, without } = this.#state.env;
    const result = checkHomeProof(authentication, this.#state.env, subject, received);
    if (result !== 'proved') {
      const change = { status: BINDING_STATUS.authenticationFailed };
      return { counter: 'mobility.bu_unauthenticated', change };
    }
    // ESP has sequence numbers of its own; with no proof there is nothing to be played back.
    if (authentication.method !== 'rfc4285' || without.has('replay-protection')) return undefined;
    const timestamp = timestampOf(received.message);
    if (timestamp === undefined) {
      const change = { status: BINDING_STATUS.mesgIdRequired };
      return { counter: 'mobility.bu_unauthenticated', change };
    }
    const tolerance = this.#state.constants.TIMESTAMP_TOLERANCE;
    const fresh = isFresh(timestamp, epoch, now, tolerance);
    if (timestamp > lastTimestamp && fresh) return undefined;
    const clock = ntpTimestamp(epoch, now);
    // The seconds are ours, the fraction stays the sender's, so that it knows its own update again.
    const theirs = (clock & ~FRACTION) | (timestamp & FRACTION);
    const proof = homeProof(authentication, crypto, subject, theirs);
    return {
      counter: 'mobility.bu_replayed',
      change: { status: BINDING_STATUS.mipv6IdMismatch, proof },
    };
  }

  /** The answer is proved with the update's own timestamp. Source: RFC 4285 section 6. */
  answer(
    { authentication }: Registrant,
    update: BindingUpdate,
    subject: AuthenticatedBinding,
    now: Instant,
  ): Proof {
    const timestamp = timestampOf(update) ?? ntpTimestamp(this.#state.env.epoch, now);
    return homeProof(authentication, this.#state.env.crypto, subject, timestamp);
  }

  /** An update was proved: its timestamp, which is kept under a key, makes older ones replays. */
  accepted(registrant: Registrant, update: BindingUpdate, key: string): Output[] {
    const timestamp = timestampOf(update);
    if (registrant.authentication.method !== 'rfc4285' || timestamp === undefined) return [];
    registrant.lastTimestamp = timestamp;
    return [{ kind: 'store', key, value: timestamp.toString() }];
  }

  /**
   * An update that nobody proved: counted, and told of within the rate limit of errors, so that an
   * operator sees why nothing works and a flood of forged updates makes no flood of answers.
   */
  unproved(judged: JudgedUpdate, counter: Counter, now: Instant): Judgement {
    const outputs = [count(counter)];
    return this.#state.errors.unprovedLimit.take(now) ? { judged, outputs } : { outputs };
  }
}
