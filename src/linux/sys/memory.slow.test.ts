import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { allocate, type Memory, point } from './memory.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Memory that points to other memory, and whether that one is still there. */
function pointing(): { from: Memory | undefined; there: () => boolean } {
  const from = allocate(16);
  const to = allocate(4096);
  point(from.octets, 8, to, 5);
  assert.equal(from.octets.readBigUInt64LE(8), to.address + 5n);
  const reference = new WeakRef(to.octets.buffer);
  return { from, there: () => reference.deref() !== undefined };
}

test('what is pointed to lives as long as what points to it', async () => {
  const pair = pointing();
  await setTimeout(1);
  collect();
  assert.equal(pair.there(), true);
  pair.from = undefined;
  await setTimeout(1);
  collect();
  await setTimeout(1);
  collect();
  assert.equal(pair.there(), false);
});
