/** Addresses that the file leaves to the lab: `prefix::1` and on, in the order of the file. */
import { type Address, addressOctets, addressOf } from '../wire/address.ts';
import type { NamedNode } from './plan.ts';
import { type LinkText, linkPrefixes, samePrefix } from './scenario/links.ts';
import { isFixed, type NodeText, providedOn } from './scenario/nodes.ts';

/** Home addresses that nobody wrote down begin here, to be told from those of routers. */
const FIRST_HOME = 0x100;

/** Addresses that a DHCPv6 server leases begin here, behind those that the lab gives. */
const FIRST_LEASED = 0x10000;

export const firstLeased = (prefix: Address): Address => numbered(prefix, FIRST_LEASED);

/** The address with this number in a prefix of 64 bits. */
function numbered(prefix: Address, number: number): Address {
  const octets = addressOctets(prefix);
  new DataView(octets.buffer).setUint32(12, number);
  return addressOf(octets);
}

/** Home and service addresses by the names of their nodes. @param made those that are made from keys. */
export function homeAddressesOf(
  links: ReadonlyMap<string, LinkText>,
  nodes: readonly NamedNode[],
  made: Iterable<readonly [string, Address]>,
): Map<string, Address> {
  const homes = new Map<string, Address>(made);
  for (const { name, text } of nodes) {
    const written = identityIn(text);
    if (written !== undefined) homes.set(name, written);
  }
  const free = new FreeAddresses(homes.values(), FIRST_HOME);
  for (const { name, text } of nodes) {
    const link = identityLink(text);
    if (link === undefined || homes.has(name)) continue;
    homes.set(name, free.next(links.get(link)!.prefix.address));
  }
  return homes;
}

/** The link whose prefix an identity is of that stands on no link: a home, or a service address. */
export function identityLink(text: NodeText): string | undefined {
  if (text.role === 'mobile-node') return text.home;
  return text.role === 'content-master' ? text.on[0] : undefined;
}

/** That identity, where it stands in the file. */
function identityIn(text: NodeText): Address | undefined {
  if (text.role === 'mobile-node') return text['home-address'];
  const isService = text.role === 'anycast-server' || text.role === 'anycast-agent';
  return isService || text.role === 'content-master' ? text.service : undefined;
}

/** The addresses of fixed nodes by node and link, that of the link's first prefix first. */
export type FixedAddresses = ReadonlyMap<string, ReadonlyMap<string, readonly Address[]>>;

/** The addresses of each fixed node: one of each prefix of a link, routers of those they provide. */
export function addressesOf(
  links: ReadonlyMap<string, LinkText>,
  nodes: readonly NamedNode[],
  homes: ReadonlyMap<string, Address>,
): FixedAddresses {
  const written = nodes.flatMap(({ text }) => Object.values(ownAddressesOf(text)));
  const free = new FreeAddresses([...homes.values(), ...written], 1);
  const addresses = new Map<string, Map<string, readonly Address[]>>();
  for (const { name, text } of nodes) {
    if (!isFixed(text)) continue;
    const own = new Map<string, readonly Address[]>();
    addresses.set(name, own);
    for (const link of text.on) {
      const given = ownAddressesOf(text)[link];
      const prefixes = linkPrefixes(links.get(link)!)
        .map(({ address }) => address)
        .filter((prefix) => providedOn(text, link, prefix));
      const isGiven = (prefix: Address) => given !== undefined && samePrefix(given, prefix);
      own.set(
        link,
        prefixes.map((prefix) => (isGiven(prefix) ? given! : free.next(prefix))),
      );
    }
  }
  return addresses;
}

/** The addresses that a node is given in the file, by link. */
function ownAddressesOf(text: NodeText): Readonly<Record<string, Address>> {
  return ('own-addresses' in text ? text['own-addresses'] : undefined) ?? {};
}

/** Hands out the addresses of prefixes one after the other, without those that are taken. */
class FreeAddresses {
  readonly #taken: ReadonlySet<Address>;
  readonly #first: number;
  readonly #next = new Map<Address, number>();

  constructor(taken: Iterable<Address>, first: number) {
    this.#taken = new Set(taken);
    this.#first = first;
  }

  next(prefix: Address): Address {
    let number = this.#next.get(prefix) ?? this.#first;
    while (this.#taken.has(numbered(prefix, number))) number++;
    this.#next.set(prefix, number + 1);
    return numbered(prefix, number);
  }
}
