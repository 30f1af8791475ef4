import type { Address } from '../../wire/address.ts';
import type { MobileNodeConfig } from '../config.ts';
import type { Lease } from '../dhcpv6/lease.ts';
import type { Output } from '../role.ts';
import type { Instant } from '../time.ts';
import { AddressLifetime } from './address-lifetime.ts';
import type { DuplicateAddressDetection } from './duplicate-address-detection.ts';
import { type Offer, prefixOfLease } from './offered-prefix.ts';
import { leavePlace, type Place, usePlace } from './place.ts';

/** The place that a leased address makes where a router offered it. Source: RFC 8415 section 18.2.10.1. */
export function placeOfLease(
  lease: Lease,
  { advertisement, prefix }: Offer & Pick<Place, 'advertisement'>,
  now: Instant,
): Place {
  const { address } = lease;
  const { link, router } = advertisement;
  const lifetime = new AddressLifetime(lease, now);
  const subject = { link, router, advertisement, address, lifetime };
  return { ...subject, prefix: prefixOfLease(address, prefix), atHome: false };
}

/** A leased address beside the one that a place has: the kernel has it, and nothing is registered. */
export class AddressBeside {
  readonly #dad: DuplicateAddressDetection;
  readonly #how: MobileNodeConfig['dad'];
  #place: Place | undefined;

  constructor(dad: DuplicateAddressDetection, how: MobileNodeConfig['dad']) {
    this.#dad = dad;
    this.#how = how;
  }

  get place(): Place | undefined {
    return this.#place;
  }

  is(address: Address): boolean {
    return this.#place?.address === address;
  }

  use(place: Place, now: Instant): Output[] {
    this.#place = place;
    const used = this.#how === 'normal' ? [] : usePlace(place, this.#how === 'optimistic');
    const tested = this.#how === 'off' ? [] : this.#dad.start(place.link, place.address, now);
    return [...used, ...tested];
  }

  leave(): Output[] {
    const place = this.#place;
    if (place === undefined) return [];
    this.#place = undefined;
    return [...this.#dad.cancel(place.address), ...leavePlace(place)];
  }
}
