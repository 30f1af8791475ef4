import type { MobileNodeConfig } from '../../core/config.ts';
import { LIFETIME_UNIT } from '../../core/constants.ts';
import { checkHomeProof, homeProof, timestampOf } from '../../core/home-authentication.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type Received, tell } from '../../core/part.ts';
import { RateLimit } from '../../core/rate-limit.ts';
import { Registration, type RegistrationOutput, type Target } from '../../core/registration.ts';
import type { Output } from '../../core/role.ts';
import { bindingUpdate, lifetimeOf } from '../../core/signalling.ts';
import { after, between, type Duration, type Instant, seconds, sooner } from '../../core/time.ts';
import { type Address, formatAddress, parseAddress } from '../../wire/address.ts';
import { BINDING_STATUS, nameIn, REVOCATION_TRIGGER } from '../../wire/numbers.ts';
import type { Layer } from '../../wire/packet.ts';
import { AgentClock } from './agent-clock.ts';
import { RevocationReceiver } from './revocation-receiver.ts';

type BindingAcknowledgement = Extract<Layer, { layer: 'binding-acknowledgement' }>;
type RevocationIndication = Extract<Layer, { layer: 'binding-revocation-indication' }>;

/** After a revocation by the operator the node waits before it asks again. */
const RETRY_AFTER_REVOCATION: Duration = seconds(32);
/** A Binding Error of the home agent is believed no more often than this: anybody can forge one. */
const ERROR_INTERVAL: Duration = seconds(1);

/** Updates to a home agent that was discovered, before it counts as silent. */
const MAX_UPDATES_UNANSWERED = 3;

const STORE_KEY = 'home-registration/';
/** Stored where all was taken back; else it is the care-of address and the home agent. */
const NOTHING_HELD = 'none';

/** What became of the registration, for the mobile node to act on. */
export interface HomeProgress {
  readonly outputs: Output[];
  /** The home agent has news of the home network's prefixes (status 1). */
  readonly outdated?: true;
  /** `failed`: the home agent refused, or does not answer, and another may be tried. */
  readonly result?: 'bound' | 'released' | 'expired' | 'refused' | 'failed';
}

/**
 * The binding at the home agent: kept alive while the node is away, taken back when it is home.
 *
 * Supported standards: RFC 6275 sections 11.7.1, 11.7.3, 11.8; RFC 4285.
 */
export class HomeRegistration {
  readonly #config: MobileNodeConfig;
  readonly #storeKey: string;
  readonly #state: NodeState;
  readonly #registration: Registration;
  readonly #clock: AgentClock;
  readonly #errors = new RateLimit(ERROR_INTERVAL, 1);
  #retryAt: Instant | undefined;
  #target: Target | undefined;
  /**
   * May the home agent hold what an earlier life registered? Unless the journal says that this was
   * taken back, it may: a home agent that tunnels for a node at home cuts it off.
   */
  #heldBefore = true;
  /** The link that a de-registration goes out on. */
  #link: string | undefined;
  #linkLocal: Address | undefined;
  readonly #validUntil: () => Instant;
  /** What `validUntil` said when the last update was made. */
  #askedUntil: Instant | undefined;
  #agent: Address | undefined;
  #updatedAt = 0 as Instant;
  readonly #revocation: RevocationReceiver;

  /** @param validUntil until when both home address and care-of address are valid. */
  constructor(config: MobileNodeConfig, state: NodeState, validUntil: () => Instant) {
    this.#config = config;
    this.#storeKey = STORE_KEY + formatAddress(config.home);
    this.#state = state;
    this.#validUntil = validUntil;
    this.#agent = config.homeAgent;
    this.#clock = new AgentClock(state.env.epoch);
    this.#revocation = new RevocationReceiver(config, state);
    const { env, constants } = state;
    const first = Math.floor(env.random() * 0x10000);
    const repeats = !env.without.has('retransmission');
    this.#registration = new Registration(first, constants, env.random, repeats);
  }

  /** The home agent, as configured or as found; undefined while none is known. */
  get agent(): Address | undefined {
    return this.#agent;
  }

  /** What was to be registered is registered there. @param pause since the last update. */
  useAgent(agent: Address, now: Instant, pause = 0 as Duration): HomeProgress {
    if (agent !== this.#agent) this.#registration.forget();
    this.#agent = agent;
    const at = after(this.#updatedAt, pause);
    if (at <= now) return this.#send(now);
    this.#retryAt = at;
    return { outputs: [] };
  }

  /** Does the home agent hold a binding of ours, as far as we know? */
  get held(): boolean {
    return this.#registration.expiresAt !== undefined;
  }

  /** Is there a registration that may not be over: held, asked for, or of an earlier life? */
  get pending(): boolean {
    const before = this.#heldBefore && this.#agent !== undefined;
    return this.held || this.#registration.waiting || before;
  }

  /** Takes up a stored value after a restart. */
  restore(key: string, value: string): void {
    if (key !== this.#storeKey || this.#state.env.without.has('journal')) return;
    this.#heldBefore = value !== NOTHING_HELD;
    this.#agent ??= parseAddress(value.split(' ')[1] ?? '');
  }

  /** How long the home agent goes on holding this care-of address; zero when it does not. */
  remaining(careOf: Address, now: Instant): Duration {
    const { bound, expiresAt } = this.#registration;
    if (bound?.careOf !== careOf || expiresAt === undefined) return 0 as Duration;
    return between(now, expiresAt);
  }

  setLinkLocal(address: Address): void {
    this.#linkLocal = address;
  }

  deadline(): Instant | undefined {
    return sooner(this.#registration.deadline(), this.#retryAt);
  }

  /** Registers a care-of address; with the home address takes the binding back, on that link. */
  move(careOf: Address, link: string | undefined, now: Instant): HomeProgress {
    const away = careOf !== this.#config.home;
    this.#target = { careOf, lifetime: away ? this.#config.lifetime : (0 as Duration) };
    this.#link = link;
    return this.#send(now);
  }

  /** At home, with nothing to take back: no attempt to register goes on. */
  rest(): void {
    this.#registration.forget();
    this.#target = undefined;
    this.#retryAt = undefined;
  }

  #send(now: Instant): HomeProgress {
    this.#retryAt = undefined;
    const off = this.#state.env.without.has('home-registration');
    if (this.#target === undefined || this.#agent === undefined || off) return { outputs: [] };
    const target = this.#bounded(this.#target, now);
    if (target === undefined) return { outputs: [] };
    const { INITIAL_BINDACK_TIMEOUT, INITIAL_BINDACK_TIMEOUT_FIRST_REG } = this.#state.constants;
    const first = !this.held && !this.#state.env.without.has('first-registration-timeout');
    const wait = first ? INITIAL_BINDACK_TIMEOUT_FIRST_REG : INITIAL_BINDACK_TIMEOUT;
    return this.#act(this.#registration.update(target, wait, now), now);
  }

  /** None outlives its addresses. Source: RFC 6275 section 11.7.1. */
  #bounded(target: Target, now: Instant): Target | undefined {
    if (target.lifetime === 0 || this.#state.env.without.has('prefix-lifetimes')) return target;
    this.#askedUntil = this.#validUntil();
    const lifetime = Math.min(target.lifetime, between(now, this.#askedUntil)) as Duration;
    // Less than a unit would be a lifetime of 0 on the wire, which takes the binding back.
    return lifetime < LIFETIME_UNIT ? undefined : { ...target, lifetime };
  }

  /** An address ends sooner than was thought: the binding is to end with it. */
  shorten(now: Instant): HomeProgress {
    const until = this.#validUntil();
    const { expiresAt, bound, waiting } = this.#registration;
    const outlives = expiresAt !== undefined && expiresAt > until && until !== this.#askedUntil;
    return outlives && bound !== undefined && !waiting ? this.#send(now) : { outputs: [] };
  }

  tick(now: Instant): HomeProgress {
    if (this.#retryAt !== undefined && now >= this.#retryAt) return this.#send(now);
    return this.#act(this.#registration.tick(now), now);
  }

  /** The home agent says that it knows no binding of ours (it has restarted, say). */
  unknownToAgent(now: Instant): HomeProgress {
    if (!this.held || this.#registration.waiting || !this.#errors.take(now)) {
      return { outputs: [count('mobility.be_ignored')] };
    }
    const outputs = [count('mobility.be_received')];
    this.#registration.forget();
    const sent = this.#send(now);
    return { ...sent, outputs: [...outputs, ...sent.outputs] };
  }

  get #credulous(): boolean {
    return this.#state.env.without.has('acknowledgement-check');
  }

  /** The home agent takes the binding back. Source: RFC 5846 section 10. */
  revoked(received: Received, message: RevocationIndication, now: Instant): HomeProgress {
    const { bound: told, expiresAt } = this.#registration;
    const bound = { careOf: told?.careOf, held: expiresAt !== undefined, clock: this.#clock };
    const { outputs, revoked } = this.#revocation.received(received, message, bound, now);
    if (!revoked) return { outputs };
    const lost = { kind: 'registration.lost', reason: 'revoked' } as const;
    outputs.push(tell({ ...lost, ...this.#names(this.#target!) }), this.#remember(undefined));
    this.#registration.forget();
    // What is only out of step is mended at once; what the operator wants may change with time.
    if (message.trigger === REVOCATION_TRIGGER.possibleOutOfSyncBceState) {
      const sent = this.#send(now);
      return { ...sent, outputs: [...outputs, ...sent.outputs] };
    }
    this.#retryAt = after(now, RETRY_AFTER_REVOCATION);
    return { outputs, result: 'expired' };
  }

  acknowledged(received: Received, message: BindingAcknowledgement, now: Instant): HomeProgress {
    const target = this.#registration.target;
    if (target === undefined) return { outputs: [count('mobility.ba_unexpected')] };
    const { authentication, home } = this.#config;
    const subject = { careOf: target.careOf, home };
    const proof = checkHomeProof(authentication, this.#state.env, subject, received);
    const believed = proof === 'proved' && this.#clock.hasOurStamp(message, authentication);
    if (!believed && !this.#credulous) return this.#unproved(message.status, target);
    const { status, sequence } = message;
    const advice = message.options.find((one) => one.option === 'binding-refresh-advice');
    const refresh = advice === undefined ? {} : { refresh: lifetimeOf(advice.refreshInterval) };
    const answer = { status, sequence, lifetime: lifetimeOf(message.lifetime), ...refresh };
    const outputs = this.#registration.acknowledged(answer, now);
    // Only of an answer that was waited for: an old one played back would set the clock back.
    const wrongTime = outputs.some(isWrongTime);
    if (wrongTime) this.#clock.adjust(timestampOf(message), now);
    const news = status === BINDING_STATUS.acceptedButPrefixDiscoveryNecessary;
    const progress = { ...this.#act(outputs, now), ...(news && { outdated: true as const }) };
    if (!wrongTime && outputs[0]?.kind !== 'unexpected') this.#clock.agreed();
    return progress;
  }

  /** Cannot be believed, but an operator with a wrong key wants to see it. */
  #unproved(status: number, target: Target): HomeProgress {
    const reason = `${nameIn(BINDING_STATUS, status) ?? `status ${status}`}, itself not authenticated`;
    return {
      outputs: [
        count('mobility.ba_unauthenticated'),
        tell({ kind: 'registration.refused', ...this.#names(target), reason }),
      ],
    };
  }

  #act(outputs: readonly RegistrationOutput[], now: Instant): HomeProgress {
    const done: Output[] = [];
    let result: HomeProgress['result'];
    for (const output of outputs) {
      switch (output.kind) {
        case 'send':
          if (this.#silent(output)) result = 'failed';
          else done.push(...this.#sendUpdate(output, now));
          break;
        case 'bound':
        case 'released':
          result = output.kind;
          done.push(...this.#accepted(output.target, output.began, now));
          break;
        case 'refused':
          done.push(...this.#refused(output.target, output.status, now));
          result = this.#turnedAway(output) ? 'failed' : 'refused';
          if (output.target.lifetime === 0 && this.#target === undefined) result = 'released';
          break;
        case 'refresh':
          if (!this.#state.env.without.has('binding-refresh'))
            done.push(...this.#send(now).outputs);
          break;
        case 'expired':
          result = 'expired';
          done.push(tell({ kind: 'registration.lost', ...this.#names(this.#target!) }));
          if (!this.#registration.waiting) done.push(...this.#send(now).outputs);
          break;
        case 'unexpected':
          done.push(count('mobility.ba_unexpected'));
      }
    }
    if (result === 'failed') {
      if (this.held) done.push(tell({ kind: 'registration.lost', ...this.#names(this.#target!) }));
      this.#registration.forget();
      this.#retryAt = undefined;
    }
    return { outputs: done, ...(result === undefined ? {} : { result }) };
  }

  /** A home agent that was configured is asked for ever: there is no other. */
  #silent({ target, repeat }: Extract<RegistrationOutput, { kind: 'send' }>): boolean {
    const found = this.#config.homeAgent === undefined && target.lifetime > 0;
    return found && repeat >= MAX_UPDATES_UNANSWERED;
  }

  #turnedAway({ target, status }: Extract<RegistrationOutput, { kind: 'refused' }>): boolean {
    const found = this.#config.homeAgent === undefined && target.lifetime > 0;
    return found && status !== BINDING_STATUS.mipv6IdMismatch;
  }

  #sendUpdate(output: Extract<RegistrationOutput, { kind: 'send' }>, now: Instant): Output[] {
    this.#updatedAt = now;
    const { target, sequence, repeat } = output;
    const { authentication, home } = this.#config;
    const { crypto } = this.#state.env;
    const subject = { careOf: target.careOf, home };
    const timestamp = this.#clock.stamp(now);
    const release = target.careOf === home;
    return [
      count('mobility.bu_sent'),
      ...(repeat > 0 ? [count('mobility.bu_retransmitted')] : []),
      ...bindingUpdate({
        careOf: target.careOf,
        home,
        to: this.#agent!,
        sequence,
        lifetime: target.lifetime,
        homeRegistration: true,
        linkLocalAddressCompatibility: this.#linkLocal?.slice(8) === home.slice(8),
        proof: homeProof(authentication, crypto, subject, timestamp),
        ...(release && this.#link !== undefined ? { link: this.#link } : {}),
      }),
    ];
  }

  #accepted(target: Target, began: Instant, now: Instant): Output[] {
    const phase = { phase: 'home_registration', began, ended: now } as const;
    const outputs: Output[] = [
      count('mobility.ba_received'),
      tell({ kind: 'handover.phase', ...phase, peer: this.#agent! }),
    ];
    outputs.push(this.#remember(target.lifetime === 0 ? undefined : target.careOf));
    if (target.lifetime === 0) {
      const lost = { kind: 'registration.lost', reason: 'taken back at home' } as const;
      return [...outputs, tell({ ...lost, ...this.#names(target) })];
    }
    const lifetime_s = this.remaining(target.careOf, now) / seconds(1);
    const source = 'RFC 6275 11.7.3';
    const accepted = { kind: 'registration.accepted', lifetime_s, source } as const;
    return [...outputs, tell({ ...accepted, ...this.#names(target) })];
  }

  #refused(target: Target, status: number, now: Instant): Output[] {
    const release = target.lifetime === 0;
    // A home agent that has nothing to take back is as good as one that has taken it back.
    if (release && status === BINDING_STATUS.notHomeAgentForThisMobileNode) {
      this.rest();
      return [this.#remember(undefined)];
    }
    const wrongTime = status === BINDING_STATUS.mipv6IdMismatch;
    const reason = nameIn(BINDING_STATUS, status) ?? `status ${status}`;
    const { REFUSED_RETRY_TIME } = this.#state.constants;
    this.#retryAt = after(now, wrongTime ? this.#clock.waitAfterWrongTime() : REFUSED_RETRY_TIME);
    return [tell({ kind: 'registration.refused', ...this.#names(target), reason })];
  }

  /** What a restart must not make us forget: that the home agent holds something to be taken back. */
  #remember(careOf: Address | undefined): Output {
    this.#heldBefore = false;
    const held = careOf && `${formatAddress(careOf)} ${formatAddress(this.#agent!)}`;
    return { kind: 'store', key: this.#storeKey, value: held ?? NOTHING_HELD };
  }

  #names(target: Target) {
    return { peer: this.#agent!, home: this.#config.home, careof: target.careOf };
  }
}

const isWrongTime = (output: RegistrationOutput): boolean =>
  output.kind === 'refused' && output.status === BINDING_STATUS.mipv6IdMismatch;
