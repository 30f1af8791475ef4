/**
 * What the lab and its agents say to each other: one JSON object a line, orders on the agent's
 * standard input, reports on its standard output. Times are microseconds of network time.
 */

import type { Stretch } from '../stretches.ts';

/** One end of a flow. Addresses are text. */
export type AgentFlow = {
  readonly flow: string;
  readonly port: number;
  /** Over IPv4; over IPv6 alone if absent. */
  readonly ipv4?: boolean;
} & (
  | {
      readonly do: 'receive';
      readonly protocol: 'tcp' | 'udp';
      /** Another server may receive the rest of a stream. */
      readonly movable?: boolean;
    }
  /** Answers who asks whether it is there. */
  | { readonly do: 'answer'; readonly protocol: 'tcp' }
  | ProgramFlow
  | ({ readonly do: 'send'; readonly to: string; readonly from: AgentSource } & (
      | {
          readonly protocol: 'tcp';
          readonly start: number;
          readonly size: number;
          /** The whole is written bit by bit in this time; at once if absent. */
          readonly over?: number;
          /** Asked for instead of `to`; its addresses are tried one after the other. */
          readonly name?: string;
        }
      | {
          readonly protocol: 'udp';
          readonly start: number;
          readonly stop: number;
          /** Datagrams a second. */
          readonly rate: number;
          readonly payload: number;
          /** They begin as those of a QUIC session do. */
          readonly quic?: boolean;
        }
    ))
);

/** An end of a flow that another program is. */
export interface ProgramFlow {
  readonly flow: string;
  readonly port: number;
  readonly ipv4?: boolean;
  readonly do: 'serve' | 'fetch' | 'take' | 'give';
  readonly protocol: 'tcp';
  readonly start: number;
  readonly size: number;
  readonly over?: number;
  /** Multipath TCP instead of TCP (RFC 8684), for what is taken or given. */
  readonly multipath?: boolean;
  /** The other end, where this one connects. */
  readonly to: string;
  readonly from: AgentSource;
}

export type SendingFlow<Protocol extends 'tcp' | 'udp'> = Extract<
  AgentFlow,
  { do: 'send'; protocol: Protocol }
>;

/**
 * What a sender's packets come from: the node's identity where it is a mobile one's; else what the kernel
 * chooses at the start, as for every connected socket.
 */
export interface AgentSource {
  readonly home?: string;
}

export type AgentOrder =
  /** What this agent sends and receives; answered with `ready` when all sockets listen. */
  | {
      readonly flows: readonly AgentFlow[];
      /** For what programs need on disk. */
      readonly folder: string;
    }
  /** Instant 0, microseconds of CLOCK_BOOTTIME. Sending begins. */
  | { readonly origin: number }
  /** What it answers checks by HTTP with from now on. */
  | { readonly status: number };

/** A number of octets or of a datagram, and when. */
export type Stamped = readonly [what: number, at: number];

export type AgentReport =
  | { readonly ready: true }
  | {
      readonly flow: string;
      /** Octets handed to the socket, or datagrams by their numbers. */
      readonly sent?: readonly Stamped[];
      readonly received?: readonly Stamped[];
      /** The address that datagrams are sent from. */
      readonly source?: string;
      /** Datagrams received by the address that they came from. */
      readonly sources?: Readonly<Record<string, number>>;
      /** All is handed to the socket, or all was read: the digest of it. */
      readonly sentAll?: string;
      readonly receivedAll?: string;
      /** A part of a stream that more than one server may have received. */
      readonly stretch?: Stretch;
      /** The name of the error that ended the flow, such as ECONNRESET. */
      readonly failed?: string;
    };

export type FlowReport = Exclude<AgentReport, { ready: true }>;
