import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { bits, flag, u16, u32, u64 } from './field.ts';
import { message } from './message.ts';
import { rest } from './octets-field.ts';

/** A number of each width in turn, at every distance from an octet's start. */
function packed(widths: readonly number[]) {
  const fields = Object.fromEntries(widths.map((width, i) => [`f${i}`, bits(width)]));
  const gap = (8 - (widths.reduce((sum, width) => sum + width, 0) % 8)) % 8;
  return message('packed', 'test', gap === 0 ? fields : { ...fields, gap: bits(gap) });
}

test('a bit field of any width at any place is read back and leaves its neighbours alone', () => {
  const width = fc.integer({ min: 1, max: 32 });
  const widths = fc.array(width, { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(widths, fc.infiniteStream(fc.nat(0xffffffff)), (list, numbers) => {
      const declaration = packed(list);
      const given = Object.fromEntries(
        list.map((w, i) => [`f${i}`, numbers.next().value % 2 ** w]),
      );
      const parsed = declaration.parse(
        declaration.serialise({ ...given, layer: 'packed' } as never),
      );
      assert.ok(parsed.ok);
      for (const [key, value] of Object.entries(given)) {
        assert.equal((parsed.value as Record<string, unknown>)[key], value);
      }
    }),
  );
});

test('bits stand where the picture shows them: most significant first', () => {
  const sample = message('sample', 'test', {
    a: flag(),
    b: flag(),
    nine: bits(9),
    c: flag(),
    four: bits(4),
  });
  const octets = sample.serialise({ layer: 'sample', a: true, nine: 0b100000001, four: 0b0110 });
  assert.deepEqual([...octets], [0b10100000, 0b00100110]);
  assert.equal(sample.offsetOf('four'), 1);
});

test('aligned numbers are big-endian', () => {
  const sample = message('sample', 'test', { a: u16(), b: u32(), c: u64() });
  const octets = Uint8Array.of(1, 2, 0xf3, 4, 5, 6, 0x87, 8, 9, 10, 11, 12, 13, 14);
  const parsed = sample.parse(octets);
  assert.ok(parsed.ok);
  assert.deepEqual(
    [parsed.value.a, parsed.value.b, parsed.value.c],
    [0x0102, 0xf3040506, 0x8708090a0b0c0d0en],
  );
  assert.deepEqual(sample.serialise(parsed.value), octets);
});

test('a number that does not fit its field is our mistake, named with the field', () => {
  const sample = message('sample', 'test', { small: bits(3), rest: bits(5), sequence: u16() });
  for (const [input, pattern] of [
    [{ small: 8 }, /sample\.small: 8 is not a whole number from 0 to 7/],
    [{ sequence: 70000 }, /sample\.sequence: 70000/],
    [{ sequence: -1 }, /sample\.sequence: -1/],
    [{ sequence: 1.5 }, /sample\.sequence: 1\.5/],
  ] as const) {
    assert.throws(() => sample.serialise({ layer: 'sample', ...input }), pattern);
  }
});

test('a declaration that makes no whole octets, or has a field behind its tail, is refused', () => {
  assert.throws(() => message('odd', 'test', { a: bits(7) }), /7 bits are no whole octets/);
  assert.throws(() => message('odd', 'test', { data: rest(), a: u16() }), /a stands behind a tail/);
  assert.throws(() => message('odd', 'test', { a: rest(), b: rest() }), /only the last tail/);
});
