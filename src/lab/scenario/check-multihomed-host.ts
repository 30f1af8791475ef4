/** Providers of a multihomed host that are none: of interfaces and prefixes that it has not. */
import { formatAddress } from '../../wire/address.ts';
import { checkInterfaces, unknownName } from './check.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import { linkPrefixes } from './links.ts';
import type { MultihomedHostText } from './multihomed-host.ts';

export function* checkMultihomedHost(
  draft: Draft,
  path: Path,
  node: MultihomedHostText,
): Generator<Finding> {
  yield* checkInterfaces(draft, path, node.interfaces);
  const known = Object.keys(node.interfaces);
  const lists = [
    { at: [...path, 'prefer'], names: node.prefer ?? [] },
    ...(node.rules ?? []).map(({ prefer }, index) => ({
      at: [...path, 'rules', index, 'prefer'],
      names: prefer,
    })),
  ];
  for (const { at, names } of lists) {
    for (const [index, { link, prefix }] of names.entries()) {
      if (link !== undefined) yield* unknownName([...at, index], 'interface', link, known);
      if (prefix !== undefined) yield* checkPrefix(draft, [...at, index], prefix.address);
    }
  }
  for (const name of Object.keys(node.providers ?? {})) {
    yield* unknownName([...path, 'providers', name], 'interface', name, known);
  }
}

type Prefix = ReturnType<typeof linkPrefixes>[number]['address'];

function* checkPrefix(draft: Draft, path: Path, prefix: Prefix): Generator<Finding> {
  // A host's own file says nothing of the links of others.
  if (draft.own !== undefined) return;
  const links = [...draft.links.values()].flatMap((link) => (link ? linkPrefixes(link) : []));
  const added = draft.events.flatMap(({ value }) =>
    value.kind === 'renumber' && value.to !== undefined ? [value.to.address] : [],
  );
  if ([...links.map(({ address }) => address), ...added].includes(prefix)) return;
  yield { path, message: `${formatAddress(prefix)}/64 is the prefix of no link of this file` };
}
