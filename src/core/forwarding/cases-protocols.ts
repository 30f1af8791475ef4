/**
 * Cases of upper layers that nobody here knows more of than their number: an agent's entry for a client, and those of a
 * bound client, name addresses alone, so that SCTP, DCCP, and what has no ports at all go the same way as TCP.
 */
import { entry, inside, ipv6, PARTY, type Part, raw, routing2 } from './case-packets.ts';
import type { ForwardingCase } from './cases.ts';

/** Who is served at `home`, and by whom: an agent, a server, a client. */
const { home: service, homeAgent: agent, careOf: server, peer: client } = PARTY;

const toServer = entry(
  'from-client',
  'leaving',
  { src: { address: client }, dst: { address: service } },
  [{ notify: 'connection' }, { push: 'ipv6', src: agent, dst: server }],
);
const toBound = entry('to-service', 'leaving', { dst: { address: service } }, [
  { insert: 'routing-2', careOf: server },
]);
const atServer = entry(
  'to-server',
  'arriving',
  { dst: { address: server }, src: { address: client }, routing2: service },
  [{ apply: 'routing-2' }],
);

/** From port 5000 to 53 where there are ports; what looks like flags of TCP stands where TCP has them. */
const BEGINNING = [0x13, 0x88, 0, 53, 0, 0, 0, 0, 1, 2, 3, 4, 1, 0xff, 0, 20, 9, 9, 9, 9];

const LAYERS: Readonly<Record<string, Part>> = {
  SCTP: raw(132, ...BEGINNING),
  DCCP: raw(33, ...BEGINNING),
  'UDP-Lite': raw(136, ...BEGINNING),
  // RFC 3692: for experiments.
  'a protocol without ports': raw(253, 1, 2, 3),
};

const casesOf = (name: string, layer: Part): ForwardingCase[] => {
  const packet = ipv6({ src: client, dst: service, flowLabel: 5 }, layer);
  const routed = ipv6({ src: client, dst: server, flowLabel: 5 }, routing2(service), layer);
  return [
    {
      name: `${name}: goes to the client's server in a tunnel, and begins no connection`,
      entries: [toServer],
      hook: 'leaving',
      packet,
      expect: {
        kind: 'continue',
        entry: 'from-client',
        octets: ipv6({ src: agent, dst: server, hopLimit: 64 }, inside(packet)),
      },
    },
    {
      name: `${name}: goes straight to the server that has bound its client`,
      entries: [toBound],
      hook: 'leaving',
      packet,
      expect: { kind: 'continue', entry: 'to-service', octets: routed },
    },
    {
      name: `${name}: is for the service address when it has come there`,
      entries: [atServer],
      hook: 'arriving',
      packet: routed,
      expect: { kind: 'continue', entry: 'to-server', octets: packet },
    },
  ];
};

export const PROTOCOL_CASES: readonly ForwardingCase[] = Object.entries(LAYERS).flatMap(
  ([name, layer]) => casesOf(name, layer),
);
