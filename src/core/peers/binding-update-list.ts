import { type Address, readAddress } from '../../wire/address.ts';
import { IPV6_OPTION, MH_TYPE, PROTOCOL } from '../../wire/numbers.ts';
import type { LayerOf } from '../../wire/packet.ts';
import { walkHeaders } from '../../wire/walk.ts';
import type { ConfiguredKey, DelegatedKey, PeerProofConfig } from '../config.ts';
import type { EntryUse } from '../forwarding/entry.ts';
import type { NodeState } from '../node-state.ts';
import { count, type Received } from '../part.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Output } from '../role.ts';
import { sequenceNewer } from '../signalling/sequence.ts';
import { type Instant, milliseconds, seconds, sooner } from '../time.ts';
import { CgaProof } from './cga-proof.ts';
import { ConfiguredKeyProof } from './configured-key-proof.ts';
import { metAt } from './met-at.ts';
import { PathMemory } from './path-memory.ts';
import { type DoubtEnded, PeerDoubts } from './peer-doubts.ts';
import { forgetPeer, rememberedPeer } from './peer-journal.ts';
import type { Identity, PeerProof, ProofMeans } from './peer-proof.ts';
import { PeerRegistration } from './peer-registration.ts';
import { ReturnRoutabilityProof } from './return-routability-proof.ts';

/** What a binding update list needs to know of the one whose bindings it holds. */
export interface UpdateListConfig {
  readonly home: Address;
  readonly maxPeers: number;
  /** Absent: return routability alone. */
  readonly peers?: PeerProofConfig;
  /** Shown with each update that return routability proves. */
  readonly delegation?: DelegatedKey;
}

/**
 * New peers that are begun with: each costs a handful of messages, and whoever sends us packets with
 * invented sources could have them sent to anybody. Those beyond are sent to as if there were no bindings.
 */
const NEW_PEER_INTERVAL = milliseconds(50);
const NEW_PEERS = 100;

/**
 * The peers' part of the binding update list: who is to be told where we are, and how far that is.
 *
 * Bounded: when the list is full, entries that are of no use any more go, and a new peer beyond that
 * is told nothing.
 *
 * Supported standards: RFC 6275 sections 11.1, 11.3.5, 11.3.6, 11.6, 11.7.2.
 */
export class BindingUpdateList {
  readonly #config: UpdateListConfig;
  readonly #state: NodeState;
  readonly #identity: Identity;
  readonly #cameHome: (received: Received) => boolean;
  readonly #peers = new Map<Address, PeerRegistration>();
  readonly #begun: RateLimit;
  /** Errors that anybody can send make us ask a peer again, no more often than this. */
  readonly #doubts = new RateLimit(seconds(1), 1);
  readonly #peerDoubts: PeerDoubts;
  readonly #memory: PathMemory;
  /** As new as any that a forgotten peer was sent: it may remember (RFC 6275 section 5.2.8). */
  #sequence: number;
  /** The same of each peer with a configured key: it remembers for as long as it has the key. */
  readonly #keyed = new Map<Address, number>();

  /** @param cameHome did a Home Test come by the way that its Init went? */
  constructor(
    config: UpdateListConfig,
    identity: Identity,
    cameHome: (received: Received) => boolean,
    state: NodeState,
  ) {
    this.#config = config;
    this.#identity = identity;
    this.#cameHome = cameHome;
    this.#state = state;
    this.#peerDoubts = new PeerDoubts(config.home, state);
    this.#memory = new PathMemory(state.env.without);
    const endless = state.env.without.has('peer-rate');
    this.#begun = new RateLimit(NEW_PEER_INTERVAL, endless ? Number.POSITIVE_INFINITY : NEW_PEERS);
    this.#sequence = Math.floor(state.env.random() * 0x10000);
  }

  /** A peer of an earlier life is used on at the same place, else told of another, or taken back. */
  restore(key: string, value: string, isWanted: boolean, now: Instant): Output[] {
    const { env } = this.#state;
    const known = rememberedPeer(this.#config.home, key, value, env);
    if (known === undefined || env.without.has('journal')) return [];
    const { peer, sequence, until } = known;
    const useful = until > now && isWanted && this.#room(now).room;
    if (!useful) return [forgetPeer(this.#config.home, peer)];
    const registration = this.#registrationFor(peer, sequence);
    this.#peers.set(peer, registration);
    return registration.restore(known, now);
  }

  deadline(): Instant | undefined {
    let deadline = this.#peerDoubts.deadline();
    for (const peer of this.#peers.values()) deadline = sooner(deadline, peer.deadline());
    return deadline;
  }

  /** Another node registers with this peer from now on, and the peer hears of it from that one. */
  abandon(address: Address): Output[] {
    const peer = this.#peers.get(address);
    if (peer === undefined) return [];
    const stopped = peer.stop();
    const unset = this.#state.paths.unsetRegistered(this.#config.home, address);
    return [...stopped, ...unset, this.#drop(address, peer)];
  }

  /** The number before the next update's to a peer; undefined: it is on the list, and is told so. */
  lastNumber(peer: Address): number | undefined {
    if (this.#peers.has(peer)) return undefined;
    return this.keyOf(peer) === undefined ? this.#sequence : (this.#keyed.get(peer) ?? 0);
  }

  /** An update with this number was sent to a peer: what follows is newer. */
  used(peer: Address, sequence: number): void {
    if (this.keyOf(peer) !== undefined) this.#keyed.set(peer, sequence);
    else if (sequenceNewer(sequence, this.#sequence)) this.#sequence = sequence;
  }

  /** The key that a peer was given beforehand. */
  keyOf(peer: Address): ConfiguredKey | undefined {
    if (this.#state.env.without.has('configured-key')) return undefined;
    return this.#config.peers?.keys.get(peer);
  }

  /** How many peers are on the list. */
  get size(): number {
    return this.#peers.size;
  }

  tick(now: Instant): Output[] {
    const outputs = this.#peerDoubts.tick(now);
    for (const [address, peer] of this.#peers) {
      outputs.push(...peer.tick(now));
      if (peer.idle(now)) outputs.push(this.#drop(address, peer));
    }
    return outputs;
  }

  /** The registration with a peer; undefined where there is none. */
  get(peer: Address): PeerRegistration | undefined {
    return this.#peers.get(peer);
  }

  /** What proves us to a peer, or would. */
  means(peer: Address): ProofMeans {
    const known = this.#peers.get(peer);
    if (known !== undefined) return known.proof.means;
    const { without } = this.#state.env;
    const { cga } = this.#config.peers ?? {};
    if (this.keyOf(peer) !== undefined) return 'configured-key';
    return cga === undefined || without.has('cga') ? 'return-routability' : 'cga';
  }

  all(): IterableIterator<[Address, PeerRegistration]> {
    return this.#peers.entries();
  }

  /** A peer is to know a care-of address: one that was begun with goes on, or is left alone still. */
  tell(peer: Address, careOf: Address, now: Instant): Output[] {
    const known = this.#peers.get(peer);
    if (this.#memory.isBad(peer, careOf, now)) return [];
    if (known !== undefined) return known.idle(now) ? known.move(careOf, now) : [];
    const { room, outputs } = this.#room(now);
    if (!room) return [...outputs, count('mobility.list_full')];
    if (!this.#begun.take(now)) return [...outputs, count('mobility.peer_deferred')];
    return [...outputs, ...this.add(peer).move(careOf, now)];
  }

  /** The peer is to know this care-of address now, whether it was told of any before or not. */
  move(peer: Address, careOf: Address, now: Instant, whoever = false): Output[] {
    const known = this.#peers.get(peer);
    if (known !== undefined) return known.move(careOf, now, whoever);
    const { room, outputs } = this.#room(now);
    if (!room) return [...outputs, count('mobility.list_full')];
    return [...outputs, ...this.add(peer).move(careOf, now, whoever)];
  }

  /** The registration with a peer, which is made where there is none; not bounded. */
  add(peer: Address): PeerRegistration {
    const known = this.#peers.get(peer);
    if (known !== undefined) return known;
    const registration = this.#registrationFor(peer);
    this.#peers.set(peer, registration);
    return registration;
  }

  /** The home agent has acknowledged: updates that waited for that may go. */
  proceed(now: Instant): Output[] {
    return [...this.#peers.values()].flatMap((peer) => peer.proceed(now));
  }

  /** The answer to a question whether a binding is in use. */
  answered(id: string, use: readonly EntryUse[], now: Instant): Output[] {
    const packets = use[0]?.packets ?? 0;
    const ended = this.#peerDoubts.answered(id, packets);
    if (ended !== undefined) return [...ended.outputs, ...this.#doubtEnded(ended, now)];
    for (const peer of this.#peers.values()) {
      if (peer.path.usageId === id) return peer.used(packets, now);
      if (peer.path.lookId === id) return peer.looked(use, now);
      if (peer.path.counted(id, use, now)) return [];
    }
    return [];
  }

  received(received: Received, now: Instant): Output[] {
    const { message, source } = received;
    const peer = this.#peers.get(source) ?? this.#testedElsewhere(received);
    switch (message.layer) {
      case 'home-test': {
        if (peer === undefined || !this.#cameHome(received)) break;
        const { nonceIndex, homeInitCookie, homeKeygenToken } = message;
        const token = { nonceIndex, keygenToken: homeKeygenToken };
        return peer.test('home', received.destination, homeInitCookie, token, now);
      }
      case 'care-of-test': {
        if (peer === undefined || received.destination === this.#config.home) break;
        const { nonceIndex, careOfInitCookie, careOfKeygenToken } = message;
        const token = { nonceIndex, keygenToken: careOfKeygenToken };
        return peer.test('care-of', received.destination, careOfInitCookie, token, now);
      }
      case 'binding-acknowledgement': {
        const known = peer?.asking ? peer : (this.#askedElsewhere(received) ?? peer);
        if (known === undefined) return [count('mobility.ba_unexpected')];
        return known.acknowledged(received, message, now);
      }
      case 'binding-refresh-request':
        return peer === undefined ? [] : peer.asked(now);
      case 'binding-error':
        return this.#bindingError(received, message.status, peer, now);
      case 'parameter-problem':
        return this.#parameterProblem(received, message, now);
      default:
        return [];
    }
    return [count('mobility.test_unexpected')];
  }

  /** A test may have gone to where its peer is bound. */
  #testedElsewhere({ message, source }: Received): PeerRegistration | undefined {
    const cookie =
      message.layer === 'home-test'
        ? message.homeInitCookie
        : message.layer === 'care-of-test'
          ? message.careOfInitCookie
          : undefined;
    if (cookie === undefined || !this.#state.bindings.isCareOf(source)) return undefined;
    return [...this.#peers.values()].find(
      ({ peer, proof }) => proof.awaits(cookie) && metAt(peer, this.#state) === source,
    );
  }

  /** An update may have gone to another address of its peer: one that this peer has told of. */
  #askedElsewhere(received: Received): PeerRegistration | undefined {
    const { source, destination } = received;
    const asking = [...this.#peers.values()].filter(
      ({ peer, asking }) =>
        asking && this.#state.sets.of(peer)?.addresses.includes(source) === true,
    );
    // Others may tell of the same address falsely, and ask to be told.
    return asking.find(({ proof }) => proof.verifies(received, destination)) ?? asking[0];
  }

  /** RFC 6275 section 11.3.6. */
  #bindingError(
    received: Received,
    status: number,
    peer: PeerRegistration | undefined,
    now: Instant,
  ): Output[] {
    if (peer === undefined) return [count('mobility.be_ignored')];
    if (status === 2) {
      // RFC 6275 section 11.3.6: where no answer is awaited it means nothing, and it is easily forged.
      // Who has acknowledged, or answered a test, knows the messages.
      const isKnown = peer.expiresAt !== undefined || !peer.proof.needsHomeTest(now);
      if ((!peer.asking || isKnown) && !this.#credulous) return [count('mobility.be_ignored')];
      return peer.unaware('it does not know the message type', now);
    }
    const current = this.#state.paths.registeredCareOf(this.#config.home, peer.peer);
    if (received.destination !== current) return [count('mobility.be_ignored')];
    if (this.#credulous) return peer.unknownToPeer(now);
    return this.#peerDoubts.begin(peer.peer, current, now);
  }

  #doubtEnded({ peer, careOf, lost }: DoubtEnded, now: Instant): Output[] {
    const moved = this.#state.paths.registeredCareOf(this.#config.home, peer) !== careOf;
    const told = lost && !moved ? this.#peers.get(peer) : undefined;
    return told === undefined ? [count('mobility.be_ignored')] : told.unknownToPeer(now);
  }

  /**
   * A peer that knows nothing of Mobile IPv6 refuses the Mobility Header (code 1) or the Home
   * Address option (code 2). The quoted packet must be one that waits for an answer, since anybody
   * can send such an error. Source: RFC 6275 section 11.3.5; RFC 4443 section 3.4.
   */
  #parameterProblem(
    received: Received,
    { code, invoking, pointer }: LayerOf<'parameter-problem'>,
    now: Instant,
  ): Output[] {
    const walk = walkHeaders(invoking);
    if (walk === undefined || invoking.length < 40) return [];
    const peer = this.#peers.get(readAddress(invoking, 24));
    if (peer === undefined || received.source !== peer.peer) return [];
    if (walk.protocol === PROTOCOL.mobility) {
      const type = invoking[walk.upperAt + 2];
      const isInit = type === MH_TYPE.homeTestInit || type === MH_TYPE.careOfTestInit;
      const cookie = invoking.subarray(walk.upperAt + 8, walk.upperAt + 16);
      if (code !== 1 || !isInit || !(peer.proof.awaits(cookie) || this.#credulous)) return [];
      return peer.unaware('it does not know the Mobility Header', now);
    }
    if (code !== 2 || invoking[pointer] !== IPV6_OPTION.homeAddress) return [];
    if (pointer + 2 !== walk.homeAddressAt) return [];
    if (readAddress(invoking, walk.homeAddressAt) !== this.#config.home) return [];
    if (
      readAddress(invoking, 8) !== this.#state.paths.registeredCareOf(this.#config.home, peer.peer)
    )
      return [];
    if (this.#credulous) return peer.unaware('it does not know the Home Address option', now);
    // It acknowledged our binding: what forgets that shows in its answer to a test, not in an error.
    return this.#doubts.take(now) ? peer.refresh(now) : [];
  }

  get #credulous(): boolean {
    return this.#state.env.without.has('error-check');
  }

  /** @param last the number that the peer was last sent, where that is known. */
  #registrationFor(peer: Address, last?: number): PeerRegistration {
    const { home, peers, delegation } = this.#config;
    const { crypto, without } = this.#state.env;
    const made = (proof: PeerProof, first = this.#sequence) =>
      new PeerRegistration(peer, this.#identity, proof, this.#state, last ?? first, this.#memory);
    const key = this.keyOf(peer);
    if (key !== undefined) {
      // Numbers are used once only: where the last one is not known, the peer says it (status 135).
      return made(new ConfiguredKeyProof(home, key, this.#state), this.#keyed.get(peer) ?? 0);
    }
    const tests = new ReturnRoutabilityProof(peer, home, this.#state, delegation);
    if (peers?.cga === undefined || without.has('cga')) return made(tests);
    if (crypto.rsa === undefined) throw new RangeError('RFC 4866 needs RSA, and none is handed in');
    return made(new CgaProof(home, peers.cga, crypto.rsa, tests, this.#state));
  }

  #drop(address: Address, { sequence }: PeerRegistration): Output {
    this.#peers.delete(address);
    this.used(address, sequence);
    return forgetPeer(this.#config.home, address);
  }

  /** Is there room for one more peer, after those of no use are gone? */
  #room(now: Instant): { readonly room: boolean; readonly outputs: Output[] } {
    const outputs: Output[] = [];
    if (this.#peers.size < this.#config.maxPeers) return { room: true, outputs };
    for (const [address, peer] of this.#peers) {
      if (peer.idle(now)) outputs.push(this.#drop(address, peer));
    }
    // Those that answer nothing, or know nothing of us, make room for one that may.
    for (const [address, peer] of this.#peers) {
      if (this.#peers.size < this.#config.maxPeers) break;
      if (peer.holdsNothing(now)) outputs.push(this.#drop(address, peer));
    }
    return { room: this.#peers.size < this.#config.maxPeers, outputs };
  }
}
