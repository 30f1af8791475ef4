import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeAll } from './closing.ts';

test('all are closed, whatever one of them meets, and the first fault is given', () => {
  const closed: string[] = [];
  const fine = (name: string) => ({
    close: ({ leave }: { leave: boolean }) => void closed.push(`${name} ${leave}`),
  });
  const broken = (why: string) => ({
    close: () => {
      throw new Error(why);
    },
  });
  const fault = closeAll([fine('a'), broken('first'), fine('b'), broken('second'), fine('c')], {
    leave: true,
  });
  assert.deepEqual(closed, ['a true', 'b true', 'c true']);
  assert.equal((fault as Error).message, 'first');
  assert.equal(closeAll([fine('d')], { leave: false }), undefined);
});
