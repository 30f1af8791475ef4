import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { giveRoomBack, makeRoomForNeighbors } from './shared-neighbors.ts';

test('what the first of several runs found is given back once, whoever does it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'careof-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const place = join(folder, 'gc_thresh');
  const thresholds = () => [1, 2, 3].map((n) => readFileSync(`${place}${n}`, 'utf8'));
  for (const [index, value] of ['128', '512', '99999'].entries())
    writeFileSync(`${place}${index + 1}`, value);
  makeRoomForNeighbors(folder, place);
  makeRoomForNeighbors(folder, place);
  assert.deepEqual(thresholds(), ['16384', '32768', '99999']);
  giveRoomBack(folder, place);
  assert.deepEqual(thresholds(), ['128', '512', '99999']);
  assert.equal(readdirSync(folder).length, 3, 'the note is gone');
  writeFileSync(`${place}1`, '7');
  giveRoomBack(folder, place);
  assert.equal(thresholds()[0], '7');
});
