/** Cases of tunnels: push, pop, nesting, traffic class, fragments, packets cut short. */
import { entry, inside, ipv6, options, PARTY, raw, routing2, udp } from './case-packets.ts';
import type { ForwardingCase } from './cases.ts';

const { home, homeAgent, careOf, otherCareOf, peer, stranger } = PARTY;

/** A home agent's entry for what is sent to an absent mobile node (RFC 6275 section 10.4.2). */
const toMobile = entry('to-mobile', 'leaving', { dst: { address: home } }, [
  { push: 'ipv6', src: homeAgent, dst: careOf },
]);
/** And for what the mobile node sends through it (section 10.4.5). */
const fromMobile = entry(
  'from-mobile',
  'arriving',
  {
    dst: { address: homeAgent },
    src: { address: careOf },
    protocol: 41,
    innerSrc: home,
  },
  [{ pop: 'ipv6' }],
);
const unverified = entry('unverified', 'arriving', { dst: { address: homeAgent }, protocol: 41 }, [
  { drop: 'tunnel-source-unverified' },
]);

const toHome = ipv6({ src: peer, dst: home, flowLabel: 0xabcde }, udp(peer, home));
const fromHome = ipv6({ src: home, dst: peer, flowLabel: 7 }, udp(home, peer));
const reverse = (packet: Uint8Array, trafficClass = 0) =>
  ipv6({ src: careOf, dst: homeAgent, trafficClass, hopLimit: 60 }, inside(packet));
const reverseTunnel = { src: careOf, dst: homeAgent };

/** To the home address in so many tunnels, as when two agents send each other what they intercept. */
const tunnelled = (depth: number): Uint8Array =>
  depth === 0 ? toHome : ipv6({ src: homeAgent, dst: home }, inside(tunnelled(depth - 1)));

const plain: ForwardingCase[] = [
  {
    name: 'push: a new header with hop limit 64 and flow label 0 around an unchanged packet',
    entries: [toMobile],
    hook: 'leaving',
    packet: toHome,
    expect: {
      kind: 'continue',
      entry: 'to-mobile',
      octets: ipv6({ src: homeAgent, dst: careOf, hopLimit: 64 }, inside(toHome)),
    },
  },
  {
    name: 'push: what a link put behind the packet stays out of the tunnel',
    entries: [toMobile],
    hook: 'leaving',
    packet: Uint8Array.from([...toHome, 0, 0, 0, 0, 0, 0]),
    expect: {
      kind: 'continue',
      entry: 'to-mobile',
      octets: ipv6({ src: homeAgent, dst: careOf, hopLimit: 64 }, inside(toHome)),
    },
  },
  {
    name: 'push twice: the last one is outermost',
    entries: [
      entry('two', 'leaving', { dst: { address: home } }, [
        { push: 'ipv6', src: homeAgent, dst: careOf },
        { push: 'ipv6', src: homeAgent, dst: otherCareOf },
      ]),
    ],
    hook: 'leaving',
    packet: toHome,
    expect: {
      kind: 'continue',
      entry: 'two',
      octets: ipv6(
        { src: homeAgent, dst: otherCareOf, hopLimit: 64 },
        inside(ipv6({ src: homeAgent, dst: careOf, hopLimit: 64 }, inside(toHome))),
      ),
    },
  },
  {
    name: 'push: a packet whose headers cannot be read goes into the tunnel all the same',
    entries: [toMobile],
    hook: 'leaving',
    packet: ipv6({ src: peer, dst: home }, raw(60, 17, 9)),
    expect: {
      kind: 'continue',
      entry: 'to-mobile',
      octets: ipv6(
        { src: homeAgent, dst: careOf, hopLimit: 64 },
        inside(ipv6({ src: peer, dst: home }, raw(60, 17, 9))),
      ),
    },
  },
  {
    name: 'push: a packet too long for a second header is dropped',
    entries: [toMobile],
    hook: 'leaving',
    packet: ipv6({ src: peer, dst: home }, raw(17, ...new Array<number>(65_496).fill(1))),
    expect: { kind: 'drop', reason: 'too-long', entry: 'to-mobile' },
  },
  {
    name: 'push: what is in three tunnels goes into a fourth',
    entries: [toMobile],
    hook: 'leaving',
    packet: tunnelled(3),
    expect: {
      kind: 'continue',
      entry: 'to-mobile',
      octets: ipv6({ src: homeAgent, dst: careOf, hopLimit: 64 }, inside(tunnelled(3))),
    },
  },
  {
    name: 'push: what is in four tunnels goes into no fifth',
    entries: [toMobile],
    hook: 'leaving',
    packet: tunnelled(4),
    expect: { kind: 'drop', reason: 'too-deep', entry: 'to-mobile' },
  },
  {
    name: 'push: the longest packet that still fits',
    entries: [toMobile],
    hook: 'leaving',
    packet: ipv6({ src: peer, dst: home }, raw(17, ...new Array<number>(65_495).fill(1))),
    expect: {
      kind: 'continue',
      entry: 'to-mobile',
      octets: ipv6(
        { src: homeAgent, dst: careOf, hopLimit: 64 },
        inside(ipv6({ src: peer, dst: home }, raw(17, ...new Array<number>(65_495).fill(1)))),
      ),
    },
  },
  {
    name: 'pop: the packet inside goes on unchanged, and the tunnel is told',
    entries: [fromMobile, unverified],
    hook: 'arriving',
    packet: reverse(fromHome),
    expect: { kind: 'continue', entry: 'from-mobile', octets: fromHome, tunnel: reverseTunnel },
  },
  {
    name: 'pop: from anywhere but the registered care-of address it is dropped',
    entries: [fromMobile, unverified],
    hook: 'arriving',
    packet: ipv6({ src: stranger, dst: homeAgent }, inside(fromHome)),
    expect: { kind: 'drop', reason: 'tunnel-source-unverified', entry: 'unverified' },
  },
  {
    name: 'pop: so is a packet of somebody else in the registered tunnel',
    entries: [fromMobile, unverified],
    hook: 'arriving',
    packet: reverse(ipv6({ src: stranger, dst: peer }, udp(stranger, peer))),
    expect: { kind: 'drop', reason: 'tunnel-source-unverified', entry: 'unverified' },
  },
  {
    name: 'pop: a Tunnel Encapsulation Limit option goes with the outer header',
    entries: [fromMobile],
    hook: 'arriving',
    packet: ipv6({ src: careOf, dst: homeAgent }, options(4, 1, 4, 1, 1, 0), inside(fromHome)),
    expect: { kind: 'continue', entry: 'from-mobile', octets: fromHome, tunnel: reverseTunnel },
  },
  {
    name: 'pop: octets behind the packet inside go too',
    entries: [fromMobile],
    hook: 'arriving',
    packet: reverse(Uint8Array.from([...fromHome, 1, 2, 3])),
    expect: { kind: 'continue', entry: 'from-mobile', octets: fromHome, tunnel: reverseTunnel },
  },
  {
    name: 'pop of a packet that is not in a tunnel',
    entries: [entry('wrong', 'arriving', { dst: { address: peer } }, [{ pop: 'ipv6' }])],
    hook: 'arriving',
    packet: fromHome,
    expect: { kind: 'drop', reason: 'missing-header', entry: 'wrong' },
  },
];

const anyTunnel = entry('any-tunnel', 'arriving', { protocol: 41 }, [{ pop: 'ipv6' }]);
const nested = (depth: number): Uint8Array => (depth === 0 ? fromHome : reverse(nested(depth - 1)));

const nesting: ForwardingCase[] = [
  {
    name: 'a tunnel in a tunnel meets the table again, and the inner one is told',
    entries: [
      entry('outer', 'arriving', { dst: { address: careOf }, protocol: 41 }, [{ pop: 'ipv6' }]),
      fromMobile,
    ],
    hook: 'arriving',
    packet: ipv6({ src: stranger, dst: careOf, hopLimit: 9 }, inside(reverse(fromHome))),
    expect: { kind: 'continue', entry: 'from-mobile', octets: fromHome, tunnel: reverseTunnel },
  },
  {
    name: 'four tunnels in each other',
    entries: [anyTunnel],
    hook: 'arriving',
    packet: nested(4),
    expect: { kind: 'continue', entry: 'any-tunnel', octets: fromHome, tunnel: reverseTunnel },
  },
  {
    name: 'five are too many',
    entries: [anyTunnel],
    hook: 'arriving',
    packet: nested(5),
    expect: { kind: 'drop', reason: 'too-deep', entry: 'any-tunnel' },
  },
  {
    name: 'pop and push in one entry: from one tunnel into another',
    entries: [
      entry('relay', 'leaving', { protocol: 41 }, [
        { pop: 'ipv6' },
        { push: 'ipv6', src: homeAgent, dst: otherCareOf },
      ]),
    ],
    hook: 'leaving',
    packet: reverse(toHome),
    expect: {
      kind: 'continue',
      entry: 'relay',
      octets: ipv6({ src: homeAgent, dst: otherCareOf, hopLimit: 64 }, inside(toHome)),
      tunnel: reverseTunnel,
    },
  },
];

const inTunnel: ForwardingCase = {
  name: 'insert, then push: the tunnel is around it all',
  entries: [
    entry('both', 'leaving', { dst: { address: peer } }, [
      { insert: 'routing-2', careOf: otherCareOf },
      { push: 'ipv6', src: careOf, dst: homeAgent },
    ]),
  ],
  hook: 'leaving',
  packet: ipv6({ src: home, dst: peer }, udp(home, peer)),
  expect: {
    kind: 'continue',
    entry: 'both',
    octets: ipv6(
      { src: careOf, dst: homeAgent, hopLimit: 64 },
      inside(ipv6({ src: home, dst: otherCareOf }, routing2(peer), udp(home, peer))),
    ),
  },
};

export const TUNNEL_CASES: readonly ForwardingCase[] = [...plain, ...nesting, inTunnel];
