import type { Address } from '../../wire/address.ts';
import { BINDING_STATUS, nameIn } from '../../wire/numbers.ts';
import type { LayerOf } from '../../wire/packet.ts';
import { LIFETIME_UNIT } from '../constants.ts';
import type { EntryUse } from '../forwarding/entry.ts';
import type { NodeState } from '../node-state.ts';
import { count, type Received } from '../part.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Output } from '../role.ts';
import { Registration, type RegistrationOutput } from '../signalling/registration.ts';
import { lifetimeOf } from '../signalling/signalling.ts';
import { between, type Duration, type Instant, NO_TIME, seconds, sooner } from '../time.ts';
import { LeftAlone } from './left-alone.ts';
import { GIVEN_UP, type PathMemory } from './path-memory.ts';
import type { RememberedPeer } from './peer-journal.ts';
import { PeerOutcome } from './peer-outcome.ts';
import { PeerPath } from './peer-path.ts';
import {
  type Identity,
  isUnsigned,
  lifetimeToAsk,
  type PeerProof,
  type Proving,
} from './peer-proof.ts';
import type { TestKind, Token } from './routability-test.ts';

type Answer = LayerOf<'binding-acknowledgement'>;

/** Updates sent without an answer before a peer counts as silent. */
const MAX_UPDATES_UNANSWERED = 5;
/** Proofs refused in a row, another being at hand. */
const MAX_REFUSED_PROOFS = 3;
/** What anybody can forge is believed no more often: Binding Errors, Binding Refresh Requests. */
const BELIEF_INTERVAL: Duration = seconds(1);

/**
 * Our binding at one peer, from the first proof to the last refresh.
 *
 *     move --> tests --proved--> update --acknowledged--> registered --> (in use) refreshed
 *     silent, refused, unaware --> left alone for a while; packets go by the home agent
 *     what proves it vanishes on the way --> taken back by the home agent; another network is tried
 *
 * Supported standards: RFC 6275 sections 11.3.6, 11.6, 11.7.2, 11.7.3.
 */
export class PeerRegistration {
  readonly peer: Address;
  readonly path: PeerPath;
  readonly proof: PeerProof;
  readonly #outcome: PeerOutcome;
  readonly #identity: Identity;
  readonly #state: NodeState;
  readonly #registration: Registration;

  /** The care-of address that the peer shall know; `home`: the binding is to be taken back. */
  #wanted: Address | undefined;
  #proved = false;
  #refusedProofs = 0;
  readonly #alone = new LeftAlone();
  readonly #errors = new RateLimit(BELIEF_INTERVAL, 1);
  readonly #requests = new RateLimit(BELIEF_INTERVAL, 1);

  /** @param last the number before the first update's: newer than any that the peer remembers. */
  constructor(
    peer: Address,
    identity: Identity,
    proof: PeerProof,
    state: NodeState,
    last: number,
    memory: PathMemory,
  ) {
    this.peer = peer;
    this.#outcome = new PeerOutcome(peer, identity, proof, state);
    this.path = new PeerPath(peer, identity.home, state, memory);
    this.#identity = identity;
    this.#state = state;
    const repeats = !state.env.without.has('retransmission');
    this.#registration = new Registration(last, state.constants, state.env.random, repeats);
    this.proof = proof;
  }

  get sequence(): number {
    return this.#registration.sequence;
  }

  /** In an earlier life it was told of us. */
  restore({ until, careOf, proof }: RememberedPeer, now: Instant): Output[] {
    const lifetime = between(now, until);
    this.#alone.told(now, lifetime);
    if (proof !== undefined) this.proof.takeUp?.(proof, careOf);
    if (careOf === undefined) return [];
    this.#registration.resume({ careOf, lifetime }, until, now);
    this.path.proved(careOf, now);
    return this.#outcome.resumed(careOf, until, this.sequence, now);
  }

  /** Is it of no use any more: no binding at the peer, nothing under way, nothing to remember? */
  idle(now: Instant): boolean {
    return this.holdsNothing(now) && this.#alone.isOver(now);
  }

  /** Is there no binding at the peer and nothing under way, whether it is left alone or not? */
  holdsNothing(now: Instant): boolean {
    const held = this.#registration.expiresAt !== undefined || this.#alone.mayHold(now);
    return !held && !this.asking && !this.#proved;
  }

  deadline(): Instant | undefined {
    const asking = sooner(this.proof.deadline(), this.#registration.deadline());
    return sooner(sooner(this.#alone.deadline(), this.path.deadline()), asking);
  }

  /** The peer shall know this care-of address; `home`: none any more, `whoever` told it of one. */
  move(careOf: Address, now: Instant, whoever = false): Output[] {
    const release = careOf === this.#identity.home;
    // A peer whose answers alone were lost sends to where we were: it must be told, silent or not.
    const mayHold = this.#alone.mayHold(now);
    if (!this.#alone.isOver(now) && !mayHold) return [];
    const held = this.#registration.expiresAt !== undefined || this.#registration.waiting;
    if (release && !held && !mayHold && !whoever) return this.stop();
    if (!release && this.path.isBad(careOf, now)) return this.#withdraw(GIVEN_UP.lately, now);
    if (this.#registration.bound?.careOf === careOf) return this.#stay(careOf, now);
    if (this.#wanted === careOf && (this.asking || this.#proved)) return [];
    this.#alone.end(now);
    return this.#ask(careOf, now);
  }

  /** Back where the peer has us still: what was begun for elsewhere is void. */
  #stay(careOf: Address, now: Instant): Output[] {
    // RFC 6275 section 11.7.2: no peer holds it for longer than the home agent does.
    const most = lifetimeToAsk(this.proof, this.#identity, careOf, now);
    if (most > 0 && between(now, this.#registration.expiresAt!) > most) return this.refresh(now);
    this.proof.stop();
    this.#wanted = careOf;
    this.#proved = false;
    return this.#outcome.optimised(careOf, this.#registration.expiresAt!);
  }

  /** The home agent has accepted a care-of address: what waited for that may go on. */
  proceed(now: Instant): Output[] {
    return this.#proved ? this.#update(now) : [];
  }

  /** Asks for nothing any more and remembers no binding. */
  stop(): Output[] {
    this.path.stop();
    this.proof.stop();
    this.#registration.forget();
    this.#alone.cancel();
    this.#wanted = undefined;
    this.#proved = false;
    return [];
  }

  tick(now: Instant): Output[] {
    const again = this.#alone.due(now);
    return [
      ...this.#proving(this.proof.tick(now, this.path.isAstray(now)), now),
      ...this.#registered(this.#registration.tick(now), now),
      ...(again === undefined ? [] : this.move(again, now)),
      ...this.path.look(now),
    ];
  }

  /** A Home Test or Care-of Test from the peer, to the address that was under test. */
  test(kind: TestKind, at: Address, cookie: Uint8Array, token: Token, now: Instant): Output[] {
    return this.#proving(this.proof.received(kind, at, cookie, token, now), now);
  }

  acknowledged(received: Received, message: Answer, now: Instant): Output[] {
    const careOf = this.#registration.target?.careOf;
    if (careOf === undefined) return [count('mobility.ba_unexpected')];
    // Answers 136 to 138 cannot be signed; they only make us prove again (RFC 6275 section 9.5.4).
    const signed = isUnsigned(message.status) || this.proof.verifies(received, careOf);
    if (!signed) return [count('mobility.ba_unauthenticated')];
    const { status, sequence } = message;
    // A Binding Refresh Advice is the home agent's to give (RFC 6275 section 6.2.4).
    const answer = { status, sequence, lifetime: lifetimeOf(message.lifetime) };
    const results = this.#registration.acknowledged(answer, now);
    const bound = results.some(({ kind }) => kind === 'bound');
    if (bound) this.#outcome.learn(message, received.source);
    const again = bound && this.proof.accepted(message, careOf, now) && this.#wanted === careOf;
    return [...this.#registered(results, now), ...(again ? this.#prove(now) : [])];
  }

  /** The peer says that it knows no binding of ours. RFC 6275 section 11.3.6. */
  unknownToPeer(now: Instant): Output[] {
    const held = this.#registration.expiresAt !== undefined && this.#wanted !== undefined;
    if (!held || !this.#errors.take(now)) return [count('mobility.be_ignored')];
    this.#registration.forget();
    this.#alone.holdsNothing(now);
    // No others would come while home is cut off; if the peer does not know these, it says so (136).
    if (!this.#isCutOff) this.proof.forgetTokens();
    const fallBack = this.#outcome.fallBack('the peer knows no binding');
    return [count('mobility.be_received'), ...fallBack, ...this.#ask(this.#wanted!, now)];
  }

  /** The peer showed that it knows nothing of Mobile IPv6. */
  unaware(reason: string, now: Instant): Output[] {
    this.#alone.holdsNothing(now);
    const { UNAWARE_TIME } = this.#state.constants;
    return [...this.#outcome.unaware(reason), ...this.#leaveAlone(reason, now, UNAWARE_TIME)];
  }

  get #isCutOff(): boolean {
    return this.#identity.isCutOff?.(this.peer) ?? false;
  }

  /** Does an update or a test wait for this peer's answer? Only then may it say what it is not. */
  get asking(): boolean {
    return this.proof.waiting || this.#registration.waiting;
  }

  /** The peer asks for a refresh with new proofs, believed seldom since anybody can (11.7.4). */
  asked(now: Instant): Output[] {
    if (!this.#requests.take(now)) return [];
    if (!this.proof.waiting && !this.#isCutOff) this.proof.forgetTokens();
    return [count('mobility.brr_received'), ...this.refresh(now)];
  }

  /** What the peer holds of us, and until when: as far as is known. */
  get expiresAt(): Instant | undefined {
    return this.#registration.expiresAt;
  }

  /** It is time for a refresh; one that cannot be proved would only end what still holds. */
  refresh(now: Instant): Output[] {
    const { bound } = this.#registration;
    if (bound === undefined || this.#state.env.without.has('binding-refresh')) return [];
    if (this.#isCutOff && this.proof.needsHomeTest(now)) return [];
    this.#wanted = bound.careOf;
    return this.#prove(now);
  }

  /** How many packets our entry for this peer has carried: in use since we last looked? */
  used(packets: number, now: Instant): Output[] {
    return this.path.isUsed(packets) ? this.refresh(now) : [];
  }

  #ask(careOf: Address, now: Instant): Output[] {
    this.#wanted = careOf;
    this.#proved = false;
    return this.#prove(now);
  }

  #prove(now: Instant): Output[] {
    const careOf = this.#wanted!;
    const isNew = this.#registration.expiresAt === undefined && careOf !== this.#identity.home;
    const counted = isNew ? [this.path.count(careOf, 'before')] : [];
    return [...counted, ...this.#proving(this.proof.begin(careOf, now), now)];
  }

  #proving({ outputs, result }: Proving, now: Instant): Output[] {
    if (result === 'silent') {
      return [...outputs, ...this.#leaveAlone('the peer answers no test', now)];
    }
    if (result === 'path-silent') {
      this.path.failed(this.#wanted!, 'test', now);
      return [...outputs, ...this.#withdraw('the peer answers no test from this network', now)];
    }
    if (result === undefined) return outputs;
    this.#proved = true;
    return [...outputs, ...this.#update(now)];
  }

  /** RFC 6275 section 11.7.2: only after the home agent has acknowledged, unless proved without. */
  #update(now: Instant): Output[] {
    const careOf = this.#wanted;
    if (careOf === undefined) return [];
    const release = careOf === this.#identity.home;
    const lifetime = release ? NO_TIME : lifetimeToAsk(this.proof, this.#identity, careOf, now);
    // Less than a unit would be a lifetime of 0 on the wire, which takes the binding back.
    if (!release && lifetime < LIFETIME_UNIT) return [];
    // Tokens may run out while the home agent is waited for.
    if (this.proof.proof(careOf, now) === undefined) return this.#prove(now);
    this.#proved = false;
    const wait = this.#state.constants.INITIAL_BINDACK_TIMEOUT;
    return this.#registered(this.#registration.update({ careOf, lifetime }, wait, now), now);
  }

  readonly #registered = (results: readonly RegistrationOutput[], now: Instant): Output[] =>
    results.flatMap((one) => this.#act(one, now));

  #act(output: RegistrationOutput, now: Instant): Output[] {
    switch (output.kind) {
      case 'send':
        return this.#sendUpdate(output, now);
      case 'bound':
        return this.#bound(output.target.careOf, output.began, now);
      case 'released':
        this.stop();
        this.proof.released();
        this.#alone.holdsNothing(now);
        return this.#outcome.released(output.target.careOf, output.began, now);
      case 'refused':
        return this.#refused(output.status, now);
      case 'refresh':
        return [{ kind: 'ask', id: this.path.usageId, entries: [this.path.entryId] }];
      case 'expired':
        // Where an answer was lost, it may have been renewed all the same.
        if (!this.#registration.waiting) this.#alone.holdsNothing(now);
        return this.#outcome.fallBack('the binding expired');
      case 'unexpected':
        return [count('mobility.ba_unexpected')];
    }
  }

  #sendUpdate(output: Extract<RegistrationOutput, { kind: 'send' }>, now: Instant): Output[] {
    const { target, sequence, repeat } = output;
    const proof = this.proof.proof(target.careOf, now);
    if (this.path.giveUp(target, repeat, now)) return this.#withdraw(GIVEN_UP.vanished, now);
    const from = this.path.askAgainFrom(target, repeat);
    if (from !== undefined) return this.#ask(from, now);
    if (target.lifetime > 0) this.#alone.told(now, target.lifetime);
    // Tokens run out while a peer is silent: back to proving, with the number used up.
    if (repeat > MAX_UPDATES_UNANSWERED || proof === undefined) {
      if (this.path.isHeard(now)) this.path.failed(target.careOf, 'update', now);
      return this.#leaveAlone(GIVEN_UP.silent, now);
    }
    const update = { ...target, sequence, proof, repeat, until: this.#alone.mayHoldUntil };
    return [
      ...this.#outcome.update(update, now),
      ...(repeat === 0 && target.lifetime > 0 ? [this.path.count(target.careOf, 'after')] : []),
    ];
  }

  #bound(careOf: Address, began: Instant, now: Instant): Output[] {
    this.#refusedProofs = 0;
    this.path.proved(careOf, now);
    const { expiresAt, sequence } = this.#registration;
    return this.#outcome.bound({ careOf, until: expiresAt!, sequence, began }, now);
  }

  /** Packets go by the home agent; a peer that may send to care-of addresses is told to do so too. */
  #withdraw(reason: string, now: Instant): Output[] {
    if (this.#wanted === this.#identity.home) return [];
    const told = this.#outcome.fallBack(reason);
    const held = this.#registration.expiresAt !== undefined || this.#alone.mayHold(now);
    if (!held) return [...told, ...this.stop()];
    this.path.stop();
    this.proof.stop();
    return [...told, ...this.#ask(this.#identity.home, now)];
  }

  /** What the path has carried: it is proved anew where that is due. */
  looked(use: readonly EntryUse[], now: Instant): Output[] {
    const bound = this.#registration.bound;
    if (!this.path.looked(use, now) || bound === undefined || this.asking) return [];
    this.#wanted = bound.careOf;
    return this.#update(now);
  }

  #refused(status: number, now: Instant): Output[] {
    if (this.#refusedProofs < MAX_REFUSED_PROOFS && this.proof.refused(status)) {
      this.#refusedProofs += 1;
      return this.#prove(now);
    }
    return this.#leaveAlone(nameIn(BINDING_STATUS, status) ?? `status ${status}`, now);
  }

  #leaveAlone(reason: string, now: Instant, time?: Duration): Output[] {
    const { LEFT_ALONE_TIME, MAX_BINDACK_TIMEOUT: again } = this.#state.constants;
    const careof = this.#wanted ?? this.#identity.home;
    this.stop();
    if (!this.#isCutOff) this.proof.gaveUp();
    this.#alone.begin(time ?? LEFT_ALONE_TIME, again, careof, now);
    return this.#outcome.refused(careof, reason);
  }
}
