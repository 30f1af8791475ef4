/** Middleboxes of a scenario that stand where nothing passes them. */
import type { HeaderDrop } from '../../sim/index.ts';
import { nodeNames, unknownName } from './check.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import type { NodeText } from './nodes.ts';

/** Headers that a link drops, each from a node that is on the link or may come there. */
export function* checkDrops(
  draft: Draft,
  path: Path,
  link: string,
  drops: readonly HeaderDrop[] | undefined,
): Generator<Finding> {
  for (const [index, { from }] of (drops ?? []).entries()) {
    if (from === undefined) continue;
    const at = [...path, index, 'from'];
    yield* unknownName(at, 'node', from, nodeNames(draft));
    const node = draft.nodes.get(from);
    if (node === undefined || !('on' in node) || node.on.includes(link)) continue;
    yield { path: at, message: `"${from}" is not on "${link}": nothing would be dropped` };
  }
}

/** Links towards which a node translates: some of its own, and not all of them. */
export function* checkNat(path: Path, node: NodeText): Generator<Finding> {
  if (!('nat' in node) && !('nat-timeout' in node)) return;
  const { nat, on } = node;
  if (nat === undefined) {
    if (node['nat-timeout'] === undefined) return;
    const message = 'says nothing without `nat`: add nat: [LINK]';
    yield { path: [...path, 'nat-timeout'], message };
    return;
  }
  for (const [index, link] of nat.entries()) {
    if (on.includes(link)) continue;
    const message = `"${link}" is no link of this node: it is on ${on.join(' and ')}`;
    yield { path: [...path, 'nat', index], message };
  }
  if (on.every((link) => nat.includes(link))) {
    const message = 'names all links of the node: whose addresses would it translate?';
    yield { path: [...path, 'nat'], message };
  }
}
