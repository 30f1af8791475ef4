/**
 * TCP connections on their way from one node to another: what the two ends agreed on, how far the streams
 * are, and what is not acknowledged yet. The format is the simulator's own, between its kernels.
 *
 * Source: RFC 9293 section 3.3.1 for what a connection's state is.
 */
import { type Address, addressOctets, readAddress } from '../../../wire/address.ts';

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
export interface MovedConnections {
  readonly local: Address;
  readonly remote: Address;
  readonly connections: readonly MovedConnection[];
}

const ENDS = 32;
const FIXED = 38;

/** As octets. */
export function serialiseMoved({ local, remote, connections }: MovedConnections): Uint8Array {
  const size = connections.reduce((sum, one) => sum + FIXED + one.unacknowledged.length, ENDS);
  const octets = new Uint8Array(size);
  octets.set(addressOctets(local));
  octets.set(addressOctets(remote), 16);
  let at = ENDS;
  for (const one of connections) {
    const view = new DataView(octets.buffer, at);
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
    view.setUint16(36, one.unacknowledged.length);
    octets.set(one.unacknowledged, at + FIXED);
    at += FIXED + one.unacknowledged.length;
  }
  return octets;
}

/** What the octets stand for; undefined where they are none of ours. */
export function parseMoved(octets: Uint8Array): MovedConnections | undefined {
  if (octets.length < ENDS) return undefined;
  const connections: MovedConnection[] = [];
  for (let at = ENDS; at < octets.length; ) {
    if (at + FIXED > octets.length) return undefined;
    const view = new DataView(octets.buffer, octets.byteOffset + at, FIXED);
    const end = at + FIXED + view.getUint16(36);
    const [acknowledged, received] = [view.getFloat64(16), view.getFloat64(24)];
    const counts = [acknowledged, received].every((one) => Number.isSafeInteger(one) && one >= 0);
    if (end > octets.length || !counts) return undefined;
    connections.push({
      localPort: view.getUint16(0),
      remotePort: view.getUint16(2),
      initial: view.getUint32(4),
      peerInitial: view.getUint32(8),
      peerScale: Math.min(view.getUint8(12), 14),
      scaled: (view.getUint8(13) & 1) !== 0,
      selective: (view.getUint8(13) & 2) !== 0,
      peerSegment: Math.max(view.getUint16(14), 1),
      ...{ acknowledged, received, window: view.getUint32(32) },
      unacknowledged: octets.slice(at + FIXED, end),
    });
    at = end;
  }
  return { local: readAddress(octets, 0), remote: readAddress(octets, 16), connections };
}
