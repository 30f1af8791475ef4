import type { Address } from '../../wire/address.ts';
import type { HomeRegistrationConfig } from '../config.ts';
import { homeProof } from '../home-authentication.ts';
import type { NodeState } from '../node-state.ts';
import { count } from '../part.ts';
import type { Registration, RegistrationOutput } from '../registration.ts';
import type { Output } from '../role.ts';
import { bindingUpdate } from '../signalling.ts';
import type { Instant } from '../time.ts';
import type { AgentClock } from './agent-clock.ts';
import type { AgentWay, Way } from './agent-way.ts';
import { tellNoWay } from './registration-events.ts';

/** An update that is due. */
export type Sending = Extract<RegistrationOutput, { kind: 'send' }>;

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
  readonly #config: HomeRegistrationConfig;
  readonly #state: NodeState;
  readonly #registration: Registration;
  readonly #clock: AgentClock;
  readonly #way: AgentWay;

  constructor(
    config: HomeRegistrationConfig,
    state: NodeState,
    registration: Registration,
    clock: AgentClock,
    way: AgentWay,
  ) {
    this.#config = config;
    this.#state = state;
    this.#registration = registration;
    this.#clock = clock;
    this.#way = way;
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

  #send({ target, sequence, repeat }: Sending, agent: Address, way: Way, now: Instant): Output[] {
    const { authentication, home } = this.#config;
    const { careOf, lifetime } = target;
    const timestamp = this.#clock.stamp(now);
    const proof = homeProof(authentication, this.#state.env.crypto, { careOf, home }, timestamp);
    const update = bindingUpdate({
      careOf,
      home,
      to: agent,
      sequence,
      lifetime,
      homeRegistration: true,
      linkLocalAddressCompatibility: this.linkLocal?.slice(8) === home.slice(8),
      proof,
      ...(careOf === home && this.link !== undefined ? { link: this.link } : {}),
    });
    if (way === 'udp') {
      return [count('udp.sent'), ...this.#way.sent(update, careOf, agent, sequence)];
    }
    this.#way.sentOpen(sequence);
    const repeated = repeat > 0 ? [count('mobility.bu_retransmitted')] : [];
    return [count('mobility.bu_sent'), ...repeated, ...update];
  }
}
