/** Looks into a running network: which node has which address, and what its tables hold. */
import type { BindingCache } from '../../core/bindings/binding-cache.ts';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import type { Instant } from '../../core/time.ts';
import type { SimNode } from '../../sim/index.ts';
import type { Address } from '../../wire/address.ts';
import type { Plan } from '../plan.ts';
import type { World } from '../sim/run.ts';

export class Inside {
  readonly world: World;
  /** The shared state of each node's control side, newest life only. */
  readonly bindings: ReadonlyMap<string, BindingCache>;
  /** The mobile node of each home address. */
  readonly homes: ReadonlyMap<Address, string>;
  /** The node that has or had each address. */
  readonly #owners = new Map<Address, string>();

  constructor(world: World, bindings: ReadonlyMap<string, BindingCache>) {
    this.world = world;
    this.bindings = bindings;
    this.homes = homesOf(world.plan);
  }

  get now(): Instant {
    return this.world.simulation.now;
  }

  /** Nodes that run, with what they are. */
  *running(): Generator<SimNode> {
    for (const node of this.world.network.nodes.values()) if (node.running) yield node;
  }

  own(address: Address, node: string): void {
    this.#owners.set(address, node);
  }

  /** Whose address is it, or was it? */
  ownerOf(address: Address): string | undefined {
    return (
      this.#owners.get(address) ?? this.homes.get(address) ?? this.world.network.owners.get(address)
    );
  }

  /** Entries of a node that are in force. */
  entriesOf(node: SimNode): ForwardingEntry[] {
    const { now } = this;
    return [...node.kernel.table.all()].filter(
      ({ expiresAt }) => expiresAt === undefined || expiresAt > now,
    );
  }
}

function homesOf(plan: Plan): Map<Address, string> {
  return new Map(
    plan.nodes
      .filter(({ role }) => role === 'mobile-node')
      .map(({ identity, name }) => [identity, name]),
  );
}

/** What an entry says of a home address: where it goes to, or whence it is believed. */
export interface Claim {
  readonly kind: 'to-home' | 'from-tunnel' | 'to-peer' | 'from-peer' | 'own-peer';
  readonly home: Address;
  readonly careOf: Address;
  /** That which says so. */
  readonly entry: ForwardingEntry;
}

/** The care-of addresses that an entry names for home addresses other than the node's own. */
export function claimsOf(entry: ForwardingEntry): Claim[] {
  const { owner, at, match, do: actions } = entry;
  const claims: Claim[] = [];
  const source = match.src?.address;
  const destination = match.dst?.address;
  if (owner === 'bindings' && source !== undefined && match.home !== undefined) {
    if (match.home !== 'any') {
      claims.push({ kind: 'from-peer', home: match.home, careOf: source, entry });
    }
  }
  if (owner === 'home-agent' && at === 'arriving' && source !== undefined && match.innerSrc) {
    claims.push({ kind: 'from-tunnel', home: match.innerSrc, careOf: source, entry });
  }
  for (const action of actions) {
    if (destination === undefined) continue;
    if ('push' in action && owner === 'home-agent') {
      // Messages to the care-of address go inside UDP: their routing header says whose it is.
      const routed = match.routing2 === 'any' ? undefined : match.routing2;
      claims.push({ kind: 'to-home', home: routed ?? destination, careOf: action.dst, entry });
    }
    if ('insert' in action && action.insert === 'routing-2') {
      const kind = source === undefined ? 'to-peer' : 'own-peer';
      claims.push({ kind, home: destination, careOf: action.careOf, entry });
    }
  }
  return claims;
}
