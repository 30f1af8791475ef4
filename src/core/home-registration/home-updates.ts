import type { Address } from '../../wire/address.ts';
import type { LayerOf, MobilityOptionInput } from '../../wire/packet.ts';
import type { HomeRegistrationConfig } from '../config.ts';
import type { NodeState } from '../node-state.ts';
import { count, type Received } from '../part.ts';
import type { Output } from '../role.ts';
import { delegatedProof } from '../signalling/delegated-update.ts';
import { associationNumber, checkHomeProof, homeProof } from '../signalling/home-authentication.ts';
import type { Registration, RegistrationOutput } from '../signalling/registration.ts';
import { bindingUpdate, lifetimeOf } from '../signalling/signalling.ts';
import type { Instant } from '../time.ts';
import type { AgentClock } from './agent-clock.ts';
import type { AgentWay, Way } from './agent-way.ts';
import { tellNoWay } from './registration-events.ts';
import type { HomeRegistrationJournal } from './registration-journal.ts';

/** An update that is due. */
export type Sending = Extract<RegistrationOutput, { kind: 'send' }>;

type BindingAcknowledgement = LayerOf<'binding-acknowledgement'>;

/** What an acknowledgement says to the registration. */
export function answerIn({ status, sequence, lifetime, options }: BindingAcknowledgement) {
  const advice = options.find((one) => one.option === 'binding-refresh-advice');
  const refresh = advice === undefined ? {} : { refresh: lifetimeOf(advice.refreshInterval) };
  return { status, sequence, lifetime: lifetimeOf(lifetime), ...refresh };
}

/** What keeps the state of a home registration. */
export interface HomeRegistrationParts {
  readonly registration: Registration;
  readonly clock: AgentClock;
  readonly way: AgentWay;
  readonly journal: HomeRegistrationJournal;
}

/** Tries that go both ways and are not answered, before that is told. */
const TRIES_BEFORE_TOLD = 3;

/**
 * A mobile node's updates to its home agent as they leave: proved, and by the ways that they are to go.
 *
 * Supported standards: RFC 6275 section 11.7.1; RFC 4285.
 */
export class HomeUpdates {
  /** The link that a de-registration goes out on. */
  link: string | undefined;
  linkLocal: Address | undefined;
  /** Options that each update carries besides. */
  told: () => readonly MobilityOptionInput[] = () => [];
  readonly #config: HomeRegistrationConfig;
  readonly #state: NodeState;
  readonly #registration: Registration;
  readonly #clock: AgentClock;
  readonly #way: AgentWay;
  readonly #journal: HomeRegistrationJournal;

  constructor(config: HomeRegistrationConfig, state: NodeState, parts: HomeRegistrationParts) {
    this.#config = config;
    this.#state = state;
    this.#registration = parts.registration;
    this.#clock = parts.clock;
    this.#way = parts.way;
    this.#journal = parts.journal;
  }

  /** Is this answer to an update for this care-of address from the home agent? */
  verifies(received: Received, message: BindingAcknowledgement, careOf: Address): boolean {
    const { authentication, home } = this.#config;
    const { env } = this.#state;
    if (env.without.has('acknowledgement-check')) return true;
    const proof = checkHomeProof(authentication, env, { careOf, home }, received);
    return proof === 'proved' && this.#clock.hasOurStamp(message, authentication);
  }

  /** In the open, and inside UDP at once or somewhat later. @param only the one way that it goes. */
  send(output: Sending, agent: Address, only: Way | undefined, now: Instant): Output[] {
    if (only === 'udp') return this.#send(output, agent, 'udp', now);
    const outputs = this.#send(output, agent, 'open', now);
    const { target, repeat } = output;
    if (only === 'open' || !this.#way.triesUdp(target.careOf, agent, repeat, now)) return outputs;
    return [...outputs, ...this.tick(agent, now)];
  }

  /** What is due inside UDP. */
  tick(agent: Address | undefined, now: Instant): Output[] {
    if (agent === undefined || !this.#way.isDue(now)) return [];
    return this.#registration.sendBeside(now).flatMap((output) => {
      if (output.kind !== 'send') return [];
      const { target, repeat } = output;
      const names = { peer: agent, home: this.#config.home, careof: target.careOf };
      return [
        ...this.#send(output, agent, 'udp', now),
        ...(repeat === TRIES_BEFORE_TOLD ? [tellNoWay(names, 'nor inside UDP')] : []),
      ];
    });
  }

  /** An error came that may be about an update inside UDP. */
  unreachable(received: Received, agent: Address, now: Instant): Output[] {
    const { target } = this.#registration;
    if (target === undefined || !this.#way.closed(received, agent, now)) return [];
    const names = { peer: agent, home: this.#config.home, careof: target.careOf };
    const told = tellNoWay(names, 'and the home agent takes nothing inside UDP');
    return [count('udp.port_closed'), told];
  }

  #send({ target, sequence, repeat }: Sending, agent: Address, way: Way, now: Instant): Output[] {
    const { authentication, home, delegation } = this.#config;
    const { crypto } = this.#state.env;
    const { careOf, lifetime } = target;
    const timestamp = this.#clock.stamp(now);
    const asked = this.#journal.asked(careOf, sequence);
    const plain = homeProof(authentication, crypto, { careOf, home }, timestamp);
    const binding = { careOf, home, secret: associationNumber(authentication) };
    const proof = delegation ? delegatedProof(crypto, delegation, binding, plain) : plain;
    const update = bindingUpdate({
      careOf,
      home,
      to: agent,
      sequence,
      lifetime,
      homeRegistration: true,
      linkLocalAddressCompatibility: this.linkLocal?.slice(8) === home.slice(8),
      told: this.told(),
      proof,
      ...(careOf === home && this.link !== undefined ? { link: this.link } : {}),
    });
    if (way === 'udp') {
      return [asked, count('udp.sent'), ...this.#way.sent(update, careOf, agent, sequence)];
    }
    this.#way.sentOpen(sequence);
    const repeated = repeat > 0 ? [count('mobility.bu_retransmitted')] : [];
    return [asked, count('mobility.bu_sent'), ...repeated, ...update];
  }
}
