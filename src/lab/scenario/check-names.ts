/** DNS names of a scenario: what they stand for, and flows that ask for them. */
import { isIpv4, parseAddress } from '../../wire/address.ts';
import { nodeNames } from './check.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import { suggestion } from './nearest.ts';
import type { NodeText } from './nodes.ts';
import type { FlowText } from './traffic.ts';

/** What a name server's names stand for: nodes of the file, or addresses. */
export function* checkNames(draft: Draft, path: Path, node: NodeText): Generator<Finding> {
  if (node.role !== 'name-server') return;
  const nodes = nodeNames(draft);
  for (const [name, all] of Object.entries(node.names)) {
    for (const [index, one] of all.entries()) {
      const address = parseAddress(one);
      if (nodes.has(one) || (address !== undefined && !isIpv4(address))) continue;
      const message = `"${one}" is neither an IPv6 address nor a node of this file: ${suggestion(one, [...nodes])}`;
      yield { path: [...path, 'names', name, index], message };
    }
  }
}

/** The name that a flow asks for is one that a name server tells, and stands for the receiver. */
export function* checkAsked(draft: Draft, path: Path, flow: FlowText): Generator<Finding> {
  if (flow.protocol !== 'tcp' || flow.name === undefined) return;
  const at = [...path, 'name'];
  if (flow.program !== undefined) {
    yield { path: at, message: `has no meaning for ${flow.program}: leave one of the two out` };
  }
  const servers = [...draft.nodes.values()].filter((node) => node?.role === 'name-server');
  const told = servers.flatMap((node) => Object.entries(node.names));
  const found = told.find(([name]) => name === flow.name);
  if (found === undefined) {
    const known = told.map(([name]) => name);
    const mend = known.length > 0 ? suggestion(flow.name, known) : 'add one with names: { ... }';
    yield { path: at, message: `"${flow.name}" is told by no name server of this file: ${mend}` };
  } else if (!found[1].includes(flow.to)) {
    const message = `does not stand for "${flow.to}", where the flow goes: add it to \`names\``;
    yield { path: at, message };
  }
}
