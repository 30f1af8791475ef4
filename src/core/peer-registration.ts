import type { Address } from '../wire/address.ts';
import { BINDING_STATUS, nameIn } from '../wire/numbers.ts';
import type { Layer } from '../wire/packet.ts';
import { type PathKind, pathChanged } from './events.ts';
import type { NodeState } from './node-state.ts';
import { count, type Received, tell } from './part.ts';
import { PeerProof, type Proving } from './peer-proof.ts';
import { Registration, type RegistrationOutput } from './registration.ts';
import type { Output } from './role.ts';
import type { TestKind, Token } from './routability-test.ts';
import { bindingUpdate, lifetimeOf } from './signalling.ts';
import { after, between, type Duration, type Instant, NO_TIME, seconds, sooner } from './time.ts';

type BindingAcknowledgement = Extract<Layer, { layer: 'binding-acknowledgement' }>;

/** What a peer registration needs to know of the node that registers. */
export interface Identity {
  readonly home: Address;
  /** How long a binding for this care-of address may live; zero: it may not be told to peers yet. */
  allowed(careOf: Address, now: Instant): Duration;
}

/** Updates sent without an answer before a peer counts as silent. */
const MAX_UPDATES_UNANSWERED = 5;
/** Status answers 136 to 138 obeyed in a row. */
const MAX_EXPIRED_NONCES = 3;
/** How long a silent or refusing peer is left alone. */
const LEFT_ALONE: Duration = seconds(60);
/** A Binding Error is believed no more often than this, since anybody can forge one. */
const ERROR_INTERVAL: Duration = seconds(1);

/**
 * Our binding at one peer, from the first proof to the last refresh.
 *
 *     move --> tests --proved--> update --acknowledged--> registered --> (in use) refreshed
 *     silent, refused, unaware --> left alone for a while; packets go by the home agent
 *
 * Supported standards: RFC 6275 sections 11.3.6, 11.6, 11.7.2, 11.7.3.
 */
export class PeerRegistration {
  readonly peer: Address;
  readonly #identity: Identity;
  readonly #state: NodeState;
  readonly #registration: Registration;
  readonly #proof: PeerProof;
  /** The care-of address that the peer shall know; `home`: the binding is to be taken back. */
  #wanted: Address | undefined;
  #proved = false;
  #expiredNonces = 0;
  #leftAloneUntil: Instant | undefined;
  #errorBelievedAt: Instant | undefined;
  #usedBefore = 0;

  constructor(peer: Address, identity: Identity, state: NodeState) {
    this.peer = peer;
    this.#identity = identity;
    this.#state = state;
    const { env, constants } = state;
    const first = Math.floor(env.random() * 0x10000);
    const retransmits = !env.without.has('retransmission');
    this.#registration = new Registration(first, constants, env.random, retransmits);
    this.#proof = new PeerProof(peer, identity.home, state);
  }

  /** Is it of no use any more: no binding at the peer, nothing under way, nothing to remember? */
  idle(now: Instant): boolean {
    const { waiting, expiresAt } = this.#registration;
    const alone = this.#leftAloneUntil !== undefined && now < this.#leftAloneUntil;
    return !alone && !waiting && expiresAt === undefined && !this.#proof.waiting && !this.#proved;
  }

  deadline(): Instant | undefined {
    return sooner(this.#proof.deadline(), this.#registration.deadline());
  }

  /** The peer shall know this care-of address; `home`: that we are at home again. */
  move(careOf: Address, now: Instant): Output[] {
    if (this.#leftAloneUntil !== undefined && now < this.#leftAloneUntil) return [];
    const release = careOf === this.#identity.home;
    // Nothing was told to this peer, so there is nothing to take back.
    const untold = this.#registration.expiresAt === undefined && !this.#registration.waiting;
    if (release && untold) {
      this.stop();
      return [];
    }
    const underWay = this.#proof.waiting || this.#proved || this.#registration.waiting;
    const known = this.#registration.bound?.careOf === careOf;
    if (known || (this.#wanted === careOf && underWay)) return [];
    this.#wanted = careOf;
    this.#proved = false;
    this.#leftAloneUntil = undefined;
    return this.#prove(now);
  }

  /** The home agent has accepted a care-of address: what waited for that may go on. */
  proceed(now: Instant): Output[] {
    return this.#proved ? this.#update(now) : [];
  }

  /** Asks for nothing any more and remembers no binding. */
  stop(): void {
    this.#proof.stop();
    this.#registration.forget();
    this.#wanted = undefined;
    this.#proved = false;
  }

  tick(now: Instant): Output[] {
    return [
      ...this.#proving(this.#proof.tick(now), now),
      ...this.#registered(this.#registration.tick(now), now),
    ];
  }

  /** A Home Test or Care-of Test from the peer, to the address that was under test. */
  test(
    kind: TestKind,
    received: Received,
    cookie: Uint8Array,
    token: Token,
    now: Instant,
  ): Output[] {
    const { destination } = received;
    return this.#proving(this.#proof.received(kind, destination, cookie, token, now), now);
  }

  acknowledged(received: Received, message: BindingAcknowledgement, now: Instant): Output[] {
    const careOf = this.#registration.target?.careOf;
    if (careOf === undefined) return [count('mobility.ba_unexpected')];
    // Answers 136 to 138 cannot be signed; they only make us prove again (RFC 6275 section 9.5.4).
    const signed = isExpiredNonce(message.status) || this.#proof.verifies(received, careOf, now);
    if (!signed) return [count('mobility.ba_unauthenticated')];
    const refresh = message.options.find((one) => one.option === 'binding-refresh-advice');
    const outputs = this.#registration.acknowledged(
      {
        status: message.status,
        sequence: message.sequence,
        lifetime: lifetimeOf(message.lifetime),
        ...(refresh === undefined ? {} : { refresh: lifetimeOf(refresh.refreshInterval) }),
      },
      now,
    );
    return this.#registered(outputs, now);
  }

  /** The peer says that it knows no binding of ours. RFC 6275 section 11.3.6. */
  unknownToPeer(now: Instant): Output[] {
    const last = this.#errorBelievedAt;
    const early = last !== undefined && now < after(last, ERROR_INTERVAL);
    if (early || this.#registration.expiresAt === undefined || this.#wanted === undefined) {
      return [count('mobility.be_ignored')];
    }
    this.#errorBelievedAt = now;
    this.#registration.forget();
    this.#proof.forgetTokens();
    this.#proved = false;
    return [
      count('mobility.be_received'),
      ...this.#state.paths.unsetRegistered(this.peer),
      this.#pathChanged('tunnelled', 'the peer knows no binding'),
      ...this.#prove(now),
    ];
  }

  /** The peer showed that it knows nothing of Mobile IPv6. */
  unaware(reason: string, now: Instant): Output[] {
    return [
      count('mobility.peer_unaware'),
      tell({ kind: 'peer.unaware', peer: this.peer, reason }),
      ...this.#leaveAlone(this.#state.constants.UNAWARE_TIME, reason, now),
    ];
  }

  /** Does a quoted Init with this cookie come from us, and wait for an answer? */
  awaits(cookie: Uint8Array): boolean {
    return this.#proof.awaits(cookie);
  }

  /** The peer asks for a refresh (RFC 6275 section 11.3.5), or it is time for one and it is used. */
  refresh(now: Instant): Output[] {
    const target = this.#registration.bound;
    if (target === undefined || this.#state.env.without.has('binding-refresh')) return [];
    this.#wanted = target.careOf;
    return this.#prove(now);
  }

  /** How many packets our entry for this peer has carried: in use since we last looked? */
  used(packets: number, now: Instant): Output[] {
    const inUse = packets !== this.#usedBefore;
    this.#usedBefore = packets;
    return inUse ? this.refresh(now) : [];
  }

  #prove(now: Instant): Output[] {
    return this.#proving(this.#proof.begin(this.#wanted!, now), now);
  }

  #proving({ outputs, result }: Proving, now: Instant): Output[] {
    if (result === 'silent') {
      return [...outputs, ...this.#leaveAlone(LEFT_ALONE, 'the peer answers no test', now)];
    }
    if (result === undefined) return outputs;
    this.#proved = true;
    return [...outputs, ...this.#update(now)];
  }

  /** RFC 6275 section 11.7.2: only after the home agent has acknowledged the care-of address. */
  #update(now: Instant): Output[] {
    const careOf = this.#wanted;
    if (careOf === undefined) return [];
    const release = careOf === this.#identity.home;
    const longest = release ? seconds(1) : this.#identity.allowed(careOf, now);
    if (longest === 0) return [];
    this.#proved = false;
    const { MAX_RR_BINDING_LIFETIME, INITIAL_BINDACK_TIMEOUT } = this.#state.constants;
    const lifetime = release ? NO_TIME : (Math.min(MAX_RR_BINDING_LIFETIME, longest) as Duration);
    return this.#registered(
      this.#registration.update({ careOf, lifetime }, INITIAL_BINDACK_TIMEOUT, now),
      now,
    );
  }

  #registered(outputs: readonly RegistrationOutput[], now: Instant): Output[] {
    return outputs.flatMap((output) => this.#act(output, now));
  }

  #act(output: RegistrationOutput, now: Instant): Output[] {
    switch (output.kind) {
      case 'send':
        return this.#sendUpdate(output, now);
      case 'bound':
        return this.#bound(output.target.careOf, output.began, now);
      case 'released':
        this.stop();
        return [count('mobility.ba_received'), this.#phase(output.began, now)];
      case 'refused':
        return this.#refused(output.status, now);
      case 'refresh':
        return [{ kind: 'ask', id: this.usageId, entries: [this.#entryId()] }];
      case 'expired':
        return [
          ...this.#state.paths.unsetRegistered(this.peer),
          this.#pathChanged('tunnelled', 'the binding expired unused'),
        ];
      case 'unexpected':
        return [count('mobility.ba_unexpected')];
    }
  }

  /** The id of the question whether our binding at this peer is in use. */
  get usageId(): string {
    return `peer-registration/${this.#entryId()}`;
  }

  #entryId(): string {
    return this.#state.paths.fromHomeId(this.peer);
  }

  #sendUpdate(output: Extract<RegistrationOutput, { kind: 'send' }>, now: Instant): Output[] {
    const { target, sequence, repeat } = output;
    const proof = this.#proof.proof(target.careOf, now);
    // Tokens run out while a peer is silent: back to proving, with the number used up.
    if (repeat > MAX_UPDATES_UNANSWERED || proof === undefined) {
      return this.#leaveAlone(LEFT_ALONE, 'the peer acknowledges no update', now);
    }
    return [
      count('mobility.bu_sent'),
      ...(repeat > 0 ? [count('mobility.bu_retransmitted')] : []),
      ...bindingUpdate({
        careOf: target.careOf,
        home: this.#identity.home,
        to: this.peer,
        sequence,
        lifetime: target.lifetime,
        homeRegistration: false,
        proof,
      }),
    ];
  }

  #bound(careOf: Address, began: Instant, now: Instant): Output[] {
    this.#expiredNonces = 0;
    const until = this.#registration.expiresAt!;
    const before = this.#state.paths.registeredCareOf(this.peer);
    return [
      count('mobility.ba_received'),
      ...this.#state.paths.setRegistered(this.peer, careOf, until),
      tell({
        kind: 'registration.accepted',
        peer: this.peer,
        home: this.#identity.home,
        careof: careOf,
        lifetime_s: between(now, until) / seconds(1),
        source: 'RFC 6275 11.7.3',
      }),
      this.#phase(began, now),
      ...(before === careOf ? [] : [this.#pathChanged('route-optimised')]),
    ];
  }

  #refused(status: number, now: Instant): Output[] {
    if (isExpiredNonce(status) && this.#expiredNonces < MAX_EXPIRED_NONCES) {
      this.#expiredNonces += 1;
      this.#proof.forgetTokens();
      return this.#prove(now);
    }
    return this.#leaveAlone(LEFT_ALONE, nameIn(BINDING_STATUS, status) ?? `status ${status}`, now);
  }

  #leaveAlone(time: Duration, reason: string, now: Instant): Output[] {
    const careof = this.#wanted ?? this.#identity.home;
    this.stop();
    this.#leftAloneUntil = after(now, time);
    return [
      ...this.#state.paths.unsetRegistered(this.peer),
      tell({
        kind: 'registration.refused',
        peer: this.peer,
        home: this.#identity.home,
        careof,
        reason,
      }),
      this.#pathChanged('tunnelled', reason),
    ];
  }

  #phase(began: Instant, ended: Instant): Output {
    const phase = { phase: 'peer_registration', began, ended } as const;
    return tell({ kind: 'handover.phase', ...phase, peer: this.peer });
  }

  #pathChanged(path: PathKind, reason?: string): Output {
    return tell(pathChanged(this.peer, this.#identity.home, path, reason));
  }
}

function isExpiredNonce(status: number): boolean {
  return status >= BINDING_STATUS.expiredHomeNonceIndex && status <= BINDING_STATUS.expiredNonces;
}
