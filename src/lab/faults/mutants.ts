/**
 * Roles that are broken on purpose, each in a way that no single message shows: the checkers must
 * find every one of them out. The tables of the last one agree with each other all the time; only
 * what comes of them, at the other end, is wrong.
 */
import type { NodeConfig } from '../../core/config.ts';
import type { NodeState } from '../../core/node-state.ts';
import type { Output, Role } from '../../core/role.ts';

/** Takes the place of a node's control side. */
export type Sabotage = (role: Role, config: NodeConfig, state: NodeState) => Role;

/** A role that does not do some of what it should. */
function changed(role: Role, change: (outputs: Output[]) => Output[]): Role {
  return {
    handle: (input, now) => change(role.handle(input, now)),
    deadline: () => role.deadline(),
  };
}

/** A home agent that takes a binding back and goes on tunnelling until it would have expired. */
const keepsTunnel: Sabotage = (role, { homeAgent }) => {
  if (homeAgent === undefined) return role;
  const isTunnel = (output: Output) =>
    output.kind === 'unforward' && output.id.startsWith('home/to/');
  return changed(role, (outputs) => outputs.filter((output) => !isTunnel(output)));
};

/** A peer that takes a new care-of address into its cache and sends to the first one. */
const sendsToOldPlace: Sabotage = (role, { correspondentNode }) => {
  if (correspondentNode === undefined) return role;
  const made = new Set<string>();
  return changed(role, (outputs) =>
    outputs.filter((output) => {
      if (output.kind === 'unforward') made.delete(output.id);
      if (output.kind !== 'forward' || !output.entry.id.startsWith('path/to/')) return true;
      if (made.has(output.entry.id)) return false;
      made.add(output.entry.id);
      return true;
    }),
  );
};

/** A node that takes every update for newer than the last, whatever its number says. */
const forgetsNumbers: Sabotage = (role, _config, { bindings }) => {
  const get = bindings.get.bind(bindings);
  // The judges compare with what the cache says: it says a number that nothing is older than.
  bindings.get = (...key) => {
    const binding = get(...key);
    return binding && { ...binding, sequence: binding.sequence - 0x4000 };
  };
  return role;
};

/** A home agent that takes back out of the tunnel only what comes from the first place of a node. */
const hearsFirstPlace: Sabotage = (role, { homeAgent }) => {
  if (homeAgent === undefined) return role;
  const first = new Map<string, string>();
  return changed(role, (outputs) =>
    outputs.filter((output) => {
      if (output.kind !== 'forward') return true;
      const { id, match } = output.entry;
      if (!id.startsWith('home/from/')) return true;
      const home = String(match.innerSrc);
      if (!first.has(home)) first.set(home, id);
      return first.get(home) === id;
    }),
  );
};

export const MUTANTS = {
  'keeps-tunnel': keepsTunnel,
  'sends-to-old-place': sendsToOldPlace,
  'forgets-numbers': forgetsNumbers,
  'hears-first-place': hearsFirstPlace,
} as const satisfies Record<string, Sabotage>;
