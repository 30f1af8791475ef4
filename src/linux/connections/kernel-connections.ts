/** The TCP connections of this host's kernel, as it lists them. Source: proc_net(5); <net/tcp_states.h>. */
import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { type Address, fromMapped, isIpv4 } from '../../wire/address.ts';

/** Ports at both ends. */
export type Ports = readonly [local: number, remote: number];

const TIME_WAIT = 6;
const LISTEN = 10;

/** Those between two addresses that can still carry something, in the namespace of this process. */
export const kernelConnections = (local: Address, remote: Address): Ports[] =>
  // A server of both families has its IPv4 connections in the list of IPv6.
  (isIpv4(local) ? ['tcp6', 'tcp'] : ['tcp6']).flatMap((list) =>
    connectionsIn(readFileSync(`/proc/self/net/${list}`, 'latin1'), local, remote),
  );

/** The lines of /proc/net/tcp6, or of /proc/net/tcp, that are between two addresses. */
export function connectionsIn(text: string, local: Address, remote: Address): Ports[] {
  return text.split('\n').flatMap((line) => {
    const [, one = '', other = '', state = ''] = line.trim().split(/\s+/);
    const [from, to] = [endIn(one), endIn(other)];
    if (from?.address !== local || to?.address !== remote) return [];
    const number = Number.parseInt(state, 16);
    return number === TIME_WAIT || number === LISTEN ? [] : [[from.port, to.port] as const];
  });
}

/** One word or four in the machine's own order, a colon, and the port. */
function endIn(text: string): { readonly address: Address; readonly port: number } | undefined {
  const [, digits, port] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const octets = Buffer.from(digits, 'hex');
  if (endianness() === 'LE') octets.swap32();
  const address = fromMapped(octets.toString('latin1') as Address);
  return { address, port: Number.parseInt(port!, 16) };
}
