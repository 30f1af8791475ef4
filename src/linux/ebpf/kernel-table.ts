/**
 * The forwarding table as the kernel holds it, and the changes that bring the kernel there.
 *
 * Entries that ask for the same fields and values share a bucket, in order of precedence; one update
 * of one map element changes a bucket, so a packet meets it as it was or as it is. Lists of shapes
 * are written beside the one in use and then switched to.
 *
 * What does not fit is never left out in silence: a third rule of a bucket, a full map and too many
 * shapes each hand the packets in question to the slow path.
 */

import type { ForwardingEntry } from '../../core/forwarding/entry.ts';
import { isForIpv4 } from '../../core/forwarding/shape.ts';
import {
  type CompiledEntry,
  type CompileOptions,
  compile,
  HOOK,
  isWide,
  keyInMap,
} from './compile.ts';
import {
  bucketLayout,
  MAX_RULES,
  MAX_SHAPES,
  RULE_FLAG,
  ruleLayout,
  SHAPE_FLAG,
  shapeLayout,
  VERDICT,
  wideKeyLayout,
} from './layout.ts';

/** An entry in the kernel, or on its way there. */
export interface Row extends CompiledEntry {
  /** Where the kernel counts what it carries. */
  readonly slot: number;
}

/** What the table changes: the maps of the kernel, or those of a test. */
export interface Maps {
  /** `full`: there is no room, and nothing changed. */
  setBucket(wide: boolean, key: Uint8Array, bucket: Uint8Array | undefined): 'done' | 'full';
  setShapes(hook: number, shapes: readonly Uint8Array[]): void;
  setAllSlow(hook: number, slow: boolean): void;
  openUse(slot: number): 'done' | 'full';
  closeUse(slot: number): void;
  setLedger(slot: number, row: Row | undefined): void;
}

interface ShapeState {
  /** As it stands in the list. */
  readonly octets: Uint8Array;
  readonly id: number;
  readonly hook: number;
  readonly buckets: Set<string>;
}

interface BucketState {
  readonly shape: ShapeState;
  readonly key: Uint8Array;
  /** In order of precedence. */
  rows: Row[];
  /** As the kernel has it; undefined where there was no room. */
  written: Uint8Array | undefined;
}

export class KernelTable {
  readonly #maps: Maps;
  readonly #options: CompileOptions;
  readonly #rows = new Map<string, Row>();
  readonly #shapes = new Map<number, ShapeState>();
  readonly #buckets = new Map<string, BucketState>();
  readonly #allSlow = [false, false];
  /** Entries of an earlier process that were not added again yet. */
  readonly #inherited = new Set<string>();
  #nextSlot = 1;

  constructor(maps: Maps, options: CompileOptions) {
    this.#maps = maps;
    this.#options = options;
  }

  get size(): number {
    return this.#rows.size;
  }

  slotOf(id: string): number | undefined {
    return this.#rows.get(id)?.slot;
  }

  /** Does the kernel execute the entry itself? */
  takes(id: string): boolean {
    const row = this.#rows.get(id);
    if (row === undefined || row.rule[ruleLayout.offsetOf('verdict')] === VERDICT.slow)
      return false;
    const bucket = this.#buckets.get(textOf(row.key))!;
    if (bucket.written === undefined || this.#allSlow[bucket.shape.hook]) return false;
    return rulesOf(bucket.rows).includes(row);
  }

  /** Adds an entry or puts it in the place of the one with the same id, whose slot it takes over. */
  add(entry: ForwardingEntry): void {
    // The kernel program meets IPv6 packets alone: it leaves those of IPv4 to the slow path, as they come.
    if (isForIpv4(entry.match)) {
      this.remove(entry.id);
      return;
    }
    const compiled = compile(entry, this.#options);
    const old = this.#rows.get(entry.id);
    this.#inherited.delete(entry.id);
    const slot = old?.slot ?? this.#nextSlot++;
    new DataView(compiled.rule.buffer).setUint32(ruleLayout.offsetOf('slot'), slot, true);
    const row: Row = { ...compiled, slot };
    if (old !== undefined && same(old.key, row.key) && same(old.rule, row.rule)) return;
    if (old === undefined) this.#maps.openUse(slot);
    this.#rows.set(entry.id, row);
    this.#maps.setLedger(slot, row);
    if (old !== undefined && same(old.key, row.key)) {
      this.#place(row, old);
      return;
    }
    this.#place(row, undefined);
    if (old !== undefined) this.#displace(old);
  }

  remove(id: string): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    this.#rows.delete(id);
    this.#inherited.delete(id);
    this.#displace(row);
    this.#maps.closeUse(row.slot);
    this.#maps.setLedger(row.slot, undefined);
  }

  /**
   * Takes up what an earlier process left. Nothing is written: `reconcile` compares.
   */
  inherit(rows: Iterable<Row>): void {
    for (const row of rows) {
      this.#nextSlot = Math.max(this.#nextSlot, row.slot + 1);
      this.#rows.set(row.id, row);
      this.#inherited.add(row.id);
    }
    for (const row of this.#rows.values()) {
      const bucket = this.#bucketFor(row);
      bucket.rows = [...bucket.rows, row].sort(byPrecedence);
    }
  }

  /** Is there any entry with this key, as a map of the kernel has it? */
  has(keyInMap: Uint8Array): boolean {
    const key = new Uint8Array(wideKeyLayout.size);
    key.set(keyInMap);
    return this.#buckets.has(textOf(key));
  }

  /** After `inherit`: writes all that is not in the kernel as it should be. */
  reconcile(written: (wide: boolean, key: Uint8Array) => Uint8Array | undefined): void {
    for (const bucket of this.#buckets.values()) {
      const wide = isWide(bucket.shape.octets);
      const there = written(wide, keyInMap(bucket.key, wide));
      const wanted = bucketOf(bucket.rows);
      if (there !== undefined && same(there, wanted)) bucket.written = wanted;
      else this.#write(bucket);
    }
    for (const hook of [HOOK.arriving, HOOK.leaving]) this.#listShapes(hook);
  }

  /** Removes what was inherited and never added again; gives their ids. */
  settle(): string[] {
    const gone = [...this.#inherited];
    for (const id of gone) this.remove(id);
    return gone;
  }

  #place(row: Row, old: Row | undefined): void {
    const isNew = !this.#shapes.has(shapeIdOf(row));
    const bucket = this.#bucketFor(row);
    bucket.rows = [...bucket.rows.filter((one) => one !== old), row].sort(byPrecedence);
    this.#write(bucket);
    if (isNew) this.#listShapes(bucket.shape.hook);
  }

  #displace(row: Row): void {
    const text = textOf(row.key);
    const bucket = this.#buckets.get(text)!;
    const { shape } = bucket;
    bucket.rows = bucket.rows.filter((one) => one !== row);
    if (bucket.rows.length > 0) {
      this.#write(bucket);
      return;
    }
    this.#buckets.delete(text);
    shape.buckets.delete(text);
    if (shape.buckets.size === 0) {
      this.#shapes.delete(shape.id);
      this.#listShapes(shape.hook);
    }
    const wide = isWide(shape.octets);
    this.#maps.setBucket(wide, keyInMap(bucket.key, wide), undefined);
  }

  #bucketFor(row: Row): BucketState {
    const text = textOf(row.key);
    const known = this.#buckets.get(text);
    if (known !== undefined) return known;
    const id = shapeIdOf(row);
    let shape = this.#shapes.get(id);
    if (shape === undefined) {
      shape = { octets: row.shape.slice(), id, hook: id & 1, buckets: new Set() };
      shape.octets[shapeLayout.offsetOf('flags')] = 0;
      this.#shapes.set(id, shape);
    }
    shape.buckets.add(text);
    const bucket: BucketState = { shape, key: row.key, rows: [], written: undefined };
    this.#buckets.set(text, bucket);
    return bucket;
  }

  /** A shape of which an entry has no room is marked, so that a miss there goes the slow way. */
  #write(bucket: BucketState): void {
    const { shape, key, rows } = bucket;
    const wanted = bucketOf(rows);
    if (bucket.written !== undefined && same(bucket.written, wanted)) return;
    const wide = isWide(shape.octets);
    if (this.#maps.setBucket(wide, keyInMap(key, wide), wanted) === 'done') {
      bucket.written = wanted;
      return;
    }
    // What stood there before would be wrong now; a miss is not.
    this.#maps.setBucket(wide, keyInMap(key, wide), undefined);
    bucket.written = undefined;
    const flags = shapeLayout.offsetOf('flags');
    if ((shape.octets[flags]! & SHAPE_FLAG.incomplete) !== 0) return;
    shape.octets[flags]! |= SHAPE_FLAG.incomplete;
    this.#listShapes(shape.hook);
  }

  #listShapes(hook: number): void {
    const shapes = [...this.#shapes.values()]
      .filter((shape) => shape.hook === hook)
      .sort((a, b) => rankIn(b.octets) - rankIn(a.octets) || a.id - b.id);
    const slow = shapes.length > MAX_SHAPES;
    if (slow && !this.#allSlow[hook]) this.#maps.setAllSlow(hook, true);
    this.#maps.setShapes(
      hook,
      shapes.slice(0, MAX_SHAPES).map(({ octets }) => octets),
    );
    if (!slow && this.#allSlow[hook]) this.#maps.setAllSlow(hook, false);
    this.#allSlow[hook] = slow;
  }
}

const rankIn = (shape: Uint8Array): number => wordAt(shape, shapeLayout.offsetOf('rank'));
const shapeIdOf = ({ shape }: Row): number => wordAt(shape, shapeLayout.offsetOf('id'));
const wordAt = (octets: Uint8Array, at: number): number =>
  new DataView(octets.buffer, octets.byteOffset).getUint32(at, true);
const priorityOf = ({ rule }: Row): number =>
  new DataView(rule.buffer, rule.byteOffset).getInt32(ruleLayout.offsetOf('priority'), true);

/** As `isAhead` of table.ts: higher priority first, then the lower id. */
function byPrecedence(a: Row, b: Row): number {
  return priorityOf(b) - priorityOf(a) || (a.id < b.id ? -1 : 1);
}

/** The rows that may be met: none behind one that holds for every packet and always. */
function reachable(rows: readonly Row[]): readonly Row[] {
  const last = rows.findIndex(({ rule }) => {
    const expires = ruleLayout.offsetOf('expires');
    const never = rule.subarray(expires, expires + 8).every((octet) => octet === 0);
    return never && (rule[ruleLayout.offsetOf('flags')]! & RULE_FLAG.local) === 0;
  });
  return last < 0 ? rows : rows.slice(0, last + 1);
}

/** The rows that stand in a bucket as they are. */
function rulesOf(rows: readonly Row[]): readonly Row[] {
  const met = reachable(rows);
  return met.length <= MAX_RULES ? met : met.slice(0, MAX_RULES - 1);
}

/** A bucket as the kernel has it; where more rules follow than it holds, the last one says: slow. */
function bucketOf(rows: readonly Row[]): Uint8Array {
  const octets = new Uint8Array(bucketLayout.size);
  const view = new DataView(octets.buffer);
  const met = reachable(rows);
  const rules = rulesOf(rows);
  rules.forEach(({ rule }, i) => {
    octets.set(rule, i * ruleLayout.size);
  });
  if (met.length > rules.length) {
    octets[rules.length * ruleLayout.size + ruleLayout.offsetOf('verdict')] = VERDICT.slow;
  }
  view.setUint32(bucketLayout.offsetOf('count'), Math.min(met.length, MAX_RULES), true);
  const mobility = rows.some(
    ({ rule }) => (rule[ruleLayout.offsetOf('flags')]! & RULE_FLAG.mobility) !== 0,
  );
  view.setUint32(bucketLayout.offsetOf('mobility'), mobility ? 1 : 0, true);
  return octets;
}

const textOf = (octets: Uint8Array): string => String.fromCharCode(...octets);

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((octet, i) => octet === b[i]);
