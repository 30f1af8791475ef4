import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interfaceNames } from './interface-names.ts';

test('short names stay, long ones and those that mean something are changed, all are different', () => {
  const names = ['home', 'lo', 'a-very-long-name-1', 'a-very-long-name-2', 'careof0'];
  const given = [...interfaceNames(names).values()];
  assert.equal(given[0], 'home');
  assert.deepEqual(given, ['home', 'lo.1', 'a-very-long-n.1', 'a-very-long-n.2', 'careof0.1']);
  for (const name of given) assert.ok(name.length <= 15);
});
