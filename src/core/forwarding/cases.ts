import type { Address } from '../../wire/address.ts';
import type { Instant } from '../time.ts';
import { CHOOSING_CASES } from './cases-choosing.ts';
import { DECAPSULATION_CASES } from './cases-decapsulation.ts';
import { IPV4_CASES } from './cases-ipv4.ts';
import { IPV4_TUNNEL_CASES } from './cases-ipv4-tunnel.ts';
import { NOTICE_CASES } from './cases-notice.ts';
import { PROTOCOL_CASES } from './cases-protocols.ts';
import { REWRITING_CASES } from './cases-rewriting.ts';
import { TUNNEL_CASES } from './cases-tunnel.ts';
import { UDP_CASES } from './cases-udp.ts';
import type { ForwardingEntry, Hook } from './entry.ts';
import type { Notice, Outcome, Tunnel } from './execute.ts';

/**
 * One packet that meets a table, and what must become of it, octet for octet. Every data plane runs
 * the whole suite: what one of them does otherwise is a defect of that data plane.
 */
export interface ForwardingCase {
  readonly name: string;
  readonly entries: readonly ForwardingEntry[];
  readonly hook: Hook;
  readonly now?: Instant;
  readonly packet: Uint8Array;
  /** The node's own addresses; absent: it has all that occur. */
  readonly ours?: readonly Address[];
  readonly expect: Expected;
}

/** An outcome as plain data: entries by their ids, absent where there is nothing. */
export interface Expected {
  readonly kind: Outcome['kind'];
  readonly octets?: Uint8Array;
  readonly reason?: string;
  readonly entry?: string;
  readonly tunnel?: Tunnel;
  readonly notices?: readonly Notice[];
}

/** The whole suite. */
export function forwardingCases(): readonly ForwardingCase[] {
  return [
    ...TUNNEL_CASES,
    ...UDP_CASES,
    ...DECAPSULATION_CASES,
    ...REWRITING_CASES,
    ...CHOOSING_CASES,
    ...NOTICE_CASES,
    ...PROTOCOL_CASES,
    ...IPV4_CASES,
    ...IPV4_TUNNEL_CASES,
  ];
}

/** What a data plane said, in the form that cases state it in. */
export function asExpected(outcome: Outcome): Expected {
  if (outcome.kind === 'unmatched') return { kind: 'unmatched' };
  return {
    kind: outcome.kind,
    ...('octets' in outcome && { octets: outcome.octets }),
    ...('reason' in outcome && { reason: outcome.reason }),
    ...(outcome.entry && { entry: outcome.entry.id }),
    ...('tunnel' in outcome && { tunnel: outcome.tunnel }),
    ...(outcome.notices.length > 0 && { notices: outcome.notices }),
  };
}
