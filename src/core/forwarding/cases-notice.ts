/** Cases of what the control side is told of packets that go on. */
import { TCP_FLAG } from '../../wire/numbers.ts';
import { entry, inside, ipv6, PARTY, routing2, tcp, udp } from './case-packets.ts';
import type { ForwardingCase } from './cases.ts';
import type { ConnectionSegment } from './connection-segment.ts';

const { home, homeAgent, careOf, peer, peerCareOf } = PARTY;

const packet = ipv6({ src: home, dst: peer }, udp(home, peer));
const whole = { address: peer };
const tunnelHome = { push: 'ipv6', src: careOf, dst: homeAgent } as const;
const tunnelOf = { src: careOf, dst: homeAgent };
const tunnelled = ipv6(tunnelOf, inside(packet));

/** A TCP segment with these flags, and nothing in it. */
const segment = (flags: number): Uint8Array =>
  ipv6({ src: home, dst: peer }, tcp(home, peer, flags));

/** What becomes of such a segment where connections are told of. */
function connectionCase(
  name: string,
  flags: number,
  does?: ConnectionSegment['does'],
): ForwardingCase {
  const notice = { entry: 'tunnel', reason: 'connection', src: home, dst: peer } as const;
  const connection = does && { sport: 40_000, dport: 80, does };
  return {
    name: `notify of connections: ${name}`,
    entries: [entry('tunnel', 'leaving', { dst: whole }, [{ notify: 'connection' }, tunnelHome])],
    hook: 'leaving',
    packet: segment(flags),
    expect: {
      kind: 'continue',
      entry: 'tunnel',
      octets: ipv6({ src: careOf, dst: homeAgent, hopLimit: 64 }, inside(segment(flags))),
      ...(connection && { notices: [{ ...notice, connection }] }),
    },
  };
}

export const NOTICE_CASES: readonly ForwardingCase[] = [
  connectionCase('a segment that opens one', TCP_FLAG.SYN, 'begin'),
  connectionCase('the answer to it says nothing new', TCP_FLAG.SYN | TCP_FLAG.ACK),
  connectionCase('data go on unseen', TCP_FLAG.PSH | TCP_FLAG.ACK),
  connectionCase('a half that is closed', TCP_FLAG.FIN | TCP_FLAG.ACK, 'close'),
  connectionCase('one that is torn down', TCP_FLAG.RST | TCP_FLAG.ACK, 'reset'),
  connectionCase('both at once: it is torn down', TCP_FLAG.RST | TCP_FLAG.FIN, 'reset'),
  {
    name: 'notify of connections: of what is no TCP nothing is told',
    entries: [entry('tunnel', 'leaving', { dst: whole }, [{ notify: 'connection' }, tunnelHome])],
    hook: 'leaving',
    packet,
    expect: {
      kind: 'continue',
      entry: 'tunnel',
      octets: ipv6({ src: careOf, dst: homeAgent, hopLimit: 64 }, inside(packet)),
    },
  },
  {
    name: 'notify: addresses are those inside the tunnel where the packet was unpacked before',
    entries: [
      entry('tunnel', 'arriving', { protocol: 41 }, [
        { pop: 'ipv6' },
        { notify: 'tunnelled-from-peer' },
      ]),
    ],
    hook: 'arriving',
    packet: tunnelled,
    expect: {
      kind: 'continue',
      entry: 'tunnel',
      octets: packet,
      tunnel: tunnelOf,
      notices: [{ entry: 'tunnel', reason: 'tunnelled-from-peer', src: home, dst: peer }],
    },
  },
  {
    name: 'notify alone: the packet goes on as it came',
    entries: [entry('session', 'arriving', { dst: whole }, [{ notify: 'session-from-peer' }])],
    hook: 'arriving',
    packet,
    expect: {
      kind: 'continue',
      entry: 'session',
      octets: packet,
      notices: [{ entry: 'session', reason: 'session-from-peer', src: home, dst: peer }],
    },
  },
  {
    name: 'notify alone, of what an entry before it has taken a header off',
    entries: [
      entry('by-care-of', 'arriving', { dst: { address: peerCareOf }, routing2: peer }, [
        { apply: 'routing-2' },
      ]),
      entry('session', 'arriving', { src: { address: home }, dst: whole, rest: true }, [
        { notify: 'session-from-peer' },
      ]),
    ],
    hook: 'arriving',
    packet: ipv6({ src: home, dst: peerCareOf }, routing2(peer), udp(home, peer)),
    expect: {
      kind: 'continue',
      entry: 'session',
      octets: packet,
      notices: [{ entry: 'session', reason: 'session-from-peer', src: home, dst: peer }],
    },
  },
  {
    name: 'notify before push',
    entries: [
      entry('tunnel', 'leaving', { dst: whole }, [{ notify: 'tunnelled-to-peer' }, tunnelHome]),
    ],
    hook: 'leaving',
    packet,
    expect: {
      kind: 'continue',
      entry: 'tunnel',
      octets: ipv6({ src: careOf, dst: homeAgent, hopLimit: 64 }, inside(packet)),
      notices: [{ entry: 'tunnel', reason: 'tunnelled-to-peer', src: home, dst: peer }],
    },
  },
];
