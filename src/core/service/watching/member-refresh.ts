import type { ServiceConfig } from '../../config.ts';
import type { NodeState } from '../../node-state.ts';
import { count, type PartInput } from '../../part.ts';
import type { Output } from '../../role.ts';
import { askAgain } from '../../signalling/signalling.ts';
import { after, type Instant, seconds, sooner } from '../../time.ts';
import type { Member } from '../member.ts';

/** The part of a lifetime after which a server that has not renewed it is asked to. */
const ASKED_AFTER = 0.9;
/** And again after so long, as long as its registration stands; it takes one such request a second. */
const REPEATED_AFTER = seconds(1);
const MAX_ASKED = 3;

/** The end of one registration. */
interface Ending {
  readonly expiresAt: Instant;
  /** When the server is asked next; undefined: not again. */
  askAt: Instant | undefined;
  asked: number;
}

/**
 * Servers whose registration is about to end are asked for it: they renew it by themselves well before, so what they
 * sent was lost, and they wait longer and longer between repeats.
 *
 * Bounded: one moment for each server that is registered.
 *
 * Supported standards: RFC 6275 sections 6.1.2, 9.5.5; after the anycast seed, p. 11 and its claim 20.
 */
export class MemberRefresh {
  readonly #config: ServiceConfig;
  readonly #state: NodeState;
  readonly #members: () => readonly Member[];
  /** By registrant. */
  readonly #endings = new Map<string, Ending>();

  /** @param members those that are registered. */
  constructor(config: ServiceConfig, state: NodeState, members: () => readonly Member[]) {
    this.#config = config;
    this.#state = state;
    this.#members = members;
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { askAt } of this.#endings.values()) deadline = sooner(deadline, askAt);
    return deadline;
  }

  /** To be given what the holder of the address was given, after it. */
  handle(input: PartInput, now: Instant): Output[] {
    if (this.#state.env.without.has('member-refresh')) return [];
    if (input.kind === 'received' && input.message.layer === 'binding-update') this.#follow();
    return input.kind === 'tick' ? this.#tick(now) : [];
  }

  /** Those that registered here are asked from here, in the order in which their time comes. */
  #follow(): void {
    const own = this.#members().filter(({ by }) => by === undefined);
    const there = new Set(own.map(({ registrant }) => registrant));
    for (const registrant of this.#endings.keys()) {
      if (!there.has(registrant)) this.#endings.delete(registrant);
    }
    for (const { registrant } of own) {
      const binding = this.#state.bindings.get(this.#config.service, registrant);
      if (binding === undefined) continue;
      const { expiresAt, lifetime } = binding;
      if (this.#endings.get(registrant)?.expiresAt === expiresAt) continue;
      const askAt = (expiresAt - Math.round(lifetime * (1 - ASKED_AFTER))) as Instant;
      this.#endings.set(registrant, { expiresAt, askAt, asked: 0 });
    }
  }

  #tick(now: Instant): Output[] {
    const outputs: Output[] = [];
    for (const [registrant, ending] of this.#endings) {
      if (ending.askAt === undefined || now < ending.askAt) continue;
      const again = after(now, REPEATED_AFTER);
      ending.asked += 1;
      ending.askAt = ending.asked < MAX_ASKED && again < ending.expiresAt ? again : undefined;
      const binding = this.#state.bindings.get(this.#config.service, registrant);
      // It is gone, or it is another agent's by now.
      if (binding?.expiresAt !== ending.expiresAt) continue;
      outputs.push(
        count('service.member_asked'),
        ...askAgain(this.#config.address, binding.careOf),
      );
    }
    return outputs;
  }
}
