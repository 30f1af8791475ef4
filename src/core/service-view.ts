/** What a node of a service address says of its servers and clients, to an operator who asks. */
import type { Address } from '../wire/address.ts';
import type { FindAgents } from './config.ts';
import type { CheckResult } from './service-check.ts';
import type { Asking } from './signalling/heartbeats.ts';
import type { Instant } from './time.ts';

/** A server that has registered with this node. */
export interface ServerView {
  readonly address: Address;
  /** Clients that it has, as far as this node knows. */
  readonly clients: number;
  /** What it says: sessions that it has, and can bear beside what others can. 0: it is being drained. */
  readonly sessions: number | undefined;
  readonly capacity: number;
  /** It does not answer just now. */
  readonly suspected: boolean;
  /** It answers from the IPv4 address too. */
  readonly ipv4: boolean;
  /** How this node asks it whether it is there; undefined: it does not. */
  readonly asking?: Asking | undefined;
  /** Of its program; undefined: nobody asks it, or not yet. */
  readonly check?: CheckView | undefined;
}

/** What checks of a server's program say. */
export interface CheckView {
  readonly result: CheckResult;
  /** Since when it is so. */
  readonly since: Instant;
  /** Checks that failed in a row. */
  readonly failures: number;
  /** It has no clients any more for that. */
  readonly left: boolean;
}

/** The agents of a server. */
export interface AgentsView {
  /** Undefined: the operator names them. */
  readonly found: FindAgents | undefined;
  readonly known: readonly Address[];
}

/** A server that goes away, or has gone. */
export interface DrainView {
  /** Clients that cannot go elsewhere are waited for until then. */
  readonly until: Instant;
  /** Nobody is waited for any more. */
  readonly over: boolean;
  /** Clients on their way to other servers. */
  readonly moving: number;
  /** Clients that are here; once it is over those that could not go elsewhere. */
  readonly left: readonly Address[];
}

export interface ServiceView {
  readonly service: Address;
  /** The IPv4 address beside it. */
  readonly service4: Address | undefined;
  /** Where this node is met itself. */
  readonly address: Address;
  /** What comes for the address comes here, and a new client gets a server. */
  readonly holds: boolean;
  readonly servers: readonly ServerView[];
  /** Clients that are remembered with their servers. */
  readonly clients: number;
  /** Of a server: the agents that count, and how it came to know of them. */
  readonly agents?: AgentsView;
  /** Of a server: clients that it has itself. */
  readonly own?: number;
  /** Of a server: the operator wants it to go away. */
  readonly drain?: DrainView;
  /** Where a client's server is; undefined where that is not remembered. */
  serverOf(client: Address): Address | undefined;
}
