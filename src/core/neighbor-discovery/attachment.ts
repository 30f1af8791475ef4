import { type Address, isLinkLocal } from '../../wire/address.ts';
import type { MobileNodeConfig } from '../config.ts';
import type { NodeState } from '../node-state.ts';
import { count, type PartInput, tell } from '../part.ts';
import type { Output } from '../role.ts';
import { after, type Duration, type Instant, sooner } from '../time.ts';
import type { AddressLifetime } from './address-lifetime.ts';
import { DuplicateAddressDetection } from './duplicate-address-detection.ts';
import { autoconfigured, interfaceIdentifier } from './link-layer.ts';
import { offeredPrefix } from './offered-prefix.ts';
import { type Place, routes } from './place.ts';
import type { AdvertisedPrefix, Advertisement } from './router-advertisement.ts';
import { type Discovered, RouterDiscovery } from './router-discovery.ts';

/** Addresses tried before a link is given up as hopeless (RFC 4862 section 5.4.5 gives up at one). */
const MAX_ADDRESS_TRIES = 3;

type Stage =
  | { readonly name: 'down' }
  | { readonly name: 'searching'; readonly since: Instant }
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
  readonly #isHome: (prefix: AdvertisedPrefix) => boolean;
  #stage: Stage = { name: 'down' };
  #identifier = '';
  #tries = 0;

  constructor(
    link: string,
    config: Pick<MobileNodeConfig, 'home' | 'homePrefixLength' | 'dad'>,
    isHome: (prefix: AdvertisedPrefix) => boolean,
    state: NodeState,
  ) {
    this.#link = link;
    this.#config = config;
    this.#isHome = isHome;
    this.#state = state;
    this.#routers = new RouterDiscovery(link, state.constants, state.env);
    this.#dad = new DuplicateAddressDetection(state.constants);
  }

  /** Where the link has brought us; undefined while that is not known or not usable. */
  get place(): Place | undefined {
    return this.#stage.name === 'ready' ? this.#stage.place : undefined;
  }

  /** Routers that are known on the link. */
  get routers(): number {
    return this.#routers.size;
  }

  deadline(): Instant | undefined {
    const probeAt = this.#stage.name === 'configuring' ? this.#stage.probeAt : undefined;
    const signalling = sooner(this.#routers.deadline(), this.#dad.deadline());
    return sooner(sooner(probeAt, this.#aging()?.deadline()), signalling);
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
    const left = this.#leave();
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
    outputs.push(...this.#age(now));
    const dad = this.#dad.tick(now);
    outputs.push(...dad.outputs);
    for (const address of dad.unique) outputs.push(...this.#unique(address, now));
    return outputs;
  }

  #discovered({ outputs, found, renewed, lost }: Discovered, now: Instant): Output[] {
    if (lost !== undefined && this.#current()?.advertisement.router === lost.router) {
      return [...outputs, ...this.#leave(), ...this.#searchAmongKnown(now)];
    }
    if (renewed !== undefined) outputs.push(...this.#renew(renewed, now));
    // A known router may offer a prefix only now; an address given up on is not tried for ever.
    const hopeless = this.#tries >= MAX_ADDRESS_TRIES;
    const searching = this.#stage.name === 'searching' && !hopeless;
    const late = searching || this.#isDeprecated(now) ? renewed : undefined;
    const offered = found ?? late;
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
    const gone = said.routerLifetime === 0 && said.router === place.advertisement.router;
    return gone && !place.atHome ? [...this.#leave(), ...this.#searchAmongKnown(now)] : [];
  }

  /** At home the place stays while the default router may be another one, or none. */
  #chooseRouter(): void {
    const stage = this.#stage;
    if (stage.name !== 'ready' || !stage.place.atHome) return;
    const routing = this.#routers.routers().filter(({ routerLifetime }) => routerLifetime > 0);
    const { router: before } = stage.place;
    if (routing.some(({ router }) => router === before)) return;
    const router = routing[0]?.router;
    if (router !== before) this.#stage = { name: 'ready', place: { ...stage.place, router } };
  }

  /** How long the care-of address may be used. The home address ages elsewhere. */
  #aging(): AddressLifetime | undefined {
    const place = this.#current();
    return place?.atHome === false ? place.lifetime : undefined;
  }

  #isDeprecated(now: Instant): boolean {
    return this.#aging()?.isDeprecated(now) ?? false;
  }

  /** A deprecated address is left for a better one, one that is not valid any more is left. */
  #age(now: Instant): Output[] {
    const aging = this.#aging();
    if (aging === undefined || now < aging.deadline()) return [];
    aging.tick(now);
    if (!aging.isOver(now)) {
      return this.#routers.routers().flatMap((other) => this.#consider(other, now));
    }
    return [...this.#leave(), ...this.#searchAmongKnown(now)];
  }

  /** The router in use is gone; another may have been there all along. */
  #searchAmongKnown(now: Instant): Output[] {
    this.#stage = { name: 'searching', since: now };
    for (const other of this.#routers.routers()) {
      const outputs = this.#consider(other, now);
      if (this.#current() !== undefined) return outputs;
    }
    return [];
  }

  /** RFC 6275 section 11.5.1: a router with a prefix of its own is a new place. */
  #consider(advertisement: Advertisement, now: Instant): Output[] {
    if (this.#stage.name === 'down') return [];
    const offered = offeredPrefix(advertisement, this.#isHome, now);
    if (offered === undefined) return [];
    const { prefix, lifetime } = offered;
    const current = this.#current();
    if (current !== undefined) {
      if (current.prefix.prefix === prefix.prefix) return [];
      // For a deprecated address nothing is left that works.
      if (lifetime.isDeprecated(now)) return [];
      if (this.#stays(current, prefix, now)) return [];
    }
    const since = this.#stage.name === 'searching' ? this.#stage.since : now;
    const left = this.#leave();
    const reason = current === undefined ? 'new-link' : 'new-prefix';
    const { router } = advertisement;
    return [
      ...left,
      tell({
        kind: 'signal.received',
        message: 'Router Advertisement',
        from: router,
        to: advertisement.packet.to,
        octets: advertisement.packet.octets,
        detail: this.#isHome(prefix) ? 'the home network' : 'a network not known yet',
      }),
      tell({ kind: 'movement.detected', link: this.#link, router, reason }),
      phase('movement_detection', since, now),
      ...this.#configure(advertisement, prefix, lifetime, now),
    ];
  }

  /** Whoever is on the link can announce a new network; that ours is gone, only its silence says. */
  #stays(current: Place, other: AdvertisedPrefix, now: Instant): boolean {
    if (this.#isHome(other) || this.#isDeprecated(now)) return false;
    if (this.#state.env.without.has('router-stays')) return false;
    this.#routers.doubt(current.advertisement.router, now);
    return true;
  }

  #configure(
    advertisement: Advertisement,
    prefix: AdvertisedPrefix,
    lifetime: AddressLifetime,
    now: Instant,
  ): Output[] {
    const atHome = this.#isHome(prefix);
    const address = atHome ? this.#config.home : autoconfigured(prefix.prefix, this.#identifier);
    const router = advertisement.routerLifetime > 0 ? advertisement.router : undefined;
    const subject = { link: this.#link, advertisement, prefix, lifetime };
    const place: Place = { ...subject, address, atHome, router };
    // The home address is known to be unique: the home agent has defended it all the time.
    if (atHome) {
      this.#stage = { name: 'ready', place };
      return [];
    }
    const { dad } = this.#config;
    const optimistic = dad === 'optimistic' && !this.#state.env.without.has('optimistic-dad');
    if (dad === 'off') {
      this.#stage = { name: 'ready', place };
      return [
        ...this.#use(place, false),
        phase('address_configuration', now, now),
        this.#tellAddress('address.ready', address),
      ];
    }
    if (optimistic) {
      this.#stage = { name: 'ready', place };
      return [
        ...this.#use(place, true),
        phase('address_configuration', now, now),
        this.#tellAddress('address.tentative', address),
        ...this.#dad.start(this.#link, address, now),
      ];
    }
    // Nodes that moved together must not ask together (RFC 4862 section 5.4.2).
    const delay = this.#state.constants.MAX_DAD_DELAY * this.#state.env.random();
    const probeAt = after(now, Math.round(delay) as Duration);
    this.#stage = { name: 'configuring', place, since: now, probeAt };
    return [this.#tellAddress('address.tentative', address)];
  }

  #unique(address: Address, now: Instant): Output[] {
    const stage = this.#stage;
    const place = this.#current();
    if (place === undefined || place.address !== address) return [];
    this.#stage = { name: 'ready', place };
    const since = stage.name === 'configuring' ? stage.since : undefined;
    return [
      ...this.#use(place, false),
      ...(since === undefined ? [] : [phase('address_configuration', since, now)]),
      this.#tellAddress('address.ready', address),
    ];
  }

  /** Somebody has the address: another one is made, a few times. */
  #duplicate(address: Address, now: Instant): Output[] {
    const place = this.#current();
    const outputs = [
      ...this.#dad.cancel(address),
      count('nd.duplicate_address'),
      this.#tellAddress('address.duplicate', address),
    ];
    if (place === undefined || place.address !== address) return outputs;
    outputs.push(...this.#leave());
    this.#tries += 1;
    this.#stage = { name: 'searching', since: now };
    if (this.#tries >= MAX_ADDRESS_TRIES) return outputs;
    this.#identifier = String.fromCharCode(...this.#state.env.secrets(8));
    outputs.push(...this.#configure(place.advertisement, place.prefix, place.lifetime, now));
    return outputs;
  }

  /** The kernel gets the address, and a default route for what is sent from it. */
  #use(place: Place, optimistic: boolean): Output[] {
    const { link, address, prefix } = place;
    return [
      {
        kind: 'address',
        action: 'add',
        link,
        address,
        prefixLength: prefix.length,
        ...(optimistic ? { optimistic } : {}),
      },
      ...routes('add', place, address),
    ];
  }

  /** Gives up what the link had brought. */
  #leave(): Output[] {
    const place = this.#current();
    if (place === undefined) return [];
    const outputs = this.#dad.cancel(place.address);
    if (this.#stage.name === 'ready' && !place.atHome) {
      const { link, address, prefix } = place;
      outputs.push(
        ...routes('remove', place, address),
        { kind: 'address', action: 'remove', link, address, prefixLength: prefix.length },
        this.#tellAddress('address.lost', address),
      );
    }
    this.#stage = { name: 'down' };
    return outputs;
  }

  #current(): Place | undefined {
    const stage = this.#stage;
    return stage.name === 'ready' || stage.name === 'configuring' ? stage.place : undefined;
  }

  #tellAddress(
    kind: 'address.tentative' | 'address.ready' | 'address.lost' | 'address.duplicate',
    address: Address,
  ): Output {
    return tell({ kind, link: this.#link, address });
  }
}

function phase(
  name: 'movement_detection' | 'address_configuration',
  began: Instant,
  ended: Instant,
): Output {
  return tell({ kind: 'handover.phase', phase: name, began, ended });
}
