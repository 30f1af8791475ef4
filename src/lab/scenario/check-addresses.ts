/** Addresses that a fixed node is given in the file: on links that it is on, and its own alone. */
import { formatAddress } from '../../wire/address.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import { linkPrefixes, samePrefix } from './links.ts';
import { type FixedText, providedOn } from './nodes.ts';

export function* checkOwnAddresses(draft: Draft, path: Path, node: FixedText): Generator<Finding> {
  if (!('own-addresses' in node) || node['own-addresses'] === undefined) return;
  for (const [link, address] of Object.entries(node['own-addresses'])) {
    const at = [...path, 'own-addresses', link];
    if (!node.on.includes(link)) {
      const message = `is an address on "${link}", and the node is not on it: add it to \`on\``;
      yield { path: at, atKey: true, message };
      continue;
    }
    const text = draft.links.get(link);
    const prefixes = text === undefined ? [] : linkPrefixes(text);
    const own = prefixes.filter((one) => providedOn(node, link, one.address));
    const prefix = own[0];
    if (prefix !== undefined && !own.some((one) => samePrefix(one.address, address))) {
      const right = formatAddress(prefix.address);
      const message = `${formatAddress(address)} is outside ${right}/64, the prefix of "${link}": write one such as ${right}53`;
      yield { path: at, message };
    }
    const owner = otherOwner(draft, String(path[1]), address);
    if (owner !== undefined) {
      const message = `${formatAddress(address)} is an address of "${owner}" already`;
      yield { path: at, message: `${message}: give each node its own` };
    }
  }
}

function otherOwner(draft: Draft, self: string, address: string): string | undefined {
  let isBefore = true;
  for (const [name, node] of draft.nodes) {
    if (name === self) isBefore = false;
    if (node?.role === 'mobile-node' && node['home-address'] === address) return name;
    // Of two nodes with one address the second is told.
    if (!isBefore || node === undefined || !('own-addresses' in node)) continue;
    if (Object.values(node['own-addresses'] ?? {}).some((one) => one === address)) return name;
  }
  return undefined;
}
