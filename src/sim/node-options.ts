/** What a node of the simulation is made of. */
import type { CareofEvent } from '../core/events.ts';
import type { Environment, Resolved, ResolveQuestion, Role } from '../core/role.ts';
import type { SharedStore } from '../core/shared-store.ts';
import type { Instant } from '../core/time.ts';
import type { IngressFilter } from './kernel/ingress-filter.ts';
import type { Kernel } from './kernel/kernel.ts';
import type { NatOptions } from './kernel/nat.ts';
import type { SimNode } from './node.ts';
import type { Simulation } from './simulation.ts';

/** What every node of a run shares of its environment; the rest comes from the simulation. */
export type SharedEnvironment = Pick<Environment, 'crypto' | 'epoch' | 'without' | 'constants'>;

export interface SimNodeOptions {
  readonly simulation: Simulation;
  readonly name: string;
  /** Forwards packets of others: a router. */
  readonly forwarding?: boolean;
  /** Translates addresses of what it forwards to some links. */
  readonly nat?: NatOptions;
  /** Lets through what customers send from its addresses alone. */
  readonly ingress?: IngressFilter;
  /** Makes the control side, anew after each crash; absent, the node is a plain host or router. */
  readonly role?: (environment: Environment) => Role;
  /** Needed where there is a role. */
  readonly environment?: SharedEnvironment;
  /** Addresses and routes that the node always has: called at the start and after each restart. */
  readonly configure?: (kernel: Kernel, node: SimNode) => void;
  readonly onEvent?: (event: CareofEvent, now: Instant, node: SimNode) => void;
  /** What it shares with other nodes; absent, nobody is told anything. */
  readonly shared?: SharedStore;
  /** Asks the Domain Name System; absent, nobody knows anything. */
  readonly resolve?: (
    kernel: Kernel,
    question: ResolveQuestion,
    done: (found: Resolved) => void,
  ) => void;
}
