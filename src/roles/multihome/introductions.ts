import type { NodeState } from '../../core/node-state.ts';
import { count, type Received } from '../../core/part.ts';
import { addressSetIn, addressSetOption } from '../../core/peers/address-set.ts';
import type { BindingUpdateList } from '../../core/peers/binding-update-list.ts';
import { ConfiguredKeyProof } from '../../core/peers/configured-key-proof.ts';
import type { PeerProof } from '../../core/peers/peer-proof.ts';
import { ReturnRoutabilityProof } from '../../core/peers/return-routability-proof.ts';
import type { TimedToken } from '../../core/peers/routability-test.ts';
import type { Output } from '../../core/role.ts';
import { Registration, type RegistrationOutput } from '../../core/signalling/registration.ts';
import { bindingUpdate } from '../../core/signalling/signalling.ts';
import { type Instant, NO_TIME, sooner } from '../../core/time.ts';
import type { LayerOf } from '../../wire/packet.ts';
import type { Session } from './session.ts';

/** Updates without an answer: the peer knows nothing of addresses, or will be told with a binding. */
const MAX_UPDATES = 3;

interface Introduction {
  readonly session: Session;
  readonly registration: Registration;
  readonly proof: PeerProof;
  readonly list: BindingUpdateList;
}

/**
 * Tells peers of our other addresses while nothing is wrong: an update from the identity itself that asks
 * for no binding, proved by the home token that is there anyway, or by the key that both were given. The
 * answer tells of theirs. Its numbers are those of the binding update list: what comes late, or again,
 * is older than the binding that was made since.
 *
 *     home token of a session in peace -> told -> answered, or given up; once a session
 *
 * Source: docs/registry.md; RFC 6275 sections 11.7.2, 5.2.6.
 */
export class Introductions {
  readonly #state: NodeState;
  readonly #open = new Map<string, Introduction>();
  readonly #begun = new WeakSet<Session>();

  constructor(state: NodeState) {
    this.#state = state;
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { registration } of this.#open.values()) {
      deadline = sooner(deadline, registration.deadline());
    }
    return deadline;
  }

  /** The session goes by its identity, whose token this is. */
  begin(session: Session, token: TimedToken, list: BindingUpdateList, now: Instant): Output[] {
    const { env, constants } = this.#state;
    const { identity, peer } = session;
    const last = list.lastNumber(peer);
    const isBegun = this.#begun.has(session) || env.without.has('address-sets');
    if (isBegun || last === undefined) return [];
    this.#begun.add(session);
    const key = list.keyOf(peer);
    const proof =
      key === undefined
        ? new ReturnRoutabilityProof(peer, identity, this.#state)
        : new ConfiguredKeyProof(identity, key, this.#state);
    proof.learn('home', identity, token);
    if (proof.begin(identity, now).result !== 'proved') return [];
    const registration = new Registration(last, constants, env.random);
    const introduction = { session, registration, proof, list };
    this.#open.set(session.id, introduction);
    const target = { careOf: identity, lifetime: NO_TIME };
    const sent = registration.update(target, constants.INITIAL_BINDACK_TIMEOUT, now);
    return this.#act(introduction, sent, now);
  }

  /** The session moves, and its binding must not be taken back; or it is over. */
  end({ id }: Session): void {
    this.#open.delete(id);
  }

  tick(now: Instant): Output[] {
    return [...this.#open.values()].flatMap((one) =>
      this.#act(one, one.registration.tick(now), now),
    );
  }

  /** An answer to one of these; undefined where it is none. */
  acknowledged(
    session: Session | undefined,
    received: Received,
    message: LayerOf<'binding-acknowledgement'>,
    now: Instant,
  ): Output[] | undefined {
    const open = session && this.#open.get(session.id);
    if (open === undefined || received.routing2 !== undefined) return undefined;
    if (!open.proof.verifies(received, open.session.identity)) return undefined;
    const set = addressSetIn(message.options);
    if (set !== undefined) this.#state.sets.tell(open.session.peer, set);
    const { status, sequence } = message;
    const results = open.registration.acknowledged({ status, sequence, lifetime: NO_TIME }, now);
    return [count('mobility.ba_received'), ...this.#act(open, results, now)];
  }

  #act(open: Introduction, results: readonly RegistrationOutput[], now: Instant): Output[] {
    return results.flatMap((one) => {
      if (one.kind === 'send' && one.repeat < MAX_UPDATES) return this.#send(open, one, now);
      if (one.kind !== 'unexpected') this.end(open.session);
      return [];
    });
  }

  #send(
    { session: { id, identity: home, peer }, proof: proving, list }: Introduction,
    { target, sequence, repeat }: Extract<RegistrationOutput, { kind: 'send' }>,
    now: Instant,
  ): Output[] {
    const proof = proving.proof(home, now);
    if (proof === undefined) {
      this.#open.delete(id);
      return [];
    }
    // A late one must be older than the first binding, which it would take back.
    list.used(peer, sequence);
    const { sets, env } = this.#state;
    const parks = !env.without.has('early-packets');
    const told = [addressSetOption({ addresses: sets.ownBeside(home), parks })];
    return [
      count('multihome.introduced'),
      ...(repeat > 0 ? [count('mobility.bu_retransmitted')] : []),
      ...bindingUpdate({
        ...target,
        home,
        to: peer,
        sequence,
        proof,
        told,
        homeRegistration: false,
      }),
    ];
  }
}
