/** Who is where in the mobile node items: the addresses behind `NUTX`, `HA0`, `CN0Y`, `R1`. */
import { homeAgentsAnycast } from '../../src/core/home-agents-anycast.ts';
import {
  autoconfigured,
  interfaceIdentifier,
} from '../../src/core/neighbor-discovery/link-layer.ts';
import { type Address, address } from '../../src/wire/address.ts';
import { UNDER_TEST } from './bench.ts';
import { NotRun } from './items.ts';

/** The prefixes of the home link and of the two links that the node visits. */
export const PREFIXES = {
  '0': address('2001:db8:100::'),
  X: address('2001:db8:a::'),
  Y: address('2001:db8:b::'),
} as const;
export type LinkName = keyof typeof PREFIXES;

const IDENTIFIER = interfaceIdentifier(UNDER_TEST);
const ownOn = (link: LinkName): Address => autoconfigured(PREFIXES[link], IDENTIFIER);
export const HOME = ownOn('0');
export const LINK_LOCAL = autoconfigured(address('fe80::'), IDENTIFIER);
export const HOME_AGENT = address('2001:db8:100::a0');

const NAMES: Readonly<Record<string, Address>> = {
  NUT0: HOME,
  NUTX: ownOn('X'),
  NUTY: ownOn('Y'),
  'Not NUT0': address('2001:db8:100::bad'),
  HA0: HOME_AGENT,
  HA1: address('2001:db8:100::a1'),
  CN0: address('2001:db8:c::c0'),
  CN1: address('2001:db8:c::c1'),
  // The correspondent is a mobile node too, and this is its care-of address.
  CN0Y: address('2001:db8:b::c0'),
  R1: address('2001:db8:a::1'),
  R2: address('2001:db8:b::2'),
  R1_link_local: address('fe80::1'),
  NUTX_link_local: LINK_LOCAL,
  NUT0_ha_any: homeAgentsAnycast(PREFIXES['0']),
};

/** The address of a name. */
export function named(name: string): Address {
  const found = NAMES[name];
  if (found === undefined) throw new NotRun(`the address: ${name}`);
  return found;
}

export interface RouterOfLink {
  readonly link: LinkName;
  readonly linkLocal: Address;
  readonly global: Address;
}

/** The routers by their names; the home agent is the one of the home link. */
export const ROUTERS: Readonly<Record<string, RouterOfLink>> = {
  HA0: { link: '0', linkLocal: address('fe80::a0'), global: HOME_AGENT },
  R1: { link: 'X', linkLocal: address('fe80::1'), global: address('2001:db8:a::1') },
  R2: { link: 'Y', linkLocal: address('fe80::2'), global: address('2001:db8:b::2') },
};
