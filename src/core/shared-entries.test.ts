import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedEntries } from './shared-entries.ts';
import { versionText } from './shared-store.ts';

const MINUTE = 60e6;
const entry = (key: string, version: number, until = MINUTE) => ({
  ...{ key, version: versionText(BigInt(version)), value: `${version}`, until },
});

test('the newest entry of a key stands, until it is over', () => {
  const entries = new SharedEntries();
  const second = entry('a', 2);
  assert.equal(entries.write(second, 0), second);
  for (const version of [1, 2]) assert.equal(entries.write(entry('a', version), 0), second);
  const old = entry('a', 1, 2 * MINUTE);
  assert.equal(entries.write(old, MINUTE - 1), second);
  assert.equal(entries.write(old, MINUTE), old, 'nothing stands there any more');
  assert.deepEqual([...entries.under('', MINUTE)], [old]);
  assert.deepEqual([...entries.under('', 2 * MINUTE)], []);
  assert.deepEqual([...entries.under('b', MINUTE)], []);
});

test('a full store takes what it knows, and new keys when others are over', () => {
  const forgotten: string[] = [];
  const entries = new SharedEntries({ max: 2, onForgotten: (key) => forgotten.push(key) });
  entries.write(entry('a', 1), 0);
  entries.write(entry('b', 1, 2 * MINUTE), 0);
  assert.equal(entries.write(entry('c', 1), 0), undefined);
  assert.equal(entries.write(entry('b', 2, 2 * MINUTE), 0)?.value, '2');
  assert.equal(entries.write(entry('c', 1, 2 * MINUTE), MINUTE)?.key, 'c');
  assert.deepEqual(forgotten, ['a']);
});
