import type { NetworkError } from '../../../core/icmp-messages.ts';
import type { TcpConnection } from './connection.ts';

/** Why a connection ended. */
export type CloseReason =
  | 'closed' // both ends have sent all that they had
  | 'refused' // the first segment was answered with RST
  | 'reset' // RST later on
  | 'unreachable' // an ICMPv6 error, or no route, before the connection stood
  | 'time-out' // no answer after all repeats
  | 'aborted'; // by this end

/** What the owner of a connection is told. */
export interface TcpHandlers {
  onConnect?(connection: TcpConnection): void;
  /** Octets in order; `offset` is that of the first of them in the stream. Copy what you keep. */
  onData?(octets: Uint8Array, offset: number, connection: TcpConnection): void;
  /** The other end sends nothing more. Absent: this end closes too. */
  onEnd?(connection: TcpConnection): void;
  onClose?(reason: CloseReason, connection: TcpConnection): void;
}

export interface TcpStatistics {
  /** Octets of the stream that the other end has acknowledged. */
  readonly acknowledged: number;
  /** Octets of the other end's stream that came in order. */
  readonly received: number;
  readonly segmentsSent: number;
  readonly segmentsRetransmitted: number;
  readonly roundTrip: number | undefined;
  readonly segmentSize: number;
  readonly congestionWindow: number;
  /** The last ICMPv6 error; it ends no connection that stands (RFC 5461). */
  readonly lastError: NetworkError | undefined;
}
