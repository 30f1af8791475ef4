import type { Binding } from '../../core/bindings/binding-cache.ts';
import type { Authentication, HomeAgentConfig } from '../../core/config.ts';
import { BRI_MAX_RETRIES_NUMBER } from '../../core/constants.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type Received } from '../../core/part.ts';
import type { Output } from '../../core/role.ts';
import { ntpTimestamp } from '../../core/security/authentication-option.ts';
import { firstWait, nextWait } from '../../core/signalling/back-off.ts';
import {
  checkHomeProof,
  homeProof,
  timestampOf,
} from '../../core/signalling/home-authentication.ts';
import { revocationIndication } from '../../core/signalling/revocation-signals.ts';
import { after, type Duration, type Instant, sooner } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import { REVOCATION_TRIGGER } from '../../wire/numbers.ts';
import type { LayerOf } from '../../wire/packet.ts';

interface Revocation {
  readonly binding: Binding;
  readonly authentication: Authentication;
  readonly sequence: number;
  /** The time stamp of each transmission: an answer carries one of them. */
  readonly timestamps: bigint[];
  sent: number;
  wait: Duration;
  retryAt: Instant;
}

/**
 * A home agent takes bindings back that its operator wants no more.
 *
 *     revoke -> Binding Revocation Indication -> (repeated) -> acknowledged, or given up -> over
 *
 * Who answers nothing has lost its binding all the same. Bounded by the binding cache: one for each binding at most.
 *
 * Supported standards: RFC 5846 sections 6, 7 and 11 (home agent and mobile node, one binding at a time).
 */
export class RevocationSender {
  readonly #config: HomeAgentConfig;
  readonly #state: NodeState;
  readonly #revocations = new Map<Address, Revocation>();
  #sequence: number;

  constructor(config: HomeAgentConfig, state: NodeState) {
    this.#config = config;
    this.#state = state;
    this.#sequence = Math.floor(state.env.random() * 0x10000);
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { retryAt } of this.#revocations.values()) deadline = sooner(deadline, retryAt);
    return deadline;
  }

  begin(binding: Binding, authentication: Authentication, now: Instant): Output[] {
    if (this.#revocations.has(binding.home)) return [];
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const initial = this.#state.constants.INIT_MIN_DELAY_BRIS;
    const wait = firstWait({ initial, spread: 0 }, this.#state.env.random);
    const revocation: Revocation = {
      ...{ binding, authentication, sequence: this.#sequence, timestamps: [] },
      ...{ sent: 0, wait, retryAt: after(now, wait) },
    };
    this.#revocations.set(binding.home, revocation);
    return this.#send(revocation, now);
  }

  /** The binding is gone in another way. */
  cancel(home: Address): void {
    this.#revocations.delete(home);
  }

  /** Repeats what is due; `over`: those whose mobile nodes never answered. */
  tick(now: Instant): { readonly outputs: Output[]; readonly over: Address[] } {
    const outputs: Output[] = [];
    const over: Address[] = [];
    const { env, constants } = this.#state;
    for (const [home, revocation] of this.#revocations) {
      if (now < revocation.retryAt) continue;
      if (revocation.sent > BRI_MAX_RETRIES_NUMBER || env.without.has('retransmission')) {
        this.#revocations.delete(home);
        over.push(home);
        continue;
      }
      const longest = constants.MAX_BRACK_TIMEOUT;
      revocation.wait = nextWait(revocation.wait, { longest, spread: 0 }, env.random);
      revocation.retryAt = after(now, revocation.wait);
      outputs.push(count('revocation.repeated'), ...this.#send(revocation, now));
    }
    return { outputs, over };
  }

  /** `over`: the mobile node has given the binding up, or had none. */
  acknowledged(
    received: Received,
    message: LayerOf<'binding-revocation-acknowledgement'>,
  ): { readonly outputs: Output[]; readonly over?: Address } {
    const home = received.home ?? received.source;
    const revocation = this.#revocations.get(home);
    if (revocation === undefined || revocation.sequence !== message.sequence) {
      return { outputs: [count('revocation.unexpected')] };
    }
    const { authentication, timestamps } = revocation;
    const subject = { careOf: received.source, home };
    const proof = checkHomeProof(authentication, this.#state.env, subject, received);
    const stamp = timestampOf(message);
    const fresh =
      authentication.method !== 'rfc4285' || (stamp !== undefined && timestamps.includes(stamp));
    if (proof !== 'proved' || !fresh) return { outputs: [count('revocation.unauthenticated')] };
    this.#revocations.delete(home);
    return { outputs: [count('revocation.acknowledged')], over: home };
  }

  #send(revocation: Revocation, now: Instant): Output[] {
    const { binding, authentication, sequence, timestamps } = revocation;
    const { home, careOf } = binding;
    const { crypto, epoch } = this.#state.env;
    const timestamp = ntpTimestamp(epoch, now);
    timestamps.push(timestamp);
    revocation.sent += 1;
    return [
      count('revocation.sent'),
      ...revocationIndication({
        ...{ agent: this.#config.address, careOf, home, sequence },
        trigger: REVOCATION_TRIGGER.administrativeReason,
        proof: homeProof(authentication, crypto, { careOf, home }, timestamp),
      }),
    ];
  }
}
