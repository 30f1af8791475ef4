/** Where a link has brought a mobile node. Source: RFC 6275 section 11.5, RFC 4862 section 5.5. */
import type { Address } from '../../wire/address.ts';
import type { Output } from '../role.ts';
import type { AddressLifetime } from './address-lifetime.ts';
import type { AdvertisedPrefix, Advertisement } from './router-advertisement.ts';

/** An address that packets can be sent from, and the router that they are sent by. */
export interface Place {
  readonly link: string;
  readonly advertisement: Advertisement;
  readonly prefix: AdvertisedPrefix;
  /** The care-of address; at home, the home address itself. */
  readonly address: Address;
  readonly atHome: boolean;
  /** The default router; a home link is home without one too. */
  readonly router: Address | undefined;
  /** How long the address may be used; it changes as advertisements come. */
  readonly lifetime: AddressLifetime;
}

/** The routes of a place, for packets from one address. */
export function routes(action: 'add' | 'remove', place: Place, source: Address): Output[] {
  const { link, prefix, router: via } = place;
  const anywhere = '\0'.repeat(16) as Address;
  const route = { kind: 'route', action, link, source } as const;
  return [
    ...(prefix.onLink
      ? [{ ...route, prefix: prefix.prefix, prefixLength: prefix.length } as const]
      : []),
    ...(via === undefined ? [] : [{ ...route, prefix: anywhere, prefixLength: 0, via } as const]),
  ];
}
