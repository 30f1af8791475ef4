/** What an agent dials with: names and sources as any program of this host has them from the system. */
import { lookup } from 'node:dns/promises';
import { connect, type Socket } from 'node:net';
import { type Address, formatAddress, parseAddress } from '../../../wire/address.ts';
import type { Attempt, DialHost, Pair } from '../../dialling.ts';
import { chosenSource } from './source-address.ts';

/** A connection that is being opened; what ends it is the name of an error. */
export interface SocketAttempt extends Attempt {
  readonly socket: Socket;
}

/** The addresses of a name, in the order of RFC 6724; none where nobody answers or knows it. */
export async function addressesOf(name: string): Promise<Address[]> {
  try {
    const found = await lookup(name, { all: true, family: 6, verbatim: true });
    return found.flatMap(({ address }) => parseAddress(address) ?? []);
  } catch {
    return [];
  }
}

export function dialHost(port: number): DialHost<SocketAttempt, string> {
  let timer: NodeJS.Timeout | undefined;
  return {
    pairs(destinations, found) {
      Promise.all(destinations.map((one) => pairTo(one, port))).then((all) => found(all.flat()));
    },
    connect({ destination }, told) {
      const host = formatAddress(destination);
      const socket = connect({ host, port, family: 6, noDelay: true });
      const attempt: SocketAttempt = {
        socket,
        abort() {
          socket.removeAllListeners('error').on('error', () => {});
          socket.destroy();
        },
      };
      const failed = (error: NodeJS.ErrnoException) =>
        told.failed(error.code ?? error.message, attempt);
      socket.once('error', failed).once('connect', () => {
        socket.off('error', failed);
        told.connected(attempt);
      });
      return attempt;
    },
    wake(delay, then) {
      clearTimeout(timer);
      timer = setTimeout(then, delay / 1000);
    },
    sleep: () => clearTimeout(timer),
  };
}

async function pairTo(destination: Address, port: number): Promise<Pair[]> {
  const text = await chosenSource(formatAddress(destination), port);
  const source = text === undefined ? undefined : parseAddress(text);
  return source === undefined ? [] : [{ destination, source }];
}
