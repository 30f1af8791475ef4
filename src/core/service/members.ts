import type { Address } from '../../wire/address.ts';
import { formatAddress, isUnicastRoutable } from '../../wire/address.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';
import type { Binding } from '../bindings/binding-cache.ts';
import { fromTunnelEntry, fromTunnelId } from '../bindings/home-agent-entries.ts';
import {
  answer,
  askedBy,
  type BindingUpdate,
  type JudgedUpdate,
  type Judgement,
} from '../bindings/judged-update.ts';
import type { ServiceConfig } from '../config.ts';
import { type Registrant, UpdateProofs } from '../home-registration/update-proofs.ts';
import type { NodeState } from '../node-state.ts';
import { count, forward, type Received, tell, unforward } from '../part.ts';
import type { Output } from '../role.ts';
import { ntpTimestamp } from '../security/authentication-option.ts';
import { sequenceNewer } from '../signalling/sequence.ts';
import { after, type Instant, seconds } from '../time.ts';

/** Servers that one service address may have. */
export const MAX_MEMBERS = 64;

/** A server that answers for the service address just now. */
export interface Member {
  /** The name under which it is in the binding cache; the holder's own is `self`. */
  readonly registrant: string;
  readonly address: Address;
}

/** What became of an update: a server that joined (or renewed, or moved), or one that left. */
export interface MembershipChange {
  readonly outputs: Output[];
  readonly joined?: Member;
  readonly left?: Member;
}

const TIMESTAMP_KEY = 'member-timestamp/';

/**
 * The servers of a service address: each registers as a mobile node does with its home agent, and the
 * holder of the address keeps a binding for each. They are told apart by the number of their key (SPI), so
 * one server's updates are never older or newer than another's.
 *
 * No Duplicate Address Detection: the address is meant to be shared. Bounded by the binding cache.
 *
 * Supported standards: RFC 6275 sections 9.5.1, 10.3; RFC 4285; after RFC 5648 for several bindings.
 */
export class Members {
  readonly #config: ServiceConfig;
  readonly #state: NodeState;
  readonly #proofs: UpdateProofs;
  readonly #registrants: ReadonlyMap<string, Registrant>;

  constructor(config: ServiceConfig, state: NodeState) {
    this.#config = config;
    this.#state = state;
    this.#proofs = new UpdateProofs(state);
    this.#registrants = new Map(
      config.members.map(({ authentication }) => [
        registrantOf(authentication),
        { authentication, lastTimestamp: 0n },
      ]),
    );
  }

  /** What is older than this may be a replay of what an earlier holder took. */
  begin(now: Instant): void {
    // Servers that begin in the same instant are not older.
    const timestamp = ntpTimestamp(this.#state.env.epoch, now) - 1n;
    for (const one of this.#registrants.values()) one.lastTimestamp = timestamp;
  }

  /** Those that are registered, in the order of their names. */
  all(): Member[] {
    const { service } = this.#config;
    return [...this.#state.bindings.all()]
      .filter(({ home, scope }) => home === service && scope === 'home')
      .map(memberOf)
      .sort((a, b) => (a.registrant < b.registrant ? -1 : 1));
  }

  deadline(): Instant | undefined {
    return this.#state.bindings.deadline('home');
  }

  update(received: Received, update: BindingUpdate, now: Instant): MembershipChange {
    const { judged, registrant, outputs } = this.#judge(received, update, now);
    outputs.unshift(count('mobility.bu_received'));
    if (judged === undefined) return { outputs };
    if (judged.status >= 128) {
      outputs.push(count('mobility.bu_refused'), ...answer(judged, 'home'));
      return { outputs };
    }
    outputs.push(count('mobility.bu_accepted'), ...answer(judged, 'home'));
    if (judged.lifetime > 0) return this.#accept(judged, registrant, outputs, now);
    const gone = this.#state.bindings.delete(judged.home, registrant);
    if (gone === undefined) return { outputs };
    return { outputs: [...outputs, ...this.#forget(gone, 'deleted')], left: memberOf(gone) };
  }

  /** A message between two servers: is it from the one, and new? It makes no binding here. */
  check(
    received: Received,
    update: BindingUpdate,
    now: Instant,
  ): { readonly outputs: Output[]; readonly isProved: boolean } {
    const { judged, outputs } = this.#judge(received, update, now);
    const isProved = judged !== undefined && judged.status < 128;
    return { outputs: [...outputs, ...(judged ? answer(judged, 'home') : [])], isProved };
  }

  /** Those whose lifetime is over: servers that died, or cannot be heard. */
  expire(now: Instant): { readonly outputs: Output[]; readonly left: readonly Member[] } {
    const gone = this.#state.bindings.expire('home', now);
    const outputs = gone.flatMap((binding) => this.#forget(binding, 'expired'));
    return { outputs, left: gone.map(memberOf) };
  }

  /** Another holds the address now, and they register there. */
  forgetAll(): Output[] {
    return this.all().flatMap(({ registrant }) => {
      const gone = this.#state.bindings.delete(this.#config.service, registrant);
      return gone === undefined ? [] : this.#forget(gone, 'deleted');
    });
  }

  #judge(
    received: Received,
    update: BindingUpdate,
    now: Instant,
  ): Judgement & { readonly registrant: string } {
    const asked = askedBy(received, update, this.#state.constants.MAX_HOME_LIFETIME);
    const name = spiOf(update);
    const without = this.#state.env.without.has('authentication');
    const known = this.#registrants.get(name);
    const open = { authentication: { method: 'none' as const }, lastTimestamp: 0n };
    const member = without ? open : known;
    if (!isUnicastRoutable(asked.careOf)) {
      return { registrant: name, outputs: [count('mobility.bu_unauthenticated')] };
    }
    if (member === undefined) {
      const status = BINDING_STATUS.notHomeAgentForThisMobileNode;
      const refused = { ...asked, status };
      const judgement = this.#proofs.unproved(refused, 'mobility.bu_unauthenticated', now);
      return { registrant: name, ...judgement };
    }
    const registrant = known === undefined ? formatAddress(asked.careOf) : name;
    const base = { ...asked, proof: this.#proofs.answer(member, update, asked, now) };
    const fault = this.#proofs.fault(member, received, asked, now);
    if (fault !== undefined) {
      const judgement = this.#proofs.unproved({ ...base, ...fault.change }, fault.counter, now);
      return { registrant, ...judgement };
    }
    const outputs = this.#proofs.accepted(member, update, TIMESTAMP_KEY + registrant);
    const before = this.#state.bindings.get(asked.home, registrant);
    if (before !== undefined && !sequenceNewer(asked.sequence, before.sequence)) {
      outputs.push(count('mobility.bu_out_of_window'));
      const status = BINDING_STATUS.sequenceNumberOutOfWindow;
      const judged = { ...base, status, answerSequence: before.sequence };
      return { registrant, judged, outputs };
    }
    const full = before === undefined && this.#state.bindings.room('home') <= 0;
    if (!full || asked.lifetime === 0) return { registrant, judged: base, outputs };
    outputs.push(count('mobility.cache_full'));
    const status = BINDING_STATUS.insufficientResources;
    return { registrant, judged: { ...base, status }, outputs };
  }

  #accept(
    { home, careOf, sequence, lifetime }: JudgedUpdate,
    registrant: string,
    outputs: Output[],
    now: Instant,
  ): MembershipChange {
    const { bindings, env } = this.#state;
    const before = bindings.get(home, registrant);
    const expiresAt = after(now, lifetime);
    const scope = 'home';
    const binding = { scope, home, registrant, bindingId: 0, careOf, sequence, lifetime } as const;
    bindings.set({ ...binding, expiresAt });
    const moved = before !== undefined && before.careOf !== careOf;
    outputs.push(
      ...(moved ? unforward(fromTunnelId(home, before)) : []),
      // What it does not send to clients straight comes back through the tunnel.
      ...forward(fromTunnelEntry(this.#config.address, home, { careOf }, expiresAt, env.without)),
      tell({
        ...{ kind: 'binding.accepted', scope, home, registrant, careof: careOf, sequence },
        lifetime_s: lifetime / seconds(1),
      }),
    );
    return { outputs, joined: { registrant, address: careOf } };
  }

  #forget(binding: Binding, how: 'expired' | 'deleted'): Output[] {
    const { scope, home, registrant, careOf: careof } = binding;
    return [
      ...unforward(fromTunnelId(home, binding)),
      tell({ kind: `binding.${how}`, scope, home, registrant, careof }),
    ];
  }
}

const memberOf = ({ registrant, careOf: address }: Binding): Member => ({ registrant, address });

/** A member is known by the number of its key. */
const registrantOf = (
  authentication: ServiceConfig['members'][number]['authentication'],
): string => (authentication.method === 'rfc4285' ? `${authentication.spi}` : '');

function spiOf({ options }: BindingUpdate): string {
  const option = options.find((one) => one.option === 'authentication');
  return option === undefined ? '' : `${option.spi}`;
}
