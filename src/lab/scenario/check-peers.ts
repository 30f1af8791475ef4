/** Keys for peers that cannot be: of nodes that are not there, of one side only, of two addresses. */
import { nodeNames, unknownName } from './check.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import { type NodeText, withArticle } from './nodes.ts';

/** What is wrong with `peers` of a node. */
export function* checkPeers(
  draft: Draft,
  path: Path,
  node: NodeText | undefined,
): Generator<Finding> {
  if (node === undefined || !hasKeys(node)) return;
  if (node.role === 'mobile-node' && node.peers?.rfc4866 !== undefined) {
    if (node['home-address'] !== undefined) {
      const message = 'is made from the key in peers.rfc4866: leave it out, or leave out the key';
      yield { path: [...path, 'home-address'], message };
    }
  }
  const self = String(path[1]);
  for (const other of Object.keys(node.peers?.rfc4449 ?? {})) {
    yield* checkShared(draft, [...path, 'peers', 'rfc4449', other], self, node, other);
  }
}

type WithKeys = Extract<
  NodeText,
  { role: 'mobile-node' | 'multihomed-host' | 'correspondent-node' }
>;

const WITH_KEYS: ReadonlySet<string> = new Set<WithKeys['role']>([
  'mobile-node',
  'multihomed-host',
  'correspondent-node',
]);
const hasKeys = (node: NodeText): node is WithKeys => WITH_KEYS.has(node.role);

function* checkShared(
  draft: Draft,
  path: Path,
  self: string,
  node: NodeText,
  other: string,
): Generator<Finding> {
  const partner = nodeNamed(draft, other);
  if (partner === undefined) {
    if (!draft.nodes.has(other)) yield* unknownName(path, 'node', other, nodeNames(draft));
    return;
  }
  const mobile = node.role !== 'correspondent-node' || partner.role !== 'correspondent-node';
  if (!mobile || !hasKeys(partner)) {
    const message = `"${other}" is ${withArticle(partner.role)}: a key is shared between a mobile node or multihomed host and a correspondent node, or another such one`;
    yield { path, message };
    return;
  }
  // What another host is given need not stand in the file of this one.
  if (draft.own !== undefined) return;
  const names = namesOf(self, node);
  if (names.some((name) => partner.peers?.rfc4449?.[name] !== undefined)) return;
  const mend = `write peers: { rfc4449: { ${names[0]}: { key: ... } } } there too`;
  yield { path, message: `"${other}" has no key for "${names[0]}": ${mend}` };
}

/** A node by the name that it has in the network. */
function nodeNamed(draft: Draft, name: string): NodeText | undefined {
  for (const [key, node] of draft.nodes) {
    if (node !== undefined && namesOf(key, node).includes(name)) return node;
  }
  return undefined;
}

function namesOf(name: string, node: NodeText): string[] {
  const count = 'count' in node ? node.count : undefined;
  return count === undefined
    ? [name]
    : Array.from({ length: count }, (_, index) => `${name}-${index}`);
}
