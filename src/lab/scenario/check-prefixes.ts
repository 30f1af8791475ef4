/** Prefixes of links, each of its own, and routers that are to be the way for some of them. */
import { type Address, formatAddress } from '../../wire/address.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import { linkPrefixes } from './links.ts';
import { suggestion } from './nearest.ts';
import type { NodeText } from './nodes.ts';

/** No two links, and no link twice, have one prefix. @param owners those that were seen before. */
export function* checkLinkPrefixes(
  draft: Draft,
  name: string,
  owners: Map<Address, string>,
): Generator<Finding> {
  for (const [index, { address }] of linkPrefixes(draft.links.get(name)!).entries()) {
    const owner = owners.get(address);
    owners.set(address, name);
    if (owner === undefined) continue;
    const path = index === 0 ? ['prefix'] : ['more-prefixes', index - 1];
    const message = `${formatAddress(address)}/64 is the prefix of "${owner}" already: give each link its own`;
    yield { path: ['links', name, ...path], message };
  }
}

/** Of which prefixes a router is the way in and out, and what it lets nobody send. */
export function* checkProviding(draft: Draft, path: Path, node: NodeText): Generator<Finding> {
  if (!('on' in node) || (node.role !== 'access-router' && node.role !== 'router')) return;
  const isOn = (link: string) => node.on.includes(link);
  const notOn = (link: string) => `"${link}" is no link of this node: ${suggestion(link, node.on)}`;
  for (const [link, { address }] of Object.entries(node.provides ?? {})) {
    const at = [...path, 'provides', link];
    if (!isOn(link)) yield { path: at, atKey: true, message: notOn(link) };
    const prefixes = linkPrefixesOf(draft, link);
    if (prefixes.length === 0 || prefixes.includes(address)) continue;
    const known = prefixes.map((one) => `${formatAddress(one)}/64`).join(' and ');
    const message = `${formatAddress(address)}/64 is no prefix of "${link}": it has ${known}`;
    yield { path: at, message };
  }
  for (const [index, link] of (node['ingress-filter'] ?? []).entries()) {
    if (!isOn(link)) yield { path: [...path, 'ingress-filter', index], message: notOn(link) };
  }
  if (node.role === 'router') return;
  for (const link of node.advertises ?? node.on) {
    if (linkPrefixesOf(draft, link).length < 2 || node.provides?.[link] !== undefined) continue;
    const [first] = linkPrefixesOf(draft, link);
    const example = `provides: { ${link}: ${formatAddress(first!)}/64 }`;
    const message = `does not say which prefix of "${link}" it advertises: add ${example}`;
    yield { path, message };
  }
}

function linkPrefixesOf(draft: Draft, link: string): readonly Address[] {
  const text = draft.links.get(link);
  return text === undefined ? [] : linkPrefixes(text).map(({ address }) => address);
}
