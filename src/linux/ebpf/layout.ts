/**
 * What the kernel program and its loader share: the layout of the maps' keys and values, and the
 * numbers in them. `npm run build:bpf` prints it as `bpf/generated/layout.h`.
 */
import { UDP_PORT } from '../../wire/numbers.ts';
import { addresses, inC, octets, s32, several, structure, u8, u16, u32, u64 } from './structure.ts';

/** Combinations of fields that the kernel searches at one hook; with more it leaves all to us. */
export const MAX_SHAPES = 32;
/** Lists of shapes that are kept for one hook: one is in use, and is never written to. */
export const GENERATIONS = 4;
/** Rules that stand behind one key: the first that holds is taken. */
export const MAX_RULES = 2;
/** Octets of the longest id of an entry that outlives the process. */
export const MAX_ID = 200;
/** Entries that the kernel holds; further ones are left to the slow path. */
export const MAX_KERNEL_ENTRIES = 2 ** 18;
/** Own addresses that the kernel knows. */
export const MAX_OWN_ADDRESSES = 4096;
/** Pairs of addresses of which it is remembered when the control side was last told; the kernel
 * forgets the least used. */
export const MAX_TOLD = 4096;
/** Destinations whose learned path MTU the kernel knows; the least used is forgotten. */
export const MAX_PATH_MTUS = 4096;

/** Which address of a packet stands in a place of a key; the last one is always zero. */
export const ADDRESS = { dst: 0, src: 1, home: 2, routing2: 3, innerSrc: 4, innerDst: 5, none: 6 };

/** What a packet has, apart from its addresses and flow label; what a shape asks for. */
export const FIELD = { protocol: 1, ports: 2, home: 4, routing2: 8, inner: 16 } as const;

/** Where the numbers of a packet stand in one word of 64 bits: how far to the left. */
export const NUMBER_SHIFT = { flowLabel: 0, dport: 20, sport: 36, protocol: 52 } as const;

/** What becomes of a packet that a rule holds for. */
export const VERDICT = { carry: 0, slow: 1, drop: 2 } as const;

export const OPERATION = {
  pop: 1,
  applyHome: 2,
  applyRouting2: 4,
  insertHome: 8,
  insertRouting2: 16,
  push: 32,
  notify: 64,
  notifyConnection: 128,
} as const;

export const RULE_FLAG = {
  /** Only where the destination is our own (`Match.local`). */
  local: 1,
  /** Also for Mobility Header messages. */
  mobility: 2,
} as const;

export const SHAPE_FLAG = {
  /** Not all entries of the shape are in the kernel: a miss proves nothing. */
  incomplete: 1,
} as const;

/** Flags in a frame on the slow device, behind the index of the link. */
export const SLOW_FLAG = {
  /** A copy for a notice: the packet itself went on. */
  copy: 1,
  /** The copy is of a packet that leaves. */
  leaving: 2,
} as const;

/**
 * What the program counts, in the order of the map `totals`; what the names mean stands with the
 * other counters of a host, as `ebpf.NAME`.
 */
export const TOTALS = [
  'leaving',
  'arriving',
  'unmatched',
  'notices',
  'dropped',
  'failed',
  'slow_entry',
  'slow_headers',
  'slow_tie',
  'slow_unsure',
  'slow_depth',
  'slow_too_big',
  'slow_no_neighbour',
  'slow_no_route',
  'slow_local',
] as const;

export const shapeLayout = structure(
  'shape',
  'A combination of fields and prefix lengths that entries ask for.',
  {
    numbers: u64,
    masks: addresses(6),
    picks: octets(8),
    id: u32,
    rank: u32,
    need: u16,
    flags: u8,
    wide: u8,
    reserved: u32,
  },
);

export const headingLayout = structure('heading', 'Which list of shapes is in use at a hook.', {
  count: u32,
  generation: u32,
});

export const narrowKeyLayout = structure('narrow_key', 'What packets of a shape must have.', {
  shape: u32,
  reserved: u32,
  numbers: u64,
  addresses: addresses(2),
});

export const wideKeyLayout = structure('wide_key', 'The same with up to six addresses.', {
  shape: u32,
  reserved: u32,
  numbers: u64,
  addresses: addresses(6),
});

export const ruleLayout = structure('rule', 'What is done with packets that have the key.', {
  /** Nanoseconds of CLOCK_BOOTTIME; 0 is never. */
  expires: u64,
  slot: u32,
  priority: s32,
  verdict: u8,
  operations: u8,
  flags: u8,
  growth: u8,
  reserved: u32,
  home_care_of: addresses(1),
  routing_care_of: addresses(1),
  tunnel_src: addresses(1),
  tunnel_dst: addresses(1),
});

export const bucketLayout = structure('bucket', 'Rules of one key, in order of precedence.', {
  rules: several(ruleLayout, MAX_RULES),
  count: u32,
  mobility: u32,
});

export const settingsLayout = structure('settings', 'What holds for all packets.', {
  slow_device: u32,
  anchor: u32,
  encapsulation_limit: u32,
  /** Bits: everything that arrives (1), that leaves (2), goes the slow way. */
  all_slow: u32,
  path_mtus: u32,
});

export const useLayout = structure('use', 'What an entry has carried on one processor.', {
  packets: u64,
  octets: u64,
});

export const pathMtuLayout = structure('path_mtu', 'What a path was found to carry, in octets.', {
  /** Nanoseconds of CLOCK_BOOTTIME. */
  expires: u64,
  octets: u32,
  reserved: u32,
});

export const toldLayout = structure('told_key', 'Of whom the control side was told for an entry.', {
  src: addresses(1),
  dst: addresses(1),
  slot: u32,
  /** Of a connection: which, and what happens to it; else 0. */
  connection: u32,
});

export const ledgerLayout = structure('ledger_row', 'An entry as the next process takes it up.', {
  shape: several(shapeLayout, 1),
  key: several(wideKeyLayout, 1),
  rule: several(ruleLayout, 1),
  id_size: u32,
  reserved: u32,
  id: octets(MAX_ID),
});

const STRUCTURES = [
  shapeLayout,
  headingLayout,
  narrowKeyLayout,
  wideKeyLayout,
  ruleLayout,
  bucketLayout,
  settingsLayout,
  useLayout,
  pathMtuLayout,
  toldLayout,
  ledgerLayout,
];

const BOUNDS = {
  MAX_SHAPES,
  GENERATIONS,
  MAX_RULES,
  MAX_KERNEL_ENTRIES,
  MAX_OWN_ADDRESSES,
  MAX_TOLD,
  MAX_PATH_MTUS,
  /** A datagram from or to it may have a packet in it (`innerAt` of packet-view.ts). */
  UDP_TUNNEL_PORT: UDP_PORT.mobility,
};

/** All of it as a C header. */
export function layoutHeader(): string {
  const numbers: [string, Readonly<Record<string, number>>][] = [
    ['', BOUNDS],
    ['ADDRESS_', ADDRESS],
    ['HAS_', FIELD],
    ['SHIFT_', NUMBER_SHIFT],
    ['VERDICT_', VERDICT],
    ['DO_', OPERATION],
    ['RULE_', RULE_FLAG],
    ['SHAPE_', SHAPE_FLAG],
    ['SLOW_', SLOW_FLAG],
    ['TOTAL_', Object.fromEntries(TOTALS.map((name, i) => [name, i]))],
  ];
  const enums = numbers.map(
    ([prefix, values]) =>
      `enum {\n${Object.entries(values)
        .map(([name, value]) => `\t${prefix}${capitals(name)} = ${value},`)
        .join('\n')}\n};\n`,
  );
  const head = [
    '/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */',
    '/* Printed by npm run build:bpf from src/linux/ebpf/layout.ts; changes here are lost. */',
    '#pragma once',
    '#include <linux/types.h>',
    '',
    `enum { TOTALS = ${TOTALS.length} };`,
  ];
  return `${[...head, ...enums, ...STRUCTURES.map(inC)].join('\n')}`;
}

/** `homeCareOf` -> `HOME_CARE_OF`; names that are in capitals stay. */
const capitals = (name: string): string =>
  (name === name.toUpperCase() ? name : name.replace(/[A-Z]/g, '_$&')).toUpperCase();
