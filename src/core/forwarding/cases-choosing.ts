/** Cases of which entry is for a packet, and of what is neither tunnel nor rewriting. */
import type { Instant } from '../time.ts';
import {
  entry,
  fragment,
  homeAddress,
  inside,
  ipv6,
  mobility,
  PARTY,
  type Part,
  udp,
} from './case-packets.ts';
import type { ForwardingCase } from './cases.ts';
import type { ForwardingEntry, Match } from './entry.ts';

const { home, homeAgent, careOf, peer, stranger } = PARTY;

const packet = ipv6({ src: home, dst: peer, flowLabel: 0x54321 }, udp(home, peer, 5000, 53));

/** An entry that only lets pass: which one it was shows which one was chosen. */
const pass = (id: string, match: Match, more: Partial<ForwardingEntry> = {}) =>
  entry(id, 'leaving', match, [], more);

const whole = { address: peer };
const net = (length: number) => ({ address: peer, length });

/** Of each pair the first one wins, whichever was added first. */
const PRECEDENCE: readonly (readonly [string, ForwardingEntry, ForwardingEntry])[] = [
  ['the longer destination prefix', pass('b', { dst: net(65) }), pass('a', { dst: net(64) })],
  [
    'the destination prefix before the source prefix, where both ask for as many bits',
    pass('b', { dst: net(64), src: { address: home, length: 63 } }),
    pass('a', { dst: net(63), src: { address: home, length: 64 } }),
  ],
  [
    'the source address and a short destination prefix before a longer destination prefix',
    pass('b', { dst: net(63), src: { address: home } }),
    pass('a', { dst: net(64) }),
  ],
  [
    'the longer source prefix before more fields',
    pass('b', { dst: whole, src: { address: home } }),
    pass('a', { dst: whole, src: { address: home, length: 127 }, protocol: 17, sport: 5000 }),
  ],
  [
    'more fields before priority',
    pass('b', { dst: whole, protocol: 17, dport: 53 }),
    pass('a', { dst: whole, protocol: 17 }, { priority: 9 }),
  ],
  [
    'priority before id, also between entries of different fields',
    pass('b', { dst: whole, dport: 53 }, { priority: 1 }),
    pass('a', { dst: whole, sport: 5000 }),
  ],
  [
    'the lower id',
    pass('a', { dst: whole, flowLabel: 0x54321 }),
    pass('b', { dst: whole, sport: 5000 }),
  ],
  [
    'priority among entries of the same match',
    pass('b', { dst: whole }, { priority: 1 }),
    pass('a', { dst: whole }),
  ],
  ['the lower id among them', pass('a', { dst: whole }), pass('b', { dst: whole })],
  ['anything before a prefix of no bits', pass('b', { src: net(1) }), pass('a', { dst: net(0) })],
  [
    'anything before what is for the rest',
    pass('b', { src: net(1) }),
    pass('a', { dst: whole, src: { address: home }, rest: true }, { priority: 9 }),
  ],
  [
    'the same order among those for the rest',
    pass('b', { dst: whole, src: { address: home }, rest: true }),
    pass('a', { dst: whole, rest: true }),
  ],
];

const precedence = PRECEDENCE.flatMap(([name, first, second]): ForwardingCase[] =>
  [
    [first, second],
    [second, first],
  ].map((entries, i) => ({
    name: `precedence: ${name}${i === 0 ? '' : ', added last'}`,
    entries,
    hook: 'leaving',
    packet,
    expect: { kind: 'continue', entry: first.id, octets: packet },
  })),
);

/** Matches that the packet above does not fit. */
const MISSES: readonly (readonly [string, Match])[] = [
  ['destination', { dst: { address: stranger } }],
  ['prefix', { dst: { address: stranger, length: 47 } }],
  ['source', { src: { address: careOf } }],
  ['protocol', { protocol: 6 }],
  ['source port', { sport: 53 }],
  ['destination port', { dport: 5000 }],
  ['flow label', { flowLabel: 0x4321 }],
  ['home address', { home: 'any' }],
  ['routing header', { routing2: 'any' }],
  ['inner source', { innerSrc: home }],
];

const misses = MISSES.map(
  ([name, match]): ForwardingCase => ({
    name: `no match: ${name}`,
    entries: [pass('miss', match)],
    hook: 'leaving',
    packet,
    expect: { kind: 'unmatched' },
  }),
);

const tunnelled = ipv6({ src: careOf, dst: homeAgent }, inside(packet));
const later = ipv6({ src: home, dst: peer }, fragment(9, false), udp(home, peer));

const fields: ForwardingCase[] = [
  {
    name: 'the other hook has its own entries',
    entries: [pass('leaving', {})],
    hook: 'arriving',
    packet,
    expect: { kind: 'unmatched' },
  },
  {
    name: 'every field at once',
    entries: [
      pass('all', {
        dst: whole,
        src: { address: home },
        protocol: 17,
        sport: 5000,
        dport: 53,
        flowLabel: 0x54321,
      }),
    ],
    hook: 'leaving',
    packet,
    expect: { kind: 'continue', entry: 'all', octets: packet },
  },
  {
    name: 'inner addresses',
    entries: [pass('inner', { innerSrc: home, innerDst: peer })],
    hook: 'leaving',
    packet: tunnelled,
    expect: { kind: 'continue', entry: 'inner', octets: tunnelled },
  },
  {
    name: 'a later fragment has a protocol',
    entries: [pass('fragment', { protocol: 17 })],
    hook: 'leaving',
    packet: later,
    expect: { kind: 'continue', entry: 'fragment', octets: later },
  },
  {
    name: 'but no ports',
    entries: [pass('fragment', { sport: 5000 })],
    hook: 'leaving',
    packet: later,
    expect: { kind: 'unmatched' },
  },
  {
    name: 'a later fragment of a tunnel packet has no inner addresses, whatever is in it',
    entries: [pass('inner', { innerSrc: home })],
    hook: 'leaving',
    packet: ipv6({ src: careOf, dst: homeAgent }, fragment(9, false), inside(packet)),
    expect: { kind: 'unmatched' },
  },
  ...[9, 10].map(
    (now): ForwardingCase => ({
      name: `expiry: ${now === 9 ? 'the last microsecond' : 'over, so the next best'}`,
      entries: [
        pass('short', { dst: whole }, { expiresAt: 10 as Instant }),
        pass('lasting', { dst: net(64) }),
      ],
      hook: 'leaving',
      now: now as Instant,
      packet,
      expect: { kind: 'continue', entry: now === 9 ? 'short' : 'lasting', octets: packet },
    }),
  ),
];

/** A packet of 40 octets more than it was may go as long as the credit covers the longer one. */
const covered = packet.length + 40;
const credit = [covered, covered - 1].map(
  (octets): ForwardingCase => ({
    name: `credit: ${octets} octets for a packet that leaves with ${covered}`,
    entries: [
      entry('few', 'leaving', { dst: whole }, [{ push: 'ipv6', src: careOf, dst: homeAgent }], {
        credit: octets,
      }),
      pass('all', {}),
    ],
    hook: 'leaving',
    packet,
    expect:
      octets === covered
        ? {
            kind: 'continue',
            entry: 'few',
            octets: ipv6({ src: careOf, dst: homeAgent, hopLimit: 64 }, inside(packet)),
          }
        : { kind: 'continue', entry: 'all', octets: packet },
  }),
);

const tunnelHome = { push: 'ipv6', src: careOf, dst: homeAgent } as const;

/** Mobility Header messages go by an entry that does not ask for them (RFC 6275 section 6.1). */
function exemption(name: string, match: Match, takes: boolean, ...before: Part[]): ForwardingCase {
  const message = ipv6({ src: home, dst: peer }, ...before, mobility(home, peer));
  const around = ipv6({ src: careOf, dst: homeAgent, hopLimit: 64 }, inside(message));
  return {
    name: `mobility exemption: ${name}`,
    entries: [entry('binding', 'leaving', match, [tunnelHome])],
    hook: 'leaving',
    packet: message,
    expect: takes ? { kind: 'continue', entry: 'binding', octets: around } : { kind: 'unmatched' },
  };
}

const mobile: ForwardingCase[] = [
  exemption('a whole address does not take it', { dst: whole }, false),
  exemption('neither does an entry for everything', {}, false),
  exemption('nor one for another protocol', { protocol: 17 }, false),
  exemption('one that names the protocol does', { dst: whole, protocol: 135 }, true),
  exemption('and one that sets mobility', { dst: whole, mobility: true }, true),
  exemption('behind a Home Address option', { home: 'any' }, false, homeAddress(home)),
  exemption('in a later fragment', { dst: whole }, false, fragment(3, false)),
  {
    ...exemption('in a tunnel it is a tunnelled packet', { dst: { address: homeAgent } }, true),
    packet: ipv6(
      { src: peer, dst: homeAgent },
      inside(ipv6({ src: home, dst: peer }, mobility(home, peer))),
    ),
    expect: {
      kind: 'continue',
      entry: 'binding',
      octets: ipv6(
        { src: careOf, dst: homeAgent, hopLimit: 64 },
        inside(
          ipv6(
            { src: peer, dst: homeAgent },
            inside(ipv6({ src: home, dst: peer }, mobility(home, peer))),
          ),
        ),
      ),
    },
  },
];

const tunnelOf = { src: careOf, dst: homeAgent };
const toControl = { divert: 'control', reason: 'mobility' } as const;

/** A Home Address option is for the node that the packet is for, not for routers on its way. */
const onItsWay: ForwardingCase[] = [true, false].map((isOurs) => {
  const back = { src: careOf, dst: peer };
  return {
    name: `local: an option in a packet ${isOurs ? 'for us comes off' : 'for another stays'}`,
    entries: [
      entry('option', 'arriving', { src: { address: careOf }, home, local: true }, [
        { apply: 'home-address' },
      ]),
    ],
    hook: 'arriving',
    ours: isOurs ? [homeAgent, peer] : [homeAgent],
    packet: ipv6(back, homeAddress(home), udp(home, peer)),
    expect: isOurs
      ? {
          kind: 'continue',
          entry: 'option',
          octets: ipv6({ src: home, dst: peer }, udp(home, peer)),
        }
      : { kind: 'unmatched' },
  };
});

const others: ForwardingCase[] = [
  {
    name: 'drop: by policy, and nothing behind it is done',
    entries: [entry('no', 'leaving', { dst: whole }, [{ drop: 'policy' }, { pop: 'ipv6' }])],
    hook: 'leaving',
    packet,
    expect: { kind: 'drop', reason: 'policy', entry: 'no' },
  },
  {
    name: 'divert: a Mobility Header message that came out of a tunnel, with the tunnel',
    entries: [
      entry('tunnel', 'arriving', { protocol: 41 }, [{ pop: 'ipv6' }]),
      entry('control', 'arriving', { protocol: 135 }, [toControl]),
    ],
    hook: 'arriving',
    packet: ipv6(tunnelOf, inside(ipv6({ src: home, dst: peer }, mobility(home, peer)))),
    expect: {
      kind: 'divert',
      entry: 'control',
      reason: 'mobility',
      octets: ipv6({ src: home, dst: peer }, mobility(home, peer)),
      tunnel: tunnelOf,
    },
  },
];

export const CHOOSING_CASES: readonly ForwardingCase[] = [
  ...precedence,
  ...misses,
  ...fields,
  ...credit,
  ...mobile,
  ...onItsWay,
  ...others,
];
