import { type Address, UNSPECIFIED } from '../../wire/address.ts';
import { type Instant, seconds } from '../time.ts';
import { AddressLifetime } from './address-lifetime.ts';
import { type AdvertisedPrefix, type Advertisement, maskAddress } from './router-advertisement.ts';

/** A prefix that an address is to be made of, or that a leased address is to belong to. */
export interface Offer {
  readonly prefix: AdvertisedPrefix;
  readonly lifetime: AddressLifetime;
}

/** Where a router says M and names no prefix: any address may be leased there, for ever. */
const ANY_PREFIX: AdvertisedPrefix = {
  prefix: UNSPECIFIED,
  length: 0,
  onLink: false,
  autonomous: false,
  routerAddress: undefined,
  validLifetime: seconds(0xffff_ffff),
  preferredLifetime: seconds(0xffff_ffff),
};

/**
 * By which prefix a router offers an address: the home prefix, else one for autoconfiguration (rather
 * not a deprecated one), since that needs nobody's answer, else with the M bit the one on the link.
 * Source: RFC 4862 section 5.5.3, RFC 4861 section 4.2.
 * @param stateful may addresses come from DHCPv6?
 */
export function offeredBy(
  { prefixes, managed, heardAt, routerLifetime }: Advertisement,
  homeIn: (prefix: AdvertisedPrefix) => Address | undefined,
  stateful: boolean,
  now: Instant,
): Offer | undefined {
  const all = prefixes.map((prefix) => ({
    prefix,
    lifetime: new AddressLifetime(prefix, heardAt),
  }));
  const valid = all.filter(({ lifetime }) => !lifetime.isOver(now));
  const home = valid.find(({ prefix }) => homeIn(prefix) !== undefined);
  if (home !== undefined || routerLifetime === 0) return home;
  const usable = valid.filter(({ prefix }) => prefix.autonomous);
  const best = usable.find(({ lifetime }) => !lifetime.isDeprecated(now)) ?? usable[0];
  if (best !== undefined || !managed || !stateful) return best;
  const any = { prefix: ANY_PREFIX, lifetime: new AddressLifetime(ANY_PREFIX, now) };
  return valid.find(({ prefix }) => prefix.onLink) ?? any;
}

/** The prefix of a leased address: where it is in no advertised one it has no neighbours. */
export function prefixOfLease(address: Address, offered: AdvertisedPrefix): AdvertisedPrefix {
  const neighbours = isIn(address, offered) && offered.length > 0;
  return neighbours ? offered : { ...offered, length: 128, onLink: false };
}

export const isIn = (address: Address, { prefix, length }: AdvertisedPrefix): boolean =>
  maskAddress(address, length) === prefix;
