/** Cases of tunnels inside UDP: push, pop, ports, checksums, and what is no IP packet. */
import { datagram, entry, fragment, inside, ipv6, mobility, PARTY, udp } from './case-packets.ts';
import type { ForwardingCase } from './cases.ts';

const { home, homeAgent, careOf, peer, stranger } = PARTY;

const PORT = 4191;
/** What a translator made of the mobile node's address and port. */
const translated = { address: stranger, port: 61_000 };

const toHome = ipv6({ src: peer, dst: home, flowLabel: 0xabcde }, udp(peer, home));
const fromHome = ipv6({ src: home, dst: peer, flowLabel: 7 }, udp(home, peer));

const down = { src: homeAgent, dst: translated.address, sport: PORT, dport: translated.port };
/** A home agent's entry for a mobile node behind a translator. */
const toMobile = entry('to-mobile', 'leaving', { dst: { address: home }, mobility: true }, [
  { push: 'udp', ...down },
]);

const up = { src: translated.address, dst: homeAgent, sport: translated.port, dport: PORT };
const fromMobile = entry(
  'from-mobile',
  'arriving',
  {
    src: { address: up.src },
    dst: { address: up.dst },
    protocol: 17,
    sport: up.sport,
    dport: up.dport,
    innerSrc: home,
  },
  [{ pop: 'udp' }],
);
const anybody = entry(
  'anybody',
  'arriving',
  { dst: { address: homeAgent }, protocol: 17, dport: PORT },
  [{ divert: 'control', reason: 'udp-tunnel' }],
);
const tunnel = { src: up.src, dst: up.dst, udp: { sport: up.sport, dport: up.dport } };

const plain: ForwardingCase[] = [
  {
    name: 'push udp: outer header, ports, and a checksum over it all',
    entries: [toMobile],
    hook: 'leaving',
    packet: toHome,
    expect: {
      kind: 'continue',
      entry: 'to-mobile',
      octets: ipv6({ src: down.src, dst: down.dst, hopLimit: 64 }, datagram(down, toHome)),
    },
  },
  {
    name: 'push udp: a Mobility Header message too, where the entry is for those',
    entries: [toMobile],
    hook: 'leaving',
    packet: ipv6({ src: peer, dst: home }, mobility(peer, home, 3)),
    expect: {
      kind: 'continue',
      entry: 'to-mobile',
      octets: ipv6(
        { src: down.src, dst: down.dst, hopLimit: 64 },
        datagram(down, ipv6({ src: peer, dst: home }, mobility(peer, home, 3))),
      ),
    },
  },
  {
    name: 'push udp: DSCP and ECN stand in the outer header too',
    entries: [toMobile],
    hook: 'leaving',
    packet: ipv6({ src: peer, dst: home, trafficClass: 0xb9 }, udp(peer, home)),
    expect: {
      kind: 'continue',
      entry: 'to-mobile',
      octets: ipv6(
        { src: down.src, dst: down.dst, hopLimit: 64, trafficClass: 0xb9 },
        datagram(down, ipv6({ src: peer, dst: home, trafficClass: 0xb9 }, udp(peer, home))),
      ),
    },
  },
  {
    name: 'push udp: what would be too long for its length fields is dropped',
    entries: [toMobile],
    hook: 'leaving',
    packet: ipv6({ src: peer, dst: home }, inside(new Uint8Array(65_488))),
    expect: { kind: 'drop', reason: 'too-long', entry: 'to-mobile' },
  },
  {
    name: 'push udp counts as a tunnel: what is in four is put in no fifth',
    entries: [toMobile],
    hook: 'leaving',
    packet: ipv6(
      { src: peer, dst: home },
      datagram(
        { src: peer, dst: home, sport: PORT, dport: PORT },
        [1, 2, 3].reduce((packet) => ipv6({ src: peer, dst: home }, inside(packet)), toHome),
      ),
    ),
    expect: { kind: 'drop', reason: 'too-deep', entry: 'to-mobile' },
  },
];

const arriving = (
  name: string,
  packet: Uint8Array,
  expect: ForwardingCase['expect'],
): ForwardingCase => ({
  name,
  entries: [fromMobile, anybody],
  hook: 'arriving',
  packet,
  expect,
});
const outer = { src: up.src, dst: up.dst };
const reason = 'udp-tunnel';
const diverted = (octets: Uint8Array) =>
  ({ kind: 'divert', entry: 'anybody', reason, octets }) as const;
const dropped = (why: string) => ({ kind: 'drop', entry: 'from-mobile', reason: why }) as const;

/** The datagram of the mobile node, from another source port. */
const moved = { ...up, sport: up.sport + 1 };
const foreign = ipv6({ src: stranger, dst: peer }, udp(stranger, peer));
const signalling = ipv6({ src: careOf, dst: homeAgent }, mobility(careOf, homeAgent, 5));

const taken: ForwardingCase[] = [
  arriving(
    'pop udp: the packet inside goes on, and ports are told',
    ipv6(outer, datagram(up, fromHome)),
    {
      kind: 'continue',
      entry: 'from-mobile',
      octets: fromHome,
      tunnel,
    },
  ),
  arriving(
    'pop udp: from another port it is the control side`s',
    ipv6(outer, datagram(moved, fromHome)),
    diverted(ipv6(outer, datagram(moved, fromHome))),
  ),
  arriving(
    'pop udp: so is a packet of somebody else in the registered tunnel',
    ipv6(outer, datagram(up, foreign)),
    diverted(ipv6(outer, datagram(up, foreign))),
  ),
  arriving(
    'pop udp: and signalling from the care-of address',
    ipv6(outer, datagram(up, signalling)),
    diverted(ipv6(outer, datagram(up, signalling))),
  ),
  arriving(
    'pop udp: congestion outside is told inside',
    ipv6(
      { ...outer, trafficClass: 3 },
      datagram(up, ipv6({ src: home, dst: peer, trafficClass: 2 }, udp(home, peer))),
    ),
    {
      kind: 'continue',
      entry: 'from-mobile',
      octets: ipv6({ src: home, dst: peer, trafficClass: 3 }, udp(home, peer)),
      tunnel,
    },
  ),
  arriving(
    'pop udp: a wrong checksum',
    ipv6(outer, datagram(up, fromHome, { checksum: 0x1234 })),
    dropped('checksum'),
  ),
  arriving(
    'pop udp: none',
    ipv6(outer, datagram(up, fromHome, { checksum: 0 })),
    dropped('checksum'),
  ),
  arriving(
    'pop udp: longer than the packet it is in',
    ipv6(outer, datagram(up, fromHome, { length: 500 })),
    dropped('malformed'),
  ),
  arriving(
    'pop udp: the first fragment of one',
    ipv6(outer, fragment(0, true), datagram(up, fromHome)),
    dropped('fragment'),
  ),
];

const anyDatagram = entry('any', 'arriving', { protocol: 17, dport: PORT }, [{ pop: 'udp' }]);

const strange: ForwardingCase[] = [
  {
    name: 'pop udp: what is no IP packet is refused by that name',
    entries: [anyDatagram],
    hook: 'arriving',
    packet: ipv6(outer, datagram(up, fromHome.with(0, 0x55))),
    expect: { kind: 'drop', reason: 'not-ip', entry: 'any' },
  },
  {
    name: 'pop udp: nothing in it',
    entries: [anyDatagram],
    hook: 'arriving',
    packet: ipv6(outer, datagram(up, new Uint8Array(0))),
    expect: { kind: 'drop', reason: 'not-ip', entry: 'any' },
  },
  {
    name: 'pop udp: an IPv6 packet that is cut short',
    entries: [anyDatagram],
    hook: 'arriving',
    packet: ipv6(outer, datagram(up, fromHome.slice(0, -1))),
    expect: { kind: 'drop', reason: 'malformed', entry: 'any' },
  },
  {
    name: 'pop udp of a packet that has no UDP header',
    entries: [entry('wrong', 'arriving', { protocol: 41 }, [{ pop: 'udp' }])],
    hook: 'arriving',
    packet: ipv6(outer, inside(fromHome)),
    expect: { kind: 'drop', reason: 'missing-header', entry: 'wrong' },
  },
  {
    name: 'inner addresses of a datagram between other ports are nobody`s business',
    entries: [entry('inner', 'arriving', { innerSrc: home }, [{ drop: 'policy' }])],
    hook: 'arriving',
    packet: ipv6(outer, datagram({ ...up, dport: 53 }, fromHome)),
    expect: { kind: 'unmatched' },
  },
  {
    name: 'from a tunnel in UDP into a plain one: the tunnel in UDP is told',
    entries: [
      entry('relay', 'leaving', { protocol: 17, dport: PORT }, [
        { pop: 'udp' },
        { push: 'ipv6', src: homeAgent, dst: careOf },
      ]),
    ],
    hook: 'leaving',
    packet: ipv6(outer, datagram(up, toHome)),
    expect: {
      kind: 'continue',
      entry: 'relay',
      octets: ipv6({ src: homeAgent, dst: careOf, hopLimit: 64 }, inside(toHome)),
      tunnel,
    },
  },
];

export const UDP_CASES: readonly ForwardingCase[] = [...plain, ...taken, ...strange];
