/** Mobile nodes that name no home agent, one of another link, or one that would refuse them. */
import { unknownName } from './check.ts';
import type { Finding, Path } from './diagnostic.ts';
import type { Draft } from './draft.ts';
import { DISCOVER, type MobileNodeText, type NodeText } from './nodes.ts';

/** The home agent that a mobile node names, or those that it may find. */
export function* checkHomeAgent(
  draft: Draft,
  path: Path,
  node: MobileNodeText,
): Generator<Finding> {
  const at = [...path, 'home-agent'];
  const agents = [...draft.nodes].filter(([, other]) => other?.role === 'home-agent');
  const name = node['home-agent'];
  if (name === DISCOVER) {
    yield* checkDiscovered(at, node, agents);
    return;
  }
  if (!draft.nodes.has(name)) {
    yield* unknownName(
      at,
      'node',
      name,
      agents.map(([key]) => key),
    );
    return;
  }
  const agent = draft.nodes.get(name);
  if (agent === undefined) return;
  if (agent.role !== 'home-agent') {
    const names = agents.map(([key]) => key).join(', ') || 'none is in this file';
    const message = `"${name}" has the role ${agent.role}, and a home agent is wanted: ${names}`;
    yield { path: at, message };
  } else if (agent.serves !== node.home) {
    const message = `"${name}" serves "${agent.serves}", and the node's home is "${node.home}"`;
    yield { path: at, message: `${message}: make them the same` };
  } else if (!provable(node) && agent['allow-unauthenticated'] !== true) {
    yield { path: at, message: unproved(name) };
  }
}

/** `discover`: whichever agent of the home link answers must take the node. */
function* checkDiscovered(
  at: Path,
  node: MobileNodeText,
  agents: readonly (readonly [string, NodeText | undefined])[],
): Generator<Finding> {
  const serving = agents.flatMap(([name, agent]) =>
    agent?.role === 'home-agent' && agent.serves === node.home ? [{ name, agent }] : [],
  );
  if (serving.length === 0) {
    const message = `"${node.home}" has no home agent to be found: add a node that serves it`;
    yield { path: at, message };
  }
  const closed = serving.find(({ agent }) => agent['allow-unauthenticated'] !== true);
  if (closed !== undefined && !provable(node)) yield { path: at, message: unproved(closed.name) };
}

function unproved(agent: string): string {
  const mend = 'add auth: { rfc4285: { spi: 256, key: "hex:..." } } to the node';
  return `"${agent}" takes no registration without proof: ${mend}, or allow-unauthenticated: true to the home agent`;
}

function provable(node: MobileNodeText): boolean {
  return node.auth !== undefined && node.auth !== 'none';
}
