/** Slips in the descriptions, each with how it is read and why: nothing else is ever changed. */
import type { Format, Item, Step } from './items.ts';

interface Reading {
  readonly why: string;
  readonly read: (item: Item) => Item;
}

const step = (item: Item, n: number, change: Partial<Step>): Item => ({
  ...item,
  steps: item.steps.map((one) => (one.n === n ? { ...one, ...change } : one)),
});

const renamed = (item: Item, name: string, to: string): Item =>
  JSON.parse(JSON.stringify(item).replaceAll(name, to));

/** A layout with its home agents in the other order. */
const reversed = (format: Format): Format => {
  const reply = 'DHAAD-reply';
  const { address } = format[reply]!;
  return { ...format, [reply]: { address: [...(address as readonly string[])].reverse() } };
};

/** Number 16 in the second update and its answer, as in the items beside. */
const newSequence = (item: Item): Item => ({
  ...item,
  steps: item.steps.map((one) =>
    one.n === 5 || one.n === 6
      ? JSON.parse(JSON.stringify(one).replaceAll('"sequence":"15"', '"sequence":"16"'))
      : one,
  ),
});

const REFUSED_ONCE =
  'where there are other home agents, the one that refused is not asked again (RFC 6275 section 11.4.1)';

/** Without some steps; those behind them keep their numbers. */
const without = (item: Item, ...numbers: number[]): Item => ({
  ...item,
  steps: item.steps.filter(({ n }) => !numbers.includes(n)),
});

const AGENTS = Array.from({ length: 128 }, (_, i) => (0xff - i).toString(16));

const advertising = (number: string): Step => ({
  n: 3,
  act: 'sends',
  msg: 'RA',
  node: `HA${number}`,
  formats: [
    {
      'IPv6 header': {
        hoplimit: '255',
        source: `HA${number} (Link0, link-local)`,
        destination: 'all-nodes multicast address',
      },
      RA: { hoplimit: '64', h: '1', lifetime: '1800' },
      'RA/Home Agent Information option': { preference: `0x${number}`, lifetime: '1800' },
      'RA/Prefix Information option': {
        ...{ 'prefix length': '64', l: '1', a: '1', r: '1' },
        ...{ 'valid lifetime': '2592000', 'preferred lifetime': '604800' },
        prefix: `HA${number} (Link0, global)`,
      },
    },
  ],
});

/** The 77 home agents that are wanted most: as many as fit in 1280 octets. */
const allListed = (format: Format): Format => ({
  ...format,
  'DHAAD-reply': { address: AGENTS.slice(0, 77).map((number) => `HA${number} (Link0, global)`) },
});

const READINGS: Readonly<Record<string, Reading>> = {
  'TAHI-CN-4-3-3': {
    why: 'the Care-of Test comes in step 10, not 12, where the Home Test comes',
    read: (item) => step(item, 13, { with: 'Care-of Nonce Index=Received in 10' }),
  },
  'TAHI-HA-1-1-6': {
    why: 'its update has no Home Address option, so the Payload Proto stands at 40, not 64',
    read: (item) => renamed(item, '"pointer":"64"', '"pointer":"40"'),
  },
  'TAHI-HA-1-1-7': {
    why: 'its update has no Home Address option, so the Header Len stands at 41, not 65',
    read: (item) => renamed(item, '"pointer":"65"', '"pointer":"41"'),
  },
  'TAHI-HA-4-4-9': {
    why: 'as its title says, the solicitation of step 3 is for the link-local address',
    read: (item) => {
      const told = JSON.stringify(item.steps[2]!.formats);
      const target = (text: string) => `"NS":{"target":"MN0 (Link0, ${text})"}`;
      const formats = JSON.parse(told.replace(target('global'), target('link-local')));
      return step(item, 3, { formats });
    },
  },
  'TAHI-HA-6-3-4': {
    why: 'the second update has a new sequence number: with the first one it would be refused',
    read: newSequence,
  },
  'TAHI-HA-6-3-8': {
    why: 'the second update has a new sequence number: with the first one it would be refused',
    read: newSequence,
  },
  'TAHI-HA-7-2-11': {
    why: 'as its erratum says: without the option the preference is 0, so RUT comes first',
    read: (item) => step(item, 5, { formats: item.steps[4]!.formats!.map(reversed) }),
  },
  'TAHI-HA-7-2-15': {
    why: '"HA1(b)" is HA0(b): there is no HA1, and HA0 has the addresses a and b',
    read: (item) => renamed(item, 'HA1(b)', 'HA0(b)'),
  },
  'TAHI-HA-7-5-1': {
    why: 'step 3 is left out: 128 home agents, HA80 to HAff, advertise their numbers as preferences; of the reply, the 71 addresses between the ones that are written are left out',
    read: (item) => ({
      ...item,
      steps: item.steps.flatMap((one) => {
        if (one.n === 4) return [...AGENTS.map(advertising), one];
        const formats = (one.formats ?? []).map(allListed);
        return [one.n === 5 ? { ...one, formats } : one];
      }),
    }),
  },
  ...Object.fromEntries(
    ['1', '2', '7', '8', '15', '16'].map((number) => [
      `TAHI-HA-8-1-${number}`,
      {
        why: 'HA0, which does nothing in the item, is RUT: the advertisement tells of its address',
        read: (item: Item) => renamed(item, 'HA0 (Link0, global)', 'RUT (Link0, global)'),
      },
    ]),
  ),
  'TAHI-MN-4-1-2-3-001': {
    why: 'the condition on step 24 is on step 26, since 24 is an acknowledgement',
    read: (item) => renamed(item, 'EchoRequest[24]', 'EchoRequest[26]'),
  },
  'TAHI-MN-4-2-1-2-006': {
    why: 'as its check says, and the item before, the error goes back through the tunnel',
    read: (item) => step(item, 6, { with: 'out: NUTX -> HA0, in: NUT0 -> CN0' }),
  },
  'TAHI-MN-4-2-1-2-012': {
    why: 'as its title says, and the item before, it is the Care-of Test whose length is wrong',
    read: (item) => {
      const notes = item.steps[4]!.notes!;
      return step(step(item, 4, { notes }), 5, { notes: [] });
    },
  },
  'TAHI-MN-5-1-2-1-028': {
    why: `steps 4 and 5 are left out: ${REFUSED_ONCE}`,
    read: (item) => without(item, 4, 5),
  },
  'TAHI-MN-5-1-2-1-029': {
    why: `steps 6 and 7 are left out: ${REFUSED_ONCE}`,
    read: (item) => without(item, 6, 7),
  },
  'TAHI-CN-5-2-8': {
    why: 'no step uses a second care-of address: "MN CoA 2" at MN is its care-of address',
    read: (item) => ({
      ...item,
      verdict: item.verdict.map(({ where = [], ...check }) => ({
        ...check,
        where: where.map((one) => (one.dst === 'MN CoA 2' ? { dst: 'MN CoA' } : one)),
      })),
    }),
  },
};

/** The item as it is to be read, and why it is read otherwise than it stands. */
export function readingOf(item: Item): { readonly item: Item; readonly why?: string } {
  const reading = READINGS[item.id];
  return reading === undefined ? { item } : { item: reading.read(item), why: reading.why };
}
