/** Which of the prefixes that a router advertises a mobile node makes its address of. */
import type { Instant } from '../time.ts';
import { AddressLifetime } from './address-lifetime.ts';
import type { AdvertisedPrefix, Advertisement } from './router-advertisement.ts';

/**
 * The home prefix, else one to make an address of, rather not a deprecated one.
 * Source: RFC 6275 section 11.5.1, RFC 4862 section 5.5.3.
 */
export function offeredPrefix(
  { heardAt, routerLifetime, prefixes }: Advertisement,
  isHome: (prefix: AdvertisedPrefix) => boolean,
  now: Instant,
): { readonly prefix: AdvertisedPrefix; readonly lifetime: AddressLifetime } | undefined {
  const all = prefixes.map((prefix) => ({
    prefix,
    lifetime: new AddressLifetime(prefix, heardAt),
  }));
  const valid = all.filter(({ lifetime }) => !lifetime.isOver(now));
  const home = valid.find(({ prefix }) => isHome(prefix));
  if (home !== undefined || routerLifetime === 0) return home;
  const usable = valid.filter(({ prefix }) => prefix.autonomous);
  return usable.find(({ lifetime }) => !lifetime.isDeprecated(now)) ?? usable[0];
}
