import type { MobileNodeConfig } from '../../core/config.ts';
import type { EntryUse } from '../../core/forwarding/entry.ts';
import type { NodeState } from '../../core/node-state.ts';
import type { Received } from '../../core/part.ts';
import { BindingUpdateList } from '../../core/peers/binding-update-list.ts';
import type { Identity } from '../../core/peers/peer-proof.ts';
import type { Output } from '../../core/role.ts';
import type { Instant } from '../../core/time.ts';
import { type Address, isUnicastRoutable } from '../../wire/address.ts';

/** The identity that peers are told of, and the home agent that vouches for it. */
export interface MobileIdentity extends Identity {
  agent(): Address | undefined;
}

/**
 * Which peers a mobile node tells where it is, and when: those that packets reach through the home
 * agent. What becomes of each is `BindingUpdateList`.
 *
 * Supported standards: RFC 6275 sections 11.6.2, 11.7.2.
 */
export class RouteOptimisation {
  readonly #config: MobileNodeConfig;
  readonly #state: NodeState;
  readonly #identity: MobileIdentity;
  readonly #list: BindingUpdateList;

  constructor(config: MobileNodeConfig, identity: MobileIdentity, state: NodeState) {
    this.#config = config;
    this.#identity = identity;
    this.#state = state;
    this.#list = new BindingUpdateList(config, identity, (test) => this.#cameHome(test), state);
  }

  /** A peer of an earlier life is used on at the same place, else told when the home agent is. */
  restore(key: string, value: string, now: Instant): Output[] {
    return this.#list.restore(key, value, this.#config.routeOptimisation, now);
  }

  deadline(): Instant | undefined {
    return this.#list.deadline();
  }

  /** How many peers are on the list. */
  get size(): number {
    return this.#list.size;
  }

  tick(now: Instant): Output[] {
    return this.#list.tick(now);
  }

  /** A packet from or to this peer went by the home agent. RFC 6275 section 11.7.2. */
  heardOf(peer: Address, careOf: Address, inbound: boolean, now: Instant): Output[] {
    if (!this.#config.routeOptimisation || peer === this.#identity.agent()) return [];
    if (!isUnicastRoutable(peer) || peer === this.#config.home || peer === careOf) return [];
    const known = this.#list.get(peer);
    if (inbound) known?.path.heard(now);
    // It asks what its path to us carries; who it is for its sessions we know by its home address.
    if (known === undefined && this.#state.bindings.isCareOf(peer)) return [];
    return this.#list.tell(peer, careOf, now);
  }

  /** All peers are to know a new care-of address; the home address: that we are home. */
  move(careOf: Address, now: Instant): Output[] {
    const home = careOf === this.#config.home;
    const silent = home && this.#state.env.without.has('peer-deregistration');
    return [...this.#list.all()].flatMap(([, peer]) =>
      silent ? peer.stop() : peer.move(careOf, now),
    );
  }

  /** The home agent has acknowledged: updates that waited for that may go. */
  proceed(now: Instant): Output[] {
    return this.#list.proceed(now);
  }

  /** The last care-of address of what peers know is dead: send by the home agent meanwhile. */
  tunnelMeanwhile(): Output[] {
    const { home } = this.#config;
    return [...this.#list.all()].flatMap(([peer]) => this.#state.paths.unsetRegistered(home, peer));
  }

  /** The answer to a question whether a binding is in use. */
  answered(id: string, use: readonly EntryUse[], now: Instant): Output[] {
    return this.#list.answered(id, use, now);
  }

  received(received: Received, now: Instant): Output[] {
    return this.#list.received(received, now);
  }

  /** RFC 6275 section 11.6.2: a Home Test that did not come by the home agent proves nothing. */
  #cameHome(received: Received): boolean {
    if (received.destination !== this.#config.home) return false;
    const away = this.#state.paths.own(this.#config.home) !== undefined;
    return !away || received.tunnel?.src === this.#identity.agent();
  }
}
