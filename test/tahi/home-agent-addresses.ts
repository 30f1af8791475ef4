/** Who is where in the home agent items: the addresses behind "MN0X (Link0X, global)". */

import { homeAgentsAnycast } from '../../src/core/home-agents-anycast.ts';
import {
  type Address,
  ALL_NODES,
  ALL_ROUTERS,
  address,
  solicitedNode,
  UNSPECIFIED,
} from '../../src/wire/address.ts';
import { NotRun } from './items.ts';

/** The prefixes of the links; all but the home link are behind routers. */
const PREFIXES: Readonly<Record<string, string>> = {
  Link0: '2001:db8:100',
  'Link0/Link1': '2001:db8:100',
  Link0X: '2001:db8:10a',
  Link0Y: '2001:db8:10b',
  Link0Z: '2001:db8:10c',
  Link1X: '2001:db8:11a',
  Link1Y: '2001:db8:11b',
  Link1Z: '2001:db8:11c',
};
export const HOME_PREFIX = address(`${PREFIXES.Link0}::`);
/** Interface identifiers of those that have more than a number in their names. */
const IDENTIFIERS: Readonly<Record<string, string>> = {
  RUT: '99',
  'HA0(a)': 'a0a',
  'HA0(b)': 'a0b',
};

/** Nodes of a kind differ in their number; the letter behind it is the link. */
function identifier(node: string): string {
  const known = IDENTIFIERS[node];
  if (known !== undefined) return known;
  const match = /^(MN|CN|R|HA)([0-9a-f]+)[XYZ]?$/.exec(node);
  if (match === null) throw new NotRun(`the node: ${node}`);
  const kind = { MN: '1', CN: 'c', R: 'e', HA: 'a' }[match[1]!]!;
  return `${kind}${match[2]!.padStart(3, '0')}`;
}

/** Of the node that a name begins with, on a link of the name, in a scope of the name. */
const NAME =
  /^(.+?) \((?:(Link[0-9XYZ/Link]+), )?(global|link-local|solicited-node multicast address)\)?$/;

const PLAIN: Readonly<Record<string, Address>> = {
  'unspecified address': UNSPECIFIED,
  'all-nodes multicast address': ALL_NODES,
  'all-routers multicast address': ALL_ROUTERS,
  'Mobile IPv6 Home-Agents anycast address': homeAgentsAnycast(HOME_PREFIX),
  'Link0 prefix': HOME_PREFIX,
};

/** The address of a name. @param linkLocal that of the node under test. */
export function addressNamed(name: string, linkLocal: Address): Address {
  const plain = PLAIN[name];
  if (plain !== undefined) return plain;
  const match = NAME.exec(name);
  if (match === null) throw new NotRun(`the address: ${name}`);
  const [, node, link = 'Link0', scope] = match;
  const prefix = PREFIXES[link];
  if (prefix === undefined) throw new NotRun(`the address: ${name}`);
  const global = address(`${prefix}::${identifier(node!)}`);
  if (scope === 'global') return global;
  if (scope !== 'link-local') return solicitedNode(global);
  return node === 'RUT' ? linkLocal : address(`fe80::${identifier(node!)}`);
}

/** Does a named node stand on the home link? */
export const isOnHomeLink = (name: string): boolean => !/Link\d[XYZ]/.test(name);
