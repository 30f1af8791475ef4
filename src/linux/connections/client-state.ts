/**
 * All connections between a client and an address of this host, on their way to another host:
 *
 *     our port, 2 octets; the client's, 2; length, 4; what its program gave (`movable-server.ts`)
 */
import {
  type ClientConnections,
  type ConnectionForm,
  parseConnections,
  serialiseConnections,
} from '../../core/service/moving/client-connections.ts';

/** One connection; what the octets say is the program's business. */
export interface GivenConnection {
  readonly localPort: number;
  readonly remotePort: number;
  readonly octets: Uint8Array;
}

export type ClientState = ClientConnections<GivenConnection>;

const FORM: ConnectionForm<GivenConnection> = {
  fixed: 8,
  lengthAt: 4,
  rest: ({ octets }) => octets,
  write({ localPort, remotePort }, view) {
    view.setUint16(0, localPort);
    view.setUint16(2, remotePort);
  },
  read: (view, octets) => ({
    localPort: view.getUint16(0),
    remotePort: view.getUint16(2),
    octets,
  }),
};

export const serialiseClient = (state: ClientState): Uint8Array =>
  serialiseConnections(FORM, state);

/** What the octets stand for; undefined where they are none of ours. */
export const parseClient = (octets: Uint8Array): ClientState | undefined =>
  parseConnections(FORM, octets);
