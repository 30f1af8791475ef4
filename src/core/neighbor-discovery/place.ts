/** Where a link has brought a mobile node. Source: RFC 6275 section 11.5, RFC 4862 section 5.5. */
import type { Address } from '../../wire/address.ts';
import { tell } from '../part.ts';
import type { Output } from '../role.ts';
import type { Instant } from '../time.ts';
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

/**
 * The routes of a place, for packets from one address.
 * @param metric of the way to everywhere, where several places are to be told apart.
 */
export function routes(
  action: 'add' | 'remove',
  place: Place,
  source: Address,
  metric?: number,
): Output[] {
  const { link, prefix, router: via } = place;
  const anywhere = '\0'.repeat(16) as Address;
  const route = { kind: 'route', action, link, source } as const;
  return [
    ...(prefix.onLink
      ? [{ ...route, prefix: prefix.prefix, prefixLength: prefix.length } as const]
      : []),
    ...(via === undefined
      ? []
      : [
          {
            ...route,
            prefix: anywhere,
            prefixLength: 0,
            via,
            ...(metric !== undefined && { metric }),
          } as const,
        ]),
  ];
}

/** The place, by another default router where its own routes no more. */
export function routedBy(place: Place, routers: readonly Advertisement[]): Place {
  const routing = routers.filter(({ routerLifetime }) => routerLifetime > 0);
  if (routing.some(({ router }) => router === place.router)) return place;
  const router = routing[0]?.router;
  return router === place.router ? place : { ...place, router };
}

/** The kernel gets the address, and routes for what is sent from it. */
export function usePlace(place: Place, optimistic: boolean): Output[] {
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

export function leavePlace(place: Place): Output[] {
  const { link, address, prefix } = place;
  return [
    ...routes('remove', place, address),
    { kind: 'address', action: 'remove', link, address, prefixLength: prefix.length },
    tell({ kind: 'address.lost', link, address }),
  ];
}

/** A router's advertisement has shown that the node is somewhere else than before. */
export function tellMovement(
  { link, router, packet }: Advertisement,
  where: 'the home network' | 'a network not known yet',
  reason: 'new-link' | 'new-prefix',
): Output[] {
  return [
    tell({
      kind: 'signal.received',
      message: 'Router Advertisement',
      from: router,
      to: packet.to,
      octets: packet.octets,
      detail: where,
    }),
    tell({ kind: 'movement.detected', link, router, reason }),
  ];
}

export function tellAddress(
  kind: 'address.tentative' | 'address.ready' | 'address.duplicate',
  link: string,
  address: Address,
): Output {
  return tell({ kind, link, address });
}

export function phase(
  name: 'movement_detection' | 'address_configuration',
  began: Instant,
  ended: Instant,
): Output {
  return tell({ kind: 'handover.phase', phase: name, began, ended });
}
