import type { Address } from '../../wire/address.ts';
import type { MobilityOptionInput } from '../../wire/packet.ts';
import type { ServerConfig } from '../config.ts';
import { fromAgent } from '../home-registration/agent-messages.ts';
import { HomeRegistration } from '../home-registration/home-registration.ts';
import type { HomeProgress } from '../home-registration/registration-events.ts';
import type { NodeState } from '../node-state.ts';
import { count, type Received } from '../part.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Output } from '../role.ts';
import { type Duration, type Instant, seconds } from '../time.ts';
import { type AgentSays, agentIn } from './agents/agent-option.ts';
import { MAX_TOLD, servedClientsOptions } from './clients/served-clients.ts';
import { overIpv4Options } from './over-ipv4.ts';
import { ipv4ServiceOptions, refusesIpv4Service } from './service-addresses.ts';
import { saysProgramFails } from './watching/program-fails.ts';

const FOREVER = Number.POSITIVE_INFINITY as Instant;

/** What a registration is told, and tells. */
export interface JoinOptions {
  /** Options that each update carries besides. */
  told?(): readonly MobilityOptionInput[];
  /** The holder says that our program does not answer. */
  onFailure?(): Output[];
  /** The holder refused, or is silent; only where none is configured. */
  onGivenUp?(now: Instant): Output[];
  /** The holder's address is that of several agents: whichever answers holds the registration. */
  readonly anyHolder?: true;
}

/**
 * A server's registration with a holder of its service address, as a mobile node's with its home agent.
 * Clients that the holder does not know to be here are told of in the same updates, in as many as it takes.
 *
 * Supported standards: RFC 6275 sections 11.7.1, 11.7.3; RFC 4285.
 */
export class Join {
  readonly #config: ServerConfig;
  #careOf: Address;
  readonly #registration: HomeRegistration;
  /** A holder that asks is believed no more often than this: anybody can ask. */
  readonly #asked = new RateLimit(seconds(1), 1);
  /** Clients that the holder was not told of yet. */
  #untold: readonly Address[] = [];
  readonly #options: JoinOptions;
  /** Of several holders of one address the one that answered last. */
  #answerer: Address | undefined;
  #vouchedFor: readonly Address[] = [];

  /** @param ends without a `holder` nothing is sent until one is given to `follow`. */
  constructor(
    config: ServerConfig,
    ends: { readonly holder: Address | undefined; readonly careOf: Address },
    state: NodeState,
    options: JoinOptions = {},
  ) {
    this.#options = options;
    const { service: home, authentication, lifetime, delegation } = config;
    this.#config = config;
    this.#careOf = ends.careOf;
    const shown = delegation && { delegation };
    const registered = { home, homeAgent: ends.holder, authentication, lifetime, ...shown };
    this.#registration = new HomeRegistration(registered, state, () => FOREVER);
    this.#registration.setTold(() => [
      ...overIpv4Options(config),
      ...ipv4ServiceOptions(config),
      ...(options.told?.() ?? []),
      ...servedClientsOptions(this.#untold),
    ]);
  }

  /** Who has accepted the registration, while it holds. */
  get by(): Address | undefined {
    if (!this.#registration.held) return undefined;
    return this.#options.anyHolder === true ? this.#answerer : this.#registration.agent;
  }

  deadline(): Instant | undefined {
    return this.#registration.deadline();
  }

  /** Agents that the holder shares what it knows with, as it has proved. */
  get vouchedFor(): readonly Address[] {
    return this.#vouchedFor;
  }

  /** Registers, or does so again; the holder is told that it is these clients, too, that are here. */
  renew(now: Instant, clients: readonly Address[] = []): Output[] {
    this.#untold = [...this.#untold, ...clients];
    return this.#progress(this.#registration.move(this.#careOf, undefined, now), now);
  }

  /** It is another address that is registered, when something is. */
  standAt(careOf: Address): void {
    this.#careOf = careOf;
  }

  /** Registers another address. */
  moveTo(careOf: Address, now: Instant): Output[] {
    this.standAt(careOf);
    return this.renew(now);
  }

  /** Another holds the address now: it is registered with, and told of these clients. */
  follow(holder: Address, clients: readonly Address[], now: Instant): Output[] {
    this.#untold = clients;
    this.#registration.rest();
    this.#registration.useAgent(holder, now);
    return this.renew(now);
  }

  /** The holder before has refused, or was silent. @param pause since the last update to it. */
  tryNext(holder: Address, clients: readonly Address[], pause: Duration, now: Instant): Output[] {
    this.#untold = clients;
    return this.#progress(this.#registration.useAgent(holder, now, pause), now);
  }

  /** Takes the registration back. */
  leave(now: Instant): Output[] {
    if (!this.#registration.pending) return [];
    return this.#registration.move(this.#careOf, undefined, now, true).outputs;
  }

  /** No attempt to register goes on. */
  rest(): void {
    this.#registration.rest();
  }

  tick(now: Instant): Output[] {
    return this.#progress(this.#registration.tick(now), now);
  }

  /** What the holder says of the registration; undefined: the message is about something else. */
  answered(came: Received, now: Instant): Output[] | undefined {
    const at = { home: this.#config.service, careOf: this.#careOf };
    const received = this.#fromHolder(came);
    // Between a holder and its servers: RFC 6275 has it come from peers alone.
    if (received.message.layer === 'binding-refresh-request' && this.#isHolder(received)) {
      return this.#asked.take(now) ? [count('mobility.brr_received'), ...this.renew(now)] : [];
    }
    const said = fromAgent(received, this.#registration, at, now);
    if (said === undefined) return undefined;
    const { message } = received;
    const isAnswer = said.result === 'bound' && message.layer === 'binding-acknowledgement';
    if (isAnswer) this.#accepted(came.source, agentIn(message.options));
    if (!isAnswer) return this.#progress(said, now);
    const { options } = message;
    return [
      ...(refusesIpv4Service(options, this.#config) ? [count('service.ipv4_refused')] : []),
      ...this.#progress(said, now),
      ...(saysProgramFails(options) ? (this.#options.onFailure?.() ?? []) : []),
    ];
  }

  #accepted(by: Address, says: AgentSays | undefined): void {
    this.#answerer = by;
    this.#vouchedFor = says?.address === by ? says.others : [];
  }

  /** Any of several agents may answer in the place of their address; the proof covers which one it is. */
  #fromHolder(received: Received): Received {
    const { message, source } = received;
    const { agent } = this.#registration;
    if (this.#options.anyHolder !== true || agent === undefined) return received;
    const says = message.layer === 'binding-acknowledgement' ? agentIn(message.options) : undefined;
    const isOne = source === (says === undefined ? this.#answerer : says.address);
    return isOne ? { ...received, source: agent } : received;
  }

  #isHolder({ source }: Received): boolean {
    return source === this.#registration.agent && this.#registration.pending;
  }

  #progress({ outputs, result }: HomeProgress, now: Instant): Output[] {
    if (result === 'failed') return [...outputs, ...(this.#options.onGivenUp?.(now) ?? [])];
    if (result !== 'bound' || this.#untold.length === 0) return outputs;
    this.#untold = this.#untold.slice(MAX_TOLD);
    return this.#untold.length === 0 ? outputs : [...outputs, ...this.renew(now)];
  }
}
