/** Cases of tunnels with IPv4 inside, outside, or both: push, pop, congestion, UDP. */
import {
  datagram,
  entry,
  IPV4_PARTY,
  inside,
  ipv4,
  ipv4Inside,
  ipv6,
  PARTY,
  type Part,
  raw,
  udp,
} from './case-packets.ts';
import type { ForwardingCase } from './cases.ts';
import type { Action, Match } from './entry.ts';

const { client, service, agent, server } = IPV4_PARTY;
const { home, homeAgent, careOf, peer } = PARTY;
const ends = { src: client, dst: service };
const query = ipv4(ends, udp(client, service));
const plain = ipv6({ src: peer, dst: home, flowLabel: 7 }, udp(peer, home));

/** A tunnel over IPv6, and one over IPv4. */
const six = { src: homeAgent, dst: careOf };
const four = { src: agent, dst: server };
const PORT = 4191;
const ports = { sport: PORT, dport: 61_000 };

const pushed = (
  name: string,
  push: Action,
  packet: Uint8Array,
  outcome: Uint8Array | 'too-long' | 'too-deep',
): ForwardingCase => ({
  name: `IPv4: push: ${name}`,
  entries: [
    entry('four', 'leaving', { dst: { address: service } }, [push]),
    entry('six', 'leaving', { dst: { address: home } }, [push]),
  ],
  hook: 'leaving',
  packet,
  expect: {
    ...(typeof outcome === 'string'
      ? { kind: 'drop', reason: outcome }
      : { kind: 'continue', octets: outcome }),
    entry: packet[0]! >> 4 === 4 ? 'four' : 'six',
  },
});

const overSix: Action = { push: 'ipv6', ...six };
const overFour: Action = { push: 'ipv4', ...four };
const hops = { hopLimit: 64 };
const lives = { timeToLive: 64 };
/** An IPv4 packet of so many octets. */
const long = (octets: number) => ipv4(ends, raw(17, ...new Array<number>(octets - 20).fill(1)));
const nested = (depth: number): Uint8Array =>
  depth === 0 ? query : ipv4(ends, ipv4Inside(nested(depth - 1)));

const push: ForwardingCase[] = [
  pushed('into IPv6', overSix, query, ipv6({ ...six, ...hops }, ipv4Inside(query))),
  pushed('into IPv4', overFour, query, ipv4({ ...four, ...lives }, ipv4Inside(query))),
  pushed('IPv6 into IPv4', overFour, plain, ipv4({ ...four, ...lives }, inside(plain))),
  pushed(
    'what a link put behind the packet stays out of the tunnel',
    overSix,
    Uint8Array.from([...query, 0, 0, 0, 0, 0, 0]),
    ipv6({ ...six, ...hops }, ipv4Inside(query)),
  ),
  ...[0xb8, 0x02, 0x01, 0x2b].flatMap((typeOfService) => {
    const marked = ipv4({ ...ends, typeOfService }, udp(client, service));
    const outer = { ...six, ...hops, trafficClass: typeOfService };
    const six6 = ipv6({ src: peer, dst: home, trafficClass: typeOfService }, udp(peer, home));
    return [
      pushed(
        `Type of Service ${typeOfService} stands in the Traffic Class`,
        overSix,
        marked,
        ipv6(outer, ipv4Inside(marked)),
      ),
      pushed(
        `Traffic Class ${typeOfService} in the Type of Service`,
        overFour,
        six6,
        ipv4({ ...four, ...lives, typeOfService }, inside(six6)),
      ),
    ];
  }),
  pushed(
    'into UDP between IPv6 addresses',
    { push: 'udp', ...six, ...ports },
    query,
    ipv6({ ...six, ...hops }, datagram({ ...six, ...ports }, query)),
  ),
  pushed(
    'into UDP between IPv4 addresses',
    { push: 'udp', ...four, ...ports },
    query,
    ipv4({ ...four, ...lives }, datagram({ ...four, ...ports }, query)),
  ),
  pushed(
    'IPv6 into UDP between IPv4 addresses',
    { push: 'udp', ...four, ...ports },
    plain,
    ipv4({ ...four, ...lives }, datagram({ ...four, ...ports }, plain)),
  ),
  pushed(
    'the longest packet that fits into IPv6',
    overSix,
    long(0xffff),
    ipv6({ ...six, ...hops }, ipv4Inside(long(0xffff))),
  ),
  pushed(
    'the longest packet that fits into IPv4',
    overFour,
    long(0xffff - 20),
    ipv4({ ...four, ...lives }, ipv4Inside(long(0xffff - 20))),
  ),
  pushed('one octet more', overFour, long(0xffff - 19), 'too-long'),
  pushed('too long for UDP', { push: 'udp', ...six, ...ports }, long(0xffff - 7), 'too-long'),
  pushed(
    'what is in three tunnels goes into a fourth',
    overSix,
    nested(3),
    ipv6({ ...six, ...hops }, ipv4Inside(nested(3))),
  ),
  pushed('what is in four tunnels goes into no fifth', overSix, nested(4), 'too-deep'),
];

const popIpv6 = entry('pop', 'arriving', { dst: { address: careOf } }, [{ pop: 'ipv6' }]);
const popIpv4 = entry('pop', 'arriving', { dst: { address: server } }, [{ pop: 'ipv4' }]);

const popped = (
  name: string,
  packet: Uint8Array,
  outcome: Uint8Array | string,
  entries = [popIpv6, popIpv4],
): ForwardingCase => ({
  name: `IPv4: pop: ${name}`,
  entries: entries.map((one, i) => ({ ...one, id: `pop${i}` })),
  hook: 'arriving',
  packet,
  expect:
    typeof outcome === 'string'
      ? { kind: 'drop', reason: outcome, entry: packet[0]! >> 4 === 4 ? 'pop1' : 'pop0' }
      : {
          kind: 'continue',
          octets: outcome,
          entry: packet[0]! >> 4 === 4 ? 'pop1' : 'pop0',
          tunnel: packet[0]! >> 4 === 4 ? four : six,
        },
});

const fromClient: Match = { dst: { address: careOf }, protocol: 4, innerSrc: client };

const pop: ForwardingCase[] = [
  popped('out of IPv6', ipv6(six, ipv4Inside(query)), query),
  popped('out of IPv4', ipv4(four, ipv4Inside(query)), query),
  popped('IPv6 out of IPv4', ipv4(four, inside(plain)), plain),
  popped(
    'out of a header with options',
    ipv4({ ...four, options: [1, 1, 1, 0] }, ipv4Inside(query)),
    query,
  ),
  popped('protocol 4 with IPv6 in it', ipv6(six, ipv4Inside(plain)), 'malformed'),
  popped('protocol 41 with IPv4 in it', ipv4(four, inside(query)), 'malformed'),
  popped('nothing in it', ipv6(six, ipv4Inside(new Uint8Array(0))), 'malformed'),
  popped('half a header in it', ipv6(six, ipv4Inside(query.slice(0, 19))), 'malformed'),
  popped('a packet that is cut short', ipv6(six, ipv4Inside(query.slice(0, -1))), 'malformed'),
  popped(
    'a wrong Header Checksum inside',
    ipv6(six, ipv4Inside(ipv4({ ...ends, headerChecksum: 7 }, udp(client, service)))),
    'malformed',
  ),
  popped(
    'padding behind the packet inside',
    ipv6(six, ipv4Inside(Uint8Array.from([...query, 0, 0]))),
    query,
  ),
  popped(
    'a fragment of the outer packet must be put together first',
    ipv4({ ...four, fragment: { offset: 0, more: true } }, ipv4Inside(query)),
    'fragment',
  ),
  popped('no tunnel in IPv4', ipv4(four, udp(agent, server)), 'missing-header'),
  popped('a header of the other version', ipv6(six, ipv4Inside(query)), 'missing-header', [
    entry('', 'arriving', { dst: { address: careOf } }, [{ pop: 'ipv4' }]),
  ]),
  popped('and the other way about', ipv4(four, ipv4Inside(query)), 'missing-header', [
    popIpv6,
    entry('', 'arriving', { dst: { address: server } }, [{ pop: 'ipv6' }]),
  ]),
  popped('by the addresses inside', ipv6(six, ipv4Inside(query)), query, [
    entry('', 'arriving', { ...fromClient, innerDst: service }, [{ pop: 'ipv6' }]),
    entry('', 'arriving', fromClient, [{ drop: 'policy' }]),
  ]),
  popped('by an address inside that is in IPv4', ipv4(four, inside(plain)), plain, [
    popIpv6,
    entry('', 'arriving', { src: { address: agent }, innerDst: home }, [{ pop: 'ipv4' }]),
  ]),
  {
    name: 'IPv4: pop: another address inside',
    entries: [entry('inner', 'arriving', { ...fromClient, innerDst: server }, [{ pop: 'ipv6' }])],
    hook: 'arriving',
    packet: ipv6(six, ipv4Inside(query)),
    expect: { kind: 'unmatched' },
  },
  {
    name: 'IPv4: pop: then the entries for what came out',
    entries: [popIpv6, entry('then', 'arriving', { dst: { address: service } }, [overSix])],
    hook: 'arriving',
    packet: ipv6(six, ipv4Inside(query)),
    expect: {
      kind: 'continue',
      octets: ipv6({ ...six, ...hops }, ipv4Inside(query)),
      entry: 'then',
      tunnel: six,
    },
  },
];

/** RFC 6040 section 4.2, Figure 4: inside, outside, and what comes out; none: it is dropped. */
const CONGESTION: readonly (readonly [number, number, number | undefined])[] = [
  ...([
    [0, 0, 0],
    [0, 1, 0],
    [0, 2, 0],
    [0, 3, undefined],
  ] as const),
  ...([
    [1, 0, 1],
    [1, 1, 1],
    [1, 2, 1],
    [1, 3, 3],
  ] as const),
  ...([
    [2, 0, 2],
    [2, 1, 1],
    [2, 2, 2],
    [2, 3, 3],
  ] as const),
  ...([
    [3, 0, 3],
    [3, 1, 3],
    [3, 2, 3],
    [3, 3, 3],
  ] as const),
];

const congestion = CONGESTION.flatMap(([before, outer, after]): ForwardingCase[] => {
  const dscp = 0xb8;
  const packet = (ecn: number) =>
    ipv4({ ...ends, typeOfService: dscp | ecn }, udp(client, service));
  const outcome = after === undefined ? 'congestion' : packet(after);
  const name = `ECN ${before} inside and ${outer} outside`;
  const part: Part = ipv4Inside(packet(before));
  return [
    popped(`${name}, in IPv6`, ipv6({ ...six, trafficClass: outer }, part), outcome),
    popped(`${name}, in IPv4`, ipv4({ ...four, typeOfService: 0x20 | outer }, part), outcome),
  ];
});

const up = { src: server, dst: agent, sport: 61_000, dport: PORT };
const inUdp = entry('udp', 'arriving', { dst: { address: agent }, protocol: 17, dport: PORT }, [
  { pop: 'udp' },
]);

const outOfUdp = (name: string, part: Part, outcome: Uint8Array | string): ForwardingCase => ({
  name: `IPv4: pop udp: ${name}`,
  entries: [inUdp],
  hook: 'arriving',
  packet: ipv4({ src: server, dst: agent }, part),
  expect:
    typeof outcome === 'string'
      ? { kind: 'drop', reason: outcome, entry: 'udp' }
      : {
          kind: 'continue',
          octets: outcome,
          entry: 'udp',
          tunnel: { src: server, dst: agent, udp: { sport: up.sport, dport: up.dport } },
        },
});

const datagrams: ForwardingCase[] = [
  outOfUdp('IPv4 out of IPv4', datagram(up, query), query),
  outOfUdp('IPv6 out of IPv4', datagram(up, plain), plain),
  outOfUdp('without a checksum (RFC 768)', datagram(up, query, { checksum: 0 }), query),
  outOfUdp('a wrong checksum', datagram(up, query, { checksum: 0x1234 }), 'checksum'),
  outOfUdp('a length that overruns', datagram(up, query, { length: 500 }), 'malformed'),
  outOfUdp('neither IPv6 nor IPv4', datagram(up, query.with(0, 0x55)), 'not-ip'),
  outOfUdp('a packet that is cut short', datagram(up, query.slice(0, -1)), 'malformed'),
];

export const IPV4_TUNNEL_CASES: readonly ForwardingCase[] = [
  ...push,
  ...pop,
  ...congestion,
  ...datagrams,
];
