/** Cases of IPv4 packets: which entries are for them, and what is not a packet at all. */

import { PROTOCOL } from '../../wire/numbers.ts';
import {
  entry,
  IPV4_PARTY,
  type Ipv4Fields,
  ipv4,
  ipv6,
  octetsOf,
  PARTY,
  raw,
  tcp,
  udp,
} from './case-packets.ts';
import type { ForwardingCase } from './cases.ts';
import type { Match } from './entry.ts';

const { client, service, server } = IPV4_PARTY;
const { home, peer, careOf } = PARTY;
const ends = { src: client, dst: service };
const query = ipv4(ends, udp(client, service));
const all = { address: '\0\0\0\0' as typeof client, length: 0 };

const drops = (id: string, match: Match, priority = 0) =>
  entry(id, 'leaving', match, [{ drop: 'policy' }], { priority });

/** Which of several entries takes a packet; undefined: none. */
function taken(
  name: string,
  matches: Readonly<Record<string, Match>>,
  by: string | undefined,
  packet = query,
): ForwardingCase {
  return {
    name: `IPv4: ${name}`,
    entries: Object.entries(matches).map(([id, match]) => drops(id, match)),
    hook: 'leaving',
    packet,
    expect:
      by === undefined ? { kind: 'unmatched' } : { kind: 'drop', reason: 'policy', entry: by },
  };
}

const toService = { dst: { address: service } };
const lateFragment = ipv4(
  { ...ends, fragment: { offset: 9, more: false } },
  udp(client, service, 5000),
);
const firstFragment = ipv4(
  { ...ends, fragment: { offset: 0, more: true } },
  udp(client, service, 5000),
);

const choosing: ForwardingCase[] = [
  taken('an entry that names no address is for IPv6 packets', { any: {} }, undefined),
  taken('nor is one for the rest', { rest: { rest: true } }, undefined),
  taken('nor one that asks for a protocol', { any: { protocol: 17 } }, undefined),
  taken('a prefix of no bits is for all of them', { all: { dst: all } }, 'all'),
  taken(
    'and for no IPv6 packet',
    { all: { dst: all }, source: { src: all } },
    undefined,
    ipv6({ src: peer, dst: home }, udp(peer, home)),
  ),
  taken('a whole address', { one: toService }, 'one'),
  taken('another address', { one: { dst: { address: server } } }, undefined),
  taken(
    'the longer prefix',
    {
      net: { dst: { address: service, length: 24 } },
      odd: { dst: { address: service, length: 27 } },
      all: { dst: all },
    },
    'odd',
  ),
  taken(
    'source and destination before the destination alone',
    { dst: toService, both: { ...toService, src: { address: client } } },
    'both',
  ),
  taken('ports', { port: { ...toService, protocol: 17, dport: 53 }, any: toService }, 'port'),
  taken('another port', { port: { ...toService, protocol: 17, dport: 54 } }, undefined),
  taken('a flow label, which is zero', { none: { ...toService, flowLabel: 0 } }, 'none'),
  taken('ports of a first fragment', { port: { ...toService, dport: 53 } }, 'port', firstFragment),
  taken(
    'a later fragment has no ports',
    { port: { ...toService, dport: 53 }, any: { ...toService, protocol: 17 } },
    'any',
    lateFragment,
  ),
  taken(
    'ports behind options',
    { port: { ...toService, dport: 53 } },
    'port',
    ipv4({ ...ends, options: [1, 1, 1, 7, 4, 4, 0, 0] }, udp(client, service)),
  ),
  taken(
    'the number of the Mobility Header, which IPv4 does not have',
    { one: toService },
    'one',
    ipv4(ends, raw(PROTOCOL.mobility, 59, 0, 1, 0, 0, 0, 0, 0)),
  ),
  {
    ...taken('a destination that is ours', { ours: { ...toService, local: true } }, 'ours'),
    ours: [service],
  },
  {
    ...taken('one that is not', { ours: { ...toService, local: true } }, undefined),
    ours: [server],
  },
  taken(
    'options that overrun their header leave but the addresses',
    { port: { ...toService, dport: 53 }, one: toService },
    'one',
    ipv4({ ...ends, options: [7, 9, 4, 0] }, udp(client, service)),
  ),
  taken(
    'an option of no length too',
    { port: { ...toService, dport: 53 }, one: toService },
    'one',
    ipv4({ ...ends, options: [7, 0, 4, 0] }, udp(client, service)),
  ),
];

const malformed = { kind: 'drop', reason: 'malformed' } as const;

/** A packet that is none: nobody's entry sees it. */
const broken = (name: string, packet: Uint8Array): ForwardingCase => ({
  name: `IPv4: ${name}`,
  entries: [drops('one', toService)],
  hook: 'leaving',
  packet,
  expect: malformed,
});
const wrong = (fields: Partial<Ipv4Fields>) => ipv4({ ...ends, ...fields }, udp(client, service));

const strange: ForwardingCase[] = [
  broken('half a header', query.slice(0, 19)),
  broken('a header that says it is shorter than any', wrong({ headerLength: 4 })),
  broken('a header longer than the packet', ipv4({ ...ends, headerLength: 6 }, raw(17))),
  broken('a Total Length that does not cover the header', wrong({ totalLength: 19 })),
  broken('shorter than its Total Length says', wrong({ totalLength: 33 })),
  broken('a wrong Header Checksum', wrong({ headerChecksum: 0x1234 })),
  broken('a Header Checksum of no other than zero', wrong({ headerChecksum: 0 })),
  {
    name: 'IPv4: a header of IPv6 cannot be inserted',
    entries: [
      entry('home', 'leaving', toService, [{ insert: 'home-address', careOf }]),
      entry('routing', 'leaving', { dst: { address: server } }, [{ insert: 'routing-2', careOf }]),
    ],
    hook: 'leaving',
    packet: query,
    expect: { kind: 'drop', reason: 'not-ipv6', entry: 'home' },
  },
  {
    name: 'IPv4: nor taken off',
    entries: [entry('home', 'arriving', toService, [{ apply: 'home-address' }])],
    hook: 'arriving',
    packet: query,
    expect: { kind: 'drop', reason: 'missing-header', entry: 'home' },
  },
];

const tells = entry('tells', 'leaving', toService, [{ notify: 'connection' }]);
const said = { entry: 'tells', src: client, dst: service };

/** What is told of a TCP segment with these flags. */
const told = (name: string, flags: number, does?: 'begin' | 'close'): ForwardingCase => {
  const packet = ipv4(ends, tcp(client, service, flags));
  const connection = does && { sport: 40_000, dport: 80, does };
  return {
    name: `IPv4: notify of connections: ${name}`,
    entries: [tells],
    hook: 'leaving',
    packet,
    expect: {
      kind: 'continue',
      octets: packet,
      entry: 'tells',
      ...(connection && { notices: [{ ...said, reason: 'connection', connection }] }),
    },
  };
};

const peerTold = entry('told', 'leaving', toService, [{ notify: 'session-to-peer' }]);
/** A Destination Unreachable that quotes a packet of the service. */
const error = ipv4(
  ends,
  raw(1, 3, 3, 0, 0, 0, 0, 0, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, ...octetsOf(service)),
);
const echo = ipv4(ends, raw(1, 8, 0, 0xf7, 0xff, 0, 0, 0, 0));

const notices: ForwardingCase[] = [
  told('the first segment', 0x02, 'begin'),
  told('the last one', 0x11, 'close'),
  told('those between', 0x10),
  {
    name: 'IPv4: nothing is told of an error',
    entries: [peerTold],
    hook: 'leaving',
    packet: error,
    expect: { kind: 'continue', octets: error, entry: 'told' },
  },
  {
    name: 'IPv4: but of an echo',
    entries: [peerTold],
    hook: 'leaving',
    packet: echo,
    expect: {
      kind: 'continue',
      octets: echo,
      entry: 'told',
      notices: [{ ...said, entry: 'told', reason: 'session-to-peer' }],
    },
  },
];

export const IPV4_CASES: readonly ForwardingCase[] = [...choosing, ...strange, ...notices];
