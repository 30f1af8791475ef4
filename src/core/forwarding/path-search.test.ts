import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Instant, seconds } from '../time.ts';
import { PathSearch } from './path-search.ts';

const at = (second: number) => seconds(second) as number as Instant;

/** Answers what passes, until nothing is due any more before `until`; gives all sizes by second. */
function walk(search: PathSearch, carries: (size: number) => boolean, until: number, from = 0) {
  const sent: [number, readonly number[]][] = [];
  for (let now = at(from); now <= at(until); now = search.deadline()) {
    const sizes = search.next(true, now);
    if (sizes.length > 0) sent.push([now / 1e6, sizes]);
    for (const size of sizes) if (carries(size)) search.answered(size, now);
    assert.ok(search.deadline() > now, 'time goes on');
  }
  return sent;
}

test('a path that carries what its link does is known after one probe', () => {
  const search = new PathSearch(1500, true, at(0));
  assert.deepEqual(search.sizes(), { told: undefined, whole: 1280 });
  assert.deepEqual(search.next(true, at(0)), [1500]);
  search.answered(1500, at(0.03));
  assert.deepEqual(search.sizes(), { told: undefined, whole: undefined });
});

for (const [link, path] of [
  [1500, 1400],
  [1500, 1280],
  [1500, 1499],
  [9000, 1500],
  [9000, 1280],
  [9000, 8996],
] as const) {
  test(`of ${link} octets ${path} pass: found in few rounds, nobody is told before`, () => {
    const search = new PathSearch(link, true, at(0));
    let probes = 0;
    for (let now = at(0); now < at(9); now = search.deadline()) {
      const sizes = search.next(true, now);
      probes += sizes.length;
      for (const size of sizes) if (size <= path) search.answered(size, now);
      const { told, whole } = search.sizes();
      if (told === undefined) assert.ok(whole! >= 1280 && whole! <= path);
    }
    const { told, whole } = search.sizes();
    assert.ok(told! <= path && told! > path - 5, `${told}`);
    assert.equal(whole, undefined);
    assert.ok(probes <= 24, `${probes} probes`);
  });
}

test('who answers no echo is believed to carry what Packet Too Big says, after two seconds', () => {
  const search = new PathSearch(1500, true, at(0));
  const none = () => false;
  assert.equal(walk(search, none, 1).length, 2);
  assert.equal(search.sizes().whole, 1280);
  walk(search, none, 2, 2);
  assert.equal(search.sizes().whole, undefined);
  walk(search, none, 10, 3);
  assert.ok(search.isSilent);
  assert.deepEqual(search.sizes(), { told: undefined, whole: undefined });
  assert.equal(search.deadline(), at(603));
});

test('a lost probe of the largest size costs a second', () => {
  const search = new PathSearch(1500, true, at(0));
  const none = () => false;
  walk(search, none, 0);
  walk(search, () => true, 1, 1);
  assert.deepEqual(search.sizes(), { told: undefined, whole: undefined });
});

test('a path in use that shrinks is found out after 32 s at most', () => {
  const search = new PathSearch(1500, true, at(0));
  walk(search, () => true, 29);
  walk(search, (size) => size <= 1400, 31, 30);
  assert.deepEqual(search.sizes(), { told: undefined, whole: undefined });
  walk(search, (size) => size <= 1400, 32, 32);
  assert.equal(search.sizes().told, undefined);
  assert.ok(search.sizes().whole! >= 1280);
  walk(search, (size) => size <= 1400, 40, search.deadline() / 1e6);
  assert.ok(search.sizes().told! > 1395 && search.sizes().told! <= 1400);
});

test('a path that is cut says nothing of sizes; one that is not used is not asked', () => {
  const search = new PathSearch(1500, true, at(0));
  walk(search, () => true, 29);
  walk(search, () => false, 35, 30);
  assert.deepEqual(search.sizes(), { told: undefined, whole: undefined });
  assert.deepEqual(search.next(false, search.deadline()), []);
});

test('after ten minutes larger sizes are tried again, and what was found holds meanwhile', () => {
  const search = new PathSearch(1500, true, at(0));
  walk(search, (size) => size <= 1400, 590);
  const { told } = search.sizes();
  for (let now = search.deadline(); now < at(601); now = search.deadline()) {
    for (const size of search.next(true, now)) if (size <= 1400) search.answered(size, now);
  }
  assert.equal(search.sizes().told, told);
  walk(search, () => true, 660, search.deadline() / 1e6);
  assert.deepEqual(search.sizes(), { told: undefined, whole: undefined });
});

test('what a router says is tried at once; of a path that was found it is believed', () => {
  const search = new PathSearch(1500, true, at(0));
  search.next(true, at(0));
  search.tooBig(1400, at(0.02));
  assert.deepEqual(search.next(true, search.deadline()), [1400]);
  search.answered(1400, at(0.04));
  assert.deepEqual(search.sizes(), { told: 1400, whole: undefined });
  search.tooBig(1450, at(1));
  assert.equal(search.sizes().told, 1400);
  search.tooBig(1300, at(2));
  assert.equal(search.sizes().told, 1300);
  search.tooBig(100, at(3));
  assert.equal(search.sizes().told, 1280);
});

test('an answer that comes late counts', () => {
  const search = new PathSearch(1500, true, at(0));
  search.next(true, at(0));
  search.next(true, at(1));
  search.answered(1500, at(1.7));
  assert.deepEqual(search.sizes(), { told: undefined, whole: undefined });
});
