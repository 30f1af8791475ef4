import type { MultihomedHostConfig } from '../../core/config.ts';
import { AddressLifetime } from '../../core/neighbor-discovery/address-lifetime.ts';
import { DuplicateAddressDetection } from '../../core/neighbor-discovery/duplicate-address-detection.ts';
import { interfaceIdentifier } from '../../core/neighbor-discovery/link-layer.ts';
import { type Place, tellAddress } from '../../core/neighbor-discovery/place.ts';
import {
  type AdvertisedPrefix,
  type Advertisement,
  isSameRouter,
} from '../../core/neighbor-discovery/router-advertisement.ts';
import {
  type Discovered,
  RouterDiscovery,
} from '../../core/neighbor-discovery/router-discovery.ts';
import type { NodeState } from '../../core/node-state.ts';
import { count, type PartInput, tell } from '../../core/part.ts';
import type { Output } from '../../core/role.ts';
import { after, type Duration, type Instant, sooner } from '../../core/time.ts';
import { type Address, isLinkLocal } from '../../wire/address.ts';

/** Prefixes of one link that addresses are made of; a further one is not taken. */
const MAX_PREFIXES = 8;
/** Addresses tried in one prefix before it is given up (RFC 3972 section 4: three collisions). */
export const MAX_ADDRESS_TRIES = 3;

/** An address that is being made, or is there. */
interface Made {
  place: Place;
  tries: number;
  /** When Duplicate Address Detection begins; undefined: it goes on, or is over. */
  probeAt: Instant | undefined;
  state: 'tentative' | 'optimistic' | 'ready';
}

/** Makes the address in a prefix; a further try gives another one. */
export type AddressMaker = (prefix: AdvertisedPrefix, identifier: string, tries: number) => Address;

/**
 * The addresses that one link brings a multihomed host: one in each prefix that a router of a provider
 * advertises, each with the router that it leaves by.
 *
 *     advertised -> tentative -> ready -> gone (router lost, its lifetime over, address over, link down)
 *
 * Which of them the kernel has is decided by who asks for `places`.
 *
 * Supported standards: RFC 4862 sections 5.4 and 5.5, RFC 4429, RFC 8028 section 3.
 */
export class ProviderAddresses {
  readonly #link: string;
  readonly #dadMode: MultihomedHostConfig['dad'];
  readonly #state: NodeState;
  readonly #make: AddressMaker;
  readonly #routers: RouterDiscovery;
  readonly #dad: DuplicateAddressDetection;
  /** By prefix. */
  readonly #made = new Map<Address, Made>();
  #identifier = '';
  #isUp = false;

  constructor(
    link: string,
    dad: MultihomedHostConfig['dad'],
    make: AddressMaker,
    state: NodeState,
  ) {
    this.#link = link;
    this.#dadMode =
      dad === 'optimistic' && state.env.without.has('optimistic-dad') ? 'normal' : dad;
    this.#make = make;
    this.#state = state;
    this.#routers = new RouterDiscovery(link, state.constants, state.env);
    this.#dad = new DuplicateAddressDetection(state.constants);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get routers(): number {
    return this.#routers.size;
  }

  /** Where packets can be sent from. */
  places(): Place[] {
    return [...this.#made.values()].flatMap(({ place, state }) =>
      state === 'tentative' ? [] : place,
    );
  }

  /** Is the address in use before it was found to be unique? */
  isOptimistic(address: Address): boolean {
    return this.#of(address)?.state === 'optimistic';
  }

  deadline(): Instant | undefined {
    let deadline = sooner(this.#routers.deadline(), this.#dad.deadline());
    for (const { place, probeAt } of this.#made.values()) {
      deadline = sooner(sooner(deadline, probeAt), place.lifetime.deadline());
    }
    return deadline;
  }

  handle(input: PartInput, now: Instant): Output[] {
    switch (input.kind) {
      case 'link':
        return input.link === this.#link ? this.#linkChanged(input, now) : [];
      case 'address':
        if (input.link === this.#link && isLinkLocal(input.address)) {
          this.#routers.setLinkLocal(input.present ? input.address : undefined);
        }
        return [];
      case 'received': {
        if (input.link !== this.#link) return [];
        const taken = this.#dad.conflict(input);
        if (taken !== undefined) return this.#duplicate(taken, now);
        return this.#discovered(this.#routers.received(input, now), now);
      }
      case 'tick':
        return this.#tick(now);
      default:
        return [];
    }
  }

  #linkChanged(input: Extract<PartInput, { kind: 'link' }>, now: Instant): Output[] {
    const outputs = [...this.#made.keys()].flatMap((prefix) => this.#leave(prefix));
    this.#isUp = input.up;
    if (!input.up) {
      this.#routers.down();
      return [...outputs, tell({ kind: 'link.down', link: this.#link })];
    }
    this.#identifier = interfaceIdentifier(input.linkAddress);
    this.#routers.up(input.linkAddress, now);
    return [...outputs, tell({ kind: 'link.up', link: this.#link })];
  }

  #tick(now: Instant): Output[] {
    const outputs = this.#discovered(this.#routers.tick(now), now);
    for (const [prefix, made] of this.#made) {
      const { lifetime, address } = made.place;
      if (now >= lifetime.deadline()) lifetime.tick(now);
      if (lifetime.isOver(now)) {
        outputs.push(...this.#leave(prefix));
      } else if (made.probeAt !== undefined && now >= made.probeAt) {
        made.probeAt = undefined;
        outputs.push(...this.#dad.start(this.#link, address, now));
      }
    }
    const dad = this.#dad.tick(now);
    outputs.push(...dad.outputs);
    for (const address of dad.unique) {
      const made = this.#of(address);
      if (made === undefined) continue;
      made.state = 'ready';
      outputs.push(tellAddress('address.ready', this.#link, address));
    }
    return outputs;
  }

  #discovered({ outputs, found, renewed, lost }: Discovered, now: Instant): Output[] {
    const said = found ?? renewed;
    if (lost !== undefined) outputs.push(...this.#unrouted(lost, now));
    if (said === undefined) return outputs;
    if (said.routerLifetime === 0) return [...outputs, ...this.#unrouted(said, now)];
    for (const prefix of said.prefixes) outputs.push(...this.#offered(said, prefix, now));
    return outputs;
  }

  /** A router is gone, or routes no more: its prefixes go by another that offers them, or not at all. */
  #unrouted(gone: Advertisement, now: Instant): Output[] {
    const outputs: Output[] = [];
    for (const [prefix, made] of this.#made) {
      if (!isSameRouter(gone, made.place.advertisement)) continue;
      const other = this.#routers
        .routers()
        .find(
          (one) =>
            one.routerLifetime > 0 &&
            !isSameRouter(gone, one) &&
            one.prefixes.some((offered) => offered.prefix === prefix),
        );
      if (other === undefined) outputs.push(...this.#leave(prefix));
      else made.place = { ...made.place, advertisement: other, router: other.router };
    }
    for (const one of this.#routers.routers()) {
      if (isSameRouter(gone, one) || one.routerLifetime === 0) continue;
      for (const prefix of one.prefixes) outputs.push(...this.#offered(one, prefix, now));
    }
    return outputs;
  }

  #offered(by: Advertisement, prefix: AdvertisedPrefix, now: Instant): Output[] {
    if (!this.#isUp || !prefix.autonomous) return [];
    const made = this.#made.get(prefix.prefix);
    if (made !== undefined) {
      // What a router says of a prefix that another one routes is of no matter here.
      if (isSameRouter(by, made.place.advertisement)) made.place.lifetime.renew(prefix, now);
      return [];
    }
    const lifetime = new AddressLifetime(prefix, by.heardAt);
    if (lifetime.isOver(now)) return [];
    if (this.#made.size >= MAX_PREFIXES) return [count('multihome.prefix_refused')];
    return this.#begin({ by, prefix, lifetime }, 0, now);
  }

  #begin(
    { by, prefix, lifetime }: Pick<Place, 'prefix' | 'lifetime'> & { readonly by: Advertisement },
    tries: number,
    now: Instant,
  ): Output[] {
    const link = this.#link;
    const address = this.#make(prefix, this.#identifier, tries);
    const subject = { link, advertisement: by, router: by.router, prefix, lifetime };
    const place: Place = { ...subject, address, atHome: false };
    const made: Made = { place, tries, probeAt: undefined, state: 'tentative' };
    this.#made.set(prefix.prefix, made);
    if (this.#dadMode === 'off') {
      made.state = 'ready';
      return [tellAddress('address.ready', link, address)];
    }
    const tentative = tellAddress('address.tentative', link, address);
    if (this.#dadMode === 'optimistic') {
      made.state = 'optimistic';
      return [tentative, ...this.#dad.start(link, address, now)];
    }
    const delay = this.#state.constants.MAX_DAD_DELAY * this.#state.env.random();
    made.probeAt = after(now, Math.round(delay) as Duration);
    return [tentative];
  }

  /** Somebody has the address: another one is made, a few times. */
  #duplicate(address: Address, now: Instant): Output[] {
    const made = this.#of(address);
    const outputs = [
      ...this.#dad.cancel(address),
      count('nd.duplicate_address'),
      tellAddress('address.duplicate', this.#link, address),
    ];
    if (made === undefined) return outputs;
    const { prefix, lifetime, advertisement: by } = made.place;
    const tries = made.tries + 1;
    outputs.push(...this.#leave(prefix.prefix));
    if (tries >= MAX_ADDRESS_TRIES) return outputs;
    return [...outputs, ...this.#begin({ by, prefix, lifetime }, tries, now)];
  }

  #leave(prefix: Address): Output[] {
    const made = this.#made.get(prefix);
    if (made === undefined) return [];
    this.#made.delete(prefix);
    const { address } = made.place;
    return [
      ...this.#dad.cancel(address),
      tell({ kind: 'address.lost', link: this.#link, address }),
    ];
  }

  #of(address: Address): Made | undefined {
    return [...this.#made.values()].find(({ place }) => place.address === address);
  }
}
