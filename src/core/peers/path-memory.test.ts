import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from '../../../test/by-hand.ts';
import { address } from '../../wire/address.ts';
import { PathMemory } from './path-memory.ts';

const PEER = address('2001:db8:f::1');
const HERE = address('2001:db8:2::7');
const HERE_TOO = address('2001:db8:2::8');
const THERE = address('2001:db8:3::7');

test('a path is left alone for longer each time, up to an hour', () => {
  const memory = new PathMemory(new Set());
  let now = 0;
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) {
    memory.failed(PEER, HERE, 'update', at(now));
    const from = now;
    while (memory.isBad(PEER, HERE, at(now))) now += 5;
    waits.push(now - from);
  }
  assert.deepEqual(waits, [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
});

test('where nothing can have been bound it is tried again sooner', () => {
  const memory = new PathMemory(new Set());
  memory.failed(PEER, HERE, 'test', at(0));
  assert.ok(memory.isBad(PEER, HERE_TOO, at(9.9)), 'the network counts, not the address');
  assert.ok(!memory.isBad(PEER, HERE, at(10)));
  assert.ok(!memory.isBad(PEER, THERE, at(1)));
  assert.ok(!memory.isBad(THERE, HERE, at(1)));
});

test('a path that works is forgotten, with all its failures', () => {
  const memory = new PathMemory(new Set());
  memory.failed(PEER, HERE, 'update', at(0));
  memory.failed(PEER, HERE, 'update', at(60));
  assert.ok(memory.isDoubtful(PEER, HERE));
  memory.works(PEER, HERE);
  assert.ok(!memory.isDoubtful(PEER, HERE));
  memory.failed(PEER, HERE, 'update', at(100));
  assert.ok(!memory.isBad(PEER, HERE, at(160)));
});

test('256 paths are remembered; the one that failed longest ago goes', () => {
  const memory = new PathMemory(new Set());
  const peer = (i: number) => address(`2001:db8:f::${(i + 1).toString(16)}`);
  for (let i = 0; i < 256; i++) memory.failed(peer(i), HERE, 'update', at(0));
  memory.failed(peer(0), HERE, 'update', at(1));
  memory.failed(peer(256), HERE, 'update', at(2));
  assert.ok(memory.isDoubtful(peer(0), HERE));
  assert.ok(!memory.isDoubtful(peer(1), HERE));
  assert.ok(memory.isDoubtful(peer(2), HERE));
});

test('without the mechanism nothing is remembered', () => {
  const memory = new PathMemory(new Set(['path-memory']));
  memory.failed(PEER, HERE, 'update', at(0));
  assert.ok(!memory.isBad(PEER, HERE, at(1)));
});
