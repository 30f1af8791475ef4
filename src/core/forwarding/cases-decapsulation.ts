/** Cases of traffic class and ECN in tunnels, of fragments, and of packets that are cut short. */
import { entry, fragment, inside, ipv6, PARTY, udp } from './case-packets.ts';
import type { ForwardingCase } from './cases.ts';

const { home, homeAgent, careOf, peer } = PARTY;

const push = entry('push', 'leaving', { dst: { address: peer } }, [
  { push: 'ipv6', src: homeAgent, dst: careOf },
]);
const pop = entry('pop', 'arriving', { protocol: 41 }, [{ pop: 'ipv6' }]);

const tunnel = { src: careOf, dst: homeAgent };
const fromHome = ipv6({ src: home, dst: peer, flowLabel: 7 }, udp(home, peer));
const reverse = (packet: Uint8Array, trafficClass = 0) =>
  ipv6({ ...tunnel, trafficClass, hopLimit: 60 }, inside(packet));

/** DSCP 46 (expedited forwarding) and an ECN codepoint. */
const classOf = (ecn: number) => (46 << 2) | ecn;
const marked = (ecn: number) =>
  ipv6({ src: home, dst: peer, trafficClass: classOf(ecn), flowLabel: 7 }, udp(home, peer));

/** RFC 6040 section 4.2, Figure 4: ECN inside, outside, and after; codepoints 0, 1, 2, 3 (CE). */
const DECAPSULATION: readonly (readonly [number, number, number | 'drop'])[] = [
  [0, 0, 0],
  [0, 2, 0],
  [0, 1, 0],
  [0, 3, 'drop'],
  [2, 0, 2],
  [2, 2, 2],
  [2, 1, 1],
  [2, 3, 3],
  [1, 0, 1],
  [1, 2, 1],
  [1, 1, 1],
  [1, 3, 3],
  [3, 0, 3],
  [3, 2, 3],
  [3, 1, 3],
  [3, 3, 3],
];

const congestion: ForwardingCase[] = [
  ...[0, 1, 2, 3].map(
    (ecn): ForwardingCase => ({
      name: `push: DSCP and ECN ${ecn} stand in the outer header too`,
      entries: [push],
      hook: 'leaving',
      packet: marked(ecn),
      expect: {
        kind: 'continue',
        entry: 'push',
        octets: ipv6(
          { src: homeAgent, dst: careOf, hopLimit: 64, trafficClass: classOf(ecn) },
          inside(marked(ecn)),
        ),
      },
    }),
  ),
  ...DECAPSULATION.map(
    ([inner, outer, result]): ForwardingCase => ({
      name: `pop: ECN ${inner} inside and ${outer} outside give ${result}; the inner DSCP stays`,
      entries: [pop],
      hook: 'arriving',
      packet: reverse(marked(inner), outer),
      expect:
        result === 'drop'
          ? { kind: 'drop', reason: 'congestion', entry: 'pop' }
          : {
              kind: 'continue',
              entry: 'pop',
              octets: marked(result),
              tunnel,
            },
    }),
  ),
];

const tunnelPacket = reverse(fromHome);

/** A packet that arrives broken, and what is said of it. */
function broken(
  name: string,
  packet: Uint8Array,
  expect: ForwardingCase['expect'],
): ForwardingCase {
  return { name, entries: [pop], hook: 'arriving', packet, expect };
}

const malformed = { kind: 'drop', reason: 'malformed', entry: 'pop' } as const;

const incomplete: ForwardingCase[] = [
  broken('no packet at all', new Uint8Array(0), { kind: 'drop', reason: 'malformed' }),
  broken('half an IPv6 header', fromHome.slice(0, 39), { kind: 'drop', reason: 'malformed' }),
  broken('shorter than its length field says', tunnelPacket.slice(0, -1), {
    kind: 'drop',
    reason: 'malformed',
  }),
  broken('neither IPv6 nor IPv4 is none of our business', Uint8Array.of(0x55, 0, 0, 20), {
    kind: 'unmatched',
  }),
  broken('a cut IPv4 header', Uint8Array.of(0x45, 0, 0, 20), { kind: 'drop', reason: 'malformed' }),
  broken('nothing in the tunnel', reverse(new Uint8Array(0)), malformed),
  broken('half a header in the tunnel', reverse(fromHome.slice(0, 39)), malformed),
  broken('a packet in the tunnel that is cut short', reverse(fromHome.slice(0, -1)), malformed),
  broken('something that is not IPv6 in the tunnel', reverse(fromHome.with(0, 0x45)), malformed),
  broken(
    'the first fragment of a tunnel packet: somebody must reassemble it first',
    ipv6(tunnel, fragment(0, true), inside(fromHome)),
    { kind: 'drop', reason: 'fragment', entry: 'pop' },
  ),
  broken('a later fragment of one', ipv6(tunnel, fragment(6, false), inside(fromHome)), {
    kind: 'drop',
    reason: 'fragment',
    entry: 'pop',
  }),
  broken(
    'a fragment that is the whole packet (RFC 6946)',
    ipv6(tunnel, fragment(0, false), inside(fromHome)),
    { kind: 'continue', entry: 'pop', octets: fromHome, tunnel },
  ),
];

export const DECAPSULATION_CASES: readonly ForwardingCase[] = [...congestion, ...incomplete];
