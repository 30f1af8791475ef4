/** Slips in the descriptions, each with how it is read and why: nothing else is ever changed. */
import type { Item, Step } from './items.ts';

interface Reading {
  readonly why: string;
  readonly read: (item: Item) => Item;
}

const step = (item: Item, n: number, change: Partial<Step>): Item => ({
  ...item,
  steps: item.steps.map((one) => (one.n === n ? { ...one, ...change } : one)),
});

const READINGS: Readonly<Record<string, Reading>> = {
  'TAHI-CN-4-3-3': {
    why: 'the Care-of Test comes in step 10, not 12, where the Home Test comes',
    read: (item) => step(item, 13, { with: 'Care-of Nonce Index=Received in 10' }),
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
