import type { Address } from '../../wire/address.ts';
import { arrivingEntryId, tunnelEntryIds } from '../bindings/home-address-entries.ts';
import type { EntryUse } from '../forwarding/entry.ts';
import type { NodeState } from '../node-state.ts';
import type { Output } from '../role.ts';
import type { Target } from '../signalling/registration.ts';
import { after, type Instant, milliseconds, seconds } from '../time.ts';
import type { PathFailure, PathMemory } from './path-memory.ts';
import { PathWatch } from './path-watch.ts';

/** Updates sent without an answer before the path counts as one on which headers vanish. */
const MAX_UPDATES_VANISHED = 2;

/** So many packets out of a tunnel while a peer is asked for proof (the Home Test is one) are a flow. */
const LEAST_TUNNELLED = 4;
/** A flow that was seen so long ago may be over. */
const FLOW_MEMORY = seconds(10);
/** What comes by the home agent is told once a second. */
const NOTICE_PATIENCE = milliseconds(1500);

/**
 * The route-optimised path to one peer: is what comes and goes there believed to arrive?
 *
 * Source: RFC 6275 sections 6.1.7 and 9.5.4: an update goes with the headers that data has one way, its
 * answer with those of the other.
 */
export class PeerPath {
  readonly #peer: Address;
  readonly #home: Address;
  readonly #state: NodeState;
  readonly #memory: PathMemory;
  readonly #watch = new PathWatch();
  #usedBefore = 0;
  /** Packets out of the tunnel when the peer was begun to be asked for proof. */
  #tunnelledBefore: number | undefined;
  #flowedAt: Instant | undefined;
  /** Headers vanished on the way from there, and the binding for it is being taken back. */
  #vanishedFrom: Address | undefined;
  #heardAt: Instant | undefined;

  /** @param memory of the paths of all peers. */
  constructor(peer: Address, home: Address, state: NodeState, memory: PathMemory) {
    this.#peer = peer;
    this.#home = home;
    this.#state = state;
    this.#memory = memory;
  }

  deadline(): Instant | undefined {
    return this.#watch.deadline();
  }

  /** The entry that carries what we send, for asking whether it is in use. */
  get entryId(): string {
    return this.#state.paths.fromHomeId(this.#home, this.#peer);
  }

  /** The id of the question whether our binding at this peer is in use. */
  get usageId(): string {
    return `peer-registration/${this.entryId}`;
  }

  /** The answer: has the entry carried anything since that was asked last? */
  isUsed(packets: number): boolean {
    const before = this.#usedBefore;
    this.#usedBefore = packets;
    return packets !== before;
  }

  /** The id of the question what the path has carried. */
  get lookId(): string {
    return `path-watch/${this.entryId}`;
  }

  /** An update from there was answered. */
  proved(careOf: Address, now: Instant): void {
    this.#memory.works(this.#peer, careOf);
    this.#vanishedFrom = undefined;
    this.#watch.proved(now);
  }

  stop(): void {
    this.#watch.stop();
  }

  failed(careOf: Address, failure: PathFailure, now: Instant): void {
    this.#memory.failed(this.#peer, careOf, failure, now);
  }

  /** Is nothing to be tried from there for now? */
  isBad(careOf: Address, now: Instant): boolean {
    return this.#memory.isBad(this.#peer, careOf, now);
  }

  /** A packet of the peer came by the home agent. */
  heard(now: Instant): void {
    this.#heardAt = now;
  }

  /** Asks how many packets came out of the tunnel there, before the peer is asked for proof or after. */
  count(careOf: Address, when: 'before' | 'after'): Output {
    const id = `path-count/${when}/${this.entryId}`;
    return { kind: 'ask', id, entries: tunnelEntryIds(this.#home, careOf) };
  }

  /** The answer; false where it is to another question. */
  counted(id: string, use: readonly EntryUse[], now: Instant): boolean {
    const when = (['before', 'after'] as const).find(
      (one) => id === `path-count/${one}/${this.entryId}`,
    );
    const tunnelled = use.reduce((sum, { packets }) => sum + packets, 0);
    const before = this.#tunnelledBefore;
    if (when === 'before') this.#tunnelledBefore = tunnelled;
    else if (when === 'after' && before !== undefined && tunnelled >= before + LEAST_TUNNELLED) {
      this.#flowedAt = now;
    }
    return when !== undefined;
  }

  /** Did packets of the peer come just now, and come no more, by no way? Then it sends them astray. */
  isAstray(now: Instant): boolean {
    // Without a home agent there is no other way that a flow could have taken.
    if (this.#state.paths.isNative(this.#home)) return false;
    if (this.#state.env.without.has('path-probing')) return false;
    const flowed = [this.#flowedAt, this.#watch.flowedAt].some(
      (one) => one !== undefined && now < after(one, FLOW_MEMORY),
    );
    return flowed && !this.isHeard(now);
  }

  /** Do packets of the peer come by the home agent now? Then it has obeyed no update. */
  isHeard(now: Instant): boolean {
    return this.#heardAt !== undefined && now <= after(this.#heardAt, NOTICE_PATIENCE);
  }

  /**
   * Has an update vanished that the peer may have obeyed? It proved itself by what came another way, so
   * it is the headers that get lost: the path is given up, and one that failed before sooner.
   */
  giveUp({ careOf, lifetime }: Target, repeat: number, now: Instant): boolean {
    if (lifetime === 0 || !this.isAstray(now)) return false;
    const patience = this.#memory.isDoubtful(this.#peer, careOf) ? 1 : MAX_UPDATES_VANISHED;
    if (repeat < patience) return false;
    this.failed(careOf, 'update', now);
    this.#vanishedFrom = careOf;
    return true;
  }

  /**
   * Is the peer silent by the home agent, too? Then it was away rather than the path bad, and may be back:
   * from where it is to be asked again, once.
   */
  askAgainFrom({ lifetime }: Target, repeat: number): Address | undefined {
    const careOf = this.#vanishedFrom;
    if (lifetime > 0 || repeat < MAX_UPDATES_VANISHED) return undefined;
    this.#vanishedFrom = undefined;
    return careOf;
  }

  /** Asks what the path has carried, when it is time. */
  look(now: Instant): Output[] {
    if (!this.#watch.isDue(now)) return [];
    const careOf = this.#state.paths.registeredCareOf(this.#home, this.#peer);
    if (careOf === undefined) return [];
    const entries = [this.entryId, arrivingEntryId(this.#home, careOf)];
    return [{ kind: 'ask', id: this.lookId, entries }];
  }

  /** The answer. True: the path is to be proved anew. */
  looked([sent, came]: readonly EntryUse[], now: Instant): boolean {
    const due = this.#watch.looked(sent?.packets ?? 0, came?.packets ?? 0, now);
    if (this.#state.paths.isNative(this.#home)) return false;
    return due && !this.#state.env.without.has('path-probing');
  }
}
