/** Servers of a service address that cannot be: of no master, on another link, with another's number. */
import { formatAddress } from '../../wire/address.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import { samePrefix } from './links.ts';
import { suggestion } from './nearest.ts';
import type { NodeText } from './nodes.ts';
import { checkNumber } from './server-numbers.ts';
import type { ContentMasterText, ContentSlaveText } from './service-nodes.ts';

/** What is wrong with a content master or slave; nothing of other nodes. */
export function* checkService(draft: Draft, path: Path, node: NodeText): Generator<Finding> {
  if (node.role === 'content-master') yield* checkMaster(draft, path, node);
  if (node.role === 'content-slave') yield* checkSlave(draft, path, node);
}

function* checkMaster(draft: Draft, path: Path, node: ContentMasterText): Generator<Finding> {
  const { service, on } = node;
  const prefix = draft.links.get(on[0]!)?.prefix;
  if (service !== undefined && node.peers?.rfc4866 !== undefined) {
    const message = 'is made from the key in peers.rfc4866: leave it out, or leave out the key';
    yield { path: [...path, 'service'], message };
  }
  if (service === undefined || prefix === undefined) return;
  if (samePrefix(prefix.address, service)) return;
  const right = formatAddress(prefix.address);
  const message = `${formatAddress(service)} is outside ${right}/64, the prefix of "${on[0]}": write one such as ${right}80`;
  yield { path: [...path, 'service'], message };
}

function* checkSlave(draft: Draft, path: Path, node: ContentSlaveText): Generator<Finding> {
  const master = draft.nodes.get(node.master);
  const masters = [...draft.nodes].flatMap(([name, one]) =>
    one?.role === 'content-master' ? [name] : [],
  );
  if (master?.role !== 'content-master') {
    if (draft.nodes.has(node.master) && master === undefined) return;
    const message = `"${node.master}" is no content master of this file: ${suggestion(node.master, masters)}`;
    yield { path: [...path, 'master'], message };
    return;
  }
  if (master.on[0] !== node.on[0]) {
    const message = `is not on "${master.on[0]}" as its master is: they share one link`;
    yield { path: [...path, 'on'], message };
  }
  const shares = (other: NodeText): other is ContentSlaveText =>
    other.role === 'content-slave' && other.master === node.master;
  yield* checkNumber(draft, path, node, shares);
}
