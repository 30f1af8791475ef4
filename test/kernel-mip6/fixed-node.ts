/**
 * One end of an exchange with a kernel that knows Mobile IPv6's headers and no signalling: our data
 * plane on a real host, driven by a role that says fixed entries.
 *
 *     fixed-node mobile-node|correspondent-node tun|ebpf FOLDER
 *
 * Prints `ready`; each line on its standard input moves the binding to the other care-of address.
 */
import { createInterface } from 'node:readline';
import type { ForwardingEntry } from '../../src/core/forwarding/entry.ts';
import type { Input, Output, Role } from '../../src/core/role.ts';
import type { Instant } from '../../src/core/time.ts';
import { nodeCryptography } from '../../src/lab/crypto.ts';
import { LinuxNode } from '../../src/linux/linux-node.ts';
import { bootTime } from '../../src/linux/sys/boot-clock.ts';
import { address } from '../../src/wire/address.ts';

const HOME = address('2001:db8:1::10');
const PEER = address('2001:db8:5::1');
const PLACES = [
  { link: 'm1', careOf: address('2001:db8:2::10'), router: address('2001:db8:2::1') },
  { link: 'm2', careOf: address('2001:db8:3::10'), router: address('2001:db8:3::1') },
] as const;
type Place = (typeof PLACES)[number];

/** RFC 6275 sections 6.3 and 6.4, mobile node: the option goes out, the routing header comes in. */
const mobileEntries = ({ careOf }: Place): ForwardingEntry[] => [
  {
    ...{ id: 'out', owner: 'fixed', at: 'leaving' },
    match: { src: { address: HOME }, dst: { address: PEER } },
    do: [{ insert: 'home-address', careOf }],
  },
  ...PLACES.map(
    (place): ForwardingEntry => ({
      ...{ id: `in ${place.link}`, owner: 'fixed', at: 'arriving' },
      match: { dst: { address: place.careOf }, src: { address: PEER }, routing2: HOME },
      do: [{ apply: 'routing-2' }],
    }),
  ),
];

/** And its peer: the other way round. */
const peerEntries = ({ careOf }: Place): ForwardingEntry[] => [
  {
    ...{ id: 'out', owner: 'fixed', at: 'leaving' },
    match: { dst: { address: HOME } },
    do: [{ insert: 'routing-2', careOf }],
  },
  {
    ...{ id: 'in', owner: 'fixed', at: 'arriving' },
    match: { dst: { address: PEER }, src: { address: careOf }, home: HOME },
    do: [{ apply: 'home-address' }],
  },
];

/** The mobile node's addresses, and a way out for each; its peer has what `ip` gave it. */
function mobileAddresses(): Output[] {
  const ANY = address('::');
  const whole = { kind: 'address', action: 'add', prefixLength: 128 } as const;
  return [
    { ...whole, link: 'careof0', address: HOME, preferred: true },
    ...PLACES.flatMap(({ link, careOf, router }): Output[] => [
      { ...whole, link, address: careOf, prefixLength: 64 },
      {
        ...{ kind: 'route', action: 'add', prefix: ANY, prefixLength: 0 },
        ...{ link, via: router, source: careOf },
      },
    ]),
  ];
}

function fixedRole(isMobile: boolean): Role {
  const entries = isMobile ? mobileEntries : peerEntries;
  const bind = (place: Place) =>
    entries(place).map((entry): Output => ({ kind: 'forward', entry }));
  return {
    deadline: () => undefined,
    handle(input: Input): Output[] {
      if (input.kind === 'start') {
        return [...(isMobile ? mobileAddresses() : []), ...bind(PLACES[0])];
      }
      if (input.kind !== 'command' || input.command.do !== 'prefer') return [];
      const { link } = input.command;
      return bind(PLACES.find((place) => place.link === link)!);
    },
  };
}

const [side, dataPlane, stateFolder] = process.argv.slice(2);
const origin = bootTime();
const now = () => Number((bootTime() - origin) / 1000n) as Instant;
const node = new LinuxNode({
  config: { name: side! },
  createNode: () => fixedRole(side === 'mobile-node'),
  crypto: nodeCryptography,
  clock: { now, epoch: Date.now() * 1000, bootTimeOfStart: origin },
  journal: { entries: () => [], store: () => {} },
  dataPlane: dataPlane as 'tun' | 'ebpf',
  links: side === 'mobile-node' ? PLACES.map(({ link }) => link) : ['c'],
  stateFolder: stateFolder!,
  onEvent: () => {},
});
node.start();
console.log('ready');
let moves = 0;
createInterface({ input: process.stdin }).on('line', () => {
  moves += 1;
  node.command({ do: 'prefer', link: PLACES[moves % PLACES.length]!.link });
  console.log(`moved ${moves}`);
});
process.on('SIGTERM', () => {
  console.log(JSON.stringify(node.counters()));
  node.close({ leave: false });
  process.exit(0);
});
