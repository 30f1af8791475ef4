import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bucketLayout, layoutHeader, ruleLayout } from './layout.ts';
import { addresses, inC, structure, u8, u32, u64 } from './structure.ts';

test('the C header is the one that the layout prints: npm run build:bpf writes it', () => {
  const there = readFileSync(new URL('../../../bpf/generated/layout.h', import.meta.url), 'utf8');
  assert.equal(there, layoutHeader());
});

test('a structure in C, with what makes the compiler check it', () => {
  const pair = structure('pair', 'Two of them.', { count: u64, ends: addresses(2) });
  assert.equal(pair.size, 40);
  assert.equal(pair.offsetOf('ends'), 8);
  assert.equal(
    inC(pair),
    `/* Two of them. */
struct pair {
\t__u64 count;
\t__u64 ends[4];
};
_Static_assert(__builtin_offsetof(struct pair, count) == 0, "pair.count");
_Static_assert(__builtin_offsetof(struct pair, ends) == 8, "pair.ends");
_Static_assert(sizeof(struct pair) == 40, "pair");
`,
  );
});

test('a hole is our own mistake', () => {
  assert.throws(() => structure('holed', '', { a: u8, b: u32 }), /a hole before b/);
  assert.throws(() => structure('holed', '', { a: u64, b: u32 }), /a hole at the end/);
  assert.throws(() => ruleLayout.offsetOf('nothing'), RangeError);
});

test('two rules and their count', () => {
  assert.equal(ruleLayout.size, 88);
  assert.equal(bucketLayout.size, 2 * 88 + 8);
});
