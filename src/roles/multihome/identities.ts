import type { MultihomedHostConfig } from '../../core/config.ts';
import type { EntryUse } from '../../core/forwarding/entry.ts';
import type { AddressLifetime } from '../../core/neighbor-discovery/address-lifetime.ts';
import type { Place } from '../../core/neighbor-discovery/place.ts';
import type { NodeState } from '../../core/node-state.ts';
import type { Output } from '../../core/role.ts';
import { type Instant, sooner } from '../../core/time.ts';
import type { Address } from '../../wire/address.ts';
import { Identity } from './identity.ts';
import type { OwnAddresses } from './own-addresses.ts';
import type { IsCutOff } from './session-moves.ts';

/** Addresses that are remembered: those that there are, and those of providers that are gone. */
const MAX_ADDRESSES = 32;

/**
 * The identities of a multihomed host: its addresses, and those of providers that are gone.
 *
 * Bounded: the oldest that has neither a provider nor sessions is forgotten.
 *
 * Source: RFC 4862 section 5.5.4 for how long an address may be used; seed multihome, figure 3.1.
 */
export class Identities {
  readonly #config: MultihomedHostConfig;
  readonly #own: OwnAddresses;
  readonly #isCutOff: IsCutOff;
  readonly #state: NodeState;
  readonly #all = new Map<Address, Identity>();
  /** How long each is valid; oldest first. */
  readonly #lifetimes = new Map<Address, AddressLifetime>();

  constructor(
    config: MultihomedHostConfig,
    own: OwnAddresses,
    isCutOff: IsCutOff,
    state: NodeState,
  ) {
    this.#config = config;
    this.#own = own;
    this.#isCutOff = isCutOff;
    this.#state = state;
  }

  get(address: Address): Identity | undefined {
    return this.#all.get(address);
  }

  all(): IterableIterator<Identity> {
    return this.#all.values();
  }

  addresses(): Address[] {
    return [...this.#all.keys()];
  }

  /** How long an address of ours is valid yet; undefined: it is none any more. */
  lifetimeOf(address: Address): AddressLifetime | undefined {
    return this.#lifetimes.get(address);
  }

  /** Peers that are registered with, of all identities. */
  get peers(): number {
    let peers = 0;
    for (const { list } of this.#all.values()) peers += list.size;
    return peers;
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { list } of this.#all.values()) deadline = sooner(deadline, list.deadline());
    return deadline;
  }

  tick(now: Instant): Output[] {
    return [...this.#all.values()].flatMap(({ list }) => list.tick(now));
  }

  answered(id: string, use: readonly EntryUse[], now: Instant): Output[] {
    return [...this.#all.values()].flatMap(({ list }) => list.answered(id, use, now));
  }

  /** There are these places. @param isUsed may an address not be forgotten? */
  learn(places: readonly Place[], isUsed: (address: Address) => boolean): Output[] {
    const outputs = places.flatMap(({ address, lifetime }) => this.add(address, lifetime));
    for (const address of this.#lifetimes.keys()) {
      if (this.#lifetimes.size <= MAX_ADDRESSES) break;
      const isThere = places.some((place) => place.address === address);
      if (!isThere && !isUsed(address)) outputs.push(...this.#forget(address));
    }
    const addresses = places.map(({ address }) => address);
    for (const one of this.#all.values()) outputs.push(...one.takeAt(addresses));
    return outputs;
  }

  /** An address of ours, at a place or of an earlier life. */
  add(address: Address, lifetime: AddressLifetime): Output[] {
    this.#lifetimes.delete(address);
    this.#lifetimes.set(address, lifetime);
    if (this.#all.has(address)) return [];
    const host = {
      lifetimeOf: (one: Address) => this.lifetimeOf(one),
      isCutOff: this.#isCutOff,
    };
    const cga = this.#own.cgaOf(address);
    const identity = new Identity(address, this.#config, cga, host, this.#state);
    this.#all.set(address, identity);
    return identity.begin();
  }

  #forget(address: Address): Output[] {
    this.#lifetimes.delete(address);
    const identity = this.#all.get(address);
    this.#all.delete(address);
    return identity?.end() ?? [];
  }
}
