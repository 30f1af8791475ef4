/**
 * All connections between a client and an address of ours, as octets on their way to another node:
 *
 *     our address, 16 octets; the client's, 16 (both mapped if of IPv4); then each connection: fixed octets, and a rest whose
 *     length stands among them in 32 bits
 *
 * What the octets of a connection say is its kernel's business.
 */
import {
  type Address,
  addressOctets,
  fromMapped,
  readAddress,
  toMapped,
} from '../../../wire/address.ts';

export interface ClientConnections<T> {
  readonly local: Address;
  readonly remote: Address;
  readonly connections: readonly T[];
}

/** How one connection stands there. */
export interface ConnectionForm<T> {
  /** How many octets are fixed, and where among them the length of the rest stands. */
  readonly fixed: number;
  readonly lengthAt: number;
  rest(one: T): Uint8Array;
  /** Writes the fixed octets but the length. */
  write(one: T, view: DataView): void;
  /** The rest is a copy. undefined: there is no such connection. */
  read(view: DataView, rest: Uint8Array): T | undefined;
}

const ENDS = 32;

export function serialiseConnections<T>(
  form: ConnectionForm<T>,
  { local, remote, connections }: ClientConnections<T>,
): Uint8Array {
  const { fixed, lengthAt } = form;
  const size = connections.reduce((sum, one) => sum + fixed + form.rest(one).length, ENDS);
  const octets = new Uint8Array(size);
  octets.set(addressOctets(toMapped(local)));
  octets.set(addressOctets(toMapped(remote)), 16);
  let at = ENDS;
  for (const one of connections) {
    const rest = form.rest(one);
    const view = new DataView(octets.buffer, at, fixed);
    form.write(one, view);
    view.setUint32(lengthAt, rest.length);
    octets.set(rest, at + fixed);
    at += fixed + rest.length;
  }
  return octets;
}

/** What the octets stand for; undefined where they are none of ours. */
export function parseConnections<T>(
  form: ConnectionForm<T>,
  octets: Uint8Array,
): ClientConnections<T> | undefined {
  const { fixed, lengthAt } = form;
  if (octets.length < ENDS) return undefined;
  const connections: T[] = [];
  for (let at = ENDS; at < octets.length; ) {
    if (at + fixed > octets.length) return undefined;
    const view = new DataView(octets.buffer, octets.byteOffset + at, fixed);
    const end = at + fixed + view.getUint32(lengthAt);
    if (end > octets.length) return undefined;
    const one = form.read(view, octets.slice(at + fixed, end));
    if (one === undefined) return undefined;
    connections.push(one);
    at = end;
  }
  const [local, remote] = [0, 16].map((at) => fromMapped(readAddress(octets, at)));
  return { local: local!, remote: remote!, connections };
}
