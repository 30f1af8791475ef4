/**
 * TCP connections on their way from one node to another: what the two ends agreed on, how far the streams
 * are, and what is not acknowledged yet. The format is the simulator's own, between its kernels.
 *
 * Source: RFC 9293 section 3.3.1 for what a connection's state is.
 */
import {
  type ClientConnections,
  type ConnectionForm,
  parseConnections,
  serialiseConnections,
} from '../../../core/service/moving/client-connections.ts';

/** What the two ends of a connection agreed on. */
export interface Agreed {
  readonly initial: number;
  readonly peerInitial: number;
  readonly peerScale: number;
  readonly peerSegment: number;
  readonly scaled: boolean;
  readonly selective: boolean;
}

/** A connection that stands, with nothing behind a gap and neither end closed. */
export interface MovedConnection extends Agreed {
  readonly localPort: number;
  readonly remotePort: number;
  /** Octets of our stream that are acknowledged, and of the other one's that have come. */
  readonly acknowledged: number;
  readonly received: number;
  /** What the other end takes at once, in octets. */
  readonly window: number;
  readonly unacknowledged: Uint8Array;
}

/** All connections between two addresses. */
export type MovedConnections = ClientConnections<MovedConnection>;

const FORM: ConnectionForm<MovedConnection> = {
  fixed: 40,
  lengthAt: 36,
  rest: ({ unacknowledged }) => unacknowledged,
  write(one, view) {
    view.setUint16(0, one.localPort);
    view.setUint16(2, one.remotePort);
    view.setUint32(4, one.initial);
    view.setUint32(8, one.peerInitial);
    view.setUint8(12, one.peerScale);
    view.setUint8(13, (one.scaled ? 1 : 0) + (one.selective ? 2 : 0));
    view.setUint16(14, one.peerSegment);
    view.setFloat64(16, one.acknowledged);
    view.setFloat64(24, one.received);
    view.setUint32(32, one.window);
  },
  read(view, unacknowledged) {
    const [acknowledged, received] = [view.getFloat64(16), view.getFloat64(24)];
    const counts = [acknowledged, received].every((one) => Number.isSafeInteger(one) && one >= 0);
    if (!counts) return undefined;
    return {
      localPort: view.getUint16(0),
      remotePort: view.getUint16(2),
      initial: view.getUint32(4),
      peerInitial: view.getUint32(8),
      peerScale: Math.min(view.getUint8(12), 14),
      scaled: (view.getUint8(13) & 1) !== 0,
      selective: (view.getUint8(13) & 2) !== 0,
      peerSegment: Math.max(view.getUint16(14), 1),
      ...{ acknowledged, received, window: view.getUint32(32), unacknowledged },
    };
  },
};

/** As octets. */
export const serialiseMoved = (moved: MovedConnections): Uint8Array =>
  serialiseConnections(FORM, moved);

/** What the octets stand for; undefined where they are none of ours. */
export const parseMoved = (octets: Uint8Array): MovedConnections | undefined =>
  parseConnections(FORM, octets);
