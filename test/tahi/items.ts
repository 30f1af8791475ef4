/** The items of the TAHI Mobile IPv6 conformance suites: their shape, and where they are read from. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VECTORS } from '../vectors/corpus.ts';

/** Header path to field to value, as `{ 'BA': { status: '0 or 1' } }`. */
export type Format = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

export interface Step {
  readonly n: number;
  readonly act: string;
  readonly msg: string;
  readonly with?: string;
  /** Who sends or receives (home agent suite). */
  readonly node?: string;
  /** The check that this step is judged by (home agent suite). */
  readonly check?: number;
  readonly formats?: readonly Format[];
  readonly notes?: readonly string[];
}

/** One condition on a packet: a field, an address by its name, a header, or words. */
export type Condition = Readonly<Record<string, string | number | boolean>>;

export interface Check {
  readonly check: number;
  readonly at?: string;
  readonly expect?: string;
  readonly expect_sent?: string;
  readonly none_of?: readonly string[];
  readonly says?: string;
  readonly state?: string;
  readonly if?: string;
  readonly where?: readonly Condition[];
}

export interface Item {
  readonly id: string;
  readonly role: 'correspondent node' | 'home agent' | 'mobile node';
  readonly group: string | null;
  readonly about: string;
  readonly needs: readonly string[];
  readonly steps: readonly Step[];
  readonly verdict: readonly Check[];
  readonly rfc: readonly string[];
  readonly uses_ipsec: boolean;
  readonly erratum?: string;
}

const FILE = join(VECTORS, 'tahi/tahi_conformance.json');

/** Why the items cannot be read, or false where they are there. */
export const noItems: string | false = existsSync(FILE)
  ? false
  : `no ${FILE}; set CAREOF_VECTORS to the folder of the vectors`;

/** All items, in the order of the file. */
export function readItems(): Item[] {
  if (noItems !== false) return [];
  return (JSON.parse(readFileSync(FILE, 'utf8')) as { items: Item[] }).items;
}

/** The description does not allow to drive the item, or asks for what careof is not: says why. */
export class NotRun extends Error {}

/** The implementation did something else than the item demands. */
export class Failed extends Error {}

/** Drives one item: throws `NotRun` or `Failed`, or gives the remarks that judged nothing. */
export type Driver = (item: Item) => readonly string[];
