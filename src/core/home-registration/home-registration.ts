import type { Address } from '../../wire/address.ts';
import { BINDING_STATUS, nameIn, REVOCATION_TRIGGER } from '../../wire/numbers.ts';
import type { Layer, MobilityOptionInput } from '../../wire/packet.ts';
import type { HomeRegistrationConfig } from '../config.ts';
import type { NodeState } from '../node-state.ts';
import { count, type Received, tell } from '../part.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Output } from '../role.ts';
import { timestampOf } from '../signalling/home-authentication.ts';
import { Registration, type RegistrationOutput, type Target } from '../signalling/registration.ts';
import { after, between, type Duration, type Instant, NO_TIME, seconds, sooner } from '../time.ts';
import { AgentClock } from './agent-clock.ts';
import { AgentWay, type Way } from './agent-way.ts';
import { BoundedLifetime } from './bounded-lifetime.ts';
import { answerIn, HomeUpdates, type Sending } from './home-updates.ts';
import {
  type HomeProgress,
  tellAnswered,
  tellResumed,
  tellUnproved,
  tellWay,
} from './registration-events.ts';
import { HomeRegistrationJournal } from './registration-journal.ts';
import { RevocationReceiver } from './revocation-receiver.ts';

type BindingAcknowledgement = Extract<Layer, { layer: 'binding-acknowledgement' }>;
type RevocationIndication = Extract<Layer, { layer: 'binding-revocation-indication' }>;

/** After a revocation by the operator the node waits before it asks again. */
const RETRY_AFTER_REVOCATION: Duration = seconds(32);
/** A Binding Error of the home agent is believed no more often than this: anybody can forge one. */
const ERROR_INTERVAL: Duration = seconds(1);
/** Updates to a home agent that was discovered, before it counts as silent. */
const MAX_UPDATES_UNANSWERED = 3;

/**
 * The binding at the home agent: kept alive while the node is away, taken back when it is home.
 *
 * Supported standards: RFC 6275 sections 11.7.1, 11.7.3, 11.8; RFC 4285.
 */
export class HomeRegistration {
  readonly #config: HomeRegistrationConfig;
  readonly #journal: HomeRegistrationJournal;
  readonly #state: NodeState;
  readonly #registration: Registration;
  readonly #clock: AgentClock;
  readonly #errors = new RateLimit(ERROR_INTERVAL, 1);
  #retryAt: Instant | undefined;
  #target: Target | undefined;
  readonly #bounded: BoundedLifetime;
  #agent: Address | undefined;
  #updatedAt = 0 as Instant;
  readonly #revocation: RevocationReceiver;
  readonly #way: AgentWay;
  readonly #updates: HomeUpdates;

  /** @param validUntil until when both home address and care-of address are valid. */
  constructor(config: HomeRegistrationConfig, state: NodeState, validUntil: () => Instant) {
    this.#config = config;
    this.#journal = new HomeRegistrationJournal(config.home, state.env);
    this.#state = state;
    this.#bounded = new BoundedLifetime(validUntil, state.env.without.has('prefix-lifetimes'));
    this.#agent = config.homeAgent;
    this.#clock = new AgentClock(state.env.epoch);
    this.#revocation = new RevocationReceiver(config, state);
    this.#way = new AgentWay(config, state);
    const { env, constants } = state;
    const first = Math.floor(env.random() * 0x10000);
    const repeats = !env.without.has('retransmission');
    this.#registration = new Registration(first, constants, env.random, repeats);
    this.#updates = new HomeUpdates(config, state, {
      registration: this.#registration,
      clock: this.#clock,
      way: this.#way,
      journal: this.#journal,
    });
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
    const before = this.#journal.heldBefore && this.#agent !== undefined;
    return this.held || this.#registration.waiting || before;
  }

  /** Takes up a stored value after a restart. */
  restore(key: string, value: string): void {
    const { agent, sequence } = this.#journal.restore(key, value);
    this.#agent ??= agent;
    if (sequence !== undefined) this.#registration.continueFrom(sequence);
  }

  /** How long the home agent goes on holding this care-of address; zero when it does not. */
  remaining(careOf: Address, now: Instant): Duration {
    const { bound, expiresAt } = this.#registration;
    if (bound?.careOf !== careOf || expiresAt === undefined) return 0 as Duration;
    return between(now, expiresAt);
  }

  setLinkLocal(address: Address): void {
    this.#updates.linkLocal = address;
  }

  deadline(): Instant | undefined {
    return sooner(sooner(this.#registration.deadline(), this.#retryAt), this.#way.deadline());
  }

  /** Are packets between this care-of address and the home agent to go inside UDP? */
  isUdp(careOf: Address): boolean {
    return this.#way.isUdp(careOf);
  }

  /** Registers a care-of address; with the home address, or one that is left, takes it back. */
  move(careOf: Address, link: string | undefined, now: Instant, leaves = false): HomeProgress {
    const away = careOf !== this.#config.home && !leaves;
    if (careOf !== this.#target?.careOf) this.#way.stop();
    this.#target = { careOf, lifetime: away ? this.#config.lifetime : (0 as Duration) };
    this.#updates.link = link;
    const until = away ? this.#journal.stillHeld(careOf, this.#agent, now) : undefined;
    return until === undefined ? this.#send(now) : this.#resume(until, now);
  }

  /** Nothing has changed since an earlier life: what it registered is used on. */
  #resume(until: Instant, now: Instant): HomeProgress {
    const target = this.#bounded.of(this.#target!, now);
    if (target === undefined || until > after(now, target.lifetime)) return this.#send(now);
    this.#registration.resume(target, until, now);
    this.#way.accepted(target.careOf, 'open', -1, now);
    const { sequence } = this.#registration;
    const remaining = between(now, until);
    return { outputs: [tellResumed(this.#names(target), remaining, sequence)], result: 'bound' };
  }

  /** Each update carries these options besides. */
  setTold(told: () => readonly MobilityOptionInput[]): void {
    this.#updates.told = told;
  }

  /** At home, with nothing to take back: no attempt to register goes on. */
  rest(): void {
    this.#registration.forget();
    this.#way.stop();
    this.#target = undefined;
    this.#retryAt = undefined;
  }

  /** @param only the way that it goes; absent: the open one, and where that may not do both. */
  #send(now: Instant, only?: Way): HomeProgress {
    this.#way.begin();
    this.#retryAt = undefined;
    const off = this.#state.env.without.has('home-registration');
    if (this.#target === undefined || this.#agent === undefined || off) return { outputs: [] };
    const target = this.#bounded.of(this.#target, now);
    if (target === undefined) return { outputs: [] };
    const { constants } = this.#state;
    const first = !this.held && !this.#state.env.without.has('first-registration-timeout');
    const wait = constants[first ? 'INITIAL_BINDACK_TIMEOUT_FIRST_REG' : 'INITIAL_BINDACK_TIMEOUT'];
    return this.#act(this.#registration.update(target, wait, now), now, only);
  }

  /** An address ends sooner than was thought: the binding is to end with it. */
  shorten(now: Instant): HomeProgress {
    const { expiresAt, bound, waiting } = this.#registration;
    const outlives = this.#bounded.isOutlived(expiresAt);
    return outlives && bound !== undefined && !waiting ? this.#send(now) : { outputs: [] };
  }

  tick(now: Instant): HomeProgress {
    if (this.#retryAt !== undefined && now >= this.#retryAt) return this.#send(now);
    const kept = this.#way.keepAlive(this.#agent, now);
    kept.push(...this.#updates.tick(this.#agent, now));
    const progress = this.#act(this.#registration.tick(now), now);
    return kept.length === 0 ? progress : { ...progress, outputs: [...kept, ...progress.outputs] };
  }

  /** An error came that may be about an update inside UDP. */
  unreachable(received: Received, now: Instant): Output[] {
    return this.#agent === undefined ? [] : this.#updates.unreachable(received, this.#agent, now);
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

  /** The home agent takes the binding back. Source: RFC 5846 section 10. */
  revoked(received: Received, message: RevocationIndication, now: Instant): HomeProgress {
    const { bound: told, expiresAt } = this.#registration;
    const bound = { careOf: told?.careOf, held: expiresAt !== undefined, clock: this.#clock };
    const { outputs, revoked } = this.#revocation.received(received, message, bound, now);
    if (!revoked) return { outputs };
    const lost = { kind: 'registration.lost', reason: 'revoked' } as const;
    outputs.push(
      tell({ ...lost, ...this.#names(this.#target!) }),
      this.#journal.remember(undefined),
    );
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
    const way: Way = received.tunnel?.udp === undefined ? 'open' : 'udp';
    if (target === undefined || (way === 'udp' && !this.#way.asks)) {
      return { outputs: [count('mobility.ba_unexpected')] };
    }
    if (!this.#updates.verifies(received, message, target.careOf)) {
      // An answer to an older update may be proved for the care-of address of that one.
      const current = message.sequence === this.#registration.sequence;
      const told = () => tellUnproved(this.#names(target), message.status);
      return { outputs: current ? told() : [count('mobility.ba_unauthenticated')] };
    }
    const { status, sequence } = message;
    const waits = this.#registration.waiting;
    if (!waits && this.#way.shownOpen(target.careOf, way, sequence)) return this.#send(now, 'open');
    const outputs = this.#registration.acknowledged(answerIn(message), now);
    // Only of an answer that was waited for: an old one played back would set the clock back.
    const wrongTime = outputs.some(isWrongTime);
    if (wrongTime) this.#clock.adjust(timestampOf(message), now);
    const news = status === BINDING_STATUS.acceptedButPrefixDiscoveryNecessary;
    const counted = way === 'udp' ? [count('udp.answered')] : [];
    const acted = this.#act(outputs, now, way, sequence);
    const progress = {
      ...acted,
      outputs: [...counted, ...acted.outputs],
      ...(news && { outdated: true as const }),
    };
    if (!wrongTime && outputs[0]?.kind !== 'unexpected') this.#clock.agreed();
    return progress;
  }

  /** @param way that an answer came, or that alone is to be gone; `sequence`: of that answer. */
  #act(
    outputs: readonly RegistrationOutput[],
    now: Instant,
    way?: Way,
    sequence?: number,
  ): HomeProgress {
    const done: Output[] = [];
    let result: HomeProgress['result'];
    for (const output of outputs) {
      switch (output.kind) {
        case 'send':
          if (output.repeat >= MAX_UPDATES_UNANSWERED && this.#hasOthers(output.target)) {
            result = 'failed';
          } else done.push(...this.#sendBy(output, way, now));
          break;
        case 'bound':
        case 'released':
          result = output.kind;
          done.push(...this.#accepted(output.target, output.began, way ?? 'open', now));
          done.push(...this.#wayShown(output.target, way ?? 'open', sequence, now));
          break;
        case 'refused':
          done.push(...this.#refused(output.target, output.status, now));
          result = this.#hasOthers(output.target) && !isWrongTime(output) ? 'failed' : 'refused';
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
  #hasOthers({ lifetime }: Target): boolean {
    return this.#config.homeAgent === undefined && lifetime > 0;
  }

  #sendBy(output: Sending, only: Way | undefined, now: Instant): Output[] {
    this.#updatedAt = now;
    return this.#updates.send(output, this.#agent!, only, now);
  }

  #wayShown(target: Target, way: Way, sequence: number | undefined, now: Instant): Output[] {
    if (target.lifetime === 0) {
      this.#way.stop();
      return [];
    }
    const { changed, again } = this.#way.accepted(target.careOf, way, sequence ?? -1, now);
    return [
      ...(changed ? [tellWay(this.#names(target), way)] : []),
      ...(again ? this.#send(now, 'open').outputs : []),
    ];
  }

  #accepted(target: Target, began: Instant, way: Way, now: Instant): Output[] {
    const { expiresAt, sequence } = this.#registration;
    const { careOf } = target;
    // Another life would try in the open first.
    const until = way === 'open' ? expiresAt : undefined;
    const held = target.lifetime === 0 ? undefined : { careOf, agent: this.#agent!, until };
    const remaining = held === undefined ? NO_TIME : this.remaining(careOf, now);
    return [
      this.#journal.remember(held),
      ...tellAnswered(this.#names(target), { remaining, sequence, began }, now),
    ];
  }

  #refused(target: Target, status: number, now: Instant): Output[] {
    const release = target.lifetime === 0;
    // A home agent that has nothing to take back is as good as one that has taken it back.
    if (release && status === BINDING_STATUS.notHomeAgentForThisMobileNode) {
      this.rest();
      return [this.#journal.remember(undefined)];
    }
    const wrongTime = status === BINDING_STATUS.mipv6IdMismatch;
    const reason = nameIn(BINDING_STATUS, status) ?? `status ${status}`;
    const { REFUSED_RETRY_TIME } = this.#state.constants;
    this.#retryAt = after(now, wrongTime ? this.#clock.waitAfterWrongTime() : REFUSED_RETRY_TIME);
    return [tell({ kind: 'registration.refused', ...this.#names(target), reason })];
  }

  #names(target: Target) {
    return { peer: this.#agent!, home: this.#config.home, careof: target.careOf };
  }
}

const isWrongTime = (output: RegistrationOutput): boolean =>
  output.kind === 'refused' && output.status === BINDING_STATUS.mipv6IdMismatch;
