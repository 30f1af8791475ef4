import { type Address, formatAddress, isUnicastRoutable } from '../../wire/address.ts';
import { BINDING_STATUS } from '../../wire/numbers.ts';
import { askedBy, type BindingUpdate, type Judgement } from '../bindings/judged-update.ts';
import type { ServiceConfig } from '../config.ts';
import { type Registrant, UpdateProofs } from '../home-registration/update-proofs.ts';
import type { NodeState } from '../node-state.ts';
import { count, type Received } from '../part.ts';
import { ntpTimestamp } from '../security/authentication-option.ts';
import { sequenceNewer } from '../signalling/sequence.ts';
import type { Instant } from '../time.ts';
import { registrantOf, spiOf } from './member.ts';
import { comesFromWhereItSays } from './over-ipv4.ts';

const TIMESTAMP_KEY = 'member-timestamp/';

interface KnownServer extends Registrant {
  /** Where the configuration says that it is. */
  readonly address: Address;
}

/**
 * Which updates of servers count: those that a key proves, and that are new. Servers are told apart by the
 * number of their key (SPI), so one server's updates are never older or newer than another's.
 *
 * Supported standards: RFC 6275 sections 9.5.1, 10.3; RFC 4285.
 */
export class MemberProofs {
  readonly #state: NodeState;
  readonly #proofs: UpdateProofs;
  readonly #registrants: ReadonlyMap<string, KnownServer>;

  constructor(config: ServiceConfig, state: NodeState) {
    this.#state = state;
    this.#proofs = new UpdateProofs(state, config.authorities);
    this.#registrants = new Map(
      config.members.map(({ authentication, address }) => [
        registrantOf(authentication),
        { authentication, address, lastTimestamp: 0n },
      ]),
    );
  }

  /** Is it the number of a server that may be one? */
  has(registrant: string): boolean {
    return this.#registrants.has(registrant);
  }

  /** What is older than this may be a replay of what an earlier holder took. */
  begin(now: Instant): void {
    // Servers that begin in the same instant are not older.
    const timestamp = ntpTimestamp(this.#state.env.epoch, now) - 1n;
    for (const one of this.#registrants.values()) one.lastTimestamp = timestamp;
  }

  /** Another holder took an update of that time: it is a replay here. */
  took(registrant: string, timestamp: bigint): void {
    const one = this.#registrants.get(registrant);
    if (one !== undefined && timestamp > one.lastTimestamp) one.lastTimestamp = timestamp;
  }

  /** `judged` is absent where it gets no answer. */
  judge(
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
    if (!comesFromWhereItSays(update.options, received.tunnel)) {
      outputs.push(count('service.ipv4_translated'));
      const status = BINDING_STATUS.administrativelyProhibited;
      return { registrant, judged: { ...base, status }, outputs };
    }
    // What is for that address goes into its tunnel, whoever sends it from here.
    const isAnothers = known !== undefined && asked.careOf !== known.address;
    if (received.tunnel?.udp !== undefined && isAnothers) {
      outputs.push(count('service.ipv4_not_its_own'));
      const status = BINDING_STATUS.administrativelyProhibited;
      return { registrant, judged: { ...base, status }, outputs };
    }
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
}
