import type { Address } from '../../wire/address.ts';
import type { LayerOf } from '../../wire/packet.ts';
import { type PathKind, pathChanged } from '../events.ts';
import type { NodeState } from '../node-state.ts';
import { count, tell } from '../part.ts';
import type { Output } from '../role.ts';
import type { Target } from '../signalling/registration.ts';
import { bindingUpdate, type Proof } from '../signalling/signalling.ts';
import { after, between, type Duration, type Instant, seconds } from '../time.ts';
import { addressSetIn, addressSetOption } from './address-set.ts';
import { forgetPeer, type RememberedPeer, rememberPeer } from './peer-journal.ts';
import type { Identity, PeerProof } from './peer-proof.ts';

/** So long data goes the new way without an answer. */
const EARLY_TIME: Duration = seconds(1);

interface Bound {
  readonly careOf: Address;
  readonly until: Instant;
  readonly sequence: number;
  /** When the first update for it went out. */
  readonly began: Instant;
}

interface Update extends Target {
  readonly sequence: number;
  readonly proof: Proof;
  readonly repeat: number;
  readonly until: Instant;
}

/**
 * What becomes of a registration at one peer: how packets go from then on, and what is told of it.
 *
 * Source: RFC 6275 sections 11.3.1, 11.7.3.
 */
export class PeerOutcome {
  readonly #peer: Address;
  readonly #home: Address;
  readonly #firstFromHome: boolean;
  readonly #proof: PeerProof;
  /** With a home agent a proof can be had anew; an identity that is cut off has what it had. */
  readonly #keeps: boolean;
  readonly #state: NodeState;
  /** What it holds for certain. */
  #held: Address | undefined;

  constructor(peer: Address, identity: Identity, proof: PeerProof, state: NodeState) {
    this.#peer = peer;
    this.#proof = proof;
    this.#keeps = identity.isCutOff !== undefined;
    this.#home = identity.home;
    this.#firstFromHome = identity.firstFromHome === true;
    this.#state = state;
  }

  /** An update goes out. @param repeat for which time again; `until`: the peer may hold it until then. */
  update({ repeat, until, ...update }: Update, now: Instant): Output[] {
    const [peer, home] = [this.#peer, this.#home];
    const { careOf, sequence } = update;
    const certain = this.#held === careOf;
    if (!certain) this.#held = undefined;
    const { sets, paths, bindings, env } = this.#state;
    const native = paths.isNative(home);
    // Where one of our addresses is cut off, one of the peer's may be too, as it may have told us itself.
    const bound = native ? bindings.get(peer)?.careOf : undefined;
    const ways = [peer, ...(sets.of(peer)?.addresses ?? [])];
    const to = bound !== undefined && repeat < 2 ? bound : ways[repeat % ways.length]!;
    const tells = native && !env.without.has('address-sets');
    const parks = !env.without.has('early-packets');
    const told = tells ? [addressSetOption({ addresses: sets.ownBeside(home), parks })] : [];
    const fromHome = this.#firstFromHome && !certain;
    return [
      ...(certain ? [] : [this.#remember({ sequence, until })]),
      count('mobility.bu_sent'),
      ...(repeat > 0 ? [count('mobility.bu_retransmitted')] : []),
      ...bindingUpdate({ ...update, fromHome, home, to, told, homeRegistration: false }),
      ...(tells && repeat === 0 && update.lifetime > 0 ? this.#early(update.careOf, now) : []),
    ];
  }

  /**
   * Data follows the update at once, to a peer that holds what comes before it has taken the update.
   * Source: seed multihome, figure 3.1 step 316.
   */
  #early(careOf: Address, now: Instant): Output[] {
    const { sets, paths } = this.#state;
    const [peer, home] = [this.#peer, this.#home];
    if (sets.of(peer)?.parks !== true || paths.registeredCareOf(home, peer) === careOf) return [];
    return [
      ...paths.setRegistered(home, peer, careOf, after(now, EARLY_TIME)),
      tell(pathChanged(peer, home, 'route-optimised', 'data follows the update')),
    ];
  }

  /** What an answer that is proved tells of the peer. */
  learn({ options }: LayerOf<'binding-acknowledgement'>, from: Address): void {
    const set = addressSetIn(options);
    if (set === undefined) return;
    // It tells the addresses beside the one that was asked, which need not be the one that we know it by.
    this.#state.sets.tell(this.#peer, { ...set, addresses: [from, ...set.addresses] });
  }

  unaware(reason: string): Output[] {
    const peer = this.#peer;
    return [count('mobility.peer_unaware'), tell({ kind: 'peer.unaware', peer, reason })];
  }

  /** In an earlier life the peer was told of this care-of address, and has answered. */
  resumed(careOf: Address, until: Instant, sequence: number, now: Instant): Output[] {
    this.#held = careOf;
    const held = { lifetime_s: between(now, until) / seconds(1), sequence };
    const reason = 'taken up again';
    return [tell({ kind: 'registration.accepted', ...this.#names(careOf), ...held, reason })];
  }

  bound({ careOf, until, sequence, began }: Bound, now: Instant): Output[] {
    const { paths } = this.#state;
    const [peer, home] = [this.#peer, this.#home];
    const before = paths.registeredCareOf(home, peer);
    this.#held = careOf;
    const lifetime_s = between(now, until) / seconds(1);
    const accepted = { lifetime_s, sequence, source: 'RFC 6275 11.7.3' };
    return [
      count('mobility.ba_received'),
      this.#remember({ sequence, until, careOf }),
      ...paths.setRegistered(home, peer, careOf, until),
      tell({ kind: 'registration.accepted', ...this.#names(careOf), ...accepted }),
      this.#phase(began, now),
      ...(before === careOf ? [] : [tell(pathChanged(peer, home, 'route-optimised'))]),
    ];
  }

  /** Packets go straight again, by a binding that still holds. */
  optimised(careOf: Address, until: Instant): Output[] {
    const { paths } = this.#state;
    const [peer, home] = [this.#peer, this.#home];
    if (paths.registeredCareOf(home, peer) === careOf) return [];
    return [
      ...paths.setRegistered(home, peer, careOf, until),
      tell(pathChanged(peer, home, 'route-optimised')),
    ];
  }

  released(careOf: Address, began: Instant, now: Instant): Output[] {
    return [
      count('mobility.ba_received'),
      forgetPeer(this.#home, this.#peer),
      ...this.#state.paths.unsetRegistered(this.#home, this.#peer),
      this.#lost(careOf, 'taken back'),
      this.#phase(began, now),
    ];
  }

  refused(careof: Address, reason: string): Output[] {
    const refused = tell({ kind: 'registration.refused', ...this.#names(careof), reason });
    return [refused, ...this.fallBack(reason)];
  }

  /** Packets go by the home agent again; without one, as they stand. */
  fallBack(reason: string): Output[] {
    const { paths } = this.#state;
    const known = paths.registeredCareOf(this.#home, this.#peer);
    return [
      ...paths.unsetRegistered(this.#home, this.#peer),
      ...(known === undefined ? [] : [this.#lost(known, reason)]),
      tell(pathChanged(this.#peer, this.#home, this.#otherwise(), reason)),
    ];
  }

  #remember(known: Omit<RememberedPeer, 'peer' | 'proof'>): Output {
    const proof = this.#keeps ? this.#proof.kept?.() : undefined;
    const all = { ...known, peer: this.#peer, ...(proof !== undefined && { proof }) };
    return rememberPeer(this.#home, all, this.#state.env);
  }

  #otherwise(): PathKind {
    return this.#state.paths.isNative(this.#home) ? 'direct' : 'tunnelled';
  }

  #names(careof: Address) {
    return { peer: this.#peer, home: this.#home, careof };
  }

  #lost(careOf: Address, reason: string): Output {
    return tell({ kind: 'registration.lost', ...this.#names(careOf), reason });
  }

  #phase(began: Instant, ended: Instant): Output {
    const phase = { phase: 'peer_registration', began, ended } as const;
    return tell({ kind: 'handover.phase', ...phase, peer: this.#peer });
  }
}
