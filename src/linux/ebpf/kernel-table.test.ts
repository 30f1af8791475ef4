import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entry, PARTY } from '../../core/forwarding/case-packets.ts';
import type { Action, ForwardingEntry, Match } from '../../core/forwarding/entry.ts';
import type { Instant } from '../../core/time.ts';
import { toHex } from '../../wire/hex.ts';
import { KernelTable, type Maps, type Row } from './kernel-table.ts';
import {
  bucketLayout,
  MAX_SHAPES,
  ruleLayout,
  SHAPE_FLAG,
  shapeLayout,
  VERDICT,
} from './layout.ts';

const { home, homeAgent, careOf, peer } = PARTY;
const push: Action = { push: 'ipv6', src: careOf, dst: homeAgent };
const OPTIONS = { bootTimeOfStart: 0n, mobilityExemption: true };

/** Maps in memory, with a list of what was done to them. */
class Written implements Maps {
  readonly buckets = new Map<string, Uint8Array>();
  readonly ledger = new Map<number, Row>();
  readonly uses = new Set<number>();
  readonly shapes: (readonly Uint8Array[])[] = [[], []];
  readonly allSlow = [false, false];
  calls: string[] = [];
  room = Number.POSITIVE_INFINITY;

  setBucket(_: boolean, key: Uint8Array, bucket: Uint8Array | undefined): 'done' | 'full' {
    const text = toHex(key);
    this.calls.push(bucket === undefined ? 'delete' : 'bucket');
    if (bucket === undefined) this.buckets.delete(text);
    else if (!this.buckets.has(text) && this.buckets.size >= this.room) return 'full';
    else this.buckets.set(text, bucket);
    return 'done';
  }
  setShapes(hook: number, shapes: readonly Uint8Array[]): void {
    this.calls.push('shapes');
    this.shapes[hook] = shapes.map((shape) => shape.slice());
  }
  setAllSlow(hook: number, slow: boolean): void {
    this.allSlow[hook] = slow;
  }
  openUse(slot: number): 'done' | 'full' {
    this.uses.add(slot);
    return 'done';
  }
  closeUse(slot: number): void {
    this.uses.delete(slot);
  }
  setLedger(slot: number, row: Row | undefined): void {
    if (row === undefined) this.ledger.delete(slot);
    else this.ledger.set(slot, row);
  }
}

function started(): { maps: Written; table: KernelTable } {
  const maps = new Written();
  return { maps, table: new KernelTable(maps, OPTIONS) };
}

const leaving = (id: string, match: Match, more: Partial<ForwardingEntry> = {}) =>
  entry(id, 'leaving', match, [push], more);
const toPeer = { dst: { address: peer } };

/** The rules of the only bucket: slots, 0 for one that is nobody's. */
function slotsOf(maps: Written): number[] {
  const [bucket] = [...maps.buckets.values()];
  const view = new DataView(bucket!.buffer);
  const count = view.getUint32(bucketLayout.offsetOf('count'), true);
  return Array.from({ length: count }, (_, i) =>
    view.getUint32(i * ruleLayout.size + ruleLayout.offsetOf('slot'), true),
  );
}

test('the same entry once more changes nothing', () => {
  const { maps, table } = started();
  table.add(leaving('a', toPeer, { expiresAt: 5 as Instant }));
  assert.deepEqual(maps.calls, ['bucket', 'shapes']);
  maps.calls = [];
  table.add(leaving('a', toPeer, { expiresAt: 5 as Instant }));
  assert.deepEqual(maps.calls, []);
  table.add(leaving('a', toPeer, { expiresAt: 6 as Instant }));
  assert.deepEqual(maps.calls, ['bucket'], 'one write, so that no packet meets neither');
  assert.equal(table.slotOf('a'), 1, 'and the counters go on');
});

test('entries of one match stand in order, up to the first that always holds', () => {
  const { maps, table } = started();
  table.add(leaving('c', toPeer));
  table.add(leaving('b', toPeer, { expiresAt: 5 as Instant }));
  assert.deepEqual(slotsOf(maps), [2, 1]);
  table.add(leaving('a', toPeer));
  assert.deepEqual(slotsOf(maps), [3], 'nothing behind it is ever met');
  table.remove('a');
  assert.deepEqual(slotsOf(maps), [2, 1]);
  table.add(leaving('z', toPeer, { priority: 1 }));
  assert.deepEqual(slotsOf(maps), [4]);
});

test('a third that may be met is the slow path', () => {
  const { maps, table } = started();
  for (const id of ['a', 'b', 'c']) table.add(leaving(id, toPeer, { expiresAt: 5 as Instant }));
  assert.deepEqual(slotsOf(maps), [1, 0]);
  const [bucket] = [...maps.buckets.values()];
  assert.equal(bucket![ruleLayout.size + ruleLayout.offsetOf('verdict')], VERDICT.slow);
  assert.deepEqual(
    ['a', 'b', 'c'].map((id) => table.takes(id)),
    [true, false, false],
  );
});

test('lists of shapes are in order of rank, and change only with the shapes', () => {
  const { maps, table } = started();
  table.add(leaving('net', { dst: { address: peer, length: 64 } }));
  table.add(leaving('both', { dst: { address: peer }, src: { address: home } }));
  table.add(leaving('one', toPeer));
  const ranks = maps.shapes[1]!.map((shape) =>
    new DataView(shape.buffer).getUint32(shapeLayout.offsetOf('rank'), true),
  );
  assert.deepEqual(
    ranks,
    ranks.toSorted((a, b) => b - a),
  );
  assert.equal(ranks.length, 3);
  maps.calls = [];
  table.add(leaving('another', { dst: { address: home } }));
  table.remove('another');
  assert.deepEqual(maps.calls, ['bucket', 'delete']);
  maps.calls = [];
  table.remove('net');
  assert.deepEqual(maps.calls, ['shapes', 'delete'], 'no look-up in a shape that is empty');
});

test('a full map: misses of that shape prove nothing', () => {
  const { maps, table } = started();
  maps.room = 1;
  table.add(leaving('a', toPeer));
  table.add(leaving('b', { dst: { address: home } }));
  assert.equal(table.takes('a'), true);
  assert.equal(table.takes('b'), false);
  assert.equal(maps.shapes[1]![0]![shapeLayout.offsetOf('flags')], SHAPE_FLAG.incomplete);
});

test('more shapes than the kernel searches: all goes the slow way, until they are fewer', () => {
  const { maps, table } = started();
  for (let length = 1; length <= MAX_SHAPES + 1; length++) {
    table.add(leaving(`net/${length}`, { dst: { address: peer, length } }));
  }
  assert.deepEqual(maps.allSlow, [false, true]);
  assert.equal(table.takes('net/9'), false);
  table.remove('net/3');
  assert.deepEqual(maps.allSlow, [false, false]);
  assert.equal(table.takes('net/9'), true);
});

test('a new match of a known id: the new place first, then away with the old', () => {
  const { maps, table } = started();
  table.add(leaving('a', toPeer));
  maps.calls = [];
  table.add(leaving('a', { dst: { address: home } }));
  assert.deepEqual(maps.calls, ['bucket', 'delete']);
  assert.equal(maps.buckets.size, 1);
  assert.equal(table.slotOf('a'), 1);
});

test('what an earlier process left is taken up, and goes where nobody adds it again', () => {
  const { maps, table } = started();
  table.add(leaving('kept', toPeer));
  table.add(leaving('gone', { dst: { address: home } }));
  const next = new KernelTable(maps, OPTIONS);
  next.inherit([...maps.ledger.values()]);
  maps.calls = [];
  next.reconcile((_, key) => maps.buckets.get(toHex(key)));
  assert.deepEqual(maps.calls, ['shapes', 'shapes'], 'every bucket is as it should be');
  maps.calls = [];
  next.add(leaving('kept', toPeer));
  assert.deepEqual(maps.calls, []);
  next.add(leaving('new', { dst: { address: careOf } }));
  assert.equal(next.slotOf('new'), 3);
  assert.deepEqual(next.settle(), ['gone']);
  assert.equal(maps.buckets.size, 2);
  assert.deepEqual([...maps.uses].sort(), [1, 3]);
  assert.deepEqual([...maps.ledger.keys()].sort(), [1, 3]);
});

test('what a process that died in the middle left undone is done', () => {
  const { maps, table } = started();
  table.add(leaving('a', toPeer));
  const [key] = [...maps.buckets.keys()];
  maps.buckets.set(key!, new Uint8Array(bucketLayout.size));
  const next = new KernelTable(maps, OPTIONS);
  next.inherit([...maps.ledger.values()]);
  next.reconcile((_, at) => maps.buckets.get(toHex(at)));
  assert.deepEqual(slotsOf(maps), [1]);
});
