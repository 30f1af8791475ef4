/** What a TCP segment says of its connection as a whole. */
import { PROTOCOL, TCP_FLAG } from '../../wire/numbers.ts';
import type { PacketView } from './packet-view.ts';

/** Where the flags of a TCP header stand. Source: RFC 9293 section 3.1. */
const FLAGS_AT = 13;
const { FIN, SYN, RST, ACK } = TCP_FLAG;

/** A segment that begins or ends a connection, or one half of it. */
export interface ConnectionSegment {
  readonly sport: number;
  readonly dport: number;
  readonly does: 'begin' | 'close' | 'reset';
}

/** Undefined: it is none of those, or its header is not there. */
export function connectionSegment(packet: PacketView): ConnectionSegment | undefined {
  const { octets, protocol, walk, sport, dport } = packet;
  if (protocol !== PROTOCOL.tcp || walk === undefined) return undefined;
  if (sport === undefined || dport === undefined) return undefined;
  const flags = octets[walk.upperAt + FLAGS_AT] ?? 0;
  if ((flags & RST) !== 0) return { sport, dport, does: 'reset' };
  if ((flags & FIN) !== 0) return { sport, dport, does: 'close' };
  return (flags & (SYN | ACK)) === SYN ? { sport, dport, does: 'begin' } : undefined;
}
