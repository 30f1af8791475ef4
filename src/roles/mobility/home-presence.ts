import type { MobileNodeConfig } from '../../core/config.ts';
import type { Constants } from '../../core/constants.ts';
import { Claims } from '../../core/neighbor-discovery/claims.ts';
import { type Place, routes } from '../../core/neighbor-discovery/place.ts';
import { neighborAdvertisement } from '../../core/neighbor-discovery/proxy.ts';
import { maskAddress } from '../../core/neighbor-discovery/router-advertisement.ts';
import { tell } from '../../core/part.ts';
import type { LinkAddress, Output } from '../../core/role.ts';
import type { Instant } from '../../core/time.ts';
import { type Address, ALL_NODES } from '../../wire/address.ts';

/** Where an identity lives while no link of its own network is there. */
const ANCHOR = 'careof0';

/**
 * Where a home address stands in the kernel: on the home link with its routes, else on the interface
 * that carries no packets.
 *
 * Supported standards: RFC 6275 section 11.5.5.
 */
export class HomePresence {
  readonly #home: Address;
  readonly #length: number;
  readonly #linkAddresses: ReadonlyMap<string, LinkAddress>;
  /** The home link that the home address has routes on. */
  #routed: Place | undefined;
  #on: { readonly link: string; readonly prefixLength: number } | undefined;
  #deprecated = false;
  readonly #claims: Claims;

  constructor(
    { home, homePrefixLength }: Pick<MobileNodeConfig, 'home' | 'homePrefixLength'>,
    linkAddresses: ReadonlyMap<string, LinkAddress>,
    constants: Constants,
  ) {
    this.#claims = new Claims(constants);
    this.#home = home;
    this.#length = homePrefixLength;
    this.#linkAddresses = linkAddresses;
  }

  deadline(): Instant | undefined {
    return this.#claims.deadline();
  }

  /** @param deprecated is its prefix, by now? */
  tick(deprecated: boolean, now: Instant): Output[] {
    const claims = this.#claims.tick(now).flatMap(() => this.#claim());
    return [...this.setDeprecated(deprecated), ...claims];
  }

  /** The kernel gets the address before anything else. */
  start(): Output[] {
    return this.#stand(ANCHOR, 128);
  }

  arrive(place: Place): Output[] {
    const { link } = place;
    return [
      ...this.#stand(link, this.#length),
      ...this.route(place),
      tell({ kind: 'home.returned', home: this.#home, link }),
    ];
  }

  leave({ link }: Place): Output[] {
    return [
      ...this.route(undefined),
      ...this.#stand(ANCHOR, 128),
      tell({ kind: 'home.left', home: this.#home, link }),
    ];
  }

  /** Routes for what the home address sends at home, in the stead of those that it had. */
  route(place: Place | undefined): Output[] {
    const before = this.#routed;
    // The link may have several prefixes of the home network; this address is in its own.
    const prefix = maskAddress(this.#home, this.#length);
    this.#routed = place && { ...place, prefix: { ...place.prefix, prefix } };
    return [
      ...(before === undefined ? [] : routes('remove', before, this.#home)),
      ...(this.#routed === undefined ? [] : routes('add', this.#routed, this.#home)),
    ];
  }

  /** Sessions go on; new ones begin elsewhere if they can (RFC 4862 section 5.5.4). */
  setDeprecated(deprecated: boolean): Output[] {
    if (deprecated === this.#deprecated || this.#on === undefined) return [];
    this.#deprecated = deprecated;
    return [this.#given(this.#on)];
  }

  /** The address may not be used any more. */
  end(): Output[] {
    const on = this.#on;
    if (on === undefined) return [];
    this.#on = undefined;
    const address = this.#home;
    return [...this.route(undefined), { kind: 'address', action: 'remove', address, ...on }];
  }

  /** The home agent stands in no more: whoever has its address cached is told ours. */
  claim(now: Instant): Output[] {
    this.#claims.begin(this.#home, now);
    return this.#claim();
  }

  #claim(): Output[] {
    const link = this.#on?.link ?? ANCHOR;
    const linkAddress = this.#linkAddresses.get(link);
    if (linkAddress === undefined) return [];
    const home = this.#home;
    const claim = { link, source: home, target: home, to: ALL_NODES, linkAddress };
    return neighborAdvertisement({ ...claim, solicited: false, override: true }, 'home again');
  }

  /** Gives the kernel the home address on a link, and takes it from the last one after that. */
  #stand(link: string, prefixLength: number): Output[] {
    const before = this.#on;
    if (before?.link === link) return [];
    this.#claims.stop(this.#home);
    this.#on = { link, prefixLength };
    const removed = { kind: 'address', action: 'remove', address: this.#home } as const;
    return [this.#given(this.#on), ...(before === undefined ? [] : [{ ...removed, ...before }])];
  }

  #given(on: { readonly link: string; readonly prefixLength: number }): Output {
    const deprecated = this.#deprecated ? { deprecated: true } : {};
    const address = this.#home;
    return { kind: 'address', action: 'add', ...on, address, preferred: true, ...deprecated };
  }
}
