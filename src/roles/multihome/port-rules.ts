/**
 * How a multihomed host learns that a session is about a port that the policy has a rule for: entries
 * that ask for that port tell of its first packet, of either direction. From then on the entry of the
 * pair of addresses carries it, so a session keeps the port that it began with: a peer holds one binding
 * for an address of ours, and what passes between the two goes one way.
 *
 * Source: seed multihome, figure 3.1 (steps 304 to 308).
 */
import type { ProviderPolicy } from '../../core/config.ts';
import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import { type Address, formatAddress } from '../../wire/address.ts';
import { PROTOCOL } from '../../wire/numbers.ts';

/** A packet between an address of ours and a peer. */
export interface Noticed {
  readonly own: Address;
  readonly peer: Address;
  readonly outbound: boolean;
  /** Where a rule is for it. */
  readonly port: number | undefined;
}

const TRANSPORTS = [PROTOCOL.tcp, PROTOCOL.udp];

/** Ports that a rule is for. */
export const portsOf = ({ rules }: ProviderPolicy): number[] => [
  ...new Set(rules.flatMap(({ port }) => port ?? [])),
];

/** To these ports of others, and to our own. */
export function portEntries(identity: Address, ports: readonly number[]): ForwardingEntry[] {
  const own = { address: identity };
  const name = formatAddress(identity);
  return ports.flatMap((dport) =>
    TRANSPORTS.flatMap((protocol): ForwardingEntry[] => [
      {
        id: `session/from/${name}/${protocol}/port/${dport}`,
        owner: 'multihomed-host',
        at: 'leaving',
        match: { src: own, protocol, dport },
        do: [{ notify: 'session-to-peer' }],
      },
      {
        id: `session/to/${name}/${protocol}/port/${dport}`,
        owner: 'multihomed-host',
        at: 'arriving',
        match: { dst: own, protocol, dport, rest: true },
        do: [{ notify: 'session-from-peer' }],
      },
    ]),
  );
}

/** The port that a notice is about; undefined where its entry asks for none. */
export function portOf(entryId: string): number | undefined {
  const port = /\/port\/(\d+)$/.exec(entryId)?.[1];
  return port === undefined ? undefined : Number(port);
}
