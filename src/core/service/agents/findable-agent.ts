import type { Address } from '../../../wire/address.ts';
import { BINDING_STATUS, PROTOCOL } from '../../../wire/numbers.ts';
import type { LayerOf } from '../../../wire/packet.ts';
import { acknowledge, askedBy } from '../../bindings/judged-update.ts';
import type { ServiceConfig } from '../../config.ts';
import { homeAgentsAnycast } from '../../home-agents-anycast.ts';
import { type Registrant, UpdateProofs } from '../../home-registration/update-proofs.ts';
import { DiscoveryReplies } from '../../neighbor-discovery/discovery-replies.ts';
import type { NodeState } from '../../node-state.ts';
import { count, forward, type PartInput, type Received } from '../../part.ts';
import type { Output } from '../../role.ts';
import { timestampOf } from '../../signalling/home-authentication.ts';
import { type Instant, NO_TIME } from '../../time.ts';
import { registrantOf, spiOf } from '../member.ts';
import { agentGroup } from './agent-group.ts';
import { type AgentSays, agentOption } from './agent-option.ts';

/** What an agent that can be found knows of itself and the others. */
export interface FindableOptions {
  says(): AgentSays;
  /** All agents of the address, this one among them, best first. */
  agents(): readonly Address[];
}

/**
 * Lets servers find an anycast agent that they were not told of: answers what they ask the Home-Agents anycast
 * address of the service's prefix, to which routes lead as to the service itself, and the group of its agents.
 *
 * What nobody proved gets no answer from the group: one question would have as many as there are agents, and anybody
 * could ask in anybody's name.
 *
 * Supported standards: RFC 6275 sections 10.5, 9.5.1; RFC 4285; after the anycast seed, p. 8.
 */
export class FindableAgent {
  readonly #config: ServiceConfig;
  readonly #options: FindableOptions;
  readonly #anycast: Address;
  readonly #group: Address;
  readonly #replies: DiscoveryReplies;
  readonly #proofs: UpdateProofs;
  /** Those that may ask, and when they last did: by the numbers of their keys. */
  readonly #registrants: ReadonlyMap<string, Registrant>;
  readonly #off: boolean;
  /** Whoever asks, in a run without proofs. */
  readonly #open: Registrant | undefined;

  constructor(config: ServiceConfig, state: NodeState, options: FindableOptions) {
    this.#config = config;
    this.#options = options;
    this.#anycast = homeAgentsAnycast(config.service);
    this.#group = agentGroup(config.service);
    this.#replies = new DiscoveryReplies(state.env);
    this.#proofs = new UpdateProofs(state);
    this.#registrants = new Map(
      config.members.map(({ authentication }) => [
        registrantOf(authentication),
        { authentication, lastTimestamp: 0n },
      ]),
    );
    const open = { authentication: { method: 'none' }, lastTimestamp: 0n } as const;
    this.#open = state.env.without.has('authentication') ? open : undefined;
    this.#off = state.env.without.has('home-agent-discovery');
  }

  /** Undefined: it is about something else. */
  handle(input: PartInput, now: Instant): Output[] | undefined {
    if (input.kind === 'start') return this.#hear();
    if (input.kind === 'link' && input.up) {
      return [{ kind: 'group', action: 'join', link: input.link, group: this.#group }];
    }
    if (input.kind !== 'received') return undefined;
    const { message, destination } = input;
    if (message.layer === 'home-agent-address-discovery-request') {
      if (destination !== this.#anycast) return undefined;
      const { identifier } = message;
      const from = this.#config.address;
      const { agents } = this.#options;
      return this.#replies.answer(input, { identifier, from, agents }, now);
    }
    if (destination === this.#anycast) return [count('discovery.request_refused')];
    if (message.layer !== 'binding-update' || destination !== this.#group) return undefined;
    return this.#asked(input, message, now);
  }

  #hear(): Output[] {
    const owner = 'service';
    const mobility = forward({
      ...{ id: 'service/agents', owner, at: 'arriving' },
      match: { dst: { address: this.#group }, protocol: PROTOCOL.mobility },
      do: [{ divert: 'control', reason: 'mobility' }],
    });
    if (this.#off) return mobility;
    const discovery = forward({
      ...{ id: 'service/discovery', owner, at: 'leaving' },
      match: { dst: { address: this.#anycast }, protocol: PROTOCOL.icmpv6 },
      do: [{ divert: 'control', reason: 'service-client' }],
    });
    return [...mobility, ...discovery];
  }

  /** A server asks the group. It is told who is here, and nothing is bound. */
  #asked(received: Received, update: LayerOf<'binding-update'>, now: Instant): Output[] {
    const asked = askedBy(received, update, NO_TIME);
    const registrant = this.#open ?? this.#registrants.get(spiOf(update));
    const { service, address } = this.#config;
    if (registrant === undefined || asked.home !== service || asked.careOf !== asked.answerTo) {
      return [count('service.search_refused')];
    }
    const fault = this.#proofs.fault(registrant, received, asked, now);
    const isWrongTime = fault?.change.status === BINDING_STATUS.mipv6IdMismatch;
    if (fault !== undefined && !isWrongTime) return [count('service.search_refused')];
    const proof = this.#proofs.answer(registrant, update, asked, now);
    const judged = { ...asked, proof, ...fault?.change, sentTo: address };
    const options = [agentOption(this.#options.says()), ...judged.proof.options];
    const answered = { ...judged, proof: { ...judged.proof, options } };
    if (fault !== undefined) {
      // Of a replay or a wrong clock only so much: what it says has been proved, but maybe long ago.
      const told = this.#proofs.unproved(answered, 'service.search_refused', now);
      return [...told.outputs, ...(told.judged === undefined ? [] : acknowledge(told.judged))];
    }
    registrant.lastTimestamp = timestampOf(update) ?? 0n;
    return [count('service.search_answered'), ...acknowledge(answered)];
  }
}
