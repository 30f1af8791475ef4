import type { Address } from '../../../wire/address.ts';
import type { MobilityOptionInput } from '../../../wire/packet.ts';
import type { Received } from '../../part.ts';
import type { Output } from '../../role.ts';
import type { Instant } from '../../time.ts';

/** Agents that a server has found and keeps in mind, however many there are. */
export const MAX_FOUND_AGENTS = 8;

/** What a server says to its agents, and needs to know for it. */
export interface AgentJoinsOptions {
  /** Where it is met at the start. */
  readonly careOf: Address;
  /** Options of each update. */
  told(): readonly MobilityOptionInput[];
  /** An agent says that our program does not answer. */
  onFailure(): Output[];
  /** Clients that are served here: an agent that is joined later is told of them. */
  clients(): readonly Address[];
  /** The link that an address of this node stands on. */
  linkOf(address: Address): string | undefined;
}

/**
 * A server's registrations with its agents, in whatever way it knows of them: told by the operator, or found by
 * routes, by a multicast group, or by dynamic home agent address discovery.
 */
export interface AgentJoins {
  /** Agents that count: what comes through their tunnels is taken. Nobody is among them by saying so alone. */
  readonly agents: readonly Address[];
  /** The one whose silence has the server join another; undefined while there is none. */
  readonly agent: Address | undefined;
  /** Is there another to be joined, or to be found? */
  readonly hasNext: boolean;
  deadline(): Instant | undefined;
  tick(now: Instant): Output[];
  /** Registers (again), or begins to look; the agents are told that these clients, too, are here. */
  renew(now: Instant, clients?: readonly Address[]): Output[];
  /** The server is met at another address. */
  moveTo(careOf: Address, now: Instant): Output[];
  /** Takes the registrations back, and looks for nobody. */
  leave(now: Instant): Output[];
  /** `agent` is silent. */
  next(now: Instant): Output[];
  /** Undefined: the message is about something else. */
  received(received: Received, now: Instant): Output[] | undefined;
}
