/** Cases of the Home Address option and the Type 2 Routing header: inserted and applied. */
import {
  entry,
  fragment,
  homeAddress,
  hopByHop,
  inside,
  ipv6,
  octetsOf,
  options,
  PARTY,
  type Part,
  raw,
  routing2,
  udp,
} from './case-packets.ts';
import type { ForwardingCase } from './cases.ts';
import type { Action, ForwardingEntry } from './entry.ts';

const { home, homeAgent, careOf, peer, peerCareOf, stranger } = PARTY;

const insertHome = { insert: 'home-address', careOf } as const;
const insertPeer = { insert: 'routing-2', careOf: peerCareOf } as const;

/** A case of a packet from the mobile node's home address to the peer, and the headers after. */
function leaving(
  name: string,
  actions: readonly Action[],
  before: readonly Part[],
  ends: { readonly src: typeof home; readonly dst: typeof home },
  behind: readonly Part[],
): ForwardingCase {
  const fields = { trafficClass: 0xb9, flowLabel: 0x12345, hopLimit: 33 };
  return {
    name,
    entries: [
      entry('peer', 'leaving', { src: { address: home }, dst: { address: peer } }, actions),
    ],
    hook: 'leaving',
    packet: ipv6({ ...fields, src: home, dst: peer }, ...before),
    expect: { kind: 'continue', entry: 'peer', octets: ipv6({ ...fields, ...ends }, ...behind) },
  };
}

const data = udp(home, peer);
const direct = { src: careOf, dst: peer };
const toCareOf = { src: home, dst: peerCareOf };
const both = { src: careOf, dst: peerCareOf };
const jump = () => options(1, 4, 0, 0, 0, 0);
const ROUTING_3 = raw(43, 17, 0, 3, 0, 0, 0, 0, 0); // an RPL source route that is used up

const inserted: ForwardingCase[] = [
  leaving('insert home-address', [insertHome], [data], direct, [homeAddress(home), data]),
  leaving('insert routing-2', [insertPeer], [data], toCareOf, [routing2(peer), data]),
  leaving(
    'both ends bound: the routing header comes first',
    [insertHome, insertPeer],
    [data],
    both,
    [routing2(peer), homeAddress(home), data],
  ),
  leaving('both, in the other order, give the same', [insertPeer, insertHome], [data], both, [
    routing2(peer),
    homeAddress(home),
    data,
  ]),
  leaving('Hop-by-Hop Options stay first', [insertHome, insertPeer], [hopByHop(), data], both, [
    hopByHop(),
    routing2(peer),
    homeAddress(home),
    data,
  ]),
  leaving(
    'before the Fragment header, in a first fragment',
    [insertHome],
    [fragment(0, true), data],
    direct,
    [homeAddress(home), fragment(0, true), data],
  ),
  leaving(
    'and in a later one',
    [insertHome, insertPeer],
    [fragment(20, false), raw(17, 1, 2, 3)],
    both,
    [routing2(peer), homeAddress(home), fragment(20, false), raw(17, 1, 2, 3)],
  ),
  leaving('before other Destination Options', [insertHome], [jump(), data], direct, [
    homeAddress(home),
    jump(),
    data,
  ]),
  leaving(
    'behind a Routing header that is there',
    [insertHome],
    [jump(), ROUTING_3, data],
    direct,
    [
      jump(),
      { ...ROUTING_3, octets: () => Uint8Array.of(60, 0, 3, 0, 0, 0, 0, 0) },
      homeAddress(home),
      data,
    ],
  ),
  leaving('a packet of nothing but the header', [insertHome], [], direct, [homeAddress(home)]),
];
/** A binding's entry at the peer: what comes from the care-of address with that home address. */
const fromBound = entry('from-bound', 'arriving', { src: { address: careOf }, home }, [
  { apply: 'home-address' },
]);
const unknownHome = entry('unknown-home', 'arriving', { home: 'any' }, [
  { divert: 'control', reason: 'home-address-unverified' },
]);
/** At the mobile node: a routing header with the home address, and with any other. */
const toBound = entry('to-bound', 'arriving', { dst: { address: careOf }, routing2: home }, [
  { apply: 'routing-2' },
]);
const unknownRouting = entry('unknown-routing', 'arriving', { routing2: 'any' }, [
  { divert: 'control', reason: 'routing-2-unknown' },
]);
const ALL: readonly ForwardingEntry[] = [fromBound, unknownHome, toBound, unknownRouting];

function arriving(
  name: string,
  packet: Uint8Array,
  id: string,
  octets: Uint8Array,
  entries = ALL,
): ForwardingCase {
  return {
    name,
    entries,
    hook: 'arriving',
    packet,
    expect: { kind: 'continue', entry: id, octets },
  };
}

const plain = ipv6({ src: home, dst: peer }, data);
const back = udp(peer, home);
const plainBack = ipv6({ src: peer, dst: home }, back);
const keepsOther = [...octetsOf(home)];
const reverseTunnel = { src: peerCareOf, dst: homeAgent };

const applied: ForwardingCase[] = [
  arriving(
    'apply home-address: option and header go',
    ipv6(direct, homeAddress(home), data),
    'from-bound',
    plain,
  ),
  arriving(
    'apply home-address: another option keeps its place, ours becomes padding',
    ipv6(direct, options(1, 2, 0, 0, 0xc9, 16, ...keepsOther, 0x1e, 6, 1, 2, 3, 4, 5, 6), data),
    'from-bound',
    ipv6(
      { src: home, dst: peer },
      options(1, 2, 0, 0, 1, 16, ...new Array<number>(16).fill(0), 0x1e, 6, 1, 2, 3, 4, 5, 6),
      data,
    ),
  ),
  arriving(
    'apply home-address in a later fragment',
    ipv6(direct, hopByHop(), homeAddress(home), fragment(9, false), raw(17, 5)),
    'from-bound',
    ipv6({ src: home, dst: peer }, hopByHop(), fragment(9, false), raw(17, 5)),
  ),
  arriving(
    'apply routing-2: the header goes',
    ipv6({ src: peer, dst: careOf }, routing2(home), back),
    'to-bound',
    plainBack,
  ),
  arriving(
    'both headers: applied one after the other',
    ipv6({ src: careOf, dst: peerCareOf }, routing2(peer), homeAddress(home), data),
    'from-bound',
    plain,
    [
      entry('to-peer', 'arriving', { dst: { address: peerCareOf }, routing2: peer }, [
        { apply: 'routing-2' },
      ]),
      fromBound,
    ],
  ),
  {
    ...arriving(
      'a Home Address option inside a tunnel',
      ipv6({ src: peerCareOf, dst: homeAgent }, inside(ipv6(direct, homeAddress(home), data))),
      'from-bound',
      plain,
    ),
    entries: [entry('tunnel', 'arriving', { protocol: 41 }, [{ pop: 'ipv6' }]), ...ALL],
    expect: { kind: 'continue', entry: 'from-bound', octets: plain, tunnel: reverseTunnel },
  },
];

/** A case whose packet goes to the control side as it came. */
function diverted(name: string, packet: Uint8Array, id: string, reason: string): ForwardingCase {
  const expect = { kind: 'divert', entry: id, reason, octets: packet } as const;
  return { name, entries: ALL, hook: 'arriving', packet, expect };
}

const refused: ForwardingCase[] = [
  diverted(
    'a Home Address option from the wrong care-of address',
    ipv6({ src: stranger, dst: peer }, homeAddress(home), data),
    'unknown-home',
    'home-address-unverified',
  ),
  diverted(
    'a routing header with an address that is not ours',
    ipv6({ src: peer, dst: careOf }, routing2(stranger), back),
    'unknown-routing',
    'routing-2-unknown',
  ),
  ...(
    [
      ['a routing header that is used up', routing2(home, 0)],
      ['a routing header with two segments left', routing2(home, 2)],
      ['a routing header of another type', { ...ROUTING_3 }],
      [
        'a Home Address option of the wrong length',
        options(1, 3, 0, 0, 0, 0xc9, 15, ...keepsOther.slice(1)),
      ],
      ['an option that is longer than its header', options(0xc9, 16, 0, 0, 0, 0)],
    ] as const
  ).map(
    ([name, part]): ForwardingCase => ({
      name: `${name} is for no entry`,
      entries: ALL,
      hook: 'arriving',
      packet: ipv6({ src: careOf, dst: careOf }, part, data),
      expect: { kind: 'unmatched' },
    }),
  ),
  {
    name: 'two Home Address options: the first, left behind, is nobody we know',
    entries: ALL,
    hook: 'arriving',
    packet: ipv6(direct, homeAddress(stranger), homeAddress(home), data),
    expect: {
      kind: 'divert',
      entry: 'unknown-home',
      reason: 'home-address-unverified',
      octets: ipv6({ src: home, dst: peer }, homeAddress(stranger), data),
    },
  },
  {
    name: 'a Home Address option behind the Fragment header has no place there',
    entries: ALL,
    hook: 'arriving',
    packet: ipv6(direct, fragment(0, true), homeAddress(home), data),
    expect: { kind: 'unmatched' },
  },
  ...(['home-address', 'routing-2'] as const).map(
    (apply): ForwardingCase => ({
      name: `apply ${apply} to a packet without it`,
      entries: [entry('wrong', 'arriving', {}, [{ apply }])],
      hook: 'arriving',
      packet: plain,
      expect: { kind: 'drop', reason: 'missing-header', entry: 'wrong' },
    }),
  ),
  ...[insertHome, insertPeer].flatMap((action) =>
    (
      [
        ['headers that cannot be read', 'malformed', raw(60, 17, 9)],
        ['what is too long', 'too-long', raw(17, ...new Array<number>(65_512).fill(1))],
      ] as const
    ).map(
      ([what, reason, part]): ForwardingCase => ({
        name: `insert ${action.insert} into ${what}`,
        entries: [entry('insert', 'leaving', {}, [action])],
        hook: 'leaving',
        packet: ipv6({ src: home, dst: peer }, part),
        expect: { kind: 'drop', reason, entry: 'insert' },
      }),
    ),
  ),
];

export const REWRITING_CASES: readonly ForwardingCase[] = [...inserted, ...applied, ...refused];
