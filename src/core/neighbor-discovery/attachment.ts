import { type Address, isLinkLocal } from '../../wire/address.ts';
import type { MobileNodeConfig } from '../config.ts';
import { Dhcpv6Client, type LeaseNews } from '../dhcpv6/dhcpv6-client.ts';
import type { NodeState } from '../node-state.ts';
import { count, type PartInput, tell } from '../part.ts';
import type { Output } from '../role.ts';
import { after, type Duration, type Instant, sooner } from '../time.ts';
import type { AddressLifetime } from './address-lifetime.ts';
import { DuplicateAddressDetection } from './duplicate-address-detection.ts';
import { AddressBeside, placeOfLease } from './leased-address.ts';
import { autoconfigured, interfaceIdentifier } from './link-layer.ts';
import { isIn, type Offer, offeredBy } from './offered-prefix.ts';
import {
  leavePlace,
  type Place,
  phase,
  routedBy,
  tellAddress,
  tellMovement,
  usePlace,
} from './place.ts';
import { type AdvertisedPrefix, type Advertisement, isSameRouter } from './router-advertisement.ts';
import { type Discovered, RouterDiscovery } from './router-discovery.ts';

/** Addresses tried before a link is given up as hopeless (RFC 4862 section 5.4.5 gives up at one). */
const MAX_ADDRESS_TRIES = 3;

type Stage =
  | { readonly name: 'down' }
  | { readonly name: 'searching'; readonly since: Instant }
  /** Waiting for DHCPv6 to give an address. */
  | ({ readonly name: 'leasing'; readonly since: Instant } & Offer & Pick<Place, 'advertisement'>)
  /** Waiting out the delay before DAD, then DAD itself. */
  | {
      readonly name: 'configuring';
      readonly place: Place;
      readonly since: Instant;
      readonly probeAt: Instant | undefined;
    }
  | { readonly name: 'ready'; readonly place: Place };

/**
 * One interface of a mobile node: finds the router, makes an address, makes sure that nobody else
 * has it, and says when there is a place to be reached at or none any more.
 *
 *     down -> searching -> configuring -> ready       (home link: searching -> ready)
 *     searching -> leasing (M bit) -> configuring
 *     ready -> searching (router lost, new prefix, address not valid any more)    any -> down
 *
 * Supported standards: RFC 4862 sections 5.4 and 5.5, RFC 4429, RFC 6275 sections 11.5.1 to 11.5.3.
 */
export class Attachment {
  readonly #link: string;
  readonly #config: Pick<MobileNodeConfig, 'home' | 'homePrefixLength' | 'dad'>;
  readonly #state: NodeState;
  readonly #routers: RouterDiscovery;
  readonly #dad: DuplicateAddressDetection;
  readonly #lease: Dhcpv6Client;
  readonly #stateful: boolean;
  readonly #beside: AddressBeside;
  readonly #homeIn: (prefix: AdvertisedPrefix) => Address | undefined;
  #stage: Stage = { name: 'down' };
  #identifier = '';
  #tries = 0;

  constructor(
    link: string,
    config: Pick<MobileNodeConfig, 'home' | 'homePrefixLength' | 'dad'>,
    homeIn: (prefix: AdvertisedPrefix) => Address | undefined,
    state: NodeState,
  ) {
    this.#link = link;
    this.#config = config;
    this.#homeIn = homeIn;
    this.#state = state;
    this.#routers = new RouterDiscovery(link, state.constants, state.env);
    this.#dad = new DuplicateAddressDetection(state.constants);
    this.#lease = new Dhcpv6Client(link, state);
    this.#beside = new AddressBeside(this.#dad, config.dad);
    this.#stateful = !state.env.without.has('stateful-addresses');
  }

  /** Where the link has brought us; undefined while that is not known or not usable. */
  get place(): Place | undefined {
    return this.#stage.name === 'ready' ? this.#stage.place : undefined;
  }

  /** The prefix of the network that the node is on, or is about to be. */
  get network(): Address | undefined {
    return this.#inUse()?.prefix.prefix;
  }

  get routers(): number {
    return this.#routers.size;
  }

  deadline(): Instant | undefined {
    const probeAt = this.#stage.name === 'configuring' ? this.#stage.probeAt : undefined;
    const others = sooner(this.#dad.deadline(), this.#lease.deadline());
    const signalling = sooner(this.#routers.deadline(), others);
    return sooner(sooner(probeAt, this.#aging()?.deadline()), signalling);
  }

  handle(input: PartInput, now: Instant): Output[] {
    switch (input.kind) {
      case 'link':
        return input.link === this.#link ? this.#linkChanged(input, now) : [];
      case 'address':
        if (input.link === this.#link && isLinkLocal(input.address)) {
          const own = input.present ? input.address : undefined;
          for (const one of [this.#routers, this.#lease]) one.setLinkLocal(own);
        }
        return [];
      case 'received': {
        if (input.link !== this.#link) return [];
        if (input.reason === 'dhcpv6') return this.#leased(this.#lease.received(input, now), now);
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
    const left = [...this.#depart(), ...this.#lease.pause()];
    this.#lease.setLinkAddress(input.linkAddress);
    if (!input.up) {
      this.#routers.down();
      this.#stage = { name: 'down' };
      return [...left, tell({ kind: 'link.down', link: this.#link })];
    }
    this.#identifier = interfaceIdentifier(input.linkAddress);
    this.#tries = 0;
    this.#stage = { name: 'searching', since: now };
    // Without movement detection the node goes on as if the link were the one that it was.
    if (!this.#state.env.without.has('movement-detection'))
      this.#routers.up(input.linkAddress, now);
    return [...left, tell({ kind: 'link.up', link: this.#link })];
  }

  #tick(now: Instant): Output[] {
    const outputs = this.#discovered(this.#routers.tick(now), now);
    const stage = this.#stage;
    if (stage.name === 'configuring' && stage.probeAt !== undefined && now >= stage.probeAt) {
      this.#stage = { ...stage, probeAt: undefined };
      outputs.push(...this.#dad.start(this.#link, stage.place.address, now));
    }
    outputs.push(...this.#leased(this.#lease.tick(now), now), ...this.#age(now));
    const dad = this.#dad.tick(now);
    outputs.push(...dad.outputs);
    for (const address of dad.unique) outputs.push(...this.#unique(address, now));
    return outputs;
  }

  #discovered({ outputs, found, renewed, lost }: Discovered, now: Instant): Output[] {
    if (lost !== undefined && isSameRouter(lost, this.#inUse()?.advertisement)) {
      return [...outputs, ...this.#depart(), ...this.#searchAmongKnown(now)];
    }
    if (renewed !== undefined) outputs.push(...this.#renew(renewed, now));
    // A known router may offer a prefix only now; an address given up on is not tried for ever.
    const searching = this.#stage.name === 'searching' && this.#tries < MAX_ADDRESS_TRIES;
    const offered = found ?? (searching || this.#aging()?.isDeprecated(now) ? renewed : undefined);
    if (offered !== undefined) outputs.push(...this.#consider(offered, now));
    this.#chooseRouter();
    return outputs;
  }

  /** What a known router says now of the prefix in use, or that it routes no more. */
  #renew(said: Advertisement, now: Instant): Output[] {
    const place = this.#current();
    if (place === undefined) return [];
    const prefix = said.prefixes.find((one) => one.prefix === place.prefix.prefix);
    if (prefix?.autonomous) place.lifetime.renew(prefix, now);
    const gone = said.routerLifetime === 0 && isSameRouter(said, place.advertisement);
    return gone && !place.atHome ? [...this.#depart(), ...this.#searchAmongKnown(now)] : [];
  }

  /** At home the place stays while the default router may be another one, or none. */
  #chooseRouter(): void {
    const stage = this.#stage;
    if (stage.name !== 'ready' || !stage.place.atHome) return;
    this.#stage = { name: 'ready', place: routedBy(stage.place, this.#routers.routers()) };
  }

  /** How long the care-of address may be used. The home address ages elsewhere. */
  #aging(): AddressLifetime | undefined {
    const place = this.#current();
    return place?.atHome === false ? place.lifetime : undefined;
  }

  /** A deprecated address is left for a better one, one that is not valid any more is left. */
  #age(now: Instant): Output[] {
    const aging = this.#aging();
    if (aging === undefined || now < aging.deadline()) return [];
    aging.tick(now);
    if (aging.isOver(now)) return [...this.#depart(), ...this.#searchAmongKnown(now)];
    return this.#routers.routers().flatMap((other) => this.#consider(other, now));
  }

  /** The router in use is gone; another may have been there all along. */
  #searchAmongKnown(now: Instant): Output[] {
    this.#stage = { name: 'searching', since: now };
    // A lease goes with the router by which it was found, and is a memory until it is confirmed.
    const paused = this.#lease.pause();
    for (const other of this.#routers.routers()) {
      const outputs = this.#consider(other, now);
      if (this.#inUse() !== undefined) return [...paused, ...outputs];
    }
    return paused;
  }

  /** RFC 6275 section 11.5.1: a router with a prefix of its own is a new place. */
  #consider(advertisement: Advertisement, now: Instant): Output[] {
    if (this.#stage.name === 'down') return [];
    const offered = offeredBy(advertisement, this.#homeIn, this.#stateful, now);
    if (offered === undefined) return [];
    const { prefix, lifetime } = offered;
    const current = this.#inUse();
    if (current !== undefined) {
      if (current.prefix.prefix === prefix.prefix) return [];
      // For a deprecated address nothing is left that works.
      if (lifetime.isDeprecated(now) || this.#stays(prefix, now)) return [];
    }
    const since = this.#stage.name === 'searching' ? this.#stage.since : now;
    // Without a change of the link the server may well still hear of it.
    const left = [...this.#depart(), ...(current === undefined ? [] : this.#lease.release(now))];
    const reason = current === undefined ? 'new-link' : 'new-prefix';
    const where = this.#homeIn(prefix) ? 'the home network' : 'a network not known yet';
    return [
      ...left,
      ...tellMovement(advertisement, where, reason),
      phase('movement_detection', since, now),
      ...this.#configure(advertisement, offered, now),
    ];
  }

  /** Whoever is on the link can announce a new network; that ours is gone, only its silence says. */
  #stays(other: AdvertisedPrefix, now: Instant): boolean {
    const place = this.#current();
    if (place === undefined || place.lifetime.isDeprecated(now)) return false;
    if (this.#homeIn(other) || this.#state.env.without.has('router-stays')) return false;
    this.#routers.doubt(place.advertisement, now);
    return true;
  }

  #configure(advertisement: Advertisement, { prefix, lifetime }: Offer, now: Instant): Output[] {
    const home = this.#homeIn(prefix);
    const atHome = home !== undefined;
    if (advertisement.managed && this.#stateful && !atHome) {
      this.#lease.begin((address) => isIn(address, prefix), now);
      this.#stage = { name: 'leasing', since: now, advertisement, prefix, lifetime };
    }
    if (!atHome && !prefix.autonomous) return [];
    const address = home ?? autoconfigured(prefix.prefix, this.#identifier);
    const router = advertisement.routerLifetime > 0 ? advertisement.router : undefined;
    const subject = { link: this.#link, advertisement, prefix, lifetime };
    return this.#settleAt({ ...subject, address, atHome, router }, now, now);
  }

  /** The lease is a new place, one beside it, renewed, or gone. */
  #leased({ outputs, leased, renewed, lost }: LeaseNews, now: Instant): Output[] {
    const all = [...outputs, ...(lost === undefined ? [] : this.#leaseLost(lost, now))];
    for (const place of [this.#current(), this.#beside.place]) {
      if (renewed !== undefined && place?.address === renewed.address)
        place.lifetime.renew(renewed, now, true);
    }
    const offer = this.#inUse();
    if (leased === undefined || offer === undefined) return all;
    const place = placeOfLease(leased, offer, now);
    if (this.#stage.name !== 'leasing') return [...all, ...this.#beside.use(place, now)];
    return [...all, ...this.#settleAt(place, this.#stage.since, now)];
  }

  #leaseLost(lost: Address, now: Instant): Output[] {
    if (this.#beside.is(lost)) return this.#beside.leave();
    const place = this.#current();
    if (place?.address !== lost) return [];
    const left = this.#leave();
    this.#stage = { ...place, name: 'leasing', since: now };
    return left;
  }

  #settleAt(place: Place, since: Instant, now: Instant): Output[] {
    const { atHome, address } = place;
    // The home address is known to be unique: the home agent has defended it all the time.
    if (atHome) {
      this.#stage = { name: 'ready', place };
      return [];
    }
    const { without } = this.#state.env;
    const optimistic = this.#config.dad === 'optimistic' && !without.has('optimistic-dad');
    if (this.#config.dad === 'off' || optimistic) {
      this.#stage = { name: 'ready', place };
      return [
        ...usePlace(place, optimistic),
        phase('address_configuration', since, now),
        tellAddress(optimistic ? 'address.tentative' : 'address.ready', this.#link, address),
        ...(optimistic ? this.#dad.start(this.#link, address, now) : []),
      ];
    }
    // Nodes that moved together must not ask together (RFC 4862 section 5.4.2).
    const delay = this.#state.constants.MAX_DAD_DELAY * this.#state.env.random();
    const probeAt = after(now, Math.round(delay) as Duration);
    this.#stage = { name: 'configuring', place, since, probeAt };
    return [tellAddress('address.tentative', this.#link, address)];
  }

  #unique(address: Address, now: Instant): Output[] {
    const stage = this.#stage;
    const place = this.#current();
    if (this.#beside.is(address)) return usePlace(this.#beside.place!, false);
    if (place === undefined || place.address !== address) return [];
    this.#stage = { name: 'ready', place };
    return [
      ...usePlace(place, false),
      ...(stage.name === 'configuring' ? [phase('address_configuration', stage.since, now)] : []),
      tellAddress('address.ready', this.#link, address),
    ];
  }

  /** Somebody has the address: another one is made, a few times. */
  #duplicate(address: Address, now: Instant): Output[] {
    const place = this.#current();
    const outputs = [
      ...this.#dad.cancel(address),
      count('nd.duplicate_address'),
      tellAddress('address.duplicate', this.#link, address),
      ...this.#lease.decline(address, now),
    ];
    if (this.#beside.is(address)) return [...outputs, ...this.#beside.leave()];
    if (place === undefined || place.address !== address) return outputs;
    outputs.push(...this.#leave());
    this.#tries += 1;
    this.#stage = { name: 'searching', since: now };
    if (this.#tries >= MAX_ADDRESS_TRIES) return [...outputs, ...this.#lease.pause()];
    this.#identifier = String.fromCharCode(...this.#state.env.secrets(8));
    outputs.push(...this.#configure(place.advertisement, place, now));
    return outputs;
  }

  /** Gives up all that the network had brought. */
  #depart(): Output[] {
    return [...this.#leave(), ...this.#beside.leave()];
  }

  #leave(): Output[] {
    const place = this.#current();
    if (place === undefined) return [];
    const outputs = this.#dad.cancel(place.address);
    if (this.#stage.name === 'ready' && !place.atHome) outputs.push(...leavePlace(place));
    this.#stage = { name: 'down' };
    return outputs;
  }

  /** A place that is in use or being made ready, or what one is to be made of. */
  #inUse(): (Offer & Pick<Place, 'advertisement'>) | undefined {
    return this.#stage.name === 'leasing' ? this.#stage : this.#current();
  }

  #current(): Place | undefined {
    const stage = this.#stage;
    return stage.name === 'ready' || stage.name === 'configuring' ? stage.place : undefined;
  }
}
