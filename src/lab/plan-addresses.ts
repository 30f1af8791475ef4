/** Addresses that the file leaves to the lab: `prefix::1` and on, in the order of the file. */
import { type Address, addressOctets, addressOf } from '../wire/address.ts';
import type { NamedNode } from './plan.ts';
import type { LinkText } from './scenario/links.ts';

/** Home addresses that nobody wrote down begin here, to be told from those of routers. */
const FIRST_HOME = 0x100;

/** The address with this number in a prefix of 64 bits. */
function numbered(prefix: Address, number: number): Address {
  const octets = addressOctets(prefix);
  new DataView(octets.buffer).setUint32(12, number);
  return addressOf(octets);
}

/** The home address of each mobile node by its name. */
export function homeAddressesOf(
  links: ReadonlyMap<string, LinkText>,
  nodes: readonly NamedNode[],
): Map<string, Address> {
  const homes = new Map<string, Address>();
  for (const { name, text } of nodes) {
    if (text.role === 'mobile-node' && text['home-address'] !== undefined) {
      homes.set(name, text['home-address']);
    }
  }
  const taken = new Set(homes.values());
  for (const { name, text } of nodes) {
    if (text.role !== 'mobile-node' || homes.has(name)) continue;
    const address = firstFree(links.get(text.home)!.prefix.address, FIRST_HOME, taken);
    homes.set(name, address);
    taken.add(address);
  }
  return homes;
}

/** The address of each fixed node on each of its links. */
export function addressesOf(
  links: ReadonlyMap<string, LinkText>,
  nodes: readonly NamedNode[],
  homes: ReadonlyMap<string, Address>,
): Map<string, Map<string, Address>> {
  const taken = new Set(homes.values());
  const next = new Map<string, number>();
  const addresses = new Map<string, Map<string, Address>>();
  for (const { name, text } of nodes) {
    if (text.role === 'mobile-node') continue;
    const own = new Map<string, Address>();
    addresses.set(name, own);
    for (const link of text.on) {
      const { prefix } = links.get(link)!;
      let number = next.get(link) ?? 1;
      while (taken.has(numbered(prefix.address, number))) number++;
      own.set(link, numbered(prefix.address, number));
      next.set(link, number + 1);
    }
  }
  return addresses;
}

function firstFree(prefix: Address, from: number, taken: ReadonlySet<Address>): Address {
  let number = from;
  while (taken.has(numbered(prefix, number))) number++;
  return numbered(prefix, number);
}
